"""Which side tables are made from the children of ticket events, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from zendesk_source.api.paging.door import Reject
from zendesk_source.catalogue import Origin
from zendesk_source.shape.ticket_events.chats import CHAT_EVENTS, chat_messages, chats
from zendesk_source.shape.ticket_events.history import (
    CHANGES,
    SCHEDULE_CHANGES,
    field_changes,
    schedule_changes,
    tag_changes,
)

Children = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """How one side table is made from children.

    Attributes:
        columns: Columns of the table, beside those that come from the event and the child's id.
        rows: Yields the place of a child among those that it is given, and the values.
        kinds: Types of the children that have such rows; no others are given to ``rows``.
    """

    columns: tuple[str, ...]
    rows: Callable[[Children, Reject], Iterator[tuple[Any, ...]]]
    kinds: frozenset[str]


def _told(
    columns: str,
    rows: Callable[[Children, Reject], Iterator[tuple[Any, ...]]],
    kinds: frozenset[str],
) -> Told:
    return Told(tuple(columns.split()), rows, kinds)


_OF_SCHEDULE = "schedule_id previous_schedule_id"
_OF_MESSAGE = "position chat_id chat_index created_at actor_id actor_type type message details"

TOLD_BY_CHILDREN: Mapping[Origin, Told] = MappingProxyType(
    {
        Origin.FIELD_CHANGES: _told("field_name value previous_value", field_changes, CHANGES),
        Origin.TAG_CHANGES: _told("tag action", tag_changes, CHANGES),
        Origin.SCHEDULE_CHANGES: _told(_OF_SCHEDULE, schedule_changes, SCHEDULE_CHANGES),
        Origin.CHATS: _told("event_type chat_id visitor_id details", chats, CHAT_EVENTS),
        Origin.CHAT_MESSAGES: _told(_OF_MESSAGE, chat_messages, CHAT_EVENTS),
    }
)
