"""Write an HTML page about what was loaded: how support is doing, and how fresh the tables are.

The page is one file that opens without a network. It reads DuckDB and Postgres, asks nothing of
Zendesk, and changes nothing.

With `--accounts` a folder is written: a page for each account of a file, and `index.html`, which
lists them. An account without tables is named there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zendesk_source.command_line.options import (
    add_accounts_arguments,
    add_demo_argument,
    add_wait_argument,
    check_accounts,
)
from zendesk_source.command_line.output import log, print_json, print_lines
from zendesk_source.errors import ConfigurationError, ZendeskError

if TYPE_CHECKING:
    from zendesk_source.destination.place import Place
    from zendesk_source.html_report.loaded import TableFacts

PAGE = "zendesk_report.html"
FOLDER = "zendesk_reports"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"file to write (default: {PAGE}; with --accounts a folder, {FOLDER})",
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
    add_accounts_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Write the page, or a page for each account."""
    check_accounts(options)
    from zendesk_source.command_line.destination import places_of
    from zendesk_source.command_line.dlt_runtime import dlt_runtime

    with dlt_runtime():
        places = places_of(options)
        if options.accounts:
            return _write_folder(options, places)
        file = options.out or Path(PAGE)
        _write(options, places[""], file)
    if options.json:
        print_json({"file": str(file.resolve())})
    else:
        log.info("Wrote %s: open it in a browser.", file.resolve())
    return 0


def _write(options: argparse.Namespace, place: Place, file: Path) -> list[TableFacts]:
    from dlt.common.pipeline import get_dlt_pipelines_dir

    from zendesk_source.command_line.destination import looking
    from zendesk_source.destination.failures import explained
    from zendesk_source.html_report import write_report

    with explained(), looking(options, place=place) as pipeline:
        return write_report(
            pipeline,
            file,
            weeks=options.weeks,
            time_zone=options.time_zone,
            account=options.account,
            folder=Path(get_dlt_pipelines_dir()) / pipeline.pipeline_name,
        )


def _write_folder(options: argparse.Namespace, places: Mapping[str, Place]) -> int:
    from zendesk_source.html_report.index import write_index

    folder = (options.out or Path(FOLDER)).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be made: {error.strerror}.", "Name another with --out."
        ) from error
    pages: dict[str, list[TableFacts]] = {}
    left_out: dict[str, str] = {}
    for account, place in places.items():
        file = folder / f"{account}.html"
        try:
            pages[account] = _write(options, place, file)
        except ZendeskError as error:
            left_out[account] = str(error)
            file.unlink(missing_ok=True)
    index = folder / "index.html"
    write_index(index, pages, left_out)
    if options.json:
        print_json({"file": str(index), "left_out": left_out})
        return 0
    if not options.quiet:
        print_lines(*(f"left out: {account}: {why}" for account, why in left_out.items()))
    log.info("Wrote %s: open it in a browser.", index)
    return 0
