"""Decide how the pages of a stream are decoded, from the declared columns and earlier pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from zendesk_source.catalogue import DataType, Origin, SideTable, Stream
from zendesk_source.shape.arrow.custom_fields import CustomLayout, CustomPlan
from zendesk_source.shape.arrow.records import (
    NULL,
    VALUE_TYPES,
    Object,
    RecordLayout,
    can_be_decoded,
    objects,
    record_layout,
)
from zendesk_source.shape.columns import TableColumns
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.sides import EVENT_TYPE, is_comment

_SKIPPED = (msgspec.Raw, NULL)
CUSTOM_PREFIX = "cf_"


class TablePlan:
    """What is known of the JSON objects that become rows of one table.

    Args:
        columns: Columns of the table.
        apart: Keys that do not become columns.
        reserved: Prefix of columns that are filled from elsewhere.
    """

    def __init__(
        self, columns: TableColumns, apart: Iterable[str] = (), reserved: str | None = None
    ) -> None:
        self.apart = dict.fromkeys(apart)
        self._reserved = reserved
        self._columns = columns
        self._keys = dict.fromkeys(key for key in columns.declared if key not in self.apart)
        self._mixed: set[str] = set()

    def learn(self, found: Sequence[Object]) -> None:
        """Note new keys, and values of another type than their column's."""
        for each in found:
            for key in each.keys() - self._keys.keys() - self.apart.keys():
                self._add(key)
        for key, data_type in self.types().items():
            if data_type is not None and data_type in VALUE_TYPES:
                kinds = {type(each.get(key)) for each in found} - {type(None)}
                if not kinds <= VALUE_TYPES[data_type]:
                    self._mixed.add(key)

    def types(self) -> dict[str, DataType | None]:
        """Return the type that each key is decoded as; None for JSON text of any type."""
        return {key: None if key in self._mixed else self._type_of(key) for key in self._keys}

    def _type_of(self, key: str) -> DataType | None:
        name = self._columns.column_of(key)
        return None if name is None else self._columns.data_type(name)

    def _add(self, key: str) -> None:
        if not can_be_decoded(key):
            return
        if self._reserved is not None and key.startswith(self._reserved):
            return
        # Of two keys with one spelling, the exact path alone can say which came first.
        taken = {self._columns.column_of(known) for known in self._keys}
        if self._columns.column_of(key) not in (None, *taken):
            self._keys[key] = None


@dataclass(frozen=True, slots=True)
class PageLayout:
    """One way to decode a page.

    Attributes:
        decoder: Decoder of the whole page.
        attributes: Attributes of the decoded page, by key of the envelope.
        own: Layout of the stream's own rows.
        custom: Layout of their custom fields; None if the fields become no columns.
        sides: Layouts of side tables whose rows are objects, by name.
        comments: Decoder of a list of child events that are comments.
    """

    decoder: msgspec.json.Decoder[Any]
    attributes: Mapping[str, str]
    own: RecordLayout
    custom: CustomLayout | None
    sides: Mapping[str, RecordLayout]
    comments: msgspec.json.Decoder[Any] | None

    def decode(self, body: bytes) -> dict[str, Any]:
        """Decode a page into its envelope, with rows as records.

        Raises:
            msgspec.ValidationError: The page is not as expected.
        """
        page = self.decoder.decode(body)
        values = ((key, getattr(page, name)) for key, name in self.attributes.items())
        return {key: value for key, value in values if value is not msgspec.UNSET}


class PagePlan:
    """What is known of a stream's pages.

    Args:
        stream: The stream of the pages.
        exact: Decides what becomes of each key.
        fields: Columns of the custom fields; None if the fields become no columns.
    """

    def __init__(self, stream: Stream, exact: RowShaper, fields: FieldColumns | None) -> None:
        self._stream = stream
        self._fields = fields
        self._envelope_keys: dict[str, None] = {}
        own_columns = exact.columns[stream.name]
        derived = stream.derive({}) if stream.derive is not None else {}
        apart = (*sorted(exact.moved_keys), *derived)
        self._own = TablePlan(own_columns, apart, CUSTOM_PREFIX if fields is not None else None)
        self._custom = (
            CustomPlan(fields, own_columns, exact.field_keys) if fields is not None else None
        )
        self._sides = {
            side.name: TablePlan(exact.columns[side.name], _APART[side.origin](side))
            for side in stream.side_tables
            if side.origin in _APART
        }

    def learn(self, envelope: Object) -> None:
        """Note what is new in a page, or in a part of one."""
        stream = self._stream
        self._envelope_keys.update(dict.fromkeys(filter(can_be_decoded, envelope)))
        rows = list(objects(envelope.get(stream.rows_key)))
        self._own.learn(rows)
        if self._custom is not None:
            self._custom.learn(rows)
        for side in stream.side_tables:
            if side.name in self._sides:
                self._learn_side(side, rows, envelope)

    def signature(self) -> object:
        """Return all that a layout depends on, so that it is made anew only when this changes."""
        custom = None if self._custom is None else self._custom.signature()
        sides = [tuple(side.types().items()) for side in self._sides.values()]
        return (tuple(self._envelope_keys), sides, tuple(self._own.types().items()), custom)

    def layout(self) -> PageLayout:
        """Return a way to decode pages that fits all pages seen so far."""
        sides = {name: self._side_layout(name) for name in self._sides}
        custom = None if self._custom is None else self._custom.layout()
        others: dict[str, Any] = dict.fromkeys(self._own.apart, _SKIPPED)
        if custom is not None:
            others.update(custom.members)
        page: dict[str, Any] = dict.fromkeys(self._envelope_keys, (Any, msgspec.UNSET))
        comments = None
        for side in self._stream.side_tables:
            if side.origin is Origin.OBJECT:
                others[side.key] = (sides[side.name].record | None, None)
            elif side.origin is Origin.BESIDE:
                beside = _list_of(sides[side.name].record) | msgspec.UnsetType
                page[side.key] = (beside, msgspec.UNSET)
            elif side.origin is Origin.COMMENT_EVENTS:
                comments = msgspec.json.Decoder(_list_of(sides[side.name].record))
        own = record_layout(self._stream.name, self._own.types(), others)
        page[self._stream.rows_key] = (_list_of(own.record),)
        decoder, attributes = _page_decoder(page)
        return PageLayout(decoder, attributes, own, custom, sides, comments)

    def _learn_side(self, side: SideTable, rows: Sequence[Object], envelope: Object) -> None:
        found: Iterable[Any] = (row.get(side.key) for row in rows)
        if side.origin is Origin.BESIDE:
            found = objects(envelope.get(side.key))
        elif side.origin is Origin.COMMENT_EVENTS:
            found = [child for children in found for child in objects(children)]
        learned = objects(list(found))
        if side.origin is Origin.COMMENT_EVENTS:
            learned = [each for each in learned if is_comment(each.get(EVENT_TYPE))]
        self._sides[side.name].learn(learned)

    def _side_layout(self, name: str) -> RecordLayout:
        (side,) = (side for side in self._stream.side_tables if side.name == name)
        plan = self._sides[name]
        others: dict[str, Any] = dict.fromkeys(plan.apart, _SKIPPED)
        if side.origin is Origin.OBJECT:
            others[side.parent_column] = (int | str | None | msgspec.UnsetType, msgspec.UNSET)
        if side.origin is Origin.COMMENT_EVENTS:
            return record_layout(name, plan.types(), others, may_miss="body")
        return record_layout(name, plan.types(), others)


def _list_of(record: Any) -> Any:
    return list.__class_getitem__(record)


def _page_decoder(
    members: Mapping[str, tuple[Any, ...]],
) -> tuple[msgspec.json.Decoder[Any], dict[str, str]]:
    attributes = {key: f"p{number}" for number, key in enumerate(members)}
    page = msgspec.defstruct(
        "Page",
        [(attributes[key], *rest) for key, rest in members.items()],
        rename={attribute: key for key, attribute in attributes.items()},
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    return msgspec.json.Decoder(page), attributes


# Keys of a side table's objects that do not become columns as they stand.
_APART: Mapping[Origin, Any] = {
    Origin.OBJECT: lambda side: (side.parent_column,),
    Origin.BESIDE: lambda side: (),
    Origin.COMMENT_EVENTS: lambda side: (EVENT_TYPE, "ticket_id", side.parent_column),
}
