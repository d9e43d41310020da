"""Comments of every kind: written, spoken, from social networks, and what is none."""

from __future__ import annotations

from typing import Any

from tests.support.scripted_zendesk import SECOND, TIME, ScriptedZendesk, timed
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import stored_rows
from zendesk_source import sync
from zendesk_source.simulator import Account, SimulatedClock


def comment(comment_id: int, kind: str, **more: Any) -> dict[str, Any]:
    of_all = {"type": kind, "author_id": 2, "public": False, "created_at": TIME, "audit_id": 500}
    return {"id": comment_id, "event_type": kind, **of_all, **more}


CALL = {"from": "+1", "to": "+2", "call_duration": 40, "recording_url": "https://example.com/r"}
CHILDREN = [
    comment(1, "Comment", body="hello"),
    comment(
        2,
        "VoiceComment",
        body="Inbound call",
        data=CALL,
        formatted_from="+1 (415)",
        transcription_visible=True,
    ),
    comment(3, "FacebookComment", body="on the wall", graph_object_id="7_8", trusted=False),
    comment(4, "VoiceComment", data=CALL),
    comment(5, "KindOfTomorrowComment", body="new", something={"of": "it"}),
    {"id": 6, "event_type": "Comment", "comment_present": True, "comment_public": True},
    {"id": 7, "event_type": "CommentPrivacyChange", "comment_id": 1, "public": False},
    {"id": 8, "event_type": "Notification", "body": "A mail", "subject": "s"},
    {"id": 9, "event_type": "Tweet", "body": "A tweet", "recipients": [1]},
]


def test_every_kind_of_comment_is_one_and_no_notification_is(item_format):
    event = {"id": 500, "ticket_id": 1, "timestamp": SECOND, "child_events": CHILDREN}
    answer = timed("ticket_events", [event])
    pipeline = duckdb_pipeline()
    with ScriptedZendesk({"/api/v2/incremental/ticket_events": answer}) as zendesk:
        source = zendesk.source("ticket_events", item_format=item_format)
        assert sync(pipeline, source, clock=zendesk.clock).exit_code == 0
    rows = {row["id"]: row for row in stored_rows(pipeline, "ticket_comments")}
    kinds = {number: (row["event_type"], row.get("body")) for number, row in rows.items()}
    assert kinds == {
        1: ("Comment", "hello"),
        2: ("VoiceComment", "Inbound call"),
        3: ("FacebookComment", "on the wall"),
        4: ("VoiceComment", None),
        5: ("KindOfTomorrowComment", "new"),
    }
    assert {(row["ticket_id"], row["event_id"]) for row in rows.values()} == {(1, 500)}
    assert rows[2]["data"] == CALL
    assert (rows[2]["formatted_from"], rows[2]["transcription_visible"]) == ("+1 (415)", True)
    assert (rows[3]["graph_object_id"], rows[3]["trusted"]) == ("7_8", False)
    assert rows[5]["something"] == {"of": "it"}


def test_the_simulator_makes_comments_of_calls():
    account = Account.generate(
        seed=5, tickets=60, users=20, organizations=2, clock=SimulatedClock()
    )
    account.clock.advance(600)
    pipeline = duckdb_pipeline()
    with served(account) as simulator:
        sync(pipeline, source_of(simulator, "ticket_events"), clock=account.clock)
    sent = {row["id"]: row for row in account.truth("ticket_comments")}
    stored = {row["id"]: row for row in stored_rows(pipeline, "ticket_comments")}
    assert stored.keys() == sent.keys()
    spoken = [row for row in stored.values() if row["type"] == "VoiceComment"]
    assert spoken
    assert all(row["data"] == sent[row["id"]]["data"] for row in spoken)
