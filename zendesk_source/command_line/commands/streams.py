"""List all streams, or those that NAMES choose, with their tables and the role they need."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.command_line.output import print_json, print_table
from zendesk_source.settings.selection import ALL, select_streams

_LATER = {"merge": "what changed", "replace": "all of it", "append": "a snapshot"}
_HEADINGS = ("stream", "core", "later runs", "tables", "role", "plan or feature")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAMES",
        help="core, all (the default), products, names, hc_*, '!left_out'",
    )


def run(options: argparse.Namespace) -> int:
    """Print the streams."""
    chosen = set(select_streams(options.names or [ALL]))
    # Without names, opt-in streams are listed too.
    streams = [each for each in STREAMS if each.name in chosen or not options.names]
    if options.json:
        print_json([_described(stream) for stream in streams])
    else:
        print_table(_HEADINGS, map(_row, streams), left_columns=len(_HEADINGS), needed_columns=5)
    return 0


def _row(stream: Stream) -> Sequence[str]:
    is_asked_again = stream.parent is not None and not stream.parent.tells_of_changes
    return (
        stream.name,
        "yes" if stream.is_core else "by name" if stream.is_opt_in else "",
        _LATER["replace" if is_asked_again else stream.write],
        str(len(stream.tables)),
        stream.access,
        stream.needs,
    )


def _described(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "product": stream.product,
        "is_core": stream.is_core,
        "is_opt_in": stream.is_opt_in,
        "tables": [table.name for table in stream.tables],
        "primary_key": list(stream.primary_key),
        "cursor_field": stream.cursor_field,
        "write": stream.write,
        "page_size": stream.page_size,
        "access": stream.access,
        "needs": stream.needs,
        "note": stream.note,
        "docs": stream.docs,
    }
