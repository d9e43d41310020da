"""Read chats and messaging conversations from a ticket's events.

The child event for the start or end of a chat holds the chat: who wrote what, and when. It has the
user ids of agents, which Chat's own API does not show.

Source: https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from zendesk_source.api.paging.door import Reject, not_what
from zendesk_source.shape.parts import ignore, objects_in, part_of

CHAT_EVENTS = frozenset({"ChatStartedEvent", "ChatEndedEvent"})
CHAT_TABLE, MESSAGE_TABLE = "ticket_chats", "ticket_chat_messages"
_CHAT, _MESSAGES = "value", "history"
_YEAR_10000 = 253_402_300_800

Child = Mapping[str, Any]


def chats(children: Sequence[Child], reject: Reject) -> Iterator[tuple[Any, ...]]:
    """Yield the child's place, event type, chat id, visitor id, and the chat without its messages.

    Args:
        children: Child events of the types ``CHAT_EVENTS``.
        reject: Called with a value that is no chat.
    """
    for place, child, chat in _chats_in(children, reject):
        rest = {key: value for key, value in chat.items() if key != _MESSAGES}
        kind, chat_id, visitor = child["event_type"], chat.get("chat_id"), chat.get("visitor_id")
        yield place, kind, chat_id, visitor, rest


def chat_messages(children: Sequence[Child], reject: Reject) -> Iterator[tuple[Any, ...]]:
    """Yield the entries of each chat: the child's place, index, usual values, the whole entry.

    Args:
        children: Child events of the types ``CHAT_EVENTS``.
        reject: Called with an entry that is no object.
    """
    for place, _, chat in _chats_in(children, ignore):  # the chats' own rows tell
        for position, entry in objects_in(MESSAGE_TABLE, chat, _MESSAGES, reject):
            yield (
                place,
                position,
                chat.get("chat_id"),
                entry.get("chat_index"),
                _time_of(entry.get("timestamp")),
                entry.get("actor_id"),
                entry.get("actor_type"),
                entry.get("type"),
                entry.get("message"),
                entry,
            )


def _chats_in(children: Sequence[Child], reject: Reject) -> Iterator[tuple[int, Child, Child]]:
    for place, child in enumerate(children):
        chat = child.get(_CHAT)
        if isinstance(chat, Mapping):
            yield place, child, chat
        elif chat is not None:
            reject(part_of(CHAT_TABLE, child, _CHAT, not_what(_CHAT, chat, "an object")))


def _time_of(milliseconds: Any) -> str | None:
    """Return a time as Zendesk writes others; None for no time, which the details still show."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return None
    seconds, rest = divmod(milliseconds, 1_000)
    if not 0 <= seconds < _YEAR_10000:
        return None
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
