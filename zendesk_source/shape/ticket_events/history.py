"""Read history from ticket events: a row for each changed field, tag or schedule.

In a ticket event a changed field is a key of the child event itself (``"status": "open"``), beside
a few keys that every child has. So every other key is the name of a field.

Source: https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zendesk_source.api.paging.door import Reject
from zendesk_source.shape.parts import keys_in
from zendesk_source.shape.values import as_text

CHANGES = frozenset({"Create", "Change"})
SCHEDULE_CHANGES = frozenset({"ScheduleAssignment"})
TAGS = "tags"
TAG_TABLE = "ticket_tag_history"
CUSTOM_FIELDS = "custom_ticket_fields"
_OF_EVERY_CHILD = frozenset(
    {
        "id",
        "via",
        "via_reference_id",
        "event_type",
        "previous_value",
        "added_tags",
        "removed_tags",
        TAGS,
    }
)

FieldChange = tuple[Any, str, str | None, str | None]
"""Child id, field name, value, previous value; a custom field's name is its id."""

TagChange = tuple[Any, str, str]
"""Child id, tag, ``added`` or ``removed``."""

ScheduleChange = tuple[Any, Any, Any]
"""Child id, schedule id, previous schedule id; null is the default schedule."""


def is_change(event_type: Any) -> bool:
    """Whether a child event sets or changes fields."""
    return isinstance(event_type, str) and event_type in CHANGES


def field_changes(children: Iterable[Mapping[str, Any]], _reject: Reject) -> Iterator[FieldChange]:
    """Yield the fields that an event's children set or changed."""
    for child in children:
        if not is_change(child.get("event_type")):
            continue
        child_id, previous = child.get("id"), child.get("previous_value")
        for key in child.keys() - _OF_EVERY_CHILD:
            value = child[key]
            if key == CUSTOM_FIELDS and isinstance(value, Mapping):
                for field_id, each in value.items():
                    before = previous.get(field_id) if isinstance(previous, Mapping) else previous
                    yield child_id, str(field_id), _text(each), _text(before)
            else:
                yield child_id, key, _text(value), _text(previous)


def tag_changes(children: Iterable[Mapping[str, Any]], reject: Reject) -> Iterator[TagChange]:
    """Yield the tags that an event's children added or removed; those of a new ticket are added.

    Args:
        children: Children of one event.
        reject: Called with an entry that is no tag.
    """
    for child in children:
        kind = child.get("event_type")
        if not is_change(kind):
            continue
        added, removed = "added_tags", "removed_tags"
        if kind == "Create" and child.get(added) is None and child.get(removed) is None:
            added = TAGS
        for action, key in (("added", added), ("removed", removed)):
            if child.get(key) is not None:
                for tag in dict.fromkeys(keys_in(TAG_TABLE, child, key, reject)):
                    yield child.get("id"), str(tag), action


def schedule_changes(
    children: Iterable[Mapping[str, Any]], _reject: Reject
) -> Iterator[ScheduleChange]:
    """Yield the schedules that an event's children gave to the ticket."""
    for child in children:
        kind = child.get("event_type")
        if isinstance(kind, str) and kind in SCHEDULE_CHANGES:
            yield child.get("id"), child.get("new_schedule_id"), child.get("previous_schedule_id")


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)
