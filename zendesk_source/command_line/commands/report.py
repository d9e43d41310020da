"""Write an HTML page about what was loaded: how support is doing, and how fresh the tables are.

The page is one file that opens without a network. It reads DuckDB and Postgres, asks nothing of
Zendesk, and changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zendesk_source.command_line.options import add_demo_argument, add_wait_argument
from zendesk_source.command_line.output import log, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        default=Path("zendesk_report.html"),
        metavar="FILE",
        help="file to write (default: %(default)s)",
    )
    add("--weeks", type=int, default=13, metavar="N", help="how many weeks to show (default: 13)")
    add(
        "--time-zone",
        default="UTC",
        metavar="ZONE",
        help="time zone of days and hours, such as Europe/Vienna (default: UTC)",
    )
    add(
        "--account",
        default="",
        metavar="NAME",
        help="show this account, if several share the dataset",
    )
    add("--destination", default="duckdb", help="where the tables are (default: duckdb)")
    add("--dataset", help="dataset or schema of the tables (default: zendesk_data)")
    add_demo_argument(parser)
    add_wait_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Write the page."""
    from zendesk_source.command_line.destination import looking
    from zendesk_source.command_line.dlt_runtime import dlt_runtime
    from zendesk_source.html_report import write_report

    with dlt_runtime(), looking(options) as pipeline:
        write_report(
            pipeline,
            options.out,
            weeks=options.weeks,
            time_zone=options.time_zone,
            account=options.account,
        )
    file = options.out.resolve()
    if options.json:
        print_json({"file": str(file)})
    else:
        log.info("Wrote %s: open it in a browser.", file)
    return 0
