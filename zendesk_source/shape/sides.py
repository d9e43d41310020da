"""Rows of side tables: what a page tells beside its own rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, KeysView, Mapping
from types import MappingProxyType
from typing import Any

from zendesk_source.api.paging.door import Reject, is_key, not_what
from zendesk_source.catalogue import DataType, Origin, SideTable
from zendesk_source.shape.parts import (
    all_objects_in,
    entry_of,
    fields_in,
    listed,
    no_key,
    objects_in,
    part_of,
)
from zendesk_source.shape.ticket_history import field_changes, tag_changes
from zendesk_source.shape.values import as_text, fit

COMMENT = "Comment"
EVENT_TYPE = "event_type"
CALL_DATA = "data"
"""Key of what a call or a social network tells of a comment."""

Row = dict[str, Any]
Page = Mapping[str, Any]

# Key columns are NOT NULL; a row that only says "this parent has none" needs something in them.
_PLACEHOLDERS: Mapping[DataType, Any] = {"bigint": 0, "text": ""}


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
    """Whether a child event is a comment: ``Comment``, or one by ``Voice`` or ``Facebook``, say.

    What only tells of one has another end: ``CommentPrivacyChange``, ``CommentRedactionEvent``.
    """
    return isinstance(event_type, str) and event_type.endswith(COMMENT)


def _has_text(child: Row) -> bool:
    # Where comments were not asked for, there is only the fact that there is one.
    return "body" in child or child.get(CALL_DATA) is not None


def _field_change_rows(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    for event in parents:
        children = all_objects_in(EVENTS, event, side.key, reject)
        for child_id, field_name, value, previous in field_changes(children):
            yield {
                **_of_event(side, event),
                "child_id": child_id,
                "field_name": field_name,
                "value": value,
                "previous_value": previous,
            }


def _tag_change_rows(
    side: SideTable, parents: list[Row], _page: Page, reject: Reject
) -> Iterator[Row]:
    for event in parents:
        children = all_objects_in(EVENTS, event, side.key, reject)
        for child_id, tag, action in tag_changes(children, reject):
            yield {**_of_event(side, event), "child_id": child_id, "tag": tag, "action": action}


def _of_event(side: SideTable, event: Row) -> Row:
    return {
        side.parent_column: event["id"],
        **{column: event.get(key) for column, key in EVENT_COLUMNS.items()},
    }


EVENT_COLUMNS = MappingProxyType(
    {"ticket_id": "ticket_id", "updated": "created_at", "user_id": "updater_id"}
)
"""Columns of the history tables that are keys of the ticket event."""

EVENTS = "ticket_events"
"""Whose entries become several tables: what is no entry is told of once, as the stream's own."""

SIDE_ROWS: Mapping[Origin, Callable[[SideTable, list[Row], Page, Reject], Iterator[Row]]] = {
    Origin.OBJECT: _object_rows,
    Origin.ELEMENTS: _element_rows,
    Origin.OBJECTS: _objects_rows,
    Origin.FIELD_VALUES: _field_value_rows,
    Origin.ENTRIES: _entry_rows,
    Origin.BESIDE: _rows_beside,
    Origin.COMMENT_EVENTS: _comment_rows,
    Origin.FIELD_CHANGES: _field_change_rows,
    Origin.TAG_CHANGES: _tag_change_rows,
}


def _is_no_list(value: Any) -> bool:
    return not isinstance(value, list)


_SAYS_NOTHING: Mapping[Origin, Callable[[Any], bool]] = {
    Origin.ELEMENTS: _is_no_list,
    Origin.FIELD_VALUES: lambda value: not isinstance(value, (list, Mapping)),
    Origin.ENTRIES: lambda value: value is not None and _is_no_list(value),
    Origin.OBJECT: lambda value: isinstance(value, (str, int, float, list)),
}
MAY_BE_SILENT = frozenset(_SAYS_NOTHING)


def says_something(side: SideTable, parent: Any) -> bool:
    """Whether a row tells what its side table holds: what is no list is not an empty one."""
    return side.origin not in MAY_BE_SILENT or not _SAYS_NOTHING[side.origin](parent.get(side.key))


class WholeSets:
    """Makes removals visible where each page shows *all* rows of its parents.

    The merge deletes what the destination holds of every parent in the load package, and
    inserts what the package says. Two things it cannot see are added here: a parent that has
    no rows left, and a row that an earlier page of the same package still had.
    """

    def __init__(self, side: SideTable) -> None:
        self._side = side
        self._shown: dict[Any, dict[tuple[Any, ...], Row]] = {}

    def complete(
        self,
        rows: list[Row],
        parents: list[Row],
        page: Page,
        removed_column: str,
        new_ids: Collection[Any] = (),
    ) -> list[Row]:
        """Return the rows with a marker for each one that is gone.

        Args:
            rows: Rows of this page.
            parents: The rows they belong to.
            page: The decoded page.
            removed_column: Column that marks a removed row.
            new_ids: Parents of which the destination holds nothing.
        """
        side = self._side
        if side.origin is Origin.BESIDE and side.key not in page:
            return rows
        shown: dict[Any, dict[tuple[Any, ...], Row]] = {
            parent["id"]: {} for parent in parents if says_something(side, parent)
        }
        for row in rows:
            key = tuple(row[column] for column in side.primary_key)
            shown.setdefault(row[side.parent_column], {})[key] = row
        gone = [
            {**self._key_of(row), removed_column: True}
            for parent, before in ((p, self._shown.get(p, {})) for p in shown)
            for key, row in before.items()
            if key not in shown[parent]
        ]
        emptied = [
            self.no_rows(parent, removed_column)
            for parent, now in shown.items()
            if not now and parent not in new_ids
        ]
        self._shown.update(shown)
        return [*rows, *gone, *emptied]

    def forget(self) -> None:
        """Begin a new load package."""
        self._shown.clear()

    def known(self, parent_ids: KeysView[Any]) -> set[Any]:
        """Return the parents whose rows an earlier page showed."""
        return self._shown.keys() & parent_ids

    def remember(self, parent_id: Any, rows: Iterable[Row]) -> None:
        """Take the rows of a parent for shown by an earlier page."""
        columns = self._side.primary_key
        self._shown[parent_id] = {tuple(row[column] for column in columns): row for row in rows}

    def _key_of(self, row: Row) -> Row:
        return {name: row[name] for name in (*self._side.primary_key, self._side.parent_column)}

    def no_rows(self, parent_id: Any, removed_column: str) -> Row:
        """Return the row that says that a parent has none."""
        columns = self._side.columns
        key = {name: _PLACEHOLDERS[columns[name]] for name in self._side.primary_key}
        return {**key, self._side.parent_column: parent_id, removed_column: True}
