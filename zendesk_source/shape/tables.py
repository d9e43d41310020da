"""The tables that are handed on, and what is done with each before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson

from zendesk_source.catalogue import DataType
from zendesk_source.names import MORE, REMOVED
from zendesk_source.shape.columns import Row
from zendesk_source.shape.newest import are_distinct, last_of_each
from zendesk_source.shape.private.guard import Guard
from zendesk_source.shape.room import Room, as_json


class Table(Protocol):
    """Rows of one table, and the new columns that they need."""

    @property
    def table(self) -> str:
        """Its name."""

    @property
    def new_columns(self) -> Mapping[str, DataType]:
        """Types of columns seen for the first time."""

    @property
    def json_columns(self) -> Sequence[str]:
        """Columns that hold JSON."""

    @property
    def rows(self) -> Any:
        """The rows, as dlt takes them."""

    def count_kept(self) -> int:
        """Count the rows that are not marked as removed."""

    def newest(self, key: Sequence[str]) -> Table:
        """Return the table without rows whose key comes again later.

        Rows that are marked as removed stay: the merge decides what they remove.

        Args:
            key: Key columns. A row with a null in one of them counts as a row of its own.
        """

    def removed(self, column: str, values: Collection[Any]) -> Table:
        """Return the table with those rows marked as removed whose column has one of the values."""

    def covered(self, guard: Guard) -> Table:
        """Return the table without what is private; rows whose key cannot be shown are left out."""

    def fitted(self, room: Room) -> Table:
        """Return the table with values that find no room moved; the same table if all fit."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table as dicts.

    Attributes:
        table: Table name.
        rows: Rows with typed values.
        new_columns: Types of columns seen for the first time.
        json_columns: Columns that hold JSON; a text in one of them is quoted already.
    """

    table: str
    rows: list[Row]
    new_columns: Mapping[str, DataType]
    json_columns: Sequence[str] = ()

    def count_kept(self) -> int:
        """As of ``Table``."""
        return sum(1 for row in self.rows if not row.get(REMOVED))

    def newest(self, key: Sequence[str]) -> TableRows:
        """As of ``Table``."""
        shown = [row for row in self.rows if not row.get(REMOVED)]
        if are_distinct([[row.get(name) for row in shown] for name in key]):
            return self
        removed = [row for row in self.rows if row.get(REMOVED)]
        return replace(self, rows=[*last_of_each(shown, key), *removed])

    def removed(self, column: str, values: Collection[Any]) -> TableRows:
        """As of ``Table``."""
        rows = [{**row, REMOVED: True} if row.get(column) in values else row for row in self.rows]
        return replace(self, rows=rows)

    def covered(self, guard: Guard) -> TableRows:
        """As of ``Table``."""
        if guard.is_left_out(self.table):
            return replace(self, rows=[])
        json = frozenset(self.json_columns)
        names = dict.fromkeys(name for row in self.rows for name in row)
        covers = {name: guard.cover(self.table, name, is_json=name in json) for name in names}
        by_field = guard.by_field(self.table)
        rows = []
        for row in self.rows:
            own = covers
            if by_field is not None:
                field, columns = row.get(by_field.name), by_field.values
                own = covers | {c: guard.field_cover(self.table, c, field) for c in columns}
            values = (
                (name, value if (cover := own[name]) is None else cover(value))
                for name, value in row.items()
            )
            rows.append({name: value for name, value in values if value is not None})
        return replace(self, rows=rows)

    def fitted(self, room: Room) -> TableRows:
        """As of ``Table``."""
        room.admit(self.new_columns)
        if room.is_enough:
            return self
        rows = []
        for row in self.rows:
            moved = room.moved(row)
            kept = {name: value for name, value in row.items() if name not in moved}
            if moved:
                kept[MORE] = orjson.loads(as_json(row, moved, self.json_columns))
            rows.append(kept)
        return replace(self, rows=rows, new_columns=room.admitted(self.new_columns))
