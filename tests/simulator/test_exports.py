"""The two exports page as recorded answers do (reference B.3, B.4)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.simulator.walks import by_id, cursor_pages, page, time_pages, without
from zendesk_source.simulator import Account, SimulatedClock, Simulator

TICKETS = "incremental/tickets/cursor"
Start = Callable[..., Simulator]


def in_seconds(account: Account, *counts: int) -> None:
    """Create as many tickets a second as told, and let them grow old enough to be shown."""
    for count in counts:
        for _ in range(count):
            account.create_ticket()
        account.clock.advance(1)
    account.clock.advance(120)


def test_a_cursor_is_the_second_and_the_id_of_the_last_row(
    zendesk: Simulator, session: requests.Session
) -> None:
    body = page(session, zendesk, TICKETS, start_time=0, per_page=5)
    last = body["tickets"][-1]
    plain = base64.b64decode(body["after_cursor"]).decode()
    assert plain == f"{last['generated_timestamp']}.0||{last['id']}|"


def test_a_cursor_walk_shows_every_ticket_once_in_order(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    params = {"start_time": 0, "per_page": 7, "support_type_scope": "all"}
    rows = [r for p in cursor_pages(session, zendesk, TICKETS, **params) for r in p["tickets"]]
    places = [(row["generated_timestamp"], row["id"]) for row in rows]
    assert places == sorted(set(places))
    assert by_id(rows) == by_id(account.truth("tickets"))


def test_a_full_last_page_is_not_the_end_and_the_empty_page_after_it_has_no_cursor(
    empty: Account, start: Start, session: requests.Session
) -> None:
    in_seconds(empty, 1, 1, 1)
    pages = list(cursor_pages(session, start(empty), TICKETS, start_time=0, per_page=1))
    assert [len(p["tickets"]) for p in pages] == [1, 1, 1, 0]
    assert [p["end_of_stream"] for p in pages] == [False, False, False, True]
    assert pages[-1]["after_cursor"] is None
    assert pages[-1]["after_url"] is None
    assert all(p["before_url"] is None and p["before_cursor"] is None for p in pages)
    assert "count" not in pages[0]


def test_a_page_that_is_not_full_ends_the_stream_and_has_a_cursor(
    zendesk: Simulator, session: requests.Session
) -> None:
    body = page(session, zendesk, TICKETS, start_time=0)
    assert body["end_of_stream"] is True
    assert body["after_cursor"]


def test_after_url_keeps_page_size_and_sideloads(
    zendesk: Simulator, session: requests.Session
) -> None:
    params = {"start_time": 0, "per_page": 3, "include": "metric_sets"}
    body = page(session, zendesk, TICKETS, **params, support_type_scope="all")
    query = parse_qs(urlsplit(body["after_url"]).query)
    assert query["per_page"] == ["3"]
    assert query["include"] == ["metric_sets"]
    assert query["support_type_scope"] == ["all"]
    assert query["cursor"] == [body["after_cursor"]]
    assert "start_time" not in query


def test_a_poll_with_the_last_cursor_shows_only_what_changed_since(
    zendesk: Simulator, session: requests.Session, account: Account, clock: SimulatedClock
) -> None:
    first = page(session, zendesk, TICKETS, start_time=0)
    account.edit_ticket(3, subject="changed")
    clock.advance(61)
    second = page(session, zendesk, TICKETS, cursor=first["after_cursor"])
    assert [row["id"] for row in second["tickets"]] == [3]
    third = page(session, zendesk, TICKETS, cursor=second["after_cursor"])
    assert third["tickets"] == []
    assert third["end_of_stream"] is True


def test_a_row_that_changes_between_pages_moves_to_the_end_and_is_seen_twice(
    empty: Account, start: Start, session: requests.Session
) -> None:
    in_seconds(empty, 1, 1, 1, 1)
    zendesk = start(empty)

    def edit_the_first(request: object) -> None:
        if len(zendesk.requests) == 1:
            empty.edit_ticket(1, priority="high")
            empty.clock.advance(61)

    zendesk.before_answer(edit_the_first)
    walk = cursor_pages(session, zendesk, TICKETS, start_time=0, per_page=2)
    ids = [row["id"] for each in walk for row in each["tickets"]]
    assert ids == [1, 2, 3, 4, 1]


def test_time_pages_of_one_row_grow_to_the_whole_second_as_recorded(
    empty: Account, start: Start, session: requests.Session
) -> None:
    counts = [7, 6, 10, 5, 8, 9, 9, 7, 8, 3, 1, 8]
    in_seconds(empty, *counts)
    pages = list(time_pages(session, start(empty), "incremental/tickets", start_time=0, per_page=1))
    assert [len(p["tickets"]) for p in pages] == [*counts, 0]
    for each in pages[:-1]:
        seconds = {row["generated_timestamp"] for row in each["tickets"]}
        assert seconds == {each["end_time"] - 1}
        assert each["count"] == len(each["tickets"])
    assert pages[-1]["end_time"] is None
    assert pages[-1]["next_page"] is None
    assert pages[-1]["count"] == 0


def test_a_time_page_over_many_seconds_ends_at_its_last_row_and_that_second_comes_again(
    empty: Account, start: Start, session: requests.Session
) -> None:
    in_seconds(empty, 2, 2, 2)
    zendesk = start(empty)
    first = page(session, zendesk, "incremental/tickets", start_time=0, per_page=3)
    assert len(first["tickets"]) == 3
    assert first["end_time"] == first["tickets"][-1]["generated_timestamp"]
    second = session.get(first["next_page"]).json()
    assert first["tickets"][-1] in second["tickets"]
    assert "per_page=3" in first["next_page"]


def test_the_last_time_page_says_so_and_following_it_shows_its_last_row_for_ever(
    empty: Account, start: Start, session: requests.Session
) -> None:
    in_seconds(empty, 1, 1)
    body = page(session, start(empty), "incremental/tickets", start_time=0)
    assert body["end_of_stream"] is True
    assert body["end_time"] == body["tickets"][-1]["generated_timestamp"]
    again = session.get(body["next_page"]).json()
    assert again["tickets"] == body["tickets"][-1:]
    assert again["next_page"] == body["next_page"]


def test_within_a_second_the_time_style_does_not_order_tickets_by_id(
    empty: Account, start: Start, session: requests.Session
) -> None:
    in_seconds(empty, 9)
    zendesk = start(empty)
    by_time = page(session, zendesk, "incremental/tickets", start_time=0)["tickets"]
    by_cursor = page(session, zendesk, TICKETS, start_time=0)["tickets"]
    assert [row["id"] for row in by_cursor] == list(range(1, 10))
    assert [row["id"] for row in by_time] != list(range(1, 10))
    assert by_id(by_time) == by_id(by_cursor)
    again = page(session, zendesk, "incremental/tickets", start_time=0)["tickets"]
    assert again == by_time


def test_a_time_walk_misses_no_event_whatever_the_page_size(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    path = "incremental/ticket_events"
    params = {"include": "comment_events", "support_type_scope": "all", "start_time": 0}
    walk = time_pages(session, zendesk, path, **params, per_page=50)
    rows = [row for each in walk for row in each["ticket_events"]]
    assert by_id(rows) == by_id(account.truth("ticket_events"))


def test_metric_events_have_no_end_of_stream(zendesk: Simulator, session: requests.Session) -> None:
    body = page(session, zendesk, "incremental/ticket_metric_events", start_time=0)
    assert list(body) == ["ticket_metric_events", "count", "next_page", "end_time"]


def test_metric_events_page_by_cursor_when_a_page_size_is_sent(
    zendesk: Simulator, session: requests.Session
) -> None:
    path = "incremental/ticket_metric_events"
    body = page(session, zendesk, path, start_time=0, page_size=10)
    assert len(body["ticket_metric_events"]) == 10
    assert body["meta"]["has_more"] is True


def test_a_page_size_above_the_largest_is_cut_down_to_it(
    empty: Account, start: Start, session: requests.Session
) -> None:
    in_seconds(empty, 600, 600)
    body = page(session, start(empty), TICKETS, start_time=0, per_page=5000)
    assert len(body["tickets"]) == 1000


@pytest.mark.parametrize("path", [TICKETS, "incremental/ticket_events"])
def test_the_last_minute_is_held_back(
    empty: Account, start: Start, session: requests.Session, path: str
) -> None:
    empty.create_ticket()
    zendesk, key = start(empty), path.split("/")[1]
    empty.clock.advance(59)
    assert page(session, zendesk, path, start_time=0)[key] == []
    empty.clock.advance(1)
    assert len(page(session, zendesk, path, start_time=0)[key]) == 1


def test_users_are_not_held_back(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    user = account.create_user(name="Just arrived")
    rows = page(session, zendesk, "incremental/users/cursor", start_time=0)["users"]
    assert user["id"] in by_id(rows)


@pytest.mark.parametrize(
    "path", [TICKETS, "incremental/ticket_events", "incremental/users", "incremental/organizations"]
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_start_within_the_last_minute_is_too_recent(
    account: Account, start: Start, session: requests.Session, path: str, status: int
) -> None:
    zendesk = start(account, too_recent_status=status)
    url, now = f"{zendesk.base_url}/api/v2/{path}.json", account.now_second()
    answer = session.get(url, params={"start_time": now - 59})
    assert answer.status_code == status
    assert answer.json()["error"] == "StartTimeTooRecent"
    assert session.get(url, params={"start_time": now - 60}).status_code == 200
    assert session.get(url, params={"start_time": now * 1000}).status_code == status


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, "ParameterMissing"),
        ({"start_time": "yesterday"}, "InvalidValue"),
        ({"cursor": "not a cursor"}, "InvalidValue"),
        ({"cursor": "MTIzfHw="}, "InvalidValue"),
    ],
)
def test_a_bad_start_is_refused(
    zendesk: Simulator, session: requests.Session, query: dict[str, str], error: str
) -> None:
    answer = session.get(f"{zendesk.base_url}/api/v2/{TICKETS}", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_a_negative_start_is_the_beginning(zendesk: Simulator, session: requests.Session) -> None:
    zero = page(session, zendesk, TICKETS, start_time=0)
    assert page(session, zendesk, TICKETS, start_time=-5) == zero


def test_metrics_come_only_when_asked_for_and_not_with_deleted_tickets(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    account.delete_ticket(1)
    account.clock.advance(61)
    plain = page(session, zendesk, TICKETS, start_time=0)["tickets"]
    assert not any("metric_set" in row for row in plain)
    params = {"start_time": 0, "support_type_scope": "all"}
    rows = page(session, zendesk, TICKETS, include="users,metric_sets", **params)["tickets"]
    shown = {row["id"]: row["metric_set"] for row in rows}
    assert shown.pop(1) is None
    truth = {row["ticket_id"]: row for row in account.truth("ticket_metrics")}
    assert {each: row for each, row in shown.items() if row} == without_key(truth, 1)


def without_key(rows: dict[int, dict[str, object]], key: int) -> dict[int, dict[str, object]]:
    return {each: row for each, row in rows.items() if each != key}


def test_comments_are_whole_only_when_asked_for(
    zendesk: Simulator, session: requests.Session
) -> None:
    path = "incremental/ticket_events"
    plain = page(session, zendesk, path, start_time=0)["ticket_events"][0]["child_events"][0]
    assert set(plain) == {
        "id", "via", "via_reference_id", "comment_present", "comment_public", "event_type",
    }  # fmt: skip
    whole = page(session, zendesk, path, start_time=0, include="comment_events")
    comment = whole["ticket_events"][0]["child_events"][0]
    assert comment["body"] == comment["plain_body"]
    assert comment["audit_id"] == whole["ticket_events"][0]["id"]


def test_identities_stand_beside_the_users_of_the_page(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    path = "incremental/users/cursor"
    assert "identities" not in page(session, zendesk, path, start_time=0)
    walk = cursor_pages(session, zendesk, path, start_time=0, per_page=9, include="identities")
    found = []
    for each in walk:
        assert {row["user_id"] for row in each["identities"]} <= set(by_id(each["users"]))
        found += each["identities"]
    assert by_id(found) == by_id(account.truth("user_identities"))


def test_tickets_of_ai_agents_are_left_out_unless_asked_for(
    zendesk: Simulator, session: requests.Session
) -> None:
    def types(**scope: str) -> set[str]:
        rows = page(session, zendesk, TICKETS, start_time=0, **scope)["tickets"]
        return {row["support_type"] for row in rows}

    assert types() == types(support_type_scope="agent") == {"agent"}
    assert types(support_type_scope="all") == {"agent", "ai_agent"}
    assert types(support_type_scope="ai_agent") == {"ai_agent"}
    events = page(session, zendesk, "incremental/ticket_events", start_time=0)
    every = page(
        session, zendesk, "incremental/ticket_events", start_time=0, support_type_scope="all"
    )
    assert events["count"] < every["count"]


def test_deleted_tickets_can_be_left_out(zendesk: Simulator, session: requests.Session) -> None:
    rows = page(session, zendesk, TICKETS, start_time=0)["tickets"]
    assert "deleted" in {row["status"] for row in rows}
    fewer = page(session, zendesk, TICKETS, start_time=0, exclude_deleted="true")["tickets"]
    assert fewer == [row for row in rows if row["status"] != "deleted"]


def test_both_spellings_of_a_path_work(zendesk: Simulator, session: requests.Session) -> None:
    url = f"{zendesk.base_url}/api/v2/{TICKETS}"
    plain, spelled = (session.get(u, params={"start_time": 0}) for u in (url, f"{url}.json"))
    assert without(plain.json(), "after_url") == without(spelled.json(), "after_url")
