"""Make a ticket event of a ticket audit: both tell of the same change, under the same ids.

In an audit a field's change names the field in ``field_name`` and has all values as texts. In a
ticket event the field is a key of its own, and the tags that came and went are listed.

Source: https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

_CHANGES = ("Create", "Change")
_FIELD, _VALUE, _BEFORE = "field_name", "value", "previous_value"


def as_ticket_event(audit: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an audit as the export of ticket events shows it.

    Args:
        audit: A row of ``/ticket_audits``. What is not of the documented form stays as it is.
    """
    metadata, via, events = audit.get("metadata"), audit.get("via"), audit.get("events")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    channel = via.get("channel") if isinstance(via, Mapping) else via
    children = [_child(each, audit) for each in events] if isinstance(events, list) else events
    return {
        "id": audit.get("id"),
        "ticket_id": audit.get("ticket_id"),
        "timestamp": _second(audit.get("created_at")),
        "created_at": audit.get("created_at"),
        "updater_id": audit.get("author_id"),
        "via": channel,
        "system": metadata.get("system"),
        "metadata": metadata.get("custom"),
        "event_type": "Audit",
        "child_events": children,
    }


def _child(event: Any, audit: Mapping[str, Any]) -> Any:
    if not isinstance(event, Mapping):
        return event
    kind = event.get("type")
    child = {**event, "event_type": kind}
    child.setdefault("via", audit.get("via"))
    if isinstance(kind, str) and kind.endswith("Comment"):
        child.setdefault("created_at", audit.get("created_at"))
        child.setdefault("audit_id", audit.get("id"))
        return child
    del child["type"]
    if kind in _CHANGES and isinstance(event.get(_FIELD), str):
        return _changed(child)
    return child


def _changed(child: dict[str, Any]) -> dict[str, Any]:
    name, value, before = child.pop(_FIELD), child.pop(_VALUE, None), child.get(_BEFORE)
    if name.isdigit():
        return {**child, "custom_ticket_fields": {name: value}}
    child[name] = value
    if name == "tags" and _BEFORE in child and isinstance(value, list):
        old = before if isinstance(before, list) else []
        child["added_tags"] = [tag for tag in value if tag not in old]
        child["removed_tags"] = [tag for tag in old if tag not in value]
    return child


def _second(moment: Any) -> int | None:
    try:
        read = datetime.fromisoformat(str(moment).replace("Z", "+00:00"))
    except ValueError:
        return None
    return int((read if read.tzinfo else read.replace(tzinfo=timezone.utc)).timestamp())
