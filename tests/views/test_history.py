"""The history of fields as Fivetran keys it: one row a ticket, field and second."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import dlt
import pytest

from tests.views.shown import shown
from zendesk_source import make_views

NOON = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)


def change(child_id: int, field: str, value: str | None, *, ticket: int = 1, minute: int = 0):
    at = NOON + timedelta(minutes=minute)
    return {
        "ticket_id": ticket,
        "event_id": 100 + minute,
        "child_id": child_id,
        "user_id": 7,
        "field_name": field,
        "value": value,
        "updated": at,
        "_zendesk_synced_at": NOON,
    }


def target(event_id: int, metric: str, minutes: int, *, ticket: int, **other: Any):
    policy = {"id": 55, "title": "Tier 1 "}
    return {
        "id": event_id,
        "ticket_id": ticket,
        "metric": metric,
        "instance_id": 1,
        "type": "apply_sla",
        "time": NOON,
        "deleted": False,
        "sla": {"target": minutes, "business_hours": True, "policy": policy},
        "_zendesk_synced_at": NOON,
        **other,
    }


def load(pipeline: dlt.Pipeline, **tables: list[dict[str, Any]]) -> None:
    for table, rows in tables.items():
        columns: Any = {"sla": {"data_type": "json"}} if table == "ticket_metric_events" else {}
        pipeline.run(rows, table_name=table, columns=columns)


@pytest.fixture
def history(pipeline: dlt.Pipeline):
    """Load rows and return those of the view."""

    def made(**tables: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        load(pipeline, ticket_events=[{"id": 1, "ticket_id": 1}], **tables)
        make_views(pipeline)
        rows = shown(pipeline, "ticket_field_history")
        return sorted(
            (row["ticket_id"], row["field_name"], row["updated"], row["value"]) for row in rows
        )

    return made


def test_of_several_changes_in_one_second_the_last_counts(history):
    noon = NOON.replace(tzinfo=None)
    changes = [
        change(1, "priority", None),
        change(2, "priority", "low"),
        change(3, "status", "new"),
        change(4, "priority", "high", minute=1),
    ]
    assert history(ticket_field_history=changes) == [
        (1, "priority", noon, "low"),
        (1, "priority", noon + timedelta(minutes=1), "high"),
        (1, "status", noon, "new"),
    ]


def test_targets_come_from_metric_events_where_the_history_has_none(history):
    noon = NOON.replace(tzinfo=None)
    told = '{"minutes":60,"in_business_hours":false}'
    events = [
        target(1, "reply_time", 240, ticket=1),
        target(2, "reply_time", 240, ticket=2),
        target(3, "reply_time", 480, ticket=2, instance_id=2),
        target(4, "requester_wait_time", 900, ticket=2),
        target(5, "agent_work_time", 900, ticket=2, deleted=True),
        target(6, "agent_work_time", 900, ticket=2, type="breach"),
    ]
    rows = history(
        ticket_field_history=[change(1, "first_reply_time", told)], ticket_metric_events=events
    )
    derived = '{"minutes":%s,"in_business_hours":true}'
    assert rows == [
        (1, "first_reply_time", noon, told),
        (1, "sla_policy", noon, "Tier 1 "),
        (2, "first_reply_time", noon, derived % 240),
        (2, "next_reply_time", noon, derived % 480),
        (2, "requester_wait_time", noon, derived % 900),
        (2, "sla_policy", noon, "Tier 1 "),
    ]


def test_a_policy_is_applied_once_a_second(pipeline):
    events = [target(number, "reply_time", 240, ticket=1) for number in (1, 2)]
    load(pipeline, ticket_metric_events=events)
    make_views(pipeline)
    applied = shown(pipeline, "ticket_sla_policy")
    assert [(row["ticket_id"], row["sla_policy_id"]) for row in applied] == [(1, 55)]


def test_the_oldest_version_of_a_policy_holds_since_it_was_created(pipeline):
    created = NOON - timedelta(days=300)
    versions = [
        {
            "id": 55,
            "created_at": created,
            "updated_at": NOON - timedelta(days=age),
            "policy_metrics": [
                {"metric": "first_reply_time", "priority": "low", "target": minutes}
            ],
            "_zendesk_valid_from": NOON - timedelta(days=age - 1),
            "_zendesk_valid_to": None,
            "_zendesk_synced_at": NOON,
        }
        for age, minutes in ((100, 60), (50, 90))
    ]
    # Moved to another place: another version, and Zendesk's updated_at is as it was.
    versions.append({**versions[1], "_zendesk_valid_from": NOON})
    kinds: Any = {
        "policy_metrics": {"data_type": "json"},
        "_zendesk_valid_to": {"data_type": "timestamp"},
    }
    pipeline.run(versions, table_name="sla_policies", columns=kinds)
    make_views(pipeline)
    rows = shown(pipeline, "sla_policy_metric_history")
    assert sorted((row["sla_policy_updated_at"], row["target"]) for row in rows) == [
        (created.replace(tzinfo=None), 60),
        ((NOON - timedelta(days=50)).replace(tzinfo=None), 90),
    ]


def test_the_newest_version_of_a_setting_tells_whether_it_is_gone(pipeline):
    rows = [
        {"id": 1, "name": "Old", "_zendesk_valid_from": NOON - timedelta(days=9)},
        {"id": 1, "name": "New", "_zendesk_valid_from": NOON, "_zendesk_valid_to": None},
        {"id": 2, "name": "Gone", "_zendesk_valid_from": NOON, "_zendesk_valid_to": NOON},
        {"id": 3, "name": "Off", "_zendesk_valid_from": NOON, "deleted": True},
    ]
    pipeline.run(rows, table_name="groups")
    make_views(pipeline)
    groups = shown(pipeline, "group")
    assert sorted((row["name"], row["_fivetran_deleted"]) for row in groups) == [
        ("Gone", True),
        ("New", False),
        ("Off", True),
    ]


def test_a_ticket_has_the_last_schedule_of_a_second_and_none_means_the_oldest_one(pipeline):
    changes = [
        {
            "ticket_id": 1,
            "event_id": 100 + minute,
            "child_id": child_id,
            "schedule_id": schedule_id,
            "updated": NOON + timedelta(minutes=minute),
        }
        for child_id, schedule_id, minute in ((1, 6, 0), (2, 5, 0), (3, None, 1))
    ]
    schedules = [
        {"id": number, "name": "s", "created_at": NOON - timedelta(days=number)}
        for number in (5, 6)
    ]
    pipeline.run([{"id": 1, "ticket_id": 1}], table_name="ticket_events")
    load(pipeline, ticket_schedule_changes=changes, schedules=schedules)
    make_views(pipeline)
    rows = sorted(shown(pipeline, "ticket_schedule"), key=lambda row: row["created_at"])
    assert [row["schedule_id"] for row in rows] == [5, 6]


def test_a_chat_that_started_and_ended_is_one_row_and_so_is_each_message(pipeline):
    chats = [
        {
            "ticket_id": 1,
            "event_id": number,
            "child_id": number,
            "event_type": kind,
            "chat_id": "c",
            "visitor_id": "v",
            "details": {"channel": "messaging", "authenticated": True, "of": kind},
            "updated": NOON,
        }
        for number, kind in ((1, "ChatStartedEvent"), (2, "ChatEndedEvent"))
    ]
    messages = [
        {
            "child_id": child_id,
            "position": position,
            "chat_id": "c",
            "chat_index": position,
            "created_at": NOON + timedelta(seconds=position),
            "actor_id": "7",
            "type": "ChatMessage",
            "message": f"text {position}",
            "details": {"message_id": f"m{position}"},
            "updated": NOON,
        }
        for child_id, position in ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
    ]
    details: Any = {"details": {"data_type": "json"}}
    pipeline.run([{"id": 1, "ticket_id": 1}], table_name="ticket_events")
    pipeline.run(chats, table_name="ticket_chats", columns=details)
    pipeline.run(messages, table_name="ticket_chat_messages", columns=details)
    make_views(pipeline)
    (chat,) = shown(pipeline, "ticket_chat")
    assert (chat["ticket_id"], chat["channel"], chat["authenticated"]) == (1, "messaging", True)
    rows = sorted(shown(pipeline, "ticket_chat_event"), key=lambda row: row["chat_index"])
    assert [(row["message"], row["message_id"], row["actor_id"]) for row in rows] == [
        ("text 0", "m0", "7"),
        ("text 1", "m1", "7"),
        ("text 2", "m2", "7"),
    ]
