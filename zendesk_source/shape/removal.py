"""Remove what Zendesk has deleted: the rows, and their rows in side tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from zendesk_source.catalogue import Origin, Stream
from zendesk_source.shape.tables import Table


def without_deleted(stream: Stream) -> Stream:
    """Return the stream as it is declared where deleted rows are removed.

    A deleted ticket comes without its metrics. As a whole set, that removes them too.
    """
    if stream.is_deleted is None:
        return stream
    sides = (
        replace(side, is_whole_set=True) if side.origin is Origin.OBJECT else side
        for side in stream.side_tables
    )
    return replace(stream, side_tables=tuple(sides))


def removed(tables: Iterable[Table], stream: Stream, ids: Collection[Any]) -> Iterator[Table]:
    """Mark deleted rows, and their rows in side tables, as removed.

    Args:
        tables: Tables of one page.
        stream: The stream of the page.
        ids: Ids of the deleted rows.
    """
    id_columns = {side.name: side.parent_column for side in stream.side_tables}
    for table in tables:
        yield table.removed(id_columns.get(table.table, "id"), ids)
