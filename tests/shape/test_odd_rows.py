"""What fits no table is put aside and told of; the rest of its page, and the others, are whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dlt
import pytest

from tests.support.scripted_zendesk import (
    SECOND,
    TIME,
    Reply,
    ScriptedZendesk,
    cursored,
    exported,
    listed,
    ticket,
    timed,
    user,
)
from tests.support.tables import opened, stored_rows
from zendesk_source import sync
from zendesk_source.runs.loop import SyncReport

STREAMS = ("tickets", "ticket_events", "users", "groups", "csat_survey_responses", "tags")
REJECTED = "_zendesk_rejected_rows"
DEEP = "@deep@"
"""Stands in a row for lists in lists, more of them than any library reads."""

NO_ROWS: Mapping[str, Any] = {
    "the row is null, not an object": None,
    "the row is a text, not an object": "secret words",
    "the row is a number, not an object": 5,
    "the row is a boolean, not an object": True,
    "the row is a list, not an object": ["secret words"],
}
NO_IDS: Sequence[tuple[str, Any]] = (
    ("no id", None),
    ("`id` is a text, which is no key", "secret words"),
    ("`id` is a number with a fraction, which is no key", 1.5),
    ("`id` is a boolean, which is no key", True),
    ("`id` is an object, which is no key", {"secret": "words"}),
    ("`id` is a list, which is no key", [1]),
    ("`id` is a number, which is no key", 2**63),
)
PARTS: Sequence[tuple[str, str, str, Any]] = (
    ("ticket_tags", "`tags` is a text, not a list", "tags", "a b"),
    ("ticket_tags", "`tags` is an object, not a list", "tags", {"a": 1}),
    ("ticket_tags", "an entry of `tags` is null, which is no key", "tags", [None, "kept"]),
    ("ticket_followers", "`follower_ids` is a text, not a list", "follower_ids", "1,2"),
    (
        "ticket_followers",
        "an entry of `follower_ids` is a text, which is no key",
        "follower_ids",
        ["x", 7],
    ),
    (
        "ticket_followers",
        "an entry of `follower_ids` is an object, which is no key",
        "follower_ids",
        [{}],
    ),
    ("ticket_metrics", "`metric_set` is a text, not an object", "metric_set", "x"),
    ("ticket_metrics", "`metric_set` is a list, not an object", "metric_set", []),
    ("ticket_metrics", "no id", "metric_set", {"solved_at": None}),
    ("tickets", "`custom_fields` is a text, not a list", "custom_fields", "x"),
    ("tickets", "`custom_fields` is a number, not a list", "custom_fields", 3),
    ("tickets", "an entry of `custom_fields` is a text, not an object", "custom_fields", ["x"]),
    ("tickets", "an entry of `custom_fields` is null, not an object", "custom_fields", [None]),
    (
        "tickets",
        "the `id` of an entry of `custom_fields` is null, which is no key",
        "custom_fields",
        [{"value": 1}],
    ),
)
VALUES: Mapping[str, Any] = {
    "subject": {"a": ["dict where text belongs"]},
    "status": ["open"],
    "priority": 2**64 + 1,
    "due_at": "0000-00-00T00:00:00Z",
    "updated_at": "99999-01-01T00:00:00Z",
    "created_at": 2**63,
    "requester_id": "nobody",
    "has_incidents": "yes",
    "generated_timestamp": {"a": "cursor of another type"},
    "via": "a text where JSON belongs",
    "": "an empty key",
    'a "quoted" key': "x",
    "a\nline": "x",
    "a\u0001b": "x",
    "k" * 10_000: "a long key",
    "Subject": "differs in case only",
    "sub ject": "a key",
    "Sub-Ject": "the same key to a destination",
    "_dlt_load_id": "dlt's own",
    "_dlt_id": "dlt's own",
    "_zendesk_synced_at": "ours",
    "_zendesk_removed": True,
    "_zendesk_deleted_at": "ours",
    "account": "ours",
    "select": "a reserved word",
    "deep": DEEP,
}
GOOD_ID, VALUES_ID, FIRST_PART = 900, 901, 100


def odd_tickets() -> list[Any]:
    rows = [*NO_ROWS.values(), *(ticket(row_id) for _, row_id in NO_IDS)]
    rows += [ticket(FIRST_PART + at, **{key: value}) for at, (_, _, key, value) in enumerate(PARTS)]
    return [
        *rows,
        {**ticket(VALUES_ID), **VALUES},
        ticket(GOOD_ID, tags=["fine"], follower_ids=[3]),
    ]


EVENTS = [
    None,
    {"id": 1, "ticket_id": 5, "timestamp": SECOND, "child_events": "x"},
    {"id": 2, "ticket_id": 5, "timestamp": SECOND, "child_events": [None, 7]},
    {
        "id": 3,
        "ticket_id": 5,
        "timestamp": SECOND,
        "child_events": [
            {"id": 31, "event_type": "Comment", "body": "Hello", "public": True},
            {"event_type": "Comment", "body": "without an id"},
            {"id": 32, "event_type": "Change", "added_tags": "a b", "status": "open"},
            {"id": 33, "event_type": {"odd": 1}, "removed_tags": [None, "gone"]},
            {"id": 34, "event_type": "Change", "removed_tags": [None, "gone"], "removed": 1},
        ],
    },
]
USERS = [None, user(2), user(3, user_fields="x"), user(4, user_fields=["x"]), user(5, tags="a b")]
IDENTITIES = [None, {"id": 1, "user_id": 2, "value": "kept"}, {"id": 2}, {"user_id": 2}, "x"]
SURVEYS = [
    {"id": "a", "answers": "x"},
    {"id": "b", "answers": [None, {"updated_at": TIME}]},
    {"id": 1.5},
]


def routes(*, odd: bool) -> dict[str, Any]:
    tickets = odd_tickets() if odd else [ticket(1), *(t for t in odd_tickets() if is_fine(t))]
    deep = ("[" * 3_000 + "]" * 3_000).encode()
    page = json.dumps(exported("tickets", tickets)).encode().replace(f'"{DEEP}"'.encode(), deep)
    users = exported("users", USERS, identities=IDENTITIES) if odd else exported("users", [user(2)])
    return {
        "/api/v2/incremental/tickets/cursor": page,
        "/api/v2/incremental/ticket_events": timed("ticket_events", EVENTS if odd else EVENTS[-1:]),
        "/api/v2/incremental/users/cursor": users,
        "/api/v2/groups": cursored("groups", [{"id": 1, "name": "One"}]),
        "/api/v2/guide/survey_responses": cursored("survey_responses", SURVEYS if odd else []),
        "/api/v2/tags": cursored(
            "tags", [{"name": "a"}, {"name": ["b"]}] if odd else [{"name": "a"}]
        ),
        "/api/v2/*_fields": listed("none", [], ticket_fields=[], user_fields=[]),
    }


def is_fine(row: Any) -> bool:
    return isinstance(row, dict) and row["id"] in (GOOD_ID, VALUES_ID)


def pipeline(name: str = "zendesk") -> dlt.Pipeline:
    return dlt.pipeline(name, destination="duckdb", dataset_name="zendesk_data")


def synced(zendesk: ScriptedZendesk, item_format: str, *streams: str) -> SyncReport:
    source = zendesk.source(*(streams or STREAMS), item_format=item_format)
    return sync(pipeline(), source, clock=zendesk.clock)


def rejected() -> set[tuple[str, str]]:
    return {(row["stream"], row["reason"]) for row in stored_rows(pipeline(), REJECTED)}


@pytest.fixture
def loaded(item_format: str) -> Iterator[tuple[ScriptedZendesk, SyncReport, str]]:
    with ScriptedZendesk(routes(odd=True)) as zendesk:
        yield zendesk, synced(zendesk, item_format), item_format


@pytest.mark.timeout(180)  # two syncs of many streams
def test_what_does_not_fit_is_put_aside_and_the_rest_loaded(loaded) -> None:
    zendesk, report, item_format = loaded
    statuses = {name: run.status for name, run in report.runs.items()}
    assert statuses == {**dict.fromkeys(STREAMS, "incomplete"), "groups": "ok"}
    assert report.exit_code == 5
    assert all("secret" not in run.reason for run in report.runs.values())
    assert_tickets_are_loaded()
    assert_others_are_loaded()
    assert_all_is_told()

    zendesk.routes.update(routes(odd=False))
    healed = synced(zendesk, item_format)
    assert {run.status for run in healed.runs.values()} == {"ok"}, healed
    ids = {row["id"] for row in stored_rows(pipeline(), "tickets")}
    assert ids == {1, GOOD_ID, VALUES_ID, *range(FIRST_PART, FIRST_PART + len(PARTS))}


def assert_tickets_are_loaded() -> None:
    with opened(pipeline()) as dataset:
        by_id = {row["id"]: row for row in stored_rows(dataset, "tickets")}
        tags = {(row["ticket_id"], row["tag"]) for row in stored_rows(dataset, "ticket_tags")}
        followers = stored_rows(dataset, "ticket_followers")
        assert "ticket_metrics" not in dataset.tables or not stored_rows(dataset, "ticket_metrics")
    assert by_id.keys() == {GOOD_ID, VALUES_ID, *range(FIRST_PART, FIRST_PART + len(PARTS))}
    assert tags == {(FIRST_PART + 2, "kept"), (GOOD_ID, "fine")}
    assert {(row["ticket_id"], row["user_id"]) for row in followers} == {
        (FIRST_PART + 4, 7),
        (GOOD_ID, 3),
    }
    assert by_id[FIRST_PART]["tags"] == "a b"  # as it came, for nobody knows what it means
    assert_values_are_kept(by_id[VALUES_ID])


def assert_values_are_kept(row: Mapping[str, Any]) -> None:
    assert json.loads(row["subject"]) == VALUES["subject"]
    assert json.loads(row["status"]) == ["open"]
    assert row["due_at__v_text"] == VALUES["due_at"]
    assert row["requester_id__v_text"] == "nobody"
    assert row["has_incidents__v_text"] == "yes"
    assert row["via"] == VALUES["via"]
    assert row["unnamed" if "unnamed" in row else "zendesk_unnamed"] == "an empty key"
    assert row["subject_2"] == "differs in case only"
    assert row["zendesk_dlt_load_id"] == row["zendesk_dlt_id"] == "dlt's own"
    assert row["zendesk_zendesk_synced_at"] == "ours"
    assert row["zendesk_zendesk_removed"] is True
    assert row["select"] == "a reserved word"
    assert "[" * 3_000 in "".join(json.dumps(row["deep"])).replace('"', "")
    for value in ("a long key", "a key", "the same key to a destination"):
        assert list(row.values()).count(value) == 1, value


def assert_others_are_loaded() -> None:
    with opened(pipeline()) as dataset:
        rows = {name: stored_rows(dataset, name) for name in dataset.tables if name[0] != "_"}
    assert [row["id"] for row in rows["ticket_events"]] == [1, 2, 3]
    assert [row["id"] for row in rows["ticket_comments"]] == [31]
    assert {(r["child_id"], r["field_name"]) for r in rows["ticket_field_history"]} == {
        (32, "status"),
        (34, "removed"),
    }
    assert [(r["child_id"], r["tag"]) for r in rows["ticket_tag_history"]] == [(34, "gone")]
    assert [row["id"] for row in rows["users"]] == [2, 3, 4, 5]
    assert [row["id"] for row in rows["user_identities"]] == [1]
    assert not rows.get("user_tags")
    assert [row["id"] for row in rows["csat_survey_responses"]] == ["a", "b"]
    assert [row["name"] for row in rows["tags"]] == ["a"]
    assert [row["name"] for row in rows["groups"]] == ["One"]


def assert_all_is_told() -> None:
    told = rejected()
    assert told >= {("tickets", reason) for reason in NO_ROWS}
    assert told >= {("tickets", reason) for reason, _ in NO_IDS}
    assert told >= {(table, reason) for table, reason, _, _ in PARTS}
    assert told >= {
        ("ticket_events", "the row is null, not an object"),
        ("ticket_events", "`child_events` is a text, not a list"),
        ("ticket_events", "an entry of `child_events` is null, not an object"),
        ("ticket_events", "an entry of `child_events` is a number, not an object"),
        ("ticket_comments", "no id"),
        ("ticket_tag_history", "`added_tags` is a text, not a list"),
        ("ticket_tag_history", "an entry of `removed_tags` is null, which is no key"),
        ("users", "`user_fields` is a text, not a list"),
        ("users", "an entry of `user_fields` is a text, not an object"),
        ("user_tags", "`tags` is a text, not a list"),
        ("user_identities", "the row is null, not an object"),
        ("user_identities", "the row is a text, not an object"),
        ("user_identities", "no user_id"),
        ("user_identities", "no id"),
        ("csat_survey_responses", "`id` is a number with a fraction, which is no key"),
        ("tags", "`name` is a list, which is no key"),
    }
    assert not any("secret" in reason for _, reason in told)


def test_values_that_are_no_json_are_kept_or_replaced_and_counted(item_format: str) -> None:
    rows = [ticket(1, subject="@half@", via={"to": "@half@"}), ticket(2, subject="@large@")]
    rows += [ticket(3, due_at="@nan@", satisfaction_rating={"score": "@large@"})]
    body = json.dumps(exported("tickets", rows)).encode()
    for text, literal in ((b"@half@", rb"\ud800"), (b'"@large@"', b"1e400"), (b'"@nan@"', b"NaN")):
        body = body.replace(text, literal)
    with ScriptedZendesk(
        {**routes(odd=False), "/api/v2/incremental/tickets/cursor": body}
    ) as zendesk:
        report = synced(zendesk, item_format, "tickets", "groups")
    run = report.runs["tickets"]
    assert (report.exit_code, run.status) == (0, "ok")
    assert "U+FFFD (count: 2)" in run.reason
    one, two, three = sorted(stored_rows(pipeline(), "tickets"), key=lambda row: row["id"])
    assert (one["subject"], one["via"]) == ("\ufffd", {"to": "\ufffd"})
    assert two["subject"] == "1e400"
    assert (three["due_at__v_text"], three["satisfaction_rating"]) == ("NaN", {"score": "1e400"})


def test_a_page_that_has_no_reading_ends_its_stream_and_no_other() -> None:
    page = {"/api/v2/incremental/tickets/cursor": Reply(200, b'{"tickets": [{"id": 1}, {"id":')}
    with ScriptedZendesk({**routes(odd=False), **page}) as zendesk:
        report = synced(zendesk, "auto", "tickets", "groups")
        assert report.runs["tickets"].status == "failed"
        assert report.runs["groups"].status == "ok"
        zendesk.routes.update(routes(odd=False))
        assert synced(zendesk, "auto", "tickets", "groups").exit_code == 0
    assert {row["id"] for row in stored_rows(pipeline(), "tickets")} == {1, GOOD_ID, VALUES_ID}
