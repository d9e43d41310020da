"""Where Zendesk refuses its exports, lists fill the same tables."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Literal

import dlt
import pytest

from tests.support.simulated import served, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    TICKET_EVENTS,
    TICKETS,
    USERS,
)
from zendesk_source.errors import ConfigurationError
from zendesk_source.resources.run import SliceLimits
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Account, Answer, Fault, Request, Simulator
from zendesk_source.simulator.edits.people import DELETED_USER_KEYS

STREAMS = (TICKETS, TICKET_EVENTS, USERS, ORGANIZATIONS)
NAMES = tuple(stream.name for stream in STREAMS)
EXPORTS = "/api/v2/incremental/"
SEARCH = "/api/v2/search/export"
HOUR = 3_600
LISTS = {SEARCH, "/api/v2/tickets", "/api/v2/users", "/api/v2/organizations"}
LISTS |= {"/api/v2/ticket_audits", "/api/v2/deleted_tickets", "/api/v2/deleted_users"}
Row = dict[str, Any]


@pytest.fixture
def account() -> Account:
    return generated()


def generated(seed: int = 6, *, tickets: int = 90, users: int = 20) -> Account:
    """Return an account whose lists of deletions are those of its own users and tickets."""
    account = Account.generate(seed=seed, tickets=tickets, users=users, organizations=4)
    for name in ("deleted_tickets", "deleted_users"):
        for row in account.truth(name):
            account.remove_row(name, row["id"])
    for user in account.truth("users"):
        if not user["active"]:
            shown = {key: user[key] for key in DELETED_USER_KEYS}
            account.load_rows("deleted_users", [shown])
    return account


def load(pipeline: dlt.Pipeline, zendesk: Simulator, *names: str, **settings: Any) -> SyncReport:
    """Sync an hour later, so that everything is old enough to be shown."""
    zendesk.account.clock.advance(HOUR)
    zendesk.forget_requests()
    return sync(pipeline, source_of(zendesk, *(names or NAMES), **settings))


def paths(zendesk: Simulator) -> Counter[str]:
    return Counter(request.path.removesuffix(".json") for request in zendesk.requests)


def assert_equals_truth(
    pipeline: dlt.Pipeline, account: Account, never_seen: Collection[int] = ()
) -> None:
    """Compare every table with the account, but for what docs/lists.md says lists do not show.

    Args:
        pipeline: What was loaded.
        account: The account.
        never_seen: Tickets and users that were deleted before they could be read.
    """
    tickets = {row["id"]: row for row in account.truth("tickets")}
    gone = {key for key, row in tickets.items() if row["status"] == "deleted"}
    for stream in STREAMS:
        for table in stream.tables:
            name = table.name
            rows = account.truth(name)
            if stream is TICKETS or stream is TICKET_EVENTS:
                rows = [row for row in rows if _ticket_of(name, row) not in never_seen]
            if stream is USERS:
                rows = [row for row in rows if row.get("user_id") not in never_seen]
            if name == "users":
                rows = [_as_shown(row, never_seen) for row in rows]
            if name == "tickets":
                # The exports alone show it.
                rows = [_without(row, "generated_timestamp") for row in rows]
            if name == "ticket_events":
                stored = {row["id"]: row for row in stored_rows(pipeline, name)}
                for row in rows:
                    if row["ticket_id"] not in gone:
                        for key in ("ticket_id", "timestamp", "updater_id", "system", "event_type"):
                            assert stored[row["id"]][key] == row[key], key
                continue
            but_not = gone if name == "ticket_metrics" or stream is TICKET_EVENTS else ()
            assert_table_equals(pipeline, name, rows, but_not=but_not)


def _as_shown(row: Row, never_seen: Collection[int]) -> Row:
    """Return a user as the list of deleted users shows it, if no other list has shown it."""
    return {key: row[key] for key in DELETED_USER_KEYS} if row["id"] in never_seen else row


def _ticket_of(table: str, row: Row) -> Any:
    return row["id"] if table == "tickets" else row["ticket_id"]


def _without(row: Row, key: str) -> Row:
    return {name: value for name, value in row.items() if name != key}


def deleted(account: Account) -> set[int]:
    """Return the ids of all tickets and users that are deleted."""
    tickets = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    return tickets | {row["id"] for row in account.truth("users") if not row["active"]}


def a_day(account: Account) -> None:
    """All that lists can show: edits, deletions, restored tickets, identities that come and go."""
    tickets = [
        row for row in account.truth("tickets") if row["status"] not in ("deleted", "closed")
    ]
    ids = [row["id"] for row in tickets]
    account.edit_ticket(ids[0], status="pending", tags=["only_this_one"])
    account.edit_ticket(ids[1], tags=[])
    account.comment(ids[2], body="Seen, thank you.")
    account.bulk_edit(ids[3:6], priority="urgent")
    account.create_ticket(subject="Brand new", tags=["new"])
    account.clock.advance(600)
    account.delete_ticket(ids[6])
    account.delete_ticket(ids[7])
    account.restore_ticket(ids[7])
    field = account.add_field("ticket", "text", "Newcomer")
    account.set_custom_field(ids[1], field["id"], "value")
    users = [row for row in account.truth("users") if row["active"]]
    account.edit_user(users[0]["id"], name="Someone else", tags=[])
    identity = account.add_identity(users[1]["id"], type="email", value="second@example.com")
    account.remove_identity(identity["id"])
    account.delete_user(users[-1]["id"])
    account.delete_user(users[-2]["id"], permanently=True)
    account.create_user(name="New here", tags=["x"])
    organizations = account.truth("organizations")
    account.edit_organization(organizations[0]["id"], details="Moved", domain_names=[])
    account.create_organization(name="New there")


@pytest.mark.parametrize("status", [403, pytest.param(404, marks=pytest.mark.long), 410])
def test_lists_fill_the_tables_and_edits_and_deletions_arrive_with_the_second_sync(
    account: Account,
    zendesk: Simulator,
    pipeline: dlt.Pipeline,
    item_format: str,
    status: Literal[403, 404, 410],
) -> None:
    zendesk.close_exports(status)
    before = deleted(account)
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


def test_archived_tickets_come_from_the_search(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    closed = [row["id"] for row in account.truth("tickets") if row["status"] == "closed"]
    assert closed
    account.archive_tickets(closed)
    zendesk.close_exports()
    load(pipeline, zendesk, "tickets")
    stored = {row["id"] for row in stored_rows(pipeline, "tickets")}
    assert stored == {row["id"] for row in account.truth("tickets")} - deleted(account)
    with_metrics = {row["ticket_id"] for row in stored_rows(pipeline, "ticket_metrics")}
    assert with_metrics == stored - set(closed)


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
        rows = [_without(row, "generated_timestamp") for row in alive[stream.name]]
        assert_table_equals(pipeline, stream.name, rows)
        for side in stream.side_tables:
            parents = {row[side.parent_column] for row in stored_rows(pipeline, side.name)}
            assert gone[side.parent_column] not in parents, side.name


def test_lists_that_are_not_ordered_are_read_whole_and_lose_nothing(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    account.sorts_lists = False
    zendesk.close_exports()
    before = deleted(account)
    for happens in (a_day, lambda _: None):
        load(pipeline, zendesk)
        happens(account)
    load(pipeline, zendesk)
    assert_equals_truth(pipeline, account, before)


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


def test_a_refusal_for_one_sync_costs_no_backfill(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    load(pipeline, zendesk)
    before = deleted(account)
    zendesk.close_exports()
    a_day(account)
    report = load(pipeline, zendesk)
    assert SEARCH not in paths(zendesk)
    assert all(run.usage.requests <= 5 for run in report.runs.values())
    stored = {row["id"]: row for row in stored_rows(pipeline, "tickets")}
    for row in account.truth("tickets"):
        if row["id"] not in before:
            assert stored[row["id"]]["status"] == row["status"]
    zendesk.open_exports()
    account.system_update(next(key for key in stored if key not in before))
    load(pipeline, zendesk)
    assert set(paths(zendesk)) >= {f"{EXPORTS}tickets/cursor", f"{EXPORTS}users/cursor"}
    assert "/api/v2/tickets" not in paths(zendesk)
    for table in ("tickets", "ticket_tags", "users", "user_identities", "ticket_field_history"):
        assert_table_equals(pipeline, table, account.truth(table))


def test_exports_that_open_again_begin_a_day_before_the_end_of_the_lists(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    load(pipeline, zendesk)
    account.clock.advance(60 * 86_400)
    changed = next(row for row in account.truth("tickets") if row["status"] == "open")
    account.edit_ticket(changed["id"], priority="urgent")
    load(pipeline, zendesk)
    zendesk.open_exports()
    created = account.create_ticket(subject="Since")
    report = load(pipeline, zendesk)
    asked = {r.path: r.query.get("start_time", "0") for r in zendesk.requests if EXPORTS in r.path}
    edited = account.ticket(changed["id"])["generated_timestamp"]
    assert int(asked[f"{EXPORTS}tickets/cursor.json"]) == edited - 86_400
    assert report.runs["tickets"].rows["tickets"] == 2
    assert {row["id"] for row in stored_rows(pipeline, "tickets")} >= {created["id"]}
    # And once more: it goes on from its own position.
    report = load(pipeline, zendesk)
    assert report.runs["tickets"].rows.get("tickets", 0) == 0
    assert "/api/v2/tickets" not in paths(zendesk)


def test_exports_that_were_never_read_do_not_hold_the_lists_back(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    """The place that an export is lent is taken back when it is refused again."""
    zendesk.close_exports()
    for _ in range(3):
        load(pipeline, zendesk)
        account.clock.advance(30 * 86_400)
    state = pipeline.state["sources"]["zendesk"]["resources"]["tickets"]
    assert not state.get("positions")
    assert SEARCH not in paths(zendesk)


def test_tags_that_went_while_lists_were_read_are_gone_when_the_export_is_back(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    load(pipeline, zendesk)
    account.clock.advance(3 * 86_400)
    ticket = next(row for row in account.truth("tickets") if row["status"] == "open")
    account.edit_ticket(ticket["id"], tags=["a", "b"])
    load(pipeline, zendesk)
    account.clock.advance(HOUR)
    account.system_update(ticket["id"], tags=[])
    account.clock.advance(3 * 86_400)
    zendesk.open_exports()
    load(pipeline, zendesk)
    tagged = {row["ticket_id"] for row in stored_rows(pipeline, "ticket_tags")}
    assert ticket["id"] not in tagged


def test_with_incremental_nothing_but_the_exports_is_asked(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    report = load(pipeline, zendesk, exports="incremental")
    assert report.exit_code == 1
    assert {run.status for run in report.runs.values()} == {"skipped"}
    assert not LISTS & set(paths(zendesk))


def test_with_lists_no_export_is_asked(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    before = deleted(account)
    report = load(pipeline, zendesk, exports="lists")
    assert report.exit_code == 0
    assert not any(path.startswith(EXPORTS) for path in paths(zendesk))
    assert_equals_truth(pipeline, account, before)
    with pytest.raises(ConfigurationError, match="Leave end_date out"):
        load(pipeline, zendesk, "tickets", exports="lists", end_date="2026-01-01")


def test_who_is_no_admin_is_skipped_as_ever(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    def as_agent(request: Request, answer: Answer) -> Answer:
        if not request.path.startswith("/api/v2/users/me"):
            return answer
        return replace(answer, body=answer.body.replace(b'"admin"', b'"agent"'))

    zendesk.alter_answers(as_agent)
    zendesk.close_exports()
    report = load(pipeline, zendesk)
    assert {run.status for run in report.runs.values()} == {"skipped"}
    assert "/api/v2/tickets" not in paths(zendesk)


def test_where_lists_are_refused_too_the_export_is_named(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.refuse("tickets")
    report = load(pipeline, zendesk, "tickets", "users")
    assert report.runs["tickets"].status == "skipped"
    assert EXPORTS in report.runs["tickets"].reason
    assert report.runs["users"].status == "ok"


def test_a_refused_list_of_deletions_is_named_and_the_rest_is_read(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    zendesk.refuse("deleted_tickets")
    report = load(pipeline, zendesk, "tickets")
    assert report.runs["tickets"].status == "incomplete"
    assert "Nothing was marked as deleted" in report.runs["tickets"].reason
    assert len(stored_rows(pipeline, "tickets")) > 20


def test_a_search_whose_cursor_dies_finds_all_the_same(pipeline: dlt.Pipeline) -> None:
    account = generated(tickets=450)
    with served(account) as zendesk:
        zendesk.close_exports()
        zendesk.latency_seconds = 700
        load(pipeline, zendesk, "tickets")
        stored = {row["id"] for row in stored_rows(pipeline, "tickets")}
        assert stored == {r["id"] for r in account.truth("tickets")} - deleted(account)
        queries = {r.query["query"] for r in zendesk.requests if r.path == SEARCH}
        assert len(queries) > 1


def test_a_plain_run_reads_lists_too_and_says_so(
    account: Account,
    zendesk: Simulator,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    zendesk.close_exports()
    before = deleted(account)
    with caplog.at_level(logging.WARNING, "zendesk_source"):
        pipeline.run(source_of(zendesk, *NAMES))
    assert sum("read from lists" in record.getMessage() for record in caplog.records) == 4
    a_day(account)
    account.clock.advance(HOUR)
    pipeline.run(source_of(zendesk, *NAMES))
    assert_equals_truth(pipeline, account, before)


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
    before = deleted(account)
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
        assert_equals_truth(pipeline, account, before)
