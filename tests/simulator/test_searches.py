"""What stands in for the exports: searches, many tickets by id, all audits, lists in an order."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from zendesk_source.simulator import Account, Simulator

HOUR = 3_600
Body = dict[str, Any]


@pytest.fixture(autouse=True)
def an_hour_later(account: Account) -> None:
    account.clock.advance(HOUR)


def asked(zendesk: Simulator, session: requests.Session, path: str, **query: Any) -> Body:
    answer = session.get(f"{zendesk.base_url}/api/v2/{path}.json", params=query)
    answer.raise_for_status()
    body: Body = answer.json()
    return body


def found(zendesk: Simulator, session: requests.Session, query: str, size: int = 7) -> list[Body]:
    params: Body = {"query": query, "filter[type]": "ticket", "page[size]": size}
    rows: list[Body] = []
    while True:
        body = asked(zendesk, session, "search/export", **params)
        rows += body["results"]
        if not body["meta"]["has_more"]:
            return rows
        params["page[after]"] = body["meta"]["after_cursor"]


def test_a_search_finds_archived_tickets_and_no_deleted_ones_the_newest_first(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    alive = [row for row in account.truth("tickets") if row["status"] != "deleted"]
    account.archive_tickets([alive[0]["id"]])
    rows = found(zendesk, session, "created>=1970-01-01T00:00:00Z")
    assert {row["id"] for row in rows} == {row["id"] for row in alive}
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert {row["result_type"] for row in rows} == {"ticket"}
    assert all("generated_timestamp" not in row for row in rows)
    listed = asked(zendesk, session, "tickets", **{"page[size]": 100})["tickets"]
    assert {row["id"] for row in listed} == {row["id"] for row in alive[1:]}


def test_a_search_looks_at_both_times(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    alive = [row for row in account.truth("tickets") if row["status"] != "deleted"]
    middle = sorted(row["created_at"] for row in alive)[len(alive) // 2]
    assert {row["id"] for row in found(zendesk, session, f"created<={middle}")} == {
        row["id"] for row in alive if row["created_at"] <= middle
    }
    assert {row["id"] for row in found(zendesk, session, f"updated>={middle}")} == {
        row["id"] for row in alive if row["updated_at"] >= middle
    }


def test_the_cursor_of_a_search_lives_an_hour_and_a_young_ticket_is_not_found(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    young = account.create_ticket(subject="Young")
    params = {"query": "created>1970-01-01", "filter[type]": "ticket", "page[size]": 3}
    body = asked(zendesk, session, "search/export", **params)
    assert young["id"] not in {row["id"] for row in body["results"]}
    link = body["links"]["next"]
    account.clock.advance(HOUR - 1)
    assert session.get(link).status_code == 200
    account.clock.advance(1)
    assert session.get(link).status_code == 400


def test_tickets_are_asked_for_by_their_ids_with_their_metrics(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    alive = [row["id"] for row in account.truth("tickets") if row["status"] != "deleted"][:3]
    account.archive_tickets(alive[2:])
    body = asked(
        zendesk, session, "tickets/show_many", ids=",".join(map(str, alive)), include="metric_sets"
    )
    assert [row["id"] for row in body["tickets"]] == alive[:2]
    assert all(row["metric_set"]["ticket_id"] == row["id"] for row in body["tickets"])


def test_all_audits_come_newest_first_and_link_to_older_ones(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    gone = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    events = {e["id"]: e for e in account.truth("ticket_events") if e["ticket_id"] not in gone}
    audits: list[Body] = []
    query: dict[str, str] = {"limit": "50"}
    while query:
        body = asked(zendesk, session, "ticket_audits", **query)
        audits += body["audits"]
        query = dict(parse_qsl(urlsplit(body["before_url"] or "").query))
    assert {audit["id"] for audit in audits} == set(events)
    assert len(audits) == len(events)
    times = [audit["created_at"] for audit in audits]
    assert times == sorted(times, reverse=True)
    changes = [e for audit in audits for e in audit["events"] if e["type"] == "Change"]
    assert changes
    assert all("field_name" in event for event in changes)
    assert {type(event["value"]) for event in changes} <= {str, list, dict, type(None)}


@pytest.mark.parametrize("name", ["tickets", "users", "organizations"])
def test_lists_are_ordered_by_the_last_change_if_the_account_does_that(
    zendesk: Simulator, session: requests.Session, account: Account, name: str
) -> None:
    query = {"page[size]": 100, "sort": "-updated_at"}
    times = [row["updated_at"] for row in asked(zendesk, session, name, **query)[name]]
    assert times == sorted(times, reverse=True)
    account.sorts_lists = False
    ids = [row["id"] for row in asked(zendesk, session, name, **query)[name]]
    assert ids == sorted(ids)


def test_what_is_deleted_is_listed_until_it_is_restored_or_erased(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    def listed() -> set[int]:
        query = {"page[size]": 100, "sort_by": "deleted_at", "sort_order": "desc"}
        body = asked(zendesk, session, "deleted_tickets", **query)
        return {row["id"] for row in body["deleted_tickets"]} & set(ids)

    alive = [row["id"] for row in account.truth("tickets") if row["status"] != "deleted"]
    ids = alive[:3]
    for ticket_id in ids:
        account.clock.advance(1)
        account.delete_ticket(ticket_id)
    assert listed() == set(ids)
    account.restore_ticket(ids[0])
    account.scrub_ticket(ids[1])
    assert listed() == {ids[2]}
    account.clock.advance(31 * 86_400)
    assert listed() == set()
    user = account.delete_user(account.truth("users")[-1]["id"])
    body = asked(zendesk, session, "deleted_users", **{"page[size]": 100})
    (shown,) = (row for row in body["deleted_users"] if row["id"] == user["id"])
    assert (shown["active"], "tags" in shown) == (False, False)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_exports_can_be_closed_and_opened_again(
    zendesk: Simulator, session: requests.Session, status: Any
) -> None:
    zendesk.close_exports(status)
    path = f"{zendesk.base_url}/api/v2/incremental/users/cursor.json"
    assert session.get(path, params={"start_time": 0}).status_code == status
    assert asked(zendesk, session, "users", **{"page[size]": 1})["users"]
    zendesk.open_exports()
    assert session.get(path, params={"start_time": 0}).status_code == 200
