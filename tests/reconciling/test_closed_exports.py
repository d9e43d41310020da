"""Where exports are closed, tables that were read from lists are compared all the same."""

from __future__ import annotations

import dlt
import pytest

from tests.reconciling.comparing import EXPORTS, compared, named
from tests.support.damage import column, execute
from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.simulator import Account, Simulator


@pytest.fixture
def account() -> Account:
    account = Account.generate(seed=3, tickets=60, users=30, organizations=6)
    account.clock.advance(7_200)
    return account


@pytest.fixture
def loaded(pipeline: dlt.Pipeline, zendesk: Simulator) -> dlt.Pipeline:
    zendesk.close_exports()
    sync(pipeline, source_of(zendesk, *EXPORTS), clock=zendesk.account.clock)
    zendesk.account.clock.advance(3_600)
    sync(pipeline, source_of(zendesk, *EXPORTS), clock=zendesk.account.clock)
    zendesk.account.clock.advance(3_600)
    return pipeline


def test_damage_is_named_and_mended(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    assert named(compared(loaded, zendesk, full=True)) == {}
    tickets = column(loaded, "select id from tickets where not is_deleted order by id")
    users = column(loaded, "select id from users where active order by id")
    execute(loaded, f"delete from tickets where id = {tickets[3]}")
    execute(loaded, f"update users set notes = 'x' where id = {users[3]}")
    report = compared(loaded, zendesk, full=True, repair=True)
    assert named(report) == {"tickets": {"missing": [tickets[3]]}, "users": {"stale": [users[3]]}}
    assert named(compared(loaded, zendesk, full=True)) == {}


def test_only_changes_that_lists_never_show_count_as_damage(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    account = zendesk.account
    ids = [ticket["id"] for ticket in account.truth("tickets") if ticket["status"] == "open"]
    users = [user["id"] for user in account.truth("users") if user.get("active", True)]
    account.edit_ticket(ids[0], subject="later")
    account.delete_ticket(ids[1])
    account.comment(ids[2])
    account.delete_user(users[-1])
    account.delete_organization(account.truth("organizations")[0]["id"])
    account.clock.advance(600)
    assert named(compared(loaded, zendesk, full=True)) == {}
    account.system_update(ids[3])
    report = compared(loaded, zendesk, full=True)
    assert named(report) == {"tickets": {"stale": [ids[3]]}}
    assert "cannot be told apart" in report.streams["tickets"].notes[0]
