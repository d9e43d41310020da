"""What the ticket events of an account say about fields and tags, told row by row.

The truth that the history tables are compared with; it shares nothing with how they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from zendesk_source.simulator.store import Row

_SAID_OF_EVERY_CHILD = ("id", "via", "via_reference_id", "event_type")


def history_rows(events: Iterable[Row], table: str) -> Iterator[Row]:
    """Rows of ``ticket_field_history`` or ``ticket_tag_history``."""
    rows_of = _field_rows if table == "ticket_field_history" else _tag_rows
    for event in events:
        told = {
            "ticket_id": event["ticket_id"],
            "event_id": event["id"],
            "user_id": event.get("updater_id"),
            "updated": event.get("created_at"),
        }
        for child in event["child_events"]:
            if child["event_type"] == "Change" or child["event_type"] == "Create":
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
