"""Make the rows of side tables from a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from zendesk_source.api.paging.door import Reject, is_key, not_what
from zendesk_source.catalogue import Origin, SideTable
from zendesk_source.shape.columns import Row
from zendesk_source.shape.parts import (
    all_objects_in,
    entry_of,
    fields_in,
    listed,
    no_key,
    objects_in,
    part_of,
)
from zendesk_source.shape.ticket_events.children import TOLD_BY_CHILDREN
from zendesk_source.shape.values import as_text, fit

COMMENT = "Comment"
EVENT_TYPE = "event_type"
CHILD_ID = "child_id"
CALL_DATA = "data"
"""Key of what a call or a social network says about a comment."""

Page = Mapping[str, Any]


def _object_rows(side: SideTable, parents: list[Row], _page: Page, reject: Reject) -> Iterator[Row]:
    for parent in parents:
        row = parent.get(side.key)  # missing or null on deleted tickets
        if isinstance(row, Mapping):
            yield {side.parent_column: parent["id"], **row}
        elif row is not None:
            why = not_what(side.key, row, "an object")
            reject(part_of(side.name, parent, side.key, why))


def _element_rows(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    (element_column,) = set(side.primary_key) - {side.parent_column}
    data_type = side.columns[element_column]
    for parent in parents:
        elements: dict[Any, None] = {}
        for element in listed(side.name, parent, side.key, reject):
            if is_key(element, data_type):
                elements[fit(element, data_type)[0]] = None
            else:
                why = no_key(f"an entry of `{side.key}`", element)
                reject(entry_of(side.name, parent, side.key, element, why))
        for value in elements:
            yield {side.parent_column: parent["id"], element_column: value}


def _objects_rows(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    for parent in parents:
        for _, each in objects_in(side.name, parent, side.key, reject):
            yield {side.parent_column: parent["id"], **each}


def _field_value_rows(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    field_column = side.primary_key[-1]
    for parent in parents:
        for field, value in fields_in(side.name, parent, side.key, reject):
            if value is not None:
                text = as_text(value)
                yield {side.parent_column: parent["id"], field_column: field, "value": text}


def _entry_rows(side: SideTable, parents: list[Row], _page: Page, reject: Reject) -> Iterator[Row]:
    (number_column,) = set(side.primary_key) - {side.parent_column}
    for parent in parents:
        for number, entry in objects_in(side.name, parent, side.key, reject):
            yield {**entry, side.parent_column: parent["id"], number_column: number}


def _rows_beside(
    side: SideTable, _parents: list[Row], page: Page, _reject: Reject
) -> Iterator[Row]:
    yield from page.get(side.key) or ()


def _comment_rows(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    for event in parents:
        for child in all_objects_in(EVENTS, event, side.key, reject):
            if is_comment(child.get(EVENT_TYPE)) and _has_text(child):
                yield {
                    **child,
                    "ticket_id": event.get("ticket_id"),
                    side.parent_column: event["id"],
                }


def is_comment(event_type: Any) -> bool:
    """Whether a child event is a comment, such as ``Comment`` or ``VoiceComment``.

    Events about a comment end differently: ``CommentPrivacyChange``, ``CommentRedactionEvent``.
    """
    return isinstance(event_type, str) and event_type.endswith(COMMENT)


def _has_text(child: Row) -> bool:
    # Where comments were not asked for, there is only the fact that there is one.
    return "body" in child or child.get(CALL_DATA) is not None


def _rows_of_children(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    told = TOLD_BY_CHILDREN[side.origin]
    for event in parents:
        found = all_objects_in(EVENTS, event, side.key, reject)
        children = [child for child in found if type_of_child(child) in told.kinds]
        for place, *values in told.rows(children, reject):
            yield {
                **_of_event(side, event),
                CHILD_ID: children[place].get("id"),
                **dict(zip(told.columns, values, strict=True)),
            }


def type_of_child(child: Row) -> str:
    """Return the type of a child event; an empty text if it has none."""
    event_type = child.get(EVENT_TYPE)
    return event_type if isinstance(event_type, str) else ""


def _of_event(side: SideTable, event: Row) -> Row:
    return {
        side.parent_column: event["id"],
        **{column: event.get(key) for column, key in EVENT_COLUMNS.items()},
    }


EVENT_COLUMNS = MappingProxyType(
    {"ticket_id": "ticket_id", "updated": "created_at", "user_id": "updater_id"}
)
"""Columns that come from the ticket event, in tables that are made from its children."""

EVENTS = "ticket_events"
"""Its children become several tables. A child that is no object is rejected once."""

SIDE_ROWS: Mapping[Origin, Callable[[SideTable, list[Row], Page, Reject], Iterator[Row]]] = {
    Origin.OBJECT: _object_rows,
    Origin.ELEMENTS: _element_rows,
    Origin.OBJECTS: _objects_rows,
    Origin.FIELD_VALUES: _field_value_rows,
    Origin.ENTRIES: _entry_rows,
    Origin.BESIDE: _rows_beside,
    Origin.COMMENT_EVENTS: _comment_rows,
    **dict.fromkeys(TOLD_BY_CHILDREN, _rows_of_children),
}


def _is_no_list(value: Any) -> bool:
    return not isinstance(value, list)


_SAYS_NOTHING: Mapping[Origin, Callable[[Any], bool]] = {
    Origin.ELEMENTS: _is_no_list,
    Origin.FIELD_VALUES: lambda value: not isinstance(value, (list, Mapping)),
    Origin.ENTRIES: lambda value: value is not None and _is_no_list(value),
    Origin.OBJECT: lambda value: isinstance(value, (str, int, float, list)),
}


def says_something(side: SideTable, parent: Any) -> bool:
    """Whether a row says what its side table holds. A missing list is not an empty one."""
    says_nothing = _SAYS_NOTHING.get(side.origin)
    return says_nothing is None or not says_nothing(parent.get(side.key))
