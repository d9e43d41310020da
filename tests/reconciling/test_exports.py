"""Rows of exports that are missing, stale or too many are named, and mended; others are not."""

from __future__ import annotations

import dlt
import pytest

from tests.reconciling.comparing import EXPORTS, compared, named
from tests.support.damage import among, column, execute
from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.simulator import Account, Simulator


@pytest.fixture
def account() -> Account:
    account = Account.generate(seed=3, tickets=120, users=40, organizations=6)
    account.clock.advance(3_600)
    return account


@pytest.fixture
def loaded(pipeline: dlt.Pipeline, zendesk: Simulator) -> dlt.Pipeline:
    sync(pipeline, source_of(zendesk, *EXPORTS), clock=zendesk.account.clock)
    return pipeline


def open_tickets(account: Account) -> list[int]:
    return [t["id"] for t in account.truth("tickets") if t["status"] in ("open", "pending")]


def test_nothing_is_named_where_nothing_differs(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    for full in (False, True):
        report = compared(loaded, zendesk, full=full, sample=20)
        assert (report.exit_code, named(report)) == (0, {})
        assert [one.notes for one in report.streams.values() if one.notes] == []
    checked = {table.table: table.checked for table in report.streams["tickets"].tables}
    live = column(loaded, "select count(*) from tickets where not is_deleted")[0]
    assert checked == dict.fromkeys(checked, live)
    assert len(checked) == 6


def test_whatever_is_damaged_is_named_and_nothing_else(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    tickets = column(loaded, "select id from tickets where not is_deleted order by id")
    gone, older = [tickets[0], tickets[50], tickets[-1]], tickets[10:13]
    execute(loaded, f"delete from tickets where id in {among(gone)}")
    execute(loaded, f"update tickets set subject = 'older' where id in {among(older)}")
    execute(
        loaded,
        "update tickets set via = json_object('channel', 'none') where id = " + str(tickets[20]),
    )
    tag = f"select min(tag) from ticket_tags where ticket_id = {tickets[30]}"
    execute(loaded, f"delete from ticket_tags where ticket_id = {tickets[30]} and tag = ({tag})")
    execute(loaded, f"update ticket_metrics set reopens = 99 where ticket_id = {tickets[31]}")
    comment = f"select min(id) from ticket_comments where ticket_id = {tickets[32]}"
    execute(loaded, f"delete from ticket_comments where id = ({comment})")
    users = column(loaded, "select id from users where active order by id")
    execute(loaded, f"delete from users where id = {users[5]}")
    execute(loaded, f"update users set name = 'x' where id = {users[6]}")

    report = compared(loaded, zendesk, full=True)

    assert named(report) == {
        "tickets": {"missing": gone, "stale": [*older, tickets[20]]},
        "ticket_tags": {"missing": [tickets[30]]},
        "ticket_metrics": {"stale": [tickets[31]]},
        "ticket_comments": {"missing": [tickets[32]]},
        "users": {"missing": [users[5]], "stale": [users[6]]},
    }
    assert report.exit_code == 6
    assert report.streams["tickets"].tables[0].columns == {"subject": 3, "via": 1}
    assert report.streams["organizations"].status == "equal"


def test_a_repair_mends_what_is_named(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    before = column(loaded, "select * from tickets order by id")
    tickets = column(loaded, "select id from tickets where not is_deleted order by id")
    times = "select generated_timestamp from tickets where id = " + str(tickets[8])
    generated = column(loaded, times)
    execute(loaded, f"delete from tickets where id in {among(tickets[3:6])}")
    execute(loaded, f"update tickets set subject = 'x', tags = null where id = {tickets[8]}")
    execute(loaded, f"delete from ticket_tags where ticket_id in {among(tickets[10:14])}")
    execute(loaded, f"delete from ticket_comments where ticket_id in {among(tickets[20:22])}")
    execute(loaded, "update users set name = 'x'")
    positions = loaded.state["sources"]["zendesk"]["resources"]

    first = compared(loaded, zendesk, full=True, repair=True)
    second = compared(loaded, zendesk, full=True)

    assert first.exit_code == 6
    assert first.streams["tickets"].repaired >= 4
    assert (second.exit_code, named(second)) == (0, {})
    assert column(loaded, "select * from tickets order by id") == before
    assert column(loaded, times) == generated
    assert loaded.state["sources"]["zendesk"]["resources"] == positions
    zendesk.forget_requests()
    sync(loaded, source_of(zendesk, *EXPORTS), clock=zendesk.account.clock)
    assert named(compared(loaded, zendesk, full=True)) == {}


def test_what_is_changed_after_the_sync_does_not_count(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    account, clock = zendesk.account, zendesk.account.clock
    ids = open_tickets(account)
    clock.advance(600)
    account.edit_ticket(ids[0], subject="later")
    account.system_update(ids[1])
    account.delete_ticket(ids[2])
    account.comment(ids[3])
    account.create_ticket(subject="new")
    clock.advance(5)
    account.system_update(ids[4])  # which its export does not show yet

    report = compared(loaded, zendesk, full=True)

    assert (report.exit_code, named(report)) == (0, {})
    assert report.streams["tickets"].changed == 6
    again = compared(loaded, zendesk, full=True, sample=10)
    assert named(again) == {}


def test_what_is_damaged_is_found_beside_what_is_changed(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    account, clock = zendesk.account, zendesk.account.clock
    ids = open_tickets(account)
    execute(loaded, f"delete from tickets where id = {ids[5]}")
    execute(loaded, f"update tickets set subject = 'x' where id = {ids[6]}")
    execute(loaded, f"delete from ticket_comments where ticket_id = {ids[7]}")
    lost = ids[4]
    comment = f"select min(id) from ticket_comments where ticket_id = {lost}"
    execute(loaded, f"delete from ticket_comments where id = ({comment})")

    def busy(_request: object) -> None:
        clock.advance(3)
        account.edit_ticket(ids[0], subject=f"at {clock.now()}")
        account.system_update(ids[1])
        account.comment(lost)

    clock.advance(600)
    zendesk.before_answer(busy)
    report = compared(loaded, zendesk, full=True)
    found = named(report)
    assert found["tickets"] == {"missing": [ids[5]], "stale": [ids[6]]}
    assert ids[7] in found["ticket_comments"]["missing"]
    assert set(found) == {"tickets", "ticket_comments"}


@pytest.mark.parametrize("shows_deleted", [False, True])
def test_rows_that_zendesk_has_no_more_are_marked(
    loaded: dlt.Pipeline, zendesk: Simulator, *, shows_deleted: bool
) -> None:
    zendesk.account.shows_deleted_by_id = shows_deleted
    deleted = column(loaded, "select id from tickets where is_deleted order by id")[:2]
    former = column(loaded, "select id from users where not active order by id")[:1]
    execute(
        loaded,
        f"update tickets set is_deleted = false, status = 'open' where id in {among(deleted)}",
    )
    execute(loaded, f"update users set active = true where id in {among(former)}")

    report = compared(loaded, zendesk, full=True, repair=True)

    assert named(report) == {"tickets": {"extra": deleted}, "users": {"extra": former}}
    assert named(compared(loaded, zendesk, full=True)) == {}
    status = f"select distinct status from tickets where id in {among(deleted)}"
    assert column(loaded, status) == ["deleted"]


def test_archived_rows_that_are_hidden_among_others_are_no_difference(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    closed = [t["id"] for t in zendesk.account.truth("tickets") if t["status"] == "closed"][:20]
    zendesk.account.archived_ticket_ids.update(closed)
    report = compared(loaded, zendesk, full=True)
    assert (report.exit_code, named(report)) == (0, {})
    (note,) = report.streams["tickets"].notes
    assert note.startswith("20 rows are not shown among others: they are archived")
    live = column(loaded, "select count(*) from tickets where not is_deleted")[0]
    assert report.streams["tickets"].tables[0].checked == live - 20


def test_a_sample_finds_by_the_count_that_users_are_missing(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    account = zendesk.account
    users = column(loaded, "select id from users where active order by id desc")
    account.clock.advance(600)
    account.delete_user(users[0])
    account.create_user(name="new")
    assert compared(loaded, zendesk, "users", sample=5).exit_code == 0
    execute(loaded, f"delete from users where id in {among(users[5:9])}")
    report = compared(loaded, zendesk, "users", sample=5)
    assert report.exit_code == 6
    # Two users were changed after the sync: by so many the counts may differ.
    assert report.streams["users"].unnamed == 2
    assert report.streams["users"].notes[0].startswith("Zendesk counts 2 rows more")
    assert compared(loaded, zendesk, "users", sample=5, ignore=["users"]).exit_code == 0


def test_a_table_that_is_gone_and_one_that_never_was_are_told(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    execute(loaded, "drop table organizations")
    report = compared(loaded, zendesk, "users", "organizations", "macros", sample=5)
    found = {name: (one.status, one.reason) for name, one in report.streams.items()}
    assert found == {
        "users": ("equal", ""),
        "organizations": (
            "failed",
            "a table that was loaded before is no longer at the destination.",
        ),
        "macros": ("not checked", "no row of it was loaded."),
    }
    assert report.exit_code == 5


def test_a_sync_goes_on_from_where_it_stood_before_a_repair(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    account = zendesk.account
    ids = open_tickets(account)
    account.clock.advance(600)
    account.edit_ticket(ids[0], subject="later")
    account.delete_ticket(ids[1])
    account.clock.advance(600)
    execute(loaded, f"delete from tickets where id in {among(ids[:4])}")
    compared(loaded, zendesk, full=True, repair=True)
    sync(loaded, source_of(zendesk, *EXPORTS), clock=account.clock)
    assert named(compared(loaded, zendesk, full=True)) == {}
    found = f"select subject || status from tickets where id in {among(ids[:2])} order by id"
    truth = {ticket["id"]: ticket for ticket in account.truth("tickets")}
    shown = [truth[each]["subject"] + truth[each]["status"] for each in sorted(ids[:2])]
    assert column(loaded, found) == shown
