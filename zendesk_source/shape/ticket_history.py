"""Ticket events as history: one row a changed field, one row an added or removed tag.

In a ticket event, what changed is a key of the child event itself (``"status": "open"``), next
to a few keys every child has. So every other key is the name of a field.

Source: https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from zendesk_source.shape.values import as_text

V = TypeVar("V")

CHANGES = frozenset({"Create", "Change"})
TAGS = "tags"
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


def field_changes(
    children: Sequence[Mapping[str, V]], read: Callable[[V], Any]
) -> Iterator[FieldChange]:
    """Yield the fields that an event's children set or changed.

    Args:
        children: Child events.
        read: Turns a value of a child into what JSON says.
    """
    for child in _changes(children, read):
        previous = read(child["previous_value"]) if "previous_value" in child else None
        child_id = read(child["id"]) if "id" in child else None
        for key in child.keys() - _OF_EVERY_CHILD:
            value = read(child[key])
            if key == CUSTOM_FIELDS and isinstance(value, Mapping):
                for field_id, each in value.items():
                    before = previous.get(field_id) if isinstance(previous, Mapping) else previous
                    yield child_id, str(field_id), _text(each), _text(before)
            else:
                yield child_id, key, _text(value), _text(previous)


def tag_changes(
    children: Sequence[Mapping[str, V]], read: Callable[[V], Any]
) -> Iterator[TagChange]:
    """Yield the tags that an event's children added or removed; a new ticket's are added."""
    for child in _changes(children, read):
        child_id = read(child["id"]) if "id" in child else None
        added, removed = child.get("added_tags"), child.get("removed_tags")
        if added is None and removed is None and read(child["event_type"]) == "Create":
            added = child.get(TAGS)
        for action, tags in (("added", added), ("removed", removed)):
            for tag in dict.fromkeys((read(tags) if tags is not None else None) or ()):
                yield child_id, str(tag), action


def _changes(
    children: Sequence[Mapping[str, V]], read: Callable[[V], Any]
) -> Iterator[Mapping[str, V]]:
    for child in children:
        kind = child.get("event_type")
        if kind is not None and read(kind) in CHANGES:
            yield child


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)
