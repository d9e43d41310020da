"""What the child events of tickets tell of schedules and chats, in both item formats."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.scripted_zendesk import SECOND, ScriptedZendesk, timed
from tests.support.simulated import duckdb_pipeline
from tests.support.tables import stored_rows
from zendesk_source import sync

FORMATS = pytest.mark.parametrize("item_format", ["arrow", "object"])
VISITOR = {"actor_id": 1900448983828, "actor_name": "Visitor 36044085", "actor_type": "end-user"}
TIME = 1632470783218


def child(child_id: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": child_id, "via": "Chat", "via_reference_id": None, "event_type": kind, **more}


def tables_of(
    item_format: str, *children: dict[str, Any], exit_code: int = 0
) -> dict[str, list[dict[str, Any]]]:
    """Load one ticket event with these children, and return the rows of all tables."""
    event = {
        "id": 1,
        "ticket_id": 9,
        "timestamp": SECOND,
        "created_at": "2023-11-14T22:13:20Z",
        "updater_id": 7,
        "event_type": "Audit",
        "child_events": list(children),
    }
    route = {"/api/v2/incremental/ticket_events": timed("ticket_events", [event])}
    pipeline = duckdb_pipeline()
    with ScriptedZendesk(route) as zendesk:
        source = zendesk.source("ticket_events", item_format=item_format)
        assert sync(pipeline, source, clock=zendesk.clock).exit_code == exit_code
    names = pipeline.default_schema.data_table_names(seen_data_only=True)
    return {name: stored_rows(pipeline, name) for name in names}


@FORMATS
def test_a_schedule_that_a_trigger_gives_a_ticket_is_a_row(item_format):
    rows = tables_of(
        item_format,
        child(31, "ScheduleAssignment", previous_schedule_id=None, new_schedule_id="360000032459"),
        child(32, "ScheduleAssignment", previous_schedule_id="360000032459", new_schedule_id=None),
        child(33, "Change", status="open", previous_value="new"),
    )["ticket_schedule_changes"]
    assert [
        (row["child_id"], row.get("schedule_id"), row.get("previous_schedule_id")) for row in rows
    ] == [(31, 360000032459, None), (32, None, 360000032459)]
    assert {(row["ticket_id"], row["event_id"], row["user_id"]) for row in rows} == {(9, 1, 7)}


@FORMATS
def test_a_chat_and_each_entry_of_it_are_rows_and_nothing_is_left_out(item_format):
    join = {**VISITOR, "chat_index": 0, "timestamp": TIME, "type": "ChatJoin"}
    trigger = {"actor_id": "__trigger", "chat_index": 1, "timestamp": TIME + 5}
    trigger |= {"type": "ChatMessage", "message": "One moment!"}
    chat = {"chat_id": "2109.1.Sj", "visitor_id": "10-16E", "channel": "messaging"}
    tables = tables_of(
        item_format, child(41, "ChatStartedEvent", value={**chat, "history": [join, trigger]})
    )
    (row,) = tables["ticket_chats"]
    assert (row["chat_id"], row["visitor_id"], row["details"]) == ("2109.1.Sj", "10-16E", chat)
    first, second = sorted(tables["ticket_chat_messages"], key=lambda row: row["position"])
    assert first["details"] == join
    assert (first["actor_id"], second["actor_id"]) == ("1900448983828", "__trigger")
    assert (first["actor_type"], second["message"]) == ("end-user", "One moment!")
    assert first["created_at"].isoformat() == "2021-09-24T08:06:23.218000+00:00"
    assert {row["chat_id"] for row in (first, second)} == {"2109.1.Sj"}


@FORMATS
def test_what_is_no_chat_is_told_and_stops_nothing(item_format):
    tables = tables_of(
        item_format,
        child(51, "ChatStartedEvent", value="secret"),
        child(52, "ChatStartedEvent", value={"chat_id": "a", "history": "secret"}),
        child(53, "ChatEndedEvent", value={"chat_id": "b", "history": [None, {"timestamp": "x"}]}),
        child(54, "ChatEndedEvent"),
        exit_code=5,
    )
    assert {row["chat_id"] for row in tables["ticket_chats"]} == {"a", "b"}
    (message,) = tables["ticket_chat_messages"]
    assert (message["position"], message["details"]) == (1, {"timestamp": "x"})
    told = {(row["stream"], row["reason"]) for row in tables["_zendesk_rejected_rows"]}
    assert told == {
        ("ticket_chats", "`value` is a text, not an object"),
        ("ticket_chat_messages", "`history` is a text, not a list"),
        ("ticket_chat_messages", "an entry of `history` is null, not an object"),
    }
