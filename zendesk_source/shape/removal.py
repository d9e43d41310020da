"""Rows that are to go: those Zendesk has deleted, and what their side tables hold of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.catalogue import Origin, Stream
from zendesk_source.names import REMOVED
from zendesk_source.shape.arrow.shaper import TableArrow
from zendesk_source.shape.tables import Row, TableRows

Table = TypeVar("Table", TableRows, TableArrow, TableRows | TableArrow)


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


def removed(
    tables: Iterable[TableRows | TableArrow], stream: Stream, ids: Collection[Any]
) -> Iterator[TableRows | TableArrow]:
    """Mark the rows of some ids, and those that side tables hold of them, as removed.

    Args:
        tables: Of one page.
        stream: Whose page.
        ids: Of its deleted rows.
    """
    id_columns = {side.name: side.parent_column for side in stream.side_tables}
    for table in tables:
        column = id_columns.get(table.table, "id")
        if isinstance(table, TableRows):
            yield replace(table, rows=[_marked(row, column, ids) for row in table.rows])
        else:
            yield replace(table, rows=_marked_arrow(table.rows, column, ids))


def count_kept(rows: list[Row] | pa.Table) -> int:
    """Count the rows that are not marked as removed."""
    if isinstance(rows, list):
        return sum(1 for row in rows if not row.get(REMOVED))
    if REMOVED not in rows.column_names:
        return int(rows.num_rows)
    return int(rows[REMOVED].null_count)


def _marked(row: Row, column: str, ids: Collection[Any]) -> Row:
    return {**row, REMOVED: True} if row.get(column) in ids else row


def _marked_arrow(rows: pa.Table, column: str, ids: Collection[Any]) -> pa.Table:
    of = rows[column]
    is_one = pc.is_in(of, value_set=pa.array(list(ids), of.type))
    marks = pc.if_else(is_one, pa.scalar(True), pa.scalar(None, pa.bool_()))
    if REMOVED not in rows.column_names:
        return rows.append_column(REMOVED, marks)
    index = rows.column_names.index(REMOVED)
    return rows.set_column(index, REMOVED, pc.coalesce(rows[REMOVED], marks))
