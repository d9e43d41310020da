"""Cover what is private in an Arrow table, a whole column at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.shape.private.fields import ByField
from zendesk_source.shape.private.guard import Cover, Guard


def covered(rows: pa.Table, table: str, json: Collection[str], guard: Guard) -> pa.Table:
    """Return the rows of a table without what is private.

    Args:
        rows: The rows; columns keep their types.
        table: Name of the table.
        json: Columns that hold JSON.
        guard: Says what is private.
    """
    if guard.is_left_out(table):
        return rows.slice(0, 0)
    for place, name in enumerate(rows.column_names):
        cover = guard.cover(table, name, is_json=name in json)
        if cover is not None:
            column = _covered_column(rows[name], cover, is_text=name not in json)
            rows = rows.set_column(place, rows.schema.field(place), column)
    by_field = guard.by_field(table)
    return rows if by_field is None else _covered_by_field(rows, table, by_field, guard)


def _covered_column(column: pa.ChunkedArray, cover: Cover, *, is_text: bool) -> pa.Array:
    if column.null_count == len(column):
        return column
    if pa.types.is_string(column.type) and is_text:
        # A name or an address comes again and again, and a hash costs more than to find equals.
        encoded = column.combine_chunks().dictionary_encode()
        values = pa.array([cover(each) for each in encoded.dictionary.to_pylist()], column.type)
        return values.take(encoded.indices)
    return pa.array([_covered(cover, each) for each in column.to_pylist()], column.type)


def _covered(cover: Cover, value: Any) -> Any:
    return None if value is None else cover(value)


def _covered_by_field(rows: pa.Table, table: str, by_field: ByField, guard: Guard) -> pa.Table:
    fields = rows[by_field.name]
    names = pc.unique(fields).to_pylist()
    for column in by_field.values:
        covers = {name: guard.field_cover(table, column, name) for name in names}
        if not any(covers.values()):
            continue
        place = rows.column_names.index(column)
        pairs = zip(fields.to_pylist(), rows[column].to_pylist(), strict=True)
        values = [
            value if value is None or (cover := covers[name]) is None else cover(value)
            for name, value in pairs
        ]
        field = rows.schema.field(place)
        rows = rows.set_column(place, field, pa.array(values, field.type))
    return rows
