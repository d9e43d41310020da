"""Draw how the tables hang together: ``python -m docs.write_erd``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from docs.write_streams import TITLES
from zendesk_source.catalogue import PRODUCTS, STREAMS, SideTable, Stream
from zendesk_source.catalogue.references import Reference, references_of

_INTRODUCTION = """\
# How the tables hang together

<!-- Written by `make docs` from zendesk_source/catalogue; do not edit. -->

A line says: the column named on it holds the key of the table at its other end. Only keys and such
columns are drawn. What they point at can be missing: a stream that is not read, a row that Zendesk
has deleted. A table that is drawn empty is drawn in full elsewhere on this page.
"""

Group = tuple[str, list[Stream]]


def diagrams() -> Iterator[str]:
    """Yield the lines of the page."""
    yield _INTRODUCTION
    for title, streams in _groups():
        tables = [table for stream in streams for table in stream.tables]
        lines = list(_diagram(tables))
        if lines:
            yield from (f"## {title}\n", "```mermaid", "erDiagram", *lines, "```\n")


def _groups() -> Iterator[Group]:
    yield "The core", [stream for stream in STREAMS if stream.is_core]
    for product in PRODUCTS:
        streams = [s for s in STREAMS if s.product == product and not s.is_core]
        yield TITLES[product] + (" beyond the core" if product == "support" else ""), streams


def _diagram(tables: list[Stream | SideTable]) -> Iterator[str]:
    found = [reference for table in tables for reference in references_of(table)]
    drawn = {name for each in found for name in (each.table, each.target)}
    own = {table.name for table in tables}
    for table in tables:
        if table.name in drawn:
            yield from _entity(table, found)
    yield from (f"    {name}" for name in sorted(drawn - own))
    by_ends: dict[tuple[str, str], list[str]] = {}
    for each in found:
        by_ends.setdefault((each.target, each.table), []).append(each.column)
    for (target, table_name), columns in by_ends.items():
        yield f'    {target} |o--o{{ {table_name} : "{", ".join(columns)}"'


def _entity(table: Stream | SideTable, found: Iterable[Reference]) -> Iterator[str]:
    pointing = {each.column for each in found if each.table == table.name}
    yield f"    {table.name} {{"
    for column in dict.fromkeys((*table.primary_key, *table.columns)):
        marks = [
            mark
            for mark, is_one in (("PK", column in table.primary_key), ("FK", column in pointing))
            if is_one
        ]
        if marks:
            yield f"        {table.columns[column]} {column} {', '.join(marks)}"
    yield "    }"


if __name__ == "__main__":
    sys.stdout.write("\n".join(diagrams()))
