"""Export pages as Zendesk answers them, made up from a seed and written to files.

A ticket has 4 to 5 KB: 30 custom fields, twice (`fields` repeats `custom_fields`), most of
them unset, a description of some hundred words, tags, and a metric set.
"""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

PAGE_ROWS = 1000
PACKED = ".gz"
"""End of the names of pages that are gzipped."""
FIRST_EPOCH = 1_577_836_800  # 2020-01-01
SECONDS_BETWEEN = {"tickets": 150, "users": 300, "ticket_events": 60}
"""Between two rows of an export; a million tickets take less than five years."""
CUSTOM_FIELDS = 30
USER_FIELDS = 12

_WORDS = """
    order refund shipping delay account password reset invoice billing product broken return
    please help thanks customer service website error page login payment card declined address
    change delivery tracking number warranty update regarding question missing item double
    charged cancel subscription plan upgrade feature request working since yesterday café
""".split()  # noqa: SIM905
_STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
_TAGS = [f"{first}_{last}" for first in _WORDS[:40] for last in ("vip", "eu", "us", "auto", "bot")]
_KINDS = [
    *("tagger",) * 10,
    *("text",) * 7,
    *("checkbox",) * 5,
    *("integer",) * 3,
    *("decimal", "decimal", "date", "date", "multiselect"),
]

Row = dict[str, Any]


def field_definitions(count: int) -> list[Row]:
    """Return the definitions of custom fields, as Zendesk lists them."""
    return [
        {
            "id": 360_000_000_000 + 7919 * number,
            "key": f"field_{number}",
            "type": _KINDS[number % len(_KINDS)],
            "title": f"{_WORDS[number % len(_WORDS)].title()} field {number}",
        }
        for number in range(count)
    ]


def time_text(epoch: int) -> str:
    """Return a time as Zendesk writes it."""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sentence(chance: random.Random, fewest: int, most: int) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(fewest, most)))


def _custom_value(chance: random.Random, kind: str) -> Any:
    if kind == "checkbox":
        return chance.random() < 0.3
    if chance.random() < 0.5:
        return [] if kind == "multiselect" else None
    if kind == "text":
        return _sentence(chance, 1, 5)
    if kind == "tagger":
        return chance.choice(_TAGS)
    if kind == "integer":
        return str(chance.randint(0, 99_999))
    if kind == "decimal":
        return f"{chance.random() * 1000:.2f}"
    if kind == "date":
        return time_text(FIRST_EPOCH + chance.randint(0, 10**8))[:10]
    return chance.sample(_TAGS, chance.randint(1, 4))


def _some_id(chance: random.Random, base: int, count: int, share_unset: float = 0.0) -> int | None:
    return None if chance.random() < share_unset else base + chance.randrange(count)


def _via(chance: random.Random, number: int) -> Row:
    channel = chance.choice(["web", "email", "api", "chat"])
    sender: Row = {}
    if channel == "email":
        sender = {"address": f"user{number}@example.com", "name": f"User {number}"}
    return {"channel": channel, "source": {"from": sender, "to": {}, "rel": None}}


def _metric_set(chance: random.Random, number: int, created: int) -> Row:
    minutes = {"calendar": chance.randint(0, 9000), "business": chance.randint(0, 3000)}
    times = ("created_at", "updated_at", "assigned_at", "initially_assigned_at", "solved_at")
    return {
        "url": f"https://example.zendesk.com/api/v2/ticket_metrics/{number}.json",
        "id": 10_000_000 + number,
        "ticket_id": number,
        "group_stations": 1,
        "assignee_stations": 1,
        "reopens": 0,
        "replies": chance.randint(0, 5),
        **dict.fromkeys(times, time_text(created)),
        "reply_time_in_minutes": minutes,
        "first_resolution_time_in_minutes": minutes,
        "full_resolution_time_in_minutes": minutes,
    }


def ticket(chance: random.Random, number: int) -> Row:
    """Return a ticket of the incremental export."""
    updated = FIRST_EPOCH + number * SECONDS_BETWEEN["tickets"]
    created = updated - chance.randint(0, 30 * 86_400)
    fields = [
        {"id": field["id"], "value": _custom_value(chance, field["type"])}
        for field in field_definitions(CUSTOM_FIELDS)
    ]
    subject = _sentence(chance, 4, 8)
    return {
        "url": f"https://example.zendesk.com/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": None,
        "via": _via(chance, number),
        "created_at": time_text(created),
        "updated_at": time_text(updated),
        "generated_timestamp": updated,
        "type": chance.choice([None, "question", "incident", "problem", "task"]),
        "subject": subject,
        "raw_subject": subject,
        "description": _sentence(chance, 40, 180),
        "priority": chance.choice([None, "low", "normal", "high", "urgent"]),
        "status": chance.choice(_STATUSES),
        "recipient": None,
        "requester_id": _some_id(chance, 380_000_000_000, 50_000),
        "submitter_id": _some_id(chance, 380_000_000_000, 50_000),
        "assignee_id": _some_id(chance, 390_000_000_000, 200, 0.1),
        "organization_id": _some_id(chance, 360_010_000_000, 3000, 0.4),
        "group_id": _some_id(chance, 360_020_000_000, 20),
        "collaborator_ids": [],
        "follower_ids": [_some_id(chance, 390_000_000_000, 200)] if chance.random() < 0.3 else [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": chance.sample(_TAGS, chance.randint(0, 7)),
        "custom_fields": fields,
        "satisfaction_rating": {"score": chance.choice(["unoffered", "offered"])},
        "sharing_agreement_ids": [],
        "custom_status_id": 1_500_000_000_000 + chance.randrange(6),
        "encoded_id": f"{number:X}-ZD",
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": 360_000_001_000 + chance.randrange(4),
        "brand_id": 360_000_002_000,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
        "metric_set": _metric_set(chance, number, created),
    }


def user(chance: random.Random, number: int) -> Row:
    """Return a user of the incremental export."""
    updated = FIRST_EPOCH + number * SECONDS_BETWEEN["users"]
    created = updated - chance.randint(0, 10**7)
    values = {
        field["key"]: _custom_value(chance, field["type"])
        for field in field_definitions(USER_FIELDS)
    }
    return {
        "id": 380_000_000_000 + number,
        "url": f"https://example.zendesk.com/api/v2/users/{number}.json",
        "name": f"User {number}",
        "email": f"user{number}@example.com",
        "created_at": time_text(created),
        "updated_at": time_text(updated),
        "time_zone": "Pacific Time (US & Canada)",
        "iana_time_zone": "America/Los_Angeles",
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": _some_id(chance, 360_010_000_000, 3000, 0.5),
        "role": "end-user",
        "verified": chance.random() < 0.7,
        "external_id": None,
        "tags": chance.sample(_TAGS, chance.choice([0, 0, 0, 1, 2])),
        "alias": "",
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": time_text(created + 999),
        "two_factor_auth_enabled": None,
        "signature": "",
        "details": "",
        "notes": "",
        "role_type": None,
        "custom_role_id": None,
        "moderator": False,
        "ticket_restriction": "requested",
        "only_private_comments": False,
        "restricted_agent": True,
        "suspended": False,
        "default_group_id": None,
        "report_csv": False,
        "user_fields": values,
    }


def _child_event(chance: random.Random, number: int) -> Row:
    kind = chance.choice(["Comment", "Change", "Change", "Create", "Notification"])
    child: Row = {"id": number, "via": "Web form", "via_reference_id": None}
    if kind == "Comment":
        body = _sentence(chance, 20, 90)
        child |= {
            "type": "Comment",
            "author_id": _some_id(chance, 380_000_000_000, 50_000),
            "body": body,
            "html_body": f'<div class="zd-comment"><p dir="auto">{body}</p></div>',
            "plain_body": body,
            "public": True,
            "attachments": [],
            "audit_id": number,
        }
    elif kind == "Change":
        child |= {"previous_value": "open", "status": chance.choice(_STATUSES)}
    elif kind == "Create":
        child |= {"tags": chance.sample(_TAGS, 3), "priority": None, "subject": "x"}
    else:
        child |= {"subject": "Re", "body": "template", "recipients": [1, 2]}
    return {**child, "event_type": kind}


def ticket_event(chance: random.Random, number: int) -> Row:
    """Return an event of the incremental export, with its comments."""
    epoch = FIRST_EPOCH + number * SECONDS_BETWEEN["ticket_events"]
    count = chance.choice([1, 1, 2, 3, 6])
    return {
        "id": number,
        "ticket_id": chance.randint(1, 200_000),
        "created_at": time_text(epoch),
        "timestamp": epoch,
        "updater_id": _some_id(chance, 380_000_000_000, 50_000),
        "via": "Web form",
        "event_type": "Audit",
        "metadata": {},
        "merged_ticket_ids": [],
        "system": {"client": "Mozilla/5.0", "location": "Berlin", "ip_address": "192.0.2.1"},
        "child_events": [_child_event(chance, number * 10 + child) for child in range(count)],
    }


MAKERS: Mapping[str, Callable[[random.Random, int], Row]] = {
    "tickets": ticket,
    "users": user,
    "ticket_events": ticket_event,
}


def write_pages(folder: Path, stream: str, rows: int, *, is_packed: bool = False) -> list[Path]:
    """Write the pages of a stream that are not there yet.

    Args:
        folder: Where the files are kept.
        stream: One of ``MAKERS``.
        rows: How many in all; whole pages.
        is_packed: Gzipped, and without the last brace: the server puts further keys there.

    Returns:
        The files, in the order of the export.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for first in range(1, rows + 1, PAGE_ROWS):
        path = folder / f"{stream}-{first:09}.json{PACKED if is_packed else ''}"
        if not path.exists():
            chance = random.Random(f"{stream} {first}")
            page = [MAKERS[stream](chance, number) for number in range(first, first + PAGE_ROWS)]
            body = orjson.dumps({stream: page})
            path.write_bytes(gzip.compress(body[:-1], 6) if is_packed else body)
        paths.append(path)
    return paths


def changed_page(folder: Path, rows: int, *, is_new: bool = True) -> Path:
    """Write a page of tickets that change now: some of all that there are.

    Args:
        folder: Where the files are kept.
        rows: How many there are.
        is_new: Written anew. To a load, what changed before it began is no change.
    """
    path = folder / f"tickets-changed-of-{rows:09}.json"
    if path.exists() and not is_new:
        return path
    chance, now = random.Random(rows), int(time.time())
    page = []
    for number in range(PAGE_ROWS):
        row = ticket(chance, rows + 1 + number)
        row["updated_at"], row["generated_timestamp"] = time_text(now), now
        row["id"] = row["metric_set"]["ticket_id"] = 1 + number * rows // PAGE_ROWS
        row["metric_set"]["id"] = 10_000_000 + row["id"]
        page.append(row)
    path.write_bytes(orjson.dumps({"tickets": page}))
    return path
