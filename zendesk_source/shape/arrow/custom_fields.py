"""Decode custom fields: by position on tickets, by key elsewhere.

Zendesk sends every custom field on every ticket, in the same order. So the list is decoded as
a tuple: its n-th object must be the n-th field, with a value of the field's type. Lists that
differ from ticket to ticket are decoded field by field, as JSON texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, Protocol

import msgspec

from zendesk_source.api.paging.door import BIGINT
from zendesk_source.catalogue import DataType
from zendesk_source.shape.arrow.records import (
    NULL,
    VALUE_TYPES,
    Record,
    RecordLayout,
    Slot,
    can_be_decoded,
    decoded_as,
    objects,
    record_layout,
)
from zendesk_source.shape.columns import TableColumns
from zendesk_source.shape.custom_fields import FieldColumns

_SKIPPED = (msgspec.Raw, NULL)


@dataclass(frozen=True, slots=True)
class FieldValues:
    """The values of one custom field.

    Attributes:
        key: Key of the field in rows: its id on tickets, otherwise its own key.
        is_raw: Whether its type was unknown, so that the values are JSON texts.
        values: A value for each row.
    """

    key: str
    is_raw: bool
    values: Sequence[Any]


class CustomLayout(Protocol):
    """One way to decode the custom fields of a row."""

    @property
    def members(self) -> Mapping[str, tuple[Any, ...]]:
        """Type and default of the row's keys that hold custom fields."""

    def fields(self, own: RecordLayout, records: Sequence[Record]) -> Iterator[FieldValues]:
        """Yield the custom fields of decoded rows, one after the other."""

    def keys(self, own: RecordLayout, records: Sequence[Record]) -> set[str]:
        """Return the keys of the custom fields in decoded rows."""


class AnyField(msgspec.Struct, gc=False):
    """A custom field of a ticket, its value as JSON text."""

    id: int
    value: msgspec.Raw = NULL


_ANY_FIELDS = msgspec.json.Decoder(list[AnyField] | None)


@dataclass(frozen=True, slots=True)
class _Positions:
    """Every row has the same list of fields."""

    slots: tuple[Slot, ...]
    members: Mapping[str, tuple[Any, ...]]
    list_key: str

    def fields(self, own: RecordLayout, records: Sequence[Record]) -> Iterator[FieldValues]:
        if not records:
            return
        lists = map(attrgetter(own.attribute(self.list_key)), records)
        for slot, cells in zip(self.slots, zip(*lists, strict=True), strict=True):
            yield FieldValues(slot.key, slot.is_raw, [cell.value for cell in cells])

    def keys(self, own: RecordLayout, records: Sequence[Record]) -> set[str]:
        return {slot.key for slot in self.slots}


@dataclass(frozen=True, slots=True)
class _Lists:
    """Each row has its own list of fields."""

    members: Mapping[str, tuple[Any, ...]]
    list_key: str
    spare_key: str

    def fields(self, own: RecordLayout, records: Sequence[Record]) -> Iterator[FieldValues]:
        cells: dict[int, list[Any]] = {}
        for row, fields in enumerate(self._lists(own, records)):
            for field in fields:
                cells.setdefault(field.id, [NULL] * len(records))[row] = field.value
        for field_id, values in cells.items():
            yield FieldValues(str(field_id), True, values)

    def keys(self, own: RecordLayout, records: Sequence[Record]) -> set[str]:
        ids = {field.id for fields in self._lists(own, records) for field in fields}
        return {str(field_id) for field_id in ids}

    def _lists(self, own: RecordLayout, records: Sequence[Record]) -> Iterator[list[AnyField]]:
        read, spare = map(attrgetter, map(own.attribute, (self.list_key, self.spare_key)))
        for record in records:
            fields = read(record)
            yield (_ANY_FIELDS.decode(spare(record)) if fields is None else fields) or []


@dataclass(frozen=True, slots=True)
class _Keyed:
    """Each row has an object with its fields."""

    nested: RecordLayout
    members: Mapping[str, tuple[Any, ...]]
    key: str

    def fields(self, own: RecordLayout, records: Sequence[Record]) -> Iterator[FieldValues]:
        none = self.nested.record()
        objects = [r or none for r in map(attrgetter(own.attribute(self.key)), records)]
        for slot, values in self.nested.columns(objects):
            yield FieldValues(slot.key, slot.is_raw, values)

    def keys(self, own: RecordLayout, records: Sequence[Record]) -> set[str]:
        return {slot.key for slot in self.nested.slots}


class CustomPlan:
    """What is known of the custom fields in a stream's rows.

    Args:
        fields: Columns of the fields.
        columns: Columns of the rows' table.
        row_keys: Keys of a row that hold the fields; the preferred one comes first.
    """

    def __init__(
        self, fields: FieldColumns, columns: TableColumns, row_keys: Sequence[str]
    ) -> None:
        self._fields = fields
        self._columns = columns
        self._row_keys = row_keys
        self._is_list = fields.owner == "ticket"
        self._keys: tuple[str, ...] = ()
        self._kinds: dict[str, set[type]] = {}
        self._is_uneven = False

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Note the fields in rows, and values of an unexpected type."""
        for row in rows:
            values = next((row[key] for key in self._row_keys if row.get(key) is not None), None)
            if self._is_list:
                self._learn_list(row, values)
            elif isinstance(values, Mapping):
                self._keys = tuple(dict.fromkeys((*self._keys, *filter(can_be_decoded, values))))
                self._note_kinds(values.items())

    def layout(self) -> CustomLayout:
        """Return a way to decode them that fits all rows seen so far."""
        if not self._is_list:
            nested = record_layout("Fields", self._types())
            (key,) = self._row_keys
            return _Keyed(nested, {key: (nested.record | None, None)}, key)
        list_key, spare_key = self._row_keys
        if self._is_uneven or not self._keys:
            lists = (list[AnyField] | None, None)
            return _Lists({list_key: lists, spare_key: _SKIPPED}, list_key, spare_key)
        slots = tuple(Slot(key, "value", kind) for key, kind in self._types().items())
        positions: Any = tuple.__class_getitem__(tuple(map(_field_at_position, slots)))
        return _Positions(slots, {list_key: (positions,), spare_key: _SKIPPED}, list_key)

    def signature(self) -> object:
        """Return what a layout depends on."""
        return self._is_uneven, tuple(self._types().items())

    def _learn_list(self, row: Mapping[str, Any], values: Any) -> None:
        fields = objects(values)
        ids = [each.get("id") for each in fields]
        if not all(type(each) is int and each in BIGINT for each in ids):
            self._is_uneven = True
            return
        keys = tuple(map(str, ids))
        if not self._keys:
            self._keys = keys
        is_spare = row.get(self._row_keys[0]) is None
        if is_spare or keys != self._keys or len(set(keys)) < len(keys):
            self._is_uneven = True
        self._note_kinds(zip(keys, (each.get("value") for each in fields), strict=True))

    def _note_kinds(self, pairs: Iterable[tuple[str, Any]]) -> None:
        for key, value in pairs:
            self._kinds.setdefault(key, set()).add(type(value))

    def _types(self) -> dict[str, DataType | None]:
        return {key: self._type_of(key) for key in self._keys}

    def _type_of(self, key: str) -> DataType | None:
        # Not `fields.column`: a field is named only once its definition has been asked for.
        known = self._fields.by_key.get(key)
        name = None if known is None else self._columns.column_of(known.name)
        data_type = None if name is None else self._columns.data_type(name)
        if data_type is not None and data_type in VALUE_TYPES:
            kinds = self._kinds.get(key, set()) - {type(None)}
            return data_type if kinds <= VALUE_TYPES[data_type] else None
        return data_type


def _field_at_position(slot: Slot) -> type[msgspec.Struct]:
    value_type, default = decoded_as(slot.data_type)
    identity: Any = Literal[int(slot.key)]
    return msgspec.defstruct("Field", [("id", identity), ("value", value_type, default)], gc=False)
