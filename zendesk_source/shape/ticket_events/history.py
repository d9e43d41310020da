"""Read history from ticket events: a row for each changed field, tag or schedule.

In a ticket event a changed field is a key of the child event itself (``"status": "open"``), beside
a few keys that every child has. So every other key is the name of a field.

Source: https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

_TAG_CHANGES = {"added_tags": "added", "removed_tags": "removed"}

FieldChange = tuple[int, str, str | None, str | None]
"""Place of the child, field name, value, previous value; a custom field's name is its id."""

TagChange = tuple[int, str, str]
"""Place of the child, tag, ``added`` or ``removed``."""

ScheduleChange = tuple[int, Any, Any]
"""Place of the child, schedule id, previous schedule id; null is the default schedule."""


def field_changes(children: Sequence[Mapping[str, Any]], _reject: Reject) -> Iterator[FieldChange]:
    """Yield the fields that children of the types ``CHANGES`` set or changed."""
    for place, child in enumerate(children):
        previous = child.get("previous_value")
        was = _text(previous)
        for key, value in child.items():
            if key in _OF_EVERY_CHILD:
                continue
            if key == CUSTOM_FIELDS and isinstance(value, Mapping):
                for field_id, each in value.items():
                    before = previous.get(field_id) if isinstance(previous, Mapping) else previous
                    yield place, str(field_id), _text(each), _text(before)
            else:
                yield place, key, _text(value), was


def tag_changes(children: Sequence[Mapping[str, Any]], reject: Reject) -> Iterator[TagChange]:
    """Yield the tags that children added or removed; those of a new ticket are added.

    Args:
        children: Child events of the types ``CHANGES``.
        reject: Called with an entry that is no tag.
    """
    for place, child in enumerate(children):
        keys = [key for key in _TAG_CHANGES if child.get(key) is not None]
        if not keys and child["event_type"] == "Create":
            keys = [TAGS]
        for key in keys:
            for tag in dict.fromkeys(keys_in(TAG_TABLE, child, key, reject)):
                yield place, str(tag), _TAG_CHANGES.get(key, "added")


def schedule_changes(
    children: Sequence[Mapping[str, Any]], _reject: Reject
) -> Iterator[ScheduleChange]:
    """Yield the schedules that children of the types ``SCHEDULE_CHANGES`` gave to the ticket."""
    for place, child in enumerate(children):
        yield place, child.get("new_schedule_id"), child.get("previous_schedule_id")


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)
