"""Rows about what happens to tickets: events with their children, and metric events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from zendesk_source.simulator.reckoning.policies import Target
from zendesk_source.simulator.rows.tickets import HOST, via
from zendesk_source.simulator.store import Row

DISPLAY_VIA = {
    "web": "Web form",
    "email": "Mail",
    "api": "Web service",
    "chat": "Chat",
    "voice": "Phone call (inbound)",
    "native_messaging": "Messaging",
    "system": "Rule",
    "rule": "Rule",
    "sla_target_change": "SLA target change",
}


def ticket_event_row(
    event_id: int,
    ticket_id: int,
    *,
    second: int,
    created_at: str,
    updater_id: int,
    channel: str,
    child_events: list[Row],
) -> Row:
    """Return a ticket event with its child events."""
    return {
        "id": event_id,
        "ticket_id": ticket_id,
        "timestamp": second,
        "created_at": created_at,
        "updater_id": updater_id,
        "via": DISPLAY_VIA.get(channel, "Web form"),
        "system": {
            "client": "Mozilla/5.0 (X11; Linux x86_64)",
            "ip_address": f"192.0.2.{event_id % 254 + 1}",
            "location": "Exampleton, EX, Example Country",
            "latitude": 10.5,
            "longitude": -20.25,
        },
        "metadata": {},
        "event_type": "Audit",
        "child_events": child_events,
    }


def comment_child(
    comment_id: int,
    *,
    event_id: int,
    author_id: int,
    body: str,
    public: bool,
    created_at: str,
    channel: str,
    attachments: list[Row],
) -> Row:
    """Return a comment as ``include=comment_events`` shows it; of a call, with its recording."""
    call = _call_of(comment_id, created_at) if channel == "voice" else {}
    kind = "VoiceComment" if call else "Comment"
    return {
        "id": comment_id,
        "via": via(channel),
        "via_reference_id": None,
        "type": kind,
        "author_id": author_id,
        "body": body,
        "html_body": _html(body),
        "plain_body": body,
        "public": public,
        "attachments": attachments,
        "audit_id": event_id,
        "created_at": created_at,
        "event_type": kind,
        **call,
    }


@lru_cache(maxsize=64)
def _html(body: str) -> str:
    paragraphs = "".join(f'<p dir="auto">{part}</p>' for part in body.split("\n") if part)
    return f'<div class="zd-comment" dir="auto">{paragraphs}</div>'


def _call_of(comment_id: int, started_at: str) -> Row:
    return {
        "formatted_from": "+1 (415) 555-0100",
        "formatted_to": "+1 (415) 555-0101",
        "transcription_visible": False,
        "trusted": True,
        "data": {
            "from": "+14155550100",
            "to": "+14155550101",
            "call_id": comment_id + 1,
            "call_duration": 30 + comment_id % 600,
            "started_at": started_at,
            "recording_url": f"{HOST}/api/v2/channels/voice/calls/{comment_id}/recording",
            "transcription_text": None,
        },
    }


def is_comment(child: Row) -> bool:
    """Whether a child event is a comment, written or spoken."""
    return bool(child["event_type"].endswith("Comment"))


def bare_comment_child(comment: Row, event_via: str) -> Row:
    """Return a comment child as the export shows it without ``comment_events``."""
    return {
        "id": comment["id"],
        "via": event_via,
        "via_reference_id": comment["via_reference_id"],
        "comment_present": True,
        "comment_public": comment["public"],
        "event_type": comment["event_type"],
    }


def field_child(
    child_id: int, event_type: str, channel: str, name: str, value: Any, *previous_value: Any
) -> Row:
    """Return a Create or Change child: the field stands under its own name.

    Custom fields stand under ``custom_ticket_fields``, by id.
    """
    row: Row = {
        "id": child_id,
        "via": DISPLAY_VIA.get(channel, "Web form"),
        "via_reference_id": None,
    }
    if name.isdigit():
        row["custom_ticket_fields"] = {name: value}
    else:
        row[name] = value
    if previous_value:
        row["previous_value"] = previous_value[0]
        if name == "tags":
            row["added_tags"] = [tag for tag in value if tag not in previous_value[0]]
            row["removed_tags"] = [tag for tag in previous_value[0] if tag not in value]
    row["event_type"] = event_type
    return row


# In the order of recorded audits, custom fields after the tags.
_FIRST_CREATED = ("priority", "subject", "tags")
_CREATED = (
    *("type", "status", "assignee_id", "group_id", "brand_id", "ticket_form_id"),
    *("custom_status_id", "organization_id", "requester_id"),
)


def created_children(new_id: Callable[[], int], channel: str, ticket: Row) -> list[Row]:
    """Return the Create children of a new ticket: its fields, null or not, and what is set else.

    A tag or a custom field that is not set has none.
    """
    display = DISPLAY_VIA.get(channel, "Web form")
    named = [(name, ticket[name]) for name in _FIRST_CREATED if ticket[name] != []]
    named += [
        ("custom_ticket_fields", {str(field["id"]): field["value"]})
        for field in ticket["custom_fields"]
        if field["value"] is not None and field["value"] is not False
    ]
    named += [(name, ticket[name]) for name in _CREATED]
    return [
        {
            "id": new_id(),
            "via": display,
            "via_reference_id": None,
            name: value,
            "event_type": "Create",
        }
        for name, value in named
    ]


def notification_child(child_id: int, recipient_id: int, subject: str) -> Row:
    """Return the child that says a trigger sent an e-mail."""
    return {
        "id": child_id,
        "via": "Rule",
        "via_reference_id": None,
        "subject": subject,
        "body": "{{ticket.comments_formatted}}",
        "recipients": [recipient_id],
        "event_type": "Notification",
    }


def metric_event_row(
    event_id: int, ticket_id: int, metric: str, event_type: str, instance_id: int, time: str
) -> Row:
    """Return a ticket metric event; some types have ``sla``, ``status`` and the like beside."""
    return {
        "id": event_id,
        "ticket_id": ticket_id,
        "metric": metric,
        "instance_id": instance_id,
        "type": event_type,
        "time": time,
        "deleted": False,
    }


def target_children(
    new_id: Callable[[], int],
    changed: Iterable[tuple[str, Target | None, Target | None]],
    policy_title: str | None,
) -> list[Row]:
    """Return the children that tell of SLA targets, as audits have them.

    Args:
        new_id: Gives ids.
        changed: Metric, target before and target after.
        policy_title: Of the policy that the ticket had before.
    """
    rows = []
    for name, before, after in changed:
        if after is not None and after.policy_title != policy_title:
            kind = "Create" if policy_title is None else "Change"
            previous = () if policy_title is None else (policy_title,)
            channel, policy_title = "sla_target_change", after.policy_title
            rows.append(field_child(new_id(), kind, channel, "sla_policy", policy_title, *previous))
        row = field_child(
            new_id(), "Change", "sla_target_change", name, _shown(after), _shown(before)
        )
        rows.append(row)
    return rows


def _shown(target: Target | None) -> Row | None:
    if target is None:
        return None
    return {"minutes": target.minutes, "in_business_hours": target.in_business_hours}


def schedule_child(
    child_id: int, trigger_id: int | None, schedule_id: int, previous_id: int | None
) -> Row:
    """Return the child that tells that a trigger gave a ticket a schedule; ids are text."""
    return {
        "id": child_id,
        "via": "Rule",
        "via_reference_id": trigger_id,
        "previous_schedule_id": None if previous_id is None else str(previous_id),
        "new_schedule_id": str(schedule_id),
        "event_type": "ScheduleAssignment",
    }


def chat_child(child_id: int, visitor: Row, second: int, text: str) -> Row:
    """Return the child that tells of a chat and what was written in it."""
    at = second * 1000
    actor = {
        "actor_id": visitor["id"],
        "actor_name": visitor["name"],
        "actor_type": "end-user",
    }
    machine = {"actor_id": "__trigger", "actor_name": "Greeting", "actor_type": "trigger"}
    history: list[Row] = [
        {**actor, "timestamp": at, "type": "ChatJoin"},
        {**actor, "timestamp": at + 1_500, "type": "ChatMessage", "message": text},
        {**machine, "timestamp": at + 2_000, "type": "ChatMessage", "message": "One moment!"},
    ]
    return {
        "id": child_id,
        "via": "Chat",
        "via_reference_id": None,
        "value": {
            "visitor_id": f"10502823-{visitor['id']:x}",
            "chat_id": f"2109.10502823.{child_id:x}",
            "history": [{**each, "chat_index": index} for index, each in enumerate(history)],
        },
        "event_type": "ChatStartedEvent",
    }
