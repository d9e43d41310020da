"""Rows about tickets, with every key the API sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from zendesk_source.simulator.store import Row, iso

HOST = "https://example.zendesk.com"


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


def metric_set_row(metric_id: int, ticket: Row, values: Mapping[str, Any]) -> Row:
    """Return the metrics of a ticket.

    Args:
        metric_id: Identity of the metrics themselves.
        ticket: The row of the ticket.
        values: What was reckoned; times as seconds, or null.
    """
    return {
        "url": f"{HOST}/api/v2/ticket_metrics/{metric_id}.json",
        "id": metric_id,
        "ticket_id": ticket["id"],
        "created_at": ticket["created_at"],
        "updated_at": ticket["updated_at"],
        **{
            name: iso(value) if name.endswith("_at") and value is not None else value
            for name, value in values.items()
        },
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


def deleted_ticket_row(ticket: Row, second: int) -> Row:
    """Return what the list of deleted tickets says of one.

    The time is in the form of Zendesk's example for every second ticket: both were seen.
    """
    moment = iso(second)
    return {
        "id": ticket["id"],
        "subject": ticket["subject"],
        "actor": {"id": ticket["submitter_id"], "name": "An agent"},
        "deleted_at": moment.replace("-", "") if ticket["id"] % 2 else moment,
        "previous_state": ticket["status"],
    }
