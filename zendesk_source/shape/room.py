"""Tables at a destination that takes only so many columns, and so much in a row.

A column is given to who comes first, and for good: the table's schema remembers it. What finds
no room is kept, by the name its column would have, in one column of JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.names import MORE
from zendesk_source.shape.arrow.shaper import TableArrow
from zendesk_source.shape.tables import Row, TableRows

_WIDEST_BYTES = 24
"""What a value takes in its row at most; Postgres keeps longer ones elsewhere, if it has to."""


class Room:
    """The columns of one table, and what becomes of those that are too many.

    Args:
        columns: Most columns it may get; None = any.
        row_bytes: Most bytes of a row's values; None = any.
        declared: Columns that every row has, whatever else it has.
        known: Columns that the destination has already.

    Attributes:
        refused: Columns that found no room.
        wide_rows: Rows of which some values found no room in their columns.
    """

    def __init__(
        self,
        columns: int | None,
        row_bytes: int | None,
        declared: Collection[str],
        known: Collection[str],
    ) -> None:
        self._most_columns = columns
        self._row_bytes = row_bytes
        self._declared = frozenset(declared)
        self._columns = {*declared, *known}
        self.refused: set[str] = set()
        self.wide_rows = 0

    def fitted(self, table: TableRows | TableArrow) -> TableRows | TableArrow:
        """Return a table with what finds no room moved; the same one where all does."""
        for name in table.new_columns:
            self._admit(name)
        may_be_wide = self._row_bytes is not None and len(self._columns) > self._most_values
        if not self.refused and not may_be_wide:
            return table
        if isinstance(table, TableRows):
            return self._fitted_rows(table)
        return self._fitted_arrow(table)

    @property
    def _most_values(self) -> int:
        """So many values fit into a row, whatever they are."""
        return (self._row_bytes or 0) // _WIDEST_BYTES

    def _admit(self, name: str) -> None:
        if name in self._columns:
            return
        if self._most_columns is not None and len(self._columns) >= self._most_columns:
            self.refused.add(name)
        else:
            self._columns.add(name)

    def _fitted_rows(self, table: TableRows) -> TableRows:
        rows = []
        for row in table.rows:
            moved = self._moved(row)
            kept = {name: value for name, value in row.items() if name not in moved}
            if moved:
                kept[MORE] = orjson.loads(_as_json(row, moved, table.json_columns))
            rows.append(kept)
        return replace(table, rows=rows, new_columns=self._new_columns(table))

    def _fitted_arrow(self, table: TableArrow) -> TableArrow:
        rows, more = table.rows, [b""] * table.rows.num_rows
        suspects = self._suspects(rows)
        moved_at: dict[str, list[int]] = {}
        if suspects:
            for number, row in zip(suspects, _without_nulls(rows.take(suspects)), strict=True):
                if moved := self._moved(row):
                    more[number] = _as_json(row, moved, table.json_columns)
                for name in moved - self.refused:
                    moved_at.setdefault(name, []).append(number)
        rows = rows.drop_columns([name for name in rows.column_names if name in self.refused])
        for name, numbers in moved_at.items():
            rows = _with_nulls(rows, name, numbers)
        texts = pa.array([text.decode() or None for text in more], pa.string())
        rows = rows.append_column(pa.field(MORE, pa.string()), texts)
        return replace(table, rows=rows, new_columns=self._new_columns(table))

    def _suspects(self, rows: pa.Table) -> list[int]:
        """Return the rows that have a value without a column, or may have too many values."""
        refused = [name for name in rows.column_names if name in self.refused]
        has_more = _counts(rows, refused)
        counts = _counts(rows, rows.column_names)
        most = self._most_values if self._row_bytes is not None else rows.num_columns
        return [
            number
            for number, (extra, count) in enumerate(zip(has_more, counts, strict=True))
            if extra or count > most
        ]

    def _moved(self, row: Mapping[str, Any]) -> set[str]:
        """Return which of a row's values are to be moved: the last ones first."""
        moved = self.refused & row.keys() if self.refused else set()
        if self._row_bytes is None or len(row) - len(moved) <= self._most_values:
            return moved
        left = [name for name in row if name not in moved]
        sizes = {name: _size(row[name]) for name in left}
        too_many = sum(sizes.values()) - self._row_bytes
        if too_many > 0:
            self.wide_rows += 1
        for name in reversed(left):
            if too_many <= 0:
                break
            if name not in self._declared:
                moved.add(name)
                too_many -= sizes[name]
        return moved

    def _new_columns(self, table: TableRows | TableArrow) -> dict[str, Any]:
        new = {name: kind for name, kind in table.new_columns.items() if name not in self.refused}
        if MORE not in self._columns:
            self._columns.add(MORE)
            new[MORE] = "json"
        return new


def _size(value: Any) -> int:
    if isinstance(value, bool):
        return 1
    if isinstance(value, (int, float, datetime)):
        return 16  # 8, and the gap before it
    return 8 if isinstance(value, date) else _WIDEST_BYTES


def _as_json(row: Row | Mapping[str, Any], names: Iterable[str], json: Sequence[str]) -> bytes:
    """Return some values of a row as an object of JSON; a text in a JSON column is JSON itself."""
    chosen = {
        name: orjson.Fragment(value) if name in json and isinstance(value, str) else value
        for name, value in row.items()
        if name in names
    }
    return orjson.dumps(chosen, default=_decimal_text)


def _decimal_text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _without_nulls(rows: pa.Table) -> Iterable[dict[str, Any]]:
    for row in rows.to_pylist():
        yield {name: value for name, value in row.items() if value is not None}


def _counts(rows: pa.Table, names: Iterable[str]) -> list[int]:
    """Count the values of each row in some columns."""
    counts: Any = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    for name in names:
        counts = pc.add(counts, pc.is_valid(rows[name]).cast(pa.int32()))
    found: list[int] = counts.to_pylist()
    return found


def _with_nulls(rows: pa.Table, name: str, numbers: Collection[int]) -> pa.Table:
    gone = set(numbers)
    mask = pa.array([number in gone for number in range(rows.num_rows)])
    place = rows.column_names.index(name)
    field = rows.schema.field(place)
    values = pc.if_else(mask, pa.scalar(None, field.type), rows[name])
    return rows.set_column(place, field, values)
