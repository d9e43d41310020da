"""What the ticket events of an account say about fields, tags, schedules and chats, row by row.

The truth that the history tables are compared with; it shares nothing with how they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone

import orjson

from zendesk_source.simulator.store import Row

_SAID_OF_EVERY_CHILD = ("id", "via", "via_reference_id", "event_type")


def history_rows(events: Iterable[Row], table: str) -> Iterator[Row]:
    """Rows of one of the tables of what the children of ticket events tell."""
    kinds, rows_of = HISTORIES[table]
    for event in events:
        told = {
            "ticket_id": event["ticket_id"],
            "event_id": event["id"],
            "user_id": event.get("updater_id"),
            "updated": event.get("created_at"),
        }
        for child in event["child_events"]:
            if child["event_type"] in kinds:
                for row in rows_of(child):
                    yield {**told, "child_id": child["id"], **row}


def _field_rows(child: Row) -> Iterator[Row]:
    changed = {key: value for key, value in child.items() if key not in _SAID_OF_EVERY_CHILD}
    for key in ("tags", "added_tags", "removed_tags"):
        changed.pop(key, None)
    before = changed.pop("previous_value", None)
    custom = changed.pop("custom_ticket_fields", None) or {}
    if before is not None and not custom and "tags" in child:
        return
    for name, value in {**changed, **custom}.items():
        yield {"field_name": name, "value": _text(value), "previous_value": _text(before)}


def _tag_rows(child: Row) -> Iterator[Row]:
    if "added_tags" in child or "removed_tags" in child:
        groups = {"added": child.get("added_tags"), "removed": child.get("removed_tags")}
    else:
        groups = {"added": child.get("tags") if child["event_type"] == "Create" else None}
    for action, tags in groups.items():
        for tag in tags or ():
            yield {"tag": tag, "action": action}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _schedule_rows(child: Row) -> Iterator[Row]:
    ids = (child["new_schedule_id"], child["previous_schedule_id"])
    names = ("schedule_id", "previous_schedule_id")
    yield {name: id_ and int(id_) for name, id_ in zip(names, ids, strict=True)}


def _chat_rows(child: Row) -> Iterator[Row]:
    chat = dict(child["value"])
    del chat["history"]
    ids = {name: chat[name] for name in ("chat_id", "visitor_id")}
    yield {"event_type": child["event_type"], **ids, "details": chat}


def _message_rows(child: Row) -> Iterator[Row]:
    for position, entry in enumerate(child["value"]["history"]):
        at = datetime.fromtimestamp(entry["timestamp"] / 1000, timezone.utc)
        yield {
            "position": position,
            "chat_id": child["value"]["chat_id"],
            "chat_index": entry["chat_index"],
            "created_at": at.isoformat(),
            "actor_id": str(entry["actor_id"]),
            **{key: entry.get(key) for key in ("actor_type", "type", "message")},
            "details": entry,
        }


_CHANGES, _CHATS = ("Create", "Change"), ("ChatStartedEvent", "ChatEndedEvent")
HISTORIES: Mapping[str, tuple[tuple[str, ...], Callable[[Row], Iterator[Row]]]] = {
    "ticket_field_history": (_CHANGES, _field_rows),
    "ticket_tag_history": (_CHANGES, _tag_rows),
    "ticket_schedule_changes": (("ScheduleAssignment",), _schedule_rows),
    "ticket_chats": (_CHATS, _chat_rows),
    "ticket_chat_messages": (_CHATS, _message_rows),
}
"""Kinds of child events, and their rows, by table."""
