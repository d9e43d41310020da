"""Fit tables into a destination that limits the columns of a table and the bytes of a row.

Keys get columns in the order in which they come, for good: the table's schema remembers them.
Values without room are kept in one column of JSON, under the names their columns would have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from zendesk_source.catalogue import DataType
from zendesk_source.names import MORE
from zendesk_source.shape.values import decimal_text

_WIDEST_BYTES = 24
"""The most bytes that a value needs in its row; Postgres stores longer ones elsewhere."""


class Room:
    """The columns of one table, and those that are too many.

    Args:
        columns: The most columns it may have; None for any number.
        row_bytes: The most bytes that a row's values may take; None for any number.
        declared: Columns that every row keeps.
        known: Columns that the destination has already.

    Attributes:
        refused: Columns that found no room.
        wide_rows: How many rows had values without room.
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

    def admit(self, new_columns: Iterable[str]) -> None:
        """Add new columns as long as there is room."""
        for name in new_columns:
            if name in self._columns:
                continue
            if self._most_columns is not None and len(self._columns) >= self._most_columns:
                self.refused.add(name)
            else:
                self._columns.add(name)

    @property
    def is_enough(self) -> bool:
        """Whether every row certainly fits."""
        may_be_wide = self.most_values is not None and len(self._columns) > self.most_values
        return not self.refused and not may_be_wide

    @property
    def most_values(self) -> int | None:
        """How many values fit into a row, whatever they are; None for any number."""
        return None if self._row_bytes is None else self._row_bytes // _WIDEST_BYTES

    def moved(self, row: Mapping[str, Any]) -> set[str]:
        """Return the columns whose values must move, beginning with the row's last ones."""
        moved = self.refused & row.keys() if self.refused else set()
        most = self.most_values
        if self._row_bytes is None or most is None or len(row) - len(moved) <= most:
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

    def admitted(self, new_columns: Mapping[str, DataType]) -> dict[str, DataType]:
        """Return the new columns that found room, and the column for values without room."""
        new = {name: kind for name, kind in new_columns.items() if name not in self.refused}
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


def as_json(row: Mapping[str, Any], names: Iterable[str], json: Sequence[str]) -> bytes:
    """Return some values of a row as a JSON object; a text in a JSON column is JSON already."""
    chosen = {
        name: orjson.Fragment(value) if name in json and isinstance(value, str) else value
        for name, value in row.items()
        if name in names
    }
    return orjson.dumps(chosen, default=decimal_text)
