"""Rows that are to go: those Zendesk has deleted, and what their side tables hold of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from zendesk_source.catalogue import Origin, Stream
from zendesk_source.shape.tables import Table


def without_deleted(stream: Stream) -> Stream:
    """Return the stream as it is where deleted rows do not stay.

    A deleted ticket comes without its metrics. Where they are to go, that tells so.
    """
    if stream.is_deleted is None:
        return stream
    sides = (
        replace(side, is_whole_set=True) if side.origin is Origin.OBJECT else side
        for side in stream.side_tables
    )
    return replace(stream, side_tables=tuple(sides))


def removed(tables: Iterable[Table], stream: Stream, ids: Collection[Any]) -> Iterator[Table]:
    """Mark the rows of some ids, and those that side tables hold of them, as removed.

    Args:
        tables: Of one page.
        stream: Whose page.
        ids: Of its deleted rows.
    """
    id_columns = {side.name: side.parent_column for side in stream.side_tables}
    for table in tables:
        yield table.removed(id_columns.get(table.table, "id"), ids)
