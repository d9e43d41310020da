"""Put the tables of many accounts together, where each has a DuckDB file of its own.

Every row gets the name of its account in the column `account`; columns are put together by name,
and one that has another type in another account becomes text. `--out FILE.sql` writes a script that
attaches the files for reading and makes a view over each table. It shows what is loaded now, but no
account can be loaded while a program has run it. `--out FILE.duckdb` writes one file with copies of
the tables, which nobody has to wait for; it takes the place of the one before when it is whole.

An account that was never loaded, or whose file is in use, is left out and named.

exit codes: 0 good, 5 some accounts were left out, 1 there is nothing to put together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zendesk_source.command_line.options import add_accounts_arguments, add_wait_argument
from zendesk_source.command_line.output import log, print_json, print_lines, print_table
from zendesk_source.errors import ConfigurationError

LEFT_OUT = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whose tables, and the file."""
    add_accounts_arguments(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("zendesk_union.sql"),
        metavar="FILE",
        help="file to write: .sql, or .duckdb for copies (default: %(default)s)",
    )
    add_wait_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Write the file, print what was put together, and return the exit code."""
    if not options.accounts:
        raise ConfigurationError("--accounts is missing.", "Name the file of the accounts.")
    from zendesk_source.command_line.dlt_runtime import dlt_runtime
    from zendesk_source.fleet.accounts_file import read_accounts
    from zendesk_source.fleet.union import write_union

    def tell(reason: str, wait_seconds: float) -> None:
        log.info(f"{reason}: waiting for up to {wait_seconds:.0f} s")

    with dlt_runtime():
        units = read_accounts(options.accounts, options.only)
        report = write_union(units, options.out, tell=tell, waits_long=options.wait)
    code = LEFT_OUT if report.left_out else 0
    left_out = [f"left out: {account}: {why}" for account, why in report.left_out.items()]
    if options.json:
        document = {"file": str(report.file), "tables": report.tables}
        print_json({**document, "left_out": report.left_out, "exit_code": code})
    elif options.quiet:
        for line in left_out:
            log.error(line)
    else:
        rows = [(table, str(len(accounts))) for table, accounts in report.tables.items()]
        print_table(("table", "accounts"), rows)
        print_lines("", *left_out, f"Wrote {report.file}.")
    return code
