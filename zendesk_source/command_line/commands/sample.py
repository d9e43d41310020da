"""Show the first rows of a stream as a load would bring them, without loading anything.

Positions stay as they are. For tickets, ticket events, users and organizations it reads Zendesk's
sample endpoint, which does not use up the exports' rate limit. The rows are your customers' data:
be careful where the output goes.

exit codes: 0 good, even without rows, 5 Zendesk refuses the stream, 1 it cannot be read.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from zendesk_source.command_line.options import add_demo_argument
from zendesk_source.command_line.output import log, print_facts, print_json, print_lines
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.selection import select_stream
from zendesk_source.times import parse_date

LONGEST_TEXT = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("stream", metavar="STREAM", help="its name: see `zendesk-source streams`")
    parser.add_argument(
        "-n", type=int, default=5, metavar="ROWS", help="how many rows (default: 5)"
    )
    parser.add_argument("--start-date", metavar="DATE", help="only rows that changed since then")
    add_demo_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Show rows."""
    stream = select_stream(options.stream)
    if options.n < 1:
        raise ConfigurationError("-n must be at least 1.", "Leave it out for 5.")
    start = parse_date(options.start_date, "--start-date")
    from zendesk_source.command_line.account import account_of
    from zendesk_source.preflight.preview import preview

    with account_of(options) as account:
        tables = preview(stream.name, rows=options.n, start_date=start, **account)
    # The name of a side table chooses its stream; here that table is what was asked for.
    table = options.stream if options.stream in tables else stream.name
    shown = tables.get(table, [])[: options.n]
    if options.json:
        print_json([{name: _plain(value) for name, value in row.items()} for row in shown])
        return 0
    for number, row in enumerate(shown, 1):
        print_lines(*([""] if number > 1 else []), f"-- {table}, row {number}")
        print_facts({name: _short(value) for name, value in row.items()})
    if not shown:
        log.info(f"{table}: no rows")
    return 0


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, dict, list)) else str(value)


def _short(value: Any) -> str:
    text = json.dumps(value, default=str) if isinstance(value, (dict, list, bool)) else str(value)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else f"{line[:LONGEST_TEXT]} ..."
