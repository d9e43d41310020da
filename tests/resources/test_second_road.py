"""Where Zendesk refuses its exports, lists fill the same tables."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any, Literal

import dlt
import pytest

from tests.support.second_road import (
    HOUR,
    NAMES,
    SEARCH,
    a_day,
    assert_equals_truth,
    deleted_ids,
    generated,
    load,
    paths,
    without,
)
from tests.support.simulated import served, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue.support.exports import ORGANIZATIONS, TICKETS, USERS
from zendesk_source.resources.run import SliceLimits
from zendesk_source.simulator import Account, Answer, Fault, Request, Simulator


@pytest.fixture
def account() -> Account:
    return generated()


@pytest.mark.parametrize("status", [403, pytest.param(404, marks=pytest.mark.long), 410])
def test_lists_fill_the_tables_and_edits_and_deletions_arrive_with_the_second_sync(
    account: Account,
    zendesk: Simulator,
    pipeline: dlt.Pipeline,
    item_format: str,
    status: Literal[403, 404, 410],
) -> None:
    zendesk.close_exports(status)
    before = deleted_ids(account)
    report = load(pipeline, zendesk, item_format=item_format)
    assert report.exit_code == 0
    assert all(str(status) in run.reason for run in report.runs.values())
    assert all("read from lists" in run.reason for run in report.runs.values())
    assert_equals_truth(pipeline, account, before)
    a_day(account)
    report = load(pipeline, zendesk, item_format=item_format)
    assert report.exit_code == 0
    assert_equals_truth(pipeline, account, before)
    assert SEARCH not in paths(zendesk)
    # Whatever is read again is known.
    report = load(pipeline, zendesk, item_format=item_format)
    assert {name: run.rows for name, run in report.runs.items() if run.rows} == {}


def test_an_organization_that_is_missed_gets_the_time(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    load(pipeline, zendesk, "organizations")
    gone = account.truth("organizations")[1]
    account.delete_organization(gone["id"])
    account.create_organization(name="In its place")
    load(pipeline, zendesk, "organizations")
    assert paths(zendesk)["/api/v2/organizations"] == 2
    stored = {row["id"]: row for row in stored_rows(pipeline, "organizations")}
    for row in account.truth("organizations"):
        assert stored[row["id"]]["name"] == row["name"]
        assert ("deleted_at" in stored[row["id"]]) is (row["id"] == gone["id"])
    load(pipeline, zendesk, "organizations")
    assert paths(zendesk)["/api/v2/organizations"] == 1
    assert len(stored_rows(pipeline, "organizations")) == len(stored)


def test_a_list_that_knows_no_such_order_is_read_whole(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    """Zendesk answers 400 InvalidPaginationParameter to an order that an endpoint does not know."""
    names = ("users", "organizations", "deleted_users")

    def refuse_order(request: Request, answer: Answer) -> Answer:
        if request.stream in names and "sort" in request.query:
            body = b'{"errors":[{"code":"InvalidPaginationParameter","title":"sort is not valid"}]}'
            return replace(answer, status=400, body=body)
        return answer

    zendesk.close_exports()
    zendesk.alter_answers(refuse_order)
    for _ in range(2):
        before = deleted_ids(account)
        report = load(pipeline, zendesk, "users", "organizations")
        assert any(request.status == 400 for request in zendesk.requests)
        assert {run.status for run in report.runs.values()} == {"ok"}
        stored = {row["id"]: row["name"] for row in stored_rows(pipeline, "users")}
        assert {r["id"]: r["name"] for r in account.truth("users") if r["active"]}.items() <= (
            stored.items()
        )
        organizations = {row["id"]: row["name"] for row in stored_rows(pipeline, "organizations")}
        assert organizations == {row["id"]: row["name"] for row in account.truth("organizations")}
        a_day(account)
    assert before


def test_a_count_that_zendesk_keeps_for_a_day_does_not_list_all_with_every_sync(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    """Above 100,000 rows the count may be a day old, and tells of no deletion meanwhile."""

    def many(request: Request, answer: Answer) -> Answer:
        if request.path.endswith("/organizations/count"):
            body = b'{"count":{"value":100001,"refreshed_at":null}}'
            return replace(answer, body=body)
        return answer

    zendesk.close_exports()
    zendesk.alter_answers(many)
    load(pipeline, zendesk, "organizations")
    account.delete_organization(account.truth("organizations")[0]["id"])
    asked = []
    for _ in range(3):
        load(pipeline, zendesk, "organizations")
        asked.append(paths(zendesk)["/api/v2/organizations"])
    assert asked == [1, 1, 1]
    account.clock.advance(24 * HOUR)
    load(pipeline, zendesk, "organizations")
    assert paths(zendesk)["/api/v2/organizations"] == 2
    gone = [row for row in stored_rows(pipeline, "organizations") if "deleted_at" in row]
    assert len(gone) == 1


def test_archived_tickets_come_from_the_search(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    closed = [row["id"] for row in account.truth("tickets") if row["status"] == "closed"]
    assert closed
    account.archive_tickets(closed)
    zendesk.close_exports()
    load(pipeline, zendesk, "tickets")
    alive = [row for row in account.truth("tickets") if row["status"] != "deleted"]
    rows = [without(row, "generated_timestamp") for row in alive]
    assert_table_equals(pipeline, "tickets", rows)
    stored = {row["id"] for row in alive}
    with_metrics = {row["ticket_id"] for row in stored_rows(pipeline, "ticket_metrics")}
    assert with_metrics == stored - set(closed)


@pytest.mark.long
def test_deleted_rows_are_removed_with_all_their_side_tables_hold(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline, item_format: str
) -> None:
    zendesk.close_exports()
    settings = {"deleted": "remove", "item_format": item_format}
    load(pipeline, zendesk, **settings)
    ticket = next(
        row
        for row in account.truth("tickets")
        if row["tags"] and row["status"] in ("open", "pending", "new", "hold", "solved")
    )
    user = next(row for row in account.truth("users") if row["active"] and row["tags"])
    organization = account.truth("organizations")[0]
    account.delete_ticket(ticket["id"])
    account.delete_user(user["id"])
    account.delete_organization(organization["id"])
    load(pipeline, zendesk, **settings)
    alive = {
        "tickets": [row for row in account.truth("tickets") if row["status"] != "deleted"],
        "users": [row for row in account.truth("users") if row["active"]],
        "organizations": [row for row in account.truth("organizations") if not row["deleted_at"]],
    }
    gone = {"ticket_id": ticket["id"], "user_id": user["id"], "organization_id": organization["id"]}
    for stream in (TICKETS, USERS, ORGANIZATIONS):
        rows = [without(row, "generated_timestamp") for row in alive[stream.name]]
        assert_table_equals(pipeline, stream.name, rows)
        for side in stream.side_tables:
            parents = {row[side.parent_column] for row in stored_rows(pipeline, side.name)}
            assert gone[side.parent_column] not in parents, side.name


@pytest.mark.long
def test_lists_that_are_not_ordered_are_read_whole_and_lose_nothing(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    account.sorts_lists = False
    zendesk.close_exports()
    before = deleted_ids(account)
    for happens in (a_day, lambda _: None):
        load(pipeline, zendesk)
        happens(account)
    load(pipeline, zendesk)
    assert_equals_truth(pipeline, account, before)


@pytest.mark.long
def test_a_follow_up_asks_for_what_changed_alone(pipeline: dlt.Pipeline) -> None:
    account = generated(tickets=700, users=300)
    with served(account) as zendesk:
        zendesk.close_exports()
        load(pipeline, zendesk)
        alive = [row["id"] for row in account.truth("tickets") if row["status"] not in ("deleted",)]
        account.bulk_edit(alive[:230], priority="high")
        for ticket_id in alive[230:250]:
            account.clock.advance(1)
            account.delete_ticket(ticket_id)
        for user in [row for row in account.truth("users") if row["active"]][:120]:
            account.clock.advance(1)
            account.edit_user(user["id"], details="moved")
        report = load(pipeline, zendesk)
        changed = {"tickets": 250, "ticket_events": 250, "users": 120, "organizations": 0}
        for name, rows in changed.items():
            assert report.runs[name].usage.requests <= rows / 100 + 5, name
        report = load(pipeline, zendesk)
        assert all(run.usage.requests <= 5 for run in report.runs.values())


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_list_of_deletions_is_named_and_the_rest_is_read(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline, status: int
) -> None:
    def refuse(request: Request, answer: Answer) -> Answer:
        return replace(answer, status=status) if "deleted_tickets" in request.path else answer

    zendesk.close_exports()
    zendesk.alter_answers(refuse)
    report = load(pipeline, zendesk, "tickets")
    assert report.runs["tickets"].status == "incomplete"
    assert "Nothing was marked as deleted" in report.runs["tickets"].reason
    assert len(stored_rows(pipeline, "tickets")) > 20


@pytest.mark.long
def test_a_search_whose_cursor_dies_finds_all_the_same(pipeline: dlt.Pipeline) -> None:
    account = generated(tickets=450)
    with served(account) as zendesk:
        zendesk.close_exports()
        zendesk.latency_seconds = 700
        load(pipeline, zendesk, "tickets")
        stored = {row["id"] for row in stored_rows(pipeline, "tickets")}
        assert stored == {r["id"] for r in account.truth("tickets")} - deleted_ids(account)
        queries = {r.query["query"] for r in zendesk.requests if r.path == SEARCH}
        assert len(queries) > 1


@pytest.mark.long
def test_accounts_that_share_a_dataset_each_have_their_own_lists(pipeline: dlt.Pipeline) -> None:
    accounts = {"acme": generated(1), "globex": generated(2)}
    for _ in range(2):
        for name, account in accounts.items():
            with served(account) as zendesk:
                zendesk.close_exports()
                load(pipeline, zendesk, "organizations", subdomain=name, account_column=True)
            account.delete_organization(account.truth("organizations")[0]["id"])
    stored = stored_rows(pipeline, "organizations")
    assert Counter(row["account"] for row in stored) == {"acme": 4, "globex": 4}
    assert sum("deleted_at" in row for row in stored) == 2


@pytest.mark.long
@pytest.mark.parametrize("custom_fields", ["rows", "json"])
def test_a_deleted_ticket_keeps_its_custom_fields(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline, custom_fields: str
) -> None:
    zendesk.close_exports()
    load(pipeline, zendesk, "tickets", custom_fields=custom_fields)
    ticket = next(row for row in account.truth("tickets") if row["status"] == "open")

    def told() -> Any:
        if custom_fields == "json":
            (row,) = (r for r in stored_rows(pipeline, "tickets") if r["id"] == ticket["id"])
            return row["custom_fields"]
        rows = stored_rows(pipeline, "ticket_custom_fields")
        return sorted(json.dumps(r, default=str) for r in rows if r["ticket_id"] == ticket["id"])

    before = told()
    assert before
    account.delete_ticket(ticket["id"])
    load(pipeline, zendesk, "tickets", custom_fields=custom_fields)
    assert told() == before


@pytest.mark.long
@pytest.mark.parametrize("after", range(14))
def test_a_sync_that_breaks_off_at_any_request_loses_nothing(
    after: int, pipeline: dlt.Pipeline, item_format: str
) -> None:
    account = generated(tickets=330, users=130)
    with served(account) as zendesk:
        zendesk.close_exports()
        limits = SliceLimits(max_pages=2)
        for _ in range(3):
            zendesk.fail_next(Fault.SERVER_ERROR, times=10_000, skip=after)
            source = source_of(zendesk, *NAMES, item_format=item_format)
            sync(pipeline, source, limits=limits)
            zendesk.end_faults()
            a_day(account)
            account.clock.advance(HOUR)
        for _ in range(2):
            assert load(pipeline, zendesk, item_format=item_format).exit_code == 0
        assert_equals_truth(pipeline, account, deleted_ids(account))


def test_of_a_user_who_is_deleted_for_good_nothing_stays(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline, item_format: str
) -> None:
    zendesk.close_exports()
    user = next(row for row in account.truth("users") if row["active"] and row["tags"])
    account.edit_user(user["id"], notes="between us", details="between us")
    load(pipeline, zendesk, "users", item_format=item_format)
    account.delete_user(user["id"], permanently=True)
    load(pipeline, zendesk, "users", item_format=item_format)
    (stored,) = (row for row in stored_rows(pipeline, "users") if row["id"] == user["id"])
    assert stored["permanently_deleted"]
    assert "between us" not in str(stored)
    for side in USERS.side_tables:
        assert all(row["user_id"] != user["id"] for row in stored_rows(pipeline, side.name))


def test_a_start_date_that_is_taken_back_brings_earlier_rows(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    times = sorted(row["updated_at"] for row in account.truth("users"))
    load(pipeline, zendesk, "users", start_date=times[len(times) // 2])
    assert len(stored_rows(pipeline, "users")) < len(times)
    load(pipeline, zendesk, "users")
    assert len(stored_rows(pipeline, "users")) == len(times)


@pytest.mark.parametrize("deleted", ["mark", "remove"])
def test_what_an_agent_is_not_shown_is_not_taken_for_deleted(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline, deleted: str
) -> None:
    settings = {"exports": "lists", "deleted": deleted}
    load(pipeline, zendesk, "organizations", **settings)
    before = stored_rows(pipeline, "organizations")

    def as_agent(request: Request, answer: Answer) -> Answer:
        if request.path.startswith("/api/v2/users/me"):
            return replace(answer, body=answer.body.replace(b'"admin"', b'"agent"'))
        return answer

    zendesk.alter_answers(as_agent)
    for row in account.truth("organizations")[1:]:
        account.stores["organizations"].drop(row["id"])  # as good as hidden
    report = load(pipeline, zendesk, "organizations", **settings)
    assert report.runs["organizations"].status == "incomplete"
    stored = stored_rows(pipeline, "organizations")
    assert {row["id"] for row in stored} == {row["id"] for row in before}
    assert not any("deleted_at" in row for row in stored)
