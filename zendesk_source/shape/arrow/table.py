"""The Arrow tables that are handed on: `shape.tables`, but for whole columns at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.catalogue import DataType
from zendesk_source.names import MORE, REMOVED
from zendesk_source.shape.arrow.private import covered
from zendesk_source.shape.private.guard import Guard
from zendesk_source.shape.room import Room, as_json

_NUMBER = "_number"


@dataclass(frozen=True, slots=True)
class TableArrow:
    """A table in Arrow.

    Attributes:
        table: Table name.
        rows: Rows as an Arrow table.
        new_columns: Types of columns seen for the first time.
        json_columns: Columns that hold JSON, as text.
    """

    table: str
    rows: pa.Table
    new_columns: Mapping[str, DataType]
    json_columns: Sequence[str] = ()

    def count_kept(self) -> int:
        """As of ``Table``."""
        if REMOVED not in self.rows.column_names:
            return int(self.rows.num_rows)
        return int(self.rows[REMOVED].null_count)

    def newest(self, key: Sequence[str]) -> TableArrow:
        """As of ``Table``."""
        rows = self.rows
        chosen = rows.select(list(key))
        distinct = chosen.group_by(list(key), use_threads=False).aggregate([])
        if distinct.num_rows == rows.num_rows:
            return self
        keys = chosen.append_column(_NUMBER, pa.array(range(rows.num_rows), pa.int64()))
        is_state = reduce(pc.and_, (pc.is_valid(keys[name]) for name in key))
        if REMOVED in rows.column_names:
            is_state = pc.and_(is_state, pc.is_null(rows[REMOVED]))
        states = keys.filter(is_state).group_by(list(key))
        last = states.aggregate([(_NUMBER, "max")])[f"{_NUMBER}_max"]
        is_last = pc.is_in(keys[_NUMBER], value_set=last.combine_chunks())
        return replace(self, rows=rows.filter(pc.or_(pc.invert(is_state), is_last)))

    def removed(self, column: str, values: Collection[Any]) -> TableArrow:
        """As of ``Table``."""
        rows, found = self.rows, self.rows[column]
        is_one = pc.is_in(found, value_set=pa.array(list(values), found.type))
        marks = pc.if_else(is_one, pa.scalar(True), pa.scalar(None, pa.bool_()))
        if REMOVED not in rows.column_names:
            return replace(self, rows=rows.append_column(REMOVED, marks))
        place = rows.column_names.index(REMOVED)
        marks = pc.coalesce(rows[REMOVED], marks)
        return replace(self, rows=rows.set_column(place, REMOVED, marks))

    def covered(self, guard: Guard) -> TableArrow:
        """As of ``Table``."""
        return replace(self, rows=covered(self.rows, self.table, self.json_columns, guard))

    def fitted(self, room: Room) -> TableArrow:
        """As of ``Table``."""
        room.admit(self.new_columns)
        if room.is_enough:
            return self
        rows, more = self.rows, [b""] * self.rows.num_rows
        moved_at: dict[str, list[int]] = {}
        for number, row in _rows_at(rows, _suspects(rows, room)):
            if moved := room.moved(row):
                more[number] = as_json(row, moved, self.json_columns)
            for name in moved - room.refused:
                moved_at.setdefault(name, []).append(number)
        rows = rows.drop_columns([name for name in rows.column_names if name in room.refused])
        for name, numbers in moved_at.items():
            rows = _with_nulls(rows, name, numbers)
        texts = pa.array([text.decode() or None for text in more], pa.string())
        rows = rows.append_column(pa.field(MORE, pa.string()), texts)
        return replace(self, rows=rows, new_columns=room.admitted(self.new_columns))


def together(pages: Iterable[TableArrow]) -> list[TableArrow]:
    """Join the tables of several pages, so that each table comes once, in the order of a page.

    dlt works out the schema of every table that it is handed, which costs as much as shaping
    hundreds of rows. So a few pages are handed over at once.
    """
    by_name: dict[str, list[TableArrow]] = {}
    for table in pages:
        # The stream's own table is the last of every page, and so of all of them.
        by_name[table.table] = [*by_name.pop(table.table, ()), table]
    return [
        TableArrow(
            name,
            pa.concat_tables([table.rows for table in tables], promote_options="default"),
            {column: kind for table in tables for column, kind in table.new_columns.items()},
            tables[-1].json_columns,
        )
        for name, tables in by_name.items()
    ]


def _suspects(rows: pa.Table, room: Room) -> list[int]:
    """Return the rows that have a value in a refused column, or may have too many values."""
    refused = [name for name in rows.column_names if name in room.refused]
    has_more = _counts(rows, refused)
    counts = _counts(rows, rows.column_names)
    most = rows.num_columns if room.most_values is None else room.most_values
    return [
        number
        for number, (extra, count) in enumerate(zip(has_more, counts, strict=True))
        if extra or count > most
    ]


def _counts(rows: pa.Table, names: Iterable[str]) -> list[int]:
    """Count the values of each row in some columns."""
    counts: Any = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    for name in names:
        counts = pc.add(counts, pc.is_valid(rows[name]).cast(pa.int32()))
    found: list[int] = counts.to_pylist()
    return found


def _rows_at(rows: pa.Table, numbers: Sequence[int]) -> Iterable[tuple[int, dict[str, Any]]]:
    """Yield some rows as dicts without nulls."""
    if numbers:
        for number, row in zip(numbers, rows.take(numbers).to_pylist(), strict=True):
            yield number, {name: value for name, value in row.items() if value is not None}


def _with_nulls(rows: pa.Table, name: str, numbers: Collection[int]) -> pa.Table:
    gone = set(numbers)
    mask = pa.array([number in gone for number in range(rows.num_rows)])
    place = rows.column_names.index(name)
    field = rows.schema.field(place)
    values = pc.if_else(mask, pa.scalar(None, field.type), rows[name])
    return rows.set_column(place, field, values)
