"""Rows about tickets, with every key the API sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from zendesk_source.simulator.store import Row

HOST = "https://example.zendesk.com"

DISPLAY_VIA = {
    "web": "Web form",
    "email": "Mail",
    "api": "Web service",
    "chat": "Chat",
    "voice": "Phone call (inbound)",
    "native_messaging": "Messaging",
    "system": "Rule",
}


def via(channel: str, from_address: str = "", to_address: str = "") -> Row:
    """Return the object that says where a ticket or a comment came from."""
    source_from = {"address": from_address, "name": from_address.split("@")[0]}
    source_to = {"name": "Example", "address": to_address}
    return {
        "channel": channel,
        "source": {
            "from": source_from if from_address else {},
            "to": source_to if to_address else {},
            "rel": None,
        },
    }


# Keys in recorded order; encoded, because reading it back is the fastest deep copy.
_BLANK_TICKET = orjson.dumps(
    {
        "url": "",
        "id": 0,
        "external_id": None,
        "via": via("web"),
        "created_at": "",
        "updated_at": "",
        "type": None,
        "subject": "",
        "raw_subject": "",
        "description": "",
        "priority": None,
        "status": "new",
        "recipient": None,
        "requester_id": None,
        "submitter_id": None,
        "assignee_id": None,
        "organization_id": None,
        "group_id": None,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": [],
        "custom_fields": [],
        "satisfaction_rating": None,
        "sharing_agreement_ids": [],
        "custom_status_id": None,
        "encoded_id": "",
        "fields": [],
        "followup_ids": [],
        "ticket_form_id": None,
        "deleted_ticket_form_id": None,
        "brand_id": None,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
        "support_type": "agent",
        "generated_timestamp": 0,
    }
)


def ticket_row(ticket_id: int, created_at: str, values: Mapping[str, Any]) -> Row:
    """Return a ticket as the incremental export shows it."""
    row: Row = orjson.loads(_BLANK_TICKET)
    row.update(
        url=f"{HOST}/api/v2/tickets/{ticket_id}.json",
        id=ticket_id,
        created_at=created_at,
        updated_at=created_at,
        encoded_id=f"{ticket_id * 7919 % 16777216:06X}-{ticket_id:05X}",
    )
    row.update(values)
    return row


def _minutes(calendar: int | None) -> Row:
    # Business hours cover about a third of the week's calendar minutes.
    return {"calendar": calendar, "business": None if calendar is None else calendar * 3 // 8}


def metric_set_row(metric_id: int, ticket: Row, values: Mapping[str, Any]) -> Row:
    """Return the metrics of a ticket; ``values`` gives minutes as whole numbers."""
    created_at = ticket["created_at"]
    row: Row = {
        "url": f"{HOST}/api/v2/ticket_metrics/{metric_id}.json",
        "id": metric_id,
        "ticket_id": ticket["id"],
        "created_at": created_at,
        "updated_at": ticket["updated_at"],
        "group_stations": 1 if ticket["group_id"] else 0,
        "assignee_stations": 1 if ticket["assignee_id"] else 0,
        "reopens": 0,
        "replies": 0,
        "assignee_updated_at": None,
        "requester_updated_at": created_at,
        "status_updated_at": ticket["updated_at"],
        "initially_assigned_at": None,
        "assigned_at": None,
        "solved_at": None,
        "latest_comment_added_at": created_at,
        "reply_time_in_minutes": _minutes(None),
        "first_resolution_time_in_minutes": _minutes(None),
        "full_resolution_time_in_minutes": _minutes(None),
        "agent_wait_time_in_minutes": _minutes(None),
        "requester_wait_time_in_minutes": _minutes(None),
        "on_hold_time_in_minutes": _minutes(0),
        "reply_time_in_seconds": {"calendar": None},
        "custom_status_updated_at": ticket["updated_at"],
    }
    for name, value in values.items():
        row[name] = _minutes(value) if name.endswith("_in_minutes") else value
    return row


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
    paragraphs = "".join(f'<p dir="auto">{part}</p>' for part in body.split("\n") if part)
    return {
        "id": comment_id,
        "via": via(channel),
        "via_reference_id": None,
        "type": kind,
        "author_id": author_id,
        "body": body,
        "html_body": f'<div class="zd-comment" dir="auto">{paragraphs}</div>',
        "plain_body": body,
        "public": public,
        "attachments": attachments,
        "audit_id": event_id,
        "created_at": created_at,
        "event_type": kind,
        **call,
    }


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
    row.update({"custom_ticket_fields": {name: value}} if name.isdigit() else {name: value})
    if previous_value:
        row["previous_value"] = previous_value[0]
        if name == "tags":
            row["added_tags"] = [tag for tag in value if tag not in previous_value[0]]
            row["removed_tags"] = [tag for tag in previous_value[0] if tag not in value]
    row["event_type"] = event_type
    return row


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
    event_id: int, ticket_id: int, metric: str, event_type: str, time: str, **values: Any
) -> Row:
    """Return a ticket metric event; ``values`` holds ``sla``, ``status`` and the like."""
    return {
        "id": event_id,
        "ticket_id": ticket_id,
        "metric": metric,
        "instance_id": 0 if event_type == "measure" else 1,
        "type": event_type,
        "time": time,
        "deleted": False,
        **values,
    }


def attachment_row(attachment_id: int, file_name: str, content_type: str, size_bytes: int) -> Row:
    """Return a file that hangs on a comment."""
    content_url = f"{HOST}/attachments/token/{attachment_id:x}/?name={file_name}"
    return {
        "url": f"{HOST}/api/v2/attachments/{attachment_id}.json",
        "id": attachment_id,
        "file_name": file_name,
        "content_url": content_url,
        "mapped_content_url": content_url,
        "content_type": content_type,
        "size": size_bytes,
        "width": 640 if content_type.startswith("image/") else None,
        "height": 480 if content_type.startswith("image/") else None,
        "inline": False,
        "deleted": False,
        "malware_access_override": False,
        "malware_scan_result": "malware_not_found",
        "thumbnails": [],
    }


def rating_row(
    rating_id: int, ticket: Row, score: str, moment: str, comment: str | None = None
) -> Row:
    """Return a satisfaction rating of a ticket."""
    return {
        "url": f"{HOST}/api/v2/satisfaction_ratings/{rating_id}.json",
        "id": rating_id,
        "assignee_id": ticket["assignee_id"],
        "group_id": ticket["group_id"],
        "requester_id": ticket["requester_id"],
        "ticket_id": ticket["id"],
        "score": score,
        "created_at": moment,
        "updated_at": moment,
        "comment": comment,
        "reason": "No reason provided",
        "reason_id": 1000,
    }
