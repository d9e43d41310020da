"""One row a key, and of two states of a row the newer, wherever a row comes twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dlt
import pytest

from tests.support.scripted_zendesk import (
    SECOND,
    ScriptedZendesk,
    Seen,
    cursored,
    exported,
    listed,
    ticket,
    timed,
    user,
)
from tests.support.simulated import EVERY_STREAM, duckdb_pipeline, source_of
from tests.support.tables import opened, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

LATER = "2023-11-14T22:14:20Z"


def loaded(
    zendesk: ScriptedZendesk, *streams: str, pipeline: dlt.Pipeline | None = None, **settings: Any
) -> dlt.Pipeline:
    pipeline = pipeline or duckdb_pipeline()
    report = sync(pipeline, zendesk.source(*streams, **settings), clock=zendesk.clock)
    assert report.exit_code == 0
    return pipeline


def values(pipeline: dlt.Pipeline, table: str, *columns: str) -> list[tuple[Any, ...]]:
    rows = stored_rows(pipeline, table)
    return sorted(tuple(row.get(name) for name in columns) for row in rows)


def two_states(**more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a ticket as it was and as it is."""
    metrics = {"id": 7, "ticket_id": 1, "replies": 0}
    was = ticket(tags=["a"], follower_ids=[5], collaborator_ids=[8], metric_set=metrics)
    changed = {
        "generated_timestamp": SECOND + 60,
        "status": "solved",
        "metric_set": {**metrics, "replies": 1},
    }
    return was, {**was, **changed, "tags": ["b"], "follower_ids": [6], "collaborator_ids": [9]}


def assert_solved(pipeline: dlt.Pipeline) -> None:
    assert values(pipeline, "tickets", "id", "status") == [(1, "solved")]
    assert values(pipeline, "ticket_tags", "ticket_id", "tag") == [(1, "b")]
    assert values(pipeline, "ticket_followers", "ticket_id", "user_id") == [(1, 6)]
    assert values(pipeline, "ticket_collaborators", "ticket_id", "user_id") == [(1, 9)]
    assert values(pipeline, "ticket_metrics", "ticket_id", "replies") == [(1, 1)]


FIELDS = {"/api/v2/ticket_fields": cursored("ticket_fields", [])}


@pytest.mark.parametrize("is_in_order", [True, False], ids=["in order", "the newer in front"])
def test_of_two_states_of_a_ticket_in_one_page_the_newer_one_stays(item_format, is_in_order):
    states = two_states() if is_in_order else two_states()[::-1]
    routes = {**FIELDS, "/api/v2/incremental/tickets/cursor": exported("tickets", states)}
    with ScriptedZendesk(routes) as zendesk:
        assert_solved(loaded(zendesk, "tickets", item_format=item_format))


def test_of_two_states_in_one_second_the_one_further_behind_stays(item_format):
    was, now = two_states()
    states = [was, ticket(2), {**now, "generated_timestamp": SECOND}]
    routes = {**FIELDS, "/api/v2/incremental/tickets/cursor": exported("tickets", states)}
    with ScriptedZendesk(routes) as zendesk:
        pipeline = loaded(zendesk, "tickets", item_format=item_format)
    assert values(pipeline, "tickets", "id", "status") == [(1, "solved"), (2, "open")]
    assert values(pipeline, "ticket_tags", "ticket_id", "tag") == [(1, "b")]


def test_of_two_states_in_two_pages_the_later_page_s_stays(item_format):
    def answer(seen: Seen) -> Any:
        was, now = two_states()
        if "cursor" in seen.params:
            return exported("tickets", [now])
        return exported("tickets", [was, ticket(2)]) | {"end_of_stream": False}

    with ScriptedZendesk({**FIELDS, "/api/v2/incremental/tickets/cursor": answer}) as zendesk:
        pipeline = loaded(zendesk, "tickets", item_format=item_format)
    assert values(pipeline, "tickets", "id", "status") == [(1, "solved"), (2, "open")]
    assert values(pipeline, "ticket_tags", "ticket_id", "tag") == [(1, "b")]


def test_a_custom_field_s_row_and_a_ticket_deleted_in_one_page_are_those_of_the_newer_state(
    item_format,
):
    was = ticket(custom_fields=[{"id": 3, "value": "old"}, {"id": 4, "value": "x"}])
    now = ticket(custom_fields=[{"id": 3, "value": "new"}, {"id": 4, "value": None}])
    gone = [ticket(2, tags=["a"]), ticket(2, tags=["a"], status="deleted")]
    routes = {"/api/v2/incremental/tickets/cursor": exported("tickets", [was, now, *gone])}
    settings = {"custom_fields": "rows", "deleted": "remove", "item_format": item_format}
    with ScriptedZendesk(routes) as zendesk:
        pipeline = loaded(zendesk, "tickets", **settings)
    assert values(pipeline, "ticket_custom_fields", "field_id", "value") == [(3, "new")]
    assert values(pipeline, "tickets", "id", "status") == [(1, "open")]


def test_of_two_states_of_a_user_the_newer_one_s_tags_and_identities_stay(item_format):
    states = [user(tags=["a"]), user(tags=["b"], name="Renamed", updated_at=LATER)]
    identities = [
        {"id": 9, "user_id": 2, "value": "old@example.com"},
        {"id": 9, "user_id": 2, "value": "new@example.com"},
    ]
    answer = exported("users", states, identities=identities)
    routes = {
        "/api/v2/user_fields": cursored("user_fields", []),
        "/api/v2/incremental/users/cursor": answer,
    }
    with ScriptedZendesk(routes) as zendesk:
        pipeline = loaded(zendesk, "users", item_format=item_format)
    assert values(pipeline, "users", "id", "name") == [(2, "Renamed")]
    assert values(pipeline, "user_tags", "user_id", "tag") == [(2, "b")]
    assert values(pipeline, "user_identities", "id", "value") == [(9, "new@example.com")]


def test_an_identity_that_moves_to_another_user_while_users_are_read_stays(item_format):
    identity = {"id": 9, "value": "moved@example.com"}
    pages = [
        exported("users", [user(1)]),  # alone in its package
        exported("users", [user(2)], identities=[{**identity, "user_id": 2}]),
        exported("users", [user(3)], identities=[{**identity, "user_id": 3}]),
        exported("users", [user(2, updated_at=LATER)], identities=[]),
    ]
    for number, page in enumerate(pages):
        page |= {"after_cursor": str(number + 1), "end_of_stream": page is pages[-1]}

    def answer(seen: Seen) -> Any:
        return pages[int(seen.params.get("cursor", 0))]

    routes = {
        "/api/v2/user_fields": cursored("user_fields", []),
        "/api/v2/incremental/users/cursor": answer,
    }
    with ScriptedZendesk(routes) as zendesk:
        pipeline = loaded(zendesk, "users", item_format=item_format)
    assert values(pipeline, "user_identities", "id", "user_id") == [(9, 3)]


def event(event_id: int, second: int, *children: dict[str, Any]) -> dict[str, Any]:
    return {"id": event_id, "ticket_id": 1, "timestamp": second, "child_events": children}


def comment(body: str) -> dict[str, Any]:
    return {"id": 50, "event_type": "Comment", "type": "Comment", "body": body, "author_id": 2}


@pytest.mark.parametrize("is_in_order", [True, False], ids=["in order", "the newer in front"])
def test_a_comment_that_comes_again_redacted_loses_its_text(item_format, is_in_order):
    change = {"id": 51, "event_type": "Change", "status": "open", "added_tags": ["a"]}
    events = [
        event(1, SECOND, comment("My number is 4111"), change),
        event(2, SECOND + 60, comment("My number is ▇▇▇▇"), {**change, "status": "solved"}),
    ]
    events = events if is_in_order else events[::-1]
    with ScriptedZendesk(
        {"/api/v2/incremental/ticket_events": timed("ticket_events", events)}
    ) as zendesk:
        pipeline = loaded(zendesk, "ticket_events", item_format=item_format)
    assert values(pipeline, "ticket_comments", "id", "body") == [(50, "My number is ▇▇▇▇")]
    assert values(pipeline, "ticket_field_history", "event_id", "value") == [(2, "solved")]
    assert values(pipeline, "ticket_tag_history", "event_id", "tag") == [(2, "a")]


def shifting(key: str, path: str, rows: Iterable[dict[str, Any]], **renamed: Any) -> dict[str, Any]:
    """Answer a list page by page while a row is added in front: the last one comes again."""
    first, *_, last = rows

    def answer(seen: Seen) -> Any:
        if seen.params.get("page", "1") == "1":
            address = f"http://{seen.headers['Host']}{path}?page=2"
            return listed(key, [first, last]) | {"next_page": address}
        return listed(key, [{**last, **renamed}, {**first, "id": "1"}])

    return {path: answer}


ROWS = [{"id": 3, "name": "c"}, {"id": 2, "name": "b"}]
LISTS = {
    "groups": shifting("groups", "/api/v2/groups", ROWS, name="b renamed"),
    "locales": shifting("locales", "/api/v2/locales", ROWS, name="b renamed"),
    "macros": shifting("macros", "/api/v2/macros", ROWS, name="b renamed"),
}
SHIFTED = [(1, "c"), (2, "b renamed"), (3, "c")]


@pytest.mark.parametrize("settings", [{}, {"deleted": "remove"}, {"history": True}], ids=str)
def test_a_list_that_shifts_while_it_is_read_has_each_row_once(item_format, settings):
    routes = {path: answer for each in LISTS.values() for path, answer in each.items()}
    with ScriptedZendesk(routes) as zendesk:
        for _ in range(2):  # into a new table, and into one that is there
            pipeline = loaded(zendesk, *LISTS, item_format=item_format, **settings)
            for stream in LISTS:
                assert values(pipeline, stream, "id", "name") == SHIFTED


def test_a_row_that_a_list_shows_twice_is_not_marked_as_vanished():
    routes = LISTS["groups"]
    with ScriptedZendesk({"/api/v2/groups": listed("groups", [*ROWS, {"id": 9}])}) as zendesk:
        pipeline = loaded(zendesk, "groups")
        zendesk.routes.update(routes)
        loaded(zendesk, "groups", pipeline=pipeline)
        with pipeline.sql_client() as client:
            gone = client.execute_sql("SELECT id FROM groups WHERE _zendesk_deleted_at IS NOT NULL")
    assert gone == [(9,)]
    assert values(pipeline, "groups", "id", "name") == SHIFTED


def test_a_snapshot_of_a_list_that_shifts_has_each_row_once():
    path = "/api/v2/agent_availabilities"
    rows = [{"id": "3", "type": "t"}, {"id": "2", "type": "t"}]
    answer = cursored("data", [*rows, {"id": "2", "type": "later"}])
    with ScriptedZendesk({path: answer}) as zendesk:
        pipeline = loaded(zendesk, "agent_availabilities")
    assert values(pipeline, "agent_availabilities", "id", "type") == [("2", "later"), ("3", "t")]


def test_an_object_that_its_list_shows_twice_is_read_once():
    objects = [{"key": "car", "title": "Car"}, {"key": "car", "title": "Car"}]
    record = {"id": "01A", "updated_at": LATER, "custom_object_fields": {}}
    routes = {
        "/api/v2/custom_objects": cursored("custom_objects", objects),
        "/api/v2/custom_objects/car/fields": cursored("custom_object_fields", []),
        "/api/v2/incremental/custom_objects/car/cursor": exported(
            "custom_object_records", [record]
        ),
    }
    with ScriptedZendesk(routes) as zendesk:
        pipeline = loaded(zendesk, "custom_object_records")
        assert len(zendesk.asked("/api/v2/incremental/custom_objects/*")) == 1
    assert values(pipeline, "custom_object_car", "id") == [("01A",)]


OLD = {"tags": ["older"], "name": "older", "title": "older", "description": "older"}


def with_older_states(answer: Any) -> Any:
    """Put an older state of its first row in front of every list of an answer."""
    for key, rows in answer.items() if isinstance(answer, dict) else ():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and "id" in rows[0]:
            changed = {name: old for name, old in OLD.items() if rows[0].get(name)}
            answer[key] = [{**rows[0], **changed}, *rows]
    return answer


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_stream_is_as_if_no_row_had_come_twice(item_format):
    account = Account.generate(
        seed=5, tickets=60, users=30, organizations=5, clock=SimulatedClock()
    )
    account.clock.advance(600)
    plain, odd = duckdb_pipeline("plain"), duckdb_pipeline("odd")
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token="a-token") as simulator:
        sync(plain, source_of(simulator, *EVERY_STREAM), clock=account.clock)
        with ScriptedZendesk(behind=simulator) as zendesk:
            me = zendesk.routes["/api/v2/users/me"]
            zendesk.routes.clear()
            zendesk.routes["/api/v2/users/me"] = me
            zendesk.routes["*"] = lambda seen: with_older_states(zendesk.healthy(seen))
            names = EVERY_STREAM
            source = zendesk.source(*names, item_format=item_format)
            sync(odd, source, clock=account.clock)
    with opened(plain) as expected, opened(odd) as found:
        tables = {t.name for stream in STREAMS for t in stream.tables} & set(expected.tables)
        for table in sorted(tables):
            rows = (
                sorted(str(sorted(row.items())) for row in stored_rows(each, table))
                for each in (found, expected)
            )
            assert next(rows) == next(rows), table
