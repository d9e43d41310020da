"""Make the rows of side tables from a decoded page, as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
from zendesk_source.shape.sides import (
    CALL_DATA,
    CHILD_ID,
    EVENT_COLUMNS,
    EVENT_TYPE,
    SIDE_ROWS,
    Page,
    is_comment,
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


class _Head(msgspec.Struct, gc=False):
    event_type: str | None = None


_HEADS = msgspec.json.Decoder(list[_Head] | None)
_TEXTS = msgspec.json.Decoder(list[msgspec.Raw] | None)


class ChildEvents:
    """The child events of a page, of which only those that are asked for are parsed.

    Args:
        lists: For each event the list of its children, as JSON text.

    Attributes:
        events: For each child the index of its event.
        kinds: For each child its type.

    Raises:
        msgspec.ValidationError: A child is no object, or its type is no text.
    """

    def __init__(self, lists: Sequence[msgspec.Raw]) -> None:
        heads = [found or () for found in map(_HEADS.decode, lists)]
        self.events = [number for number, found in enumerate(heads) for _ in found]
        self.kinds = [head.event_type or "" for head in chain.from_iterable(heads)]
        self._texts = list(chain.from_iterable(found or () for found in map(_TEXTS.decode, lists)))
        self._parsed: dict[frozenset[str], list[Any]] = {}

    def places(self, kinds: Collection[str]) -> list[int]:
        """Return the places of the children of some types."""
        return [place for place, kind in enumerate(self.kinds) if kind in kinds]

    def text(self, places: Iterable[int]) -> bytes:
        """Return some children as one JSON list."""
        return b"[" + b",".join(map(self._texts.__getitem__, places)) + b"]"

    def parsed(self, kinds: frozenset[str]) -> list[Any]:
        """Return the children of some types; they are parsed once for all side tables."""
        if kinds not in self._parsed:
            self._parsed[kinds] = json_value(self.text(self.places(kinds)))
        return self._parsed[kinds]


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
    _children: dict[str, ChildEvents] = field(default_factory=dict)

    def children(self, key: str) -> ChildEvents:
        """Return the child events under a key; they are told apart once for all side tables.

        Raises:
            msgspec.ValidationError: One is no object, or its type is no text.
        """
        if key not in self._children:
            lists = map(attrgetter(self.layout.own.attribute(key)), self.parents)
            self._children[key] = ChildEvents(list(lists))
        return self._children[key]


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
    for slot, values in layout.columns(records):
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
    layout, decoder = page.layout.sides[side.name], page.layout.comments
    assert decoder is not None
    children = page.children(side.key)
    (body,) = (slot for slot in layout.slots if slot.key == "body")
    text, data = attrgetter(body.attribute), attrgetter(layout.attribute(CALL_DATA))
    places = children.places({kind for kind in set(children.kinds) if is_comment(kind)})
    found = [
        (child, place)
        for child, place in zip(decoder.decode(children.text(places)), places, strict=True)
        if text(child) is not msgspec.UNSET or data(child) != NULL
    ]
    comments = [child for child, _ in found]
    for child in comments:
        if text(child) is msgspec.UNSET:
            setattr(child, body.attribute, NULL if body.is_raw else None)
    arrays = record_arrays(columns, layout, comments)
    tickets = page.layout.own.values(page.parents, "ticket_id")
    numbers = [children.events[place] for _, place in found]
    computed = {
        EVENT_TYPE: [children.kinds[place] for _, place in found],
        "ticket_id": [tickets[number] for number in numbers],
        side.parent_column: [page.parent_ids[number] for number in numbers],
    }
    for key, values in computed.items():
        arrays.update(value_arrays(columns, key, values))
    return SideArrays(len(comments), arrays)


def _arrays_of_children(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    told = TOLD_BY_CHILDREN[side.origin]
    children = page.children(side.key)
    of_kinds = children.parsed(told.kinds)
    found = list(told.rows(of_kinds, page.reject))
    if not found:
        return SideArrays(0, {})
    rows_of, *values = zip(*found, strict=True)
    places = children.places(told.kinds)
    arrays = _event_arrays(side, page, columns, [children.events[places[n]] for n in rows_of])
    arrays.update(value_arrays(columns, CHILD_ID, [of_kinds[n].get("id") for n in rows_of]))
    for name, each in zip(told.columns, values, strict=True):
        arrays.update(value_arrays(columns, name, each))
    return SideArrays(len(found), arrays)


def _event_arrays(
    side: SideTable, page: PageRecords, columns: TableColumns, numbers: Sequence[int]
) -> Arrays:
    """Return the columns that rows have from their events, given by index."""
    encoded = pa.array(numbers, pa.int64()).dictionary_encode()
    events = encoded.dictionary.to_pylist()  # each once
    own = page.layout.own
    values = {column: own.values(page.parents, key) for column, key in EVENT_COLUMNS.items()}
    arrays: Arrays = {}
    for column, each in {side.parent_column: page.parent_ids, **values}.items():
        once = value_arrays(columns, column, [each[number] for number in events])
        arrays.update({name: array.take(encoded.indices) for name, array in once.items()})
    return arrays


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
