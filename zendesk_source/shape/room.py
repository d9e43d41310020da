"""Tables at a destination that takes only so many columns, and so much in a row.

A column is given to who comes first, and for good: the table's schema remembers it. What finds
no room is kept, by the name its column would have, in one column of JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from zendesk_source.catalogue import DataType
from zendesk_source.names import MORE

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

    def admit(self, new_columns: Iterable[str]) -> None:
        """Let new columns in as long as there is room."""
        for name in new_columns:
            if name in self._columns:
                continue
            if self._most_columns is not None and len(self._columns) >= self._most_columns:
                self.refused.add(name)
            else:
                self._columns.add(name)

    @property
    def is_enough(self) -> bool:
        """Whether every row fits for certain."""
        may_be_wide = self.most_values is not None and len(self._columns) > self.most_values
        return not self.refused and not may_be_wide

    @property
    def most_values(self) -> int | None:
        """So many values fit into a row, whatever they are; None = any number."""
        return None if self._row_bytes is None else self._row_bytes // _WIDEST_BYTES

    def moved(self, row: Mapping[str, Any]) -> set[str]:
        """Return which of a row's values are to be moved: the last ones first."""
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
        """Return the new columns that found room, and the one for what found none."""
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
    """Return some values of a row as an object of JSON; a text in a JSON column is JSON itself."""
    chosen = {
        name: orjson.Fragment(value) if name in json and isinstance(value, str) else value
        for name, value in row.items()
        if name in names
    }
    return orjson.dumps(chosen, default=_decimal_text)


def _decimal_text(value: Decimal) -> str:
    return f"{value.normalize():f}"
