"""Chats and messaging conversations, as a ticket's own events tell them.

The child event that says that a chat started or ended holds it: who wrote what, and when. Agents
are there with the ids of their users, which Chat's own API does not tell.

Source: https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from zendesk_source.api.paging.door import Reject, not_what
from zendesk_source.shape.parts import ignore, objects_in, part_of

CHAT_EVENTS = frozenset({"ChatStartedEvent", "ChatEndedEvent"})
CHAT_TABLE, MESSAGE_TABLE = "ticket_chats", "ticket_chat_messages"
_CHAT, _MESSAGES = "value", "history"
_YEAR_10000 = 253_402_300_800

Child = Mapping[str, Any]


def chats(children: Iterable[Child], reject: Reject) -> Iterator[tuple[Any, ...]]:
    """Yield child id, event type, chat id, visitor id, and all of the chat but its messages.

    Args:
        children: Of the event.
        reject: Told of what is no chat.
    """
    for child, chat in _chats_in(children, reject):
        rest = {key: value for key, value in chat.items() if key != _MESSAGES}
        kind, chat_id, visitor = child["event_type"], chat.get("chat_id"), chat.get("visitor_id")
        yield child.get("id"), kind, chat_id, visitor, rest


def chat_messages(children: Iterable[Child], reject: Reject) -> Iterator[tuple[Any, ...]]:
    """Yield the entries of each chat: child id, its place, what is known of most, and all of it.

    Args:
        children: Of the event.
        reject: Told of what is no entry.
    """
    for child, chat in _chats_in(children, ignore):  # the chats' own rows tell
        for place, entry in objects_in(MESSAGE_TABLE, chat, _MESSAGES, reject):
            yield (
                child.get("id"),
                place,
                chat.get("chat_id"),
                entry.get("chat_index"),
                _time_of(entry.get("timestamp")),
                entry.get("actor_id"),
                entry.get("actor_type"),
                entry.get("type"),
                entry.get("message"),
                entry,
            )


def _chats_in(children: Iterable[Child], reject: Reject) -> Iterator[tuple[Child, Child]]:
    for child in children:
        kind = child.get("event_type")
        if not isinstance(kind, str) or kind not in CHAT_EVENTS:
            continue
        chat = child.get(_CHAT)
        if isinstance(chat, Mapping):
            yield child, chat
        elif chat is not None:
            reject(part_of(CHAT_TABLE, child, _CHAT, not_what(_CHAT, chat, "an object")))


def _time_of(milliseconds: Any) -> str | None:
    """Return a time as Zendesk writes others; what is none stands in the details."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return None
    seconds, rest = divmod(milliseconds, 1_000)
    if not 0 <= seconds < _YEAR_10000:
        return None
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
