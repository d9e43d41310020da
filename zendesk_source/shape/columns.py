"""Decide the columns of one table: their types, and which JSON key fills which of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zendesk_source.catalogue import DataType
from zendesk_source.names import REMOVED
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.values import fit, type_of

Row = dict[str, Any]


class TableColumns:
    """The columns of one table; rows with new keys add columns.

    Args:
        declared: Types from the catalogue.
        known: Types of the columns that the destination has already. They count before others.
        column_name: Turns a JSON key into the destination's spelling.
        fields: Columns of the custom fields; None where there are none.
    """

    def __init__(
        self,
        declared: Mapping[str, DataType],
        known: Mapping[str, DataType],
        column_name: Callable[[str], str],
        fields: FieldColumns | None,
    ) -> None:
        self.declared = declared
        self._types = {**declared, **known}
        self._fields = fields
        self._column_name = column_name
        # Not `known`: the key of a column from an earlier sync may be spelled otherwise.
        self._names = {name: name for name in declared}
        self._taken = {REMOVED, *declared}
        self._new: dict[str, DataType] = {}

    def typed(self, row: Row) -> Row:
        """Return the row with each value under the column that it fits, without nulls."""
        typed: Row = {}
        for key, value in row.items():
            if value is None:
                continue
            name = self.claim(key)
            data_type = self._types.get(name) or self.add(name, self._type_of(name, value))
            value, own_type = fit(value, data_type)
            if own_type != data_type:
                name = f"{name}__v_{own_type}"
                if name not in self._types:
                    self.add(name, own_type)
            typed[name] = value
        return typed

    def column_of(self, key: str) -> str | None:
        """Return the column of a JSON key; None if another key has taken its name."""
        known = self._names.get(key)
        if known is not None:
            return known
        name = self._column_name(key)
        return None if name in self._taken else name

    def claim(self, key: str) -> str:
        """Return the column of a JSON key, and reserve it for this key."""
        return self._names.get(key) or self._name(key)

    def data_type(self, name: str) -> DataType | None:
        """Return the type of a column; None while it is unknown."""
        return self._types.get(name) or self._described_type(name)

    def has(self, name: str) -> bool:
        """Whether the table has the column already."""
        return name in self._types

    def add(self, name: str, data_type: DataType) -> DataType:
        """Add a new column to the table."""
        self._types[name] = self._new[name] = data_type
        return data_type

    def of_type(self, data_type: DataType) -> tuple[str, ...]:
        """Return the columns of a type."""
        return tuple(name for name, kind in self._types.items() if kind == data_type)

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Return columns in the order in which the table got them."""
        wanted = set(names)
        return [name for name in self._types if name in wanted]

    def take_new(self) -> Mapping[str, DataType]:
        """Return the columns added since the last call."""
        new, self._new = self._new, {}
        return new

    def _type_of(self, name: str, value: Any) -> DataType:
        return self._described_type(name) or type_of(value, name)

    def _described_type(self, name: str) -> DataType | None:
        return self._fields.data_type(name) if self._fields is not None else None

    def _name(self, key: str) -> str:
        """Give a new key a column of its own: two keys may differ only in spelling."""
        name = self._column_name(key)
        number = 2
        while name in self._taken:
            # Spelt anew: where names are cut to a length, what is added must not be cut off.
            name = self._column_name(f"{key}_{number}")
            number += 1
        self._names[key] = name
        self._taken.add(name)
        return name
