"""Make the rows of side tables from a decoded page, as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa

from zendesk_source.api.mending import json_value
from zendesk_source.api.paging.door import BIGINT, Reject
from zendesk_source.catalogue import DataType, Origin, SideTable
from zendesk_source.shape.arrow.custom_fields import AnyField
from zendesk_source.shape.arrow.layout import PageLayout
from zendesk_source.shape.arrow.records import NULL, Record, RecordLayout
from zendesk_source.shape.arrow.values import (
    Arrays,
    raw_arrays,
    typed_arrays,
    value_arrays,
)
from zendesk_source.shape.columns import TableColumns
from zendesk_source.shape.parts import all_objects_in
from zendesk_source.shape.sides import (
    CALL_DATA,
    EVENT_COLUMNS,
    EVENT_TYPE,
    EVENTS,
    SIDE_ROWS,
    Page,
)
from zendesk_source.shape.ticket_events.children import TOLD_BY_CHILDREN
from zendesk_source.shape.values import as_text

_LISTS: Mapping[DataType, msgspec.json.Decoder[Any]] = MappingProxyType(
    {
        "text": msgspec.json.Decoder(list[list[str] | None]),
        "bigint": msgspec.json.Decoder(list[list[int] | None]),
    }
)

_FIELD_VALUES: Mapping[DataType, msgspec.json.Decoder[Any]] = MappingProxyType(
    {
        "bigint": msgspec.json.Decoder(list[AnyField] | None),
        "text": msgspec.json.Decoder(dict[str, msgspec.Raw] | None),
    }
)


@dataclass(frozen=True, slots=True)
class PageRecords:
    """A decoded page, as the side tables need it.

    Attributes:
        layout: How the page was decoded.
        envelope: The page.
        parents: The stream's own rows.
        parent_ids: Their ids.
        reject: Called with parts that fit no table.
    """

    layout: PageLayout
    envelope: Page
    parents: Sequence[Record]
    parent_ids: Sequence[Any]
    reject: Reject
    _parsed: dict[str, list[Any]] = field(default_factory=dict)
    _events_of_kind: dict[str, dict[int, None]] = field(default_factory=dict)

    def parsed(self, key: str) -> list[Any]:
        """Return the parsed JSON texts of a key; they are parsed once for all side tables."""
        if key not in self._parsed:
            texts = map(attrgetter(self.layout.own.attribute(key)), self.parents)
            self._parsed[key] = json_value(b"[" + b",".join(texts) + b"]")
        return self._parsed[key]

    def events_with(self, key: str, kinds: frozenset[str]) -> list[int]:
        """Return the indexes of the events that have a child of one of these types."""
        if not self._events_of_kind:
            for number, children in enumerate(self.parsed(key)):
                for child in children if type(children) is list else ():
                    kind = child.get(EVENT_TYPE) if type(child) is dict else None
                    if type(kind) is str:
                        self._events_of_kind.setdefault(kind, {})[number] = None
        found = (self._events_of_kind.get(kind, ()) for kind in kinds)
        return sorted({number for numbers in found for number in numbers})


@dataclass(frozen=True, slots=True)
class SideArrays:
    """Rows of a side table.

    Attributes:
        count: How many rows.
        arrays: Their columns.
    """

    count: int
    arrays: Arrays


def record_arrays(columns: TableColumns, layout: RecordLayout, records: Sequence[Any]) -> Arrays:
    """Convert records, key by key."""
    arrays: Arrays = {}
    for slot in layout.slots:
        values = slot.values(records)
        convert = raw_arrays if slot.is_raw else typed_arrays
        arrays.update(convert(columns, slot.key, values))
    return arrays


def _object_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    layout = page.layout.sides[side.name]
    nested = list(map(attrgetter(page.layout.own.attribute(side.key)), page.parents))
    pairs = [(each, id_) for each, id_ in zip(nested, page.parent_ids, strict=True) if each]
    records = [each for each, _ in pairs]
    arrays = record_arrays(columns, layout, records)
    said = map(attrgetter(layout.attribute(side.parent_column)), records)
    parents = [id_ if of is msgspec.UNSET else of for of, (_, id_) in zip(said, pairs, strict=True)]
    arrays.update(value_arrays(columns, side.parent_column, parents))
    return SideArrays(len(records), arrays)


def _element_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    (element_column,) = set(side.primary_key) - {side.parent_column}
    decoder = _LISTS[side.columns[element_column]]
    lists = _lists(page.layout.own, page.parents, side.key, decoder)
    if lists is None:
        records: Any = page.parents
        rows = list(SIDE_ROWS[side.origin](side, records, page.envelope, page.reject))
        parents = [row[side.parent_column] for row in rows]
        elements = [row[element_column] for row in rows]
    else:
        elements = list(chain.from_iterable(lists))
        counts = map(len, lists)
        parents = [i for i, n in zip(page.parent_ids, counts, strict=True) for _ in range(n)]
    arrays = value_arrays(columns, side.parent_column, parents)
    arrays.update(value_arrays(columns, element_column, elements))
    return SideArrays(len(elements), arrays)


def _lists(
    own: RecordLayout, parents: Sequence[Record], key: str, decoder: msgspec.json.Decoder[Any]
) -> list[list[Any]] | None:
    """Return lists of distinct elements of one type; None if one element has another type."""
    texts = list(map(attrgetter(own.attribute(key)), parents))
    try:
        lists = [each or [] for each in decoder.decode(b"[" + b",".join(texts) + b"]")]
    except (msgspec.ValidationError, TypeError):
        return None
    is_distinct = sum(map(len, map(set, lists))) == sum(map(len, lists))
    return lists if is_distinct and _are_keys(lists) else None


def _are_keys(lists: list[list[Any]]) -> bool:
    return all(isinstance(each, str) or each in BIGINT for each in chain.from_iterable(lists))


def _field_value_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    field_column = side.primary_key[-1]
    decoder = _FIELD_VALUES[side.columns[field_column]]
    raws = map(attrgetter(page.layout.own.attribute(side.key)), page.parents)
    parents: list[Any] = []
    fields: list[Any] = []
    values: list[str] = []
    for parent, raw in zip(page.parent_ids, raws, strict=True):
        named = decoder.decode(raw) or {}
        if isinstance(named, list):
            named = {each.id: each.value for each in named}
        for name, value in named.items():
            if value != NULL:
                parents.append(parent)
                fields.append(name)
                values.append(as_text(json_value(bytes(value))))
    arrays = value_arrays(columns, side.parent_column, parents)
    arrays.update(value_arrays(columns, field_column, fields))
    arrays.update(value_arrays(columns, "value", values))
    return SideArrays(len(values), arrays)


def _arrays_beside(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    records = page.envelope.get(side.key) or ()
    return SideArrays(len(records), record_arrays(columns, page.layout.sides[side.name], records))


def _comment_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    layout, children = page.layout.sides[side.name], page.layout.children
    assert children is not None
    raws = map(attrgetter(page.layout.own.attribute(side.key)), page.parents)
    (body,) = (slot for slot in layout.slots if slot.key == "body")
    text, data = attrgetter(body.attribute), attrgetter(layout.attribute(CALL_DATA))
    record = layout.record
    found = [
        (child, number)
        for number, raw in enumerate(raws)
        for child in children.decode(raw) or ()
        if isinstance(child, record) and (text(child) is not msgspec.UNSET or data(child) != NULL)
    ]
    comments = [child for child, _ in found]
    for child in comments:
        if text(child) is msgspec.UNSET:
            setattr(child, body.attribute, NULL if body.is_raw else None)
    arrays = record_arrays(columns, layout, comments)
    tickets = page.layout.own.values(page.parents, "ticket_id")
    computed = {
        EVENT_TYPE: [type(child).__struct_config__.tag for child in comments],
        "ticket_id": [tickets[number] for _, number in found],
        side.parent_column: [page.parent_ids[number] for _, number in found],
    }
    for key, values in computed.items():
        arrays.update(value_arrays(columns, key, values))
    return SideArrays(len(comments), arrays)


def _arrays_of_children(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    told = TOLD_BY_CHILDREN[side.origin]
    numbers: list[int] = []
    found: list[tuple[Any, ...]] = []
    events = page.parsed(side.key)
    for number in page.events_with(side.key, told.kinds):
        before = len(found)
        event = {"id": page.parent_ids[number], side.key: events[number]}
        children = all_objects_in(EVENTS, event, side.key, page.reject)
        found += told.rows(children, page.reject)
        numbers += [number] * (len(found) - before)
    if not found:
        return SideArrays(0, {})
    arrays: Arrays = {}
    own = page.layout.own
    for column, key in EVENT_COLUMNS.items():
        values = own.values(page.parents, key)
        arrays.update(value_arrays(columns, column, [values[number] for number in numbers]))
    ids = [page.parent_ids[number] for number in numbers]
    arrays.update(value_arrays(columns, side.parent_column, ids))
    for name, changed in zip(told.columns, zip(*found, strict=True), strict=False):
        arrays.update(value_arrays(columns, name, changed))
    return SideArrays(len(found), arrays)


SIDE_ARRAYS: Mapping[Origin, Callable[[SideTable, PageRecords, TableColumns], SideArrays]] = {
    Origin.OBJECT: _object_arrays,
    Origin.ELEMENTS: _element_arrays,
    Origin.FIELD_VALUES: _field_value_arrays,
    Origin.BESIDE: _arrays_beside,
    Origin.COMMENT_EVENTS: _comment_arrays,
    **dict.fromkeys(TOLD_BY_CHILDREN, _arrays_of_children),
}
"""A stream that has a side table with another origin is shaped row by row."""


def joined(first: SideArrays, second: SideArrays) -> SideArrays:
    """Return the rows of both, with nulls where one lacks a column."""
    if not second.count:
        return first
    arrays = {}
    for name in dict.fromkeys((*first.arrays, *second.arrays)):
        pair = [(part.count, part.arrays.get(name)) for part in (first, second)]
        kind = next(array.type for _, array in pair if array is not None)
        chunks = [pa.nulls(n, kind) if array is None else array for n, array in pair]
        arrays[name] = pa.concat_arrays(chunks)
    return SideArrays(first.count + second.count, arrays)
