"""Lists are read whole: what is as it was loaded last must be in the table, row by row."""

from __future__ import annotations

import dlt
import pytest

from tests.reconciling.comparing import compared, named
from tests.support.damage import column, execute
from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.simulator import Account, Simulator

LISTS = ("groups", "macros", "ticket_fields", "tags", "group_memberships")


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=5, tickets=20, users=30, organizations=2)


@pytest.fixture
def loaded(pipeline: dlt.Pipeline, zendesk: Simulator) -> dlt.Pipeline:
    sync(pipeline, source_of(zendesk, *LISTS, "hc_articles"), clock=zendesk.account.clock)
    return pipeline


def test_a_list_is_compared_and_mended(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    assert compared(loaded, zendesk, *LISTS).exit_code == 0
    groups = column(loaded, "select id from groups order by id")
    field = column(loaded, "select min(ticket_field_id) from ticket_field_options")
    execute(loaded, f"delete from groups where id = {groups[0]}")
    execute(loaded, f"update groups set name = 'x' where id = {groups[1]}")
    execute(loaded, "insert into macros (id, _dlt_load_id, _dlt_id) values (1, '1', '1')")
    execute(loaded, f"delete from ticket_field_options where ticket_field_id = {field[0]}")

    report = compared(loaded, zendesk, *LISTS, repair=True)

    assert named(report) == {
        "groups": {"missing": groups[:1], "stale": groups[1:2]},
        "macros": {"extra": [1]},
        "ticket_field_options": {"missing": field},
    }
    assert named(compared(loaded, zendesk, *LISTS)) == {}


def test_a_list_that_has_changed_since_is_left_to_the_next_load(
    loaded: dlt.Pipeline, zendesk: Simulator
) -> None:
    zendesk.account.add_row("groups", name="new")
    execute(loaded, "update groups set name = 'x'")
    report = compared(loaded, zendesk, "groups")
    assert report.streams["groups"].status == "not checked"
    sync(loaded, source_of(zendesk, "groups"), clock=zendesk.account.clock)
    assert compared(loaded, zendesk, "groups").streams["groups"].status == "equal"


def test_what_cannot_be_checked_is_said(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    report = compared(loaded, zendesk, sample=2)
    reasons = {name: one.reason for name, one in report.streams.items()}
    assert "--full" in reasons["group_memberships"]
    assert "no other way" in reasons["hc_articles"]
    assert compared(loaded, zendesk, "group_memberships", full=True).exit_code == 0


def test_a_list_that_is_refused_fails_alone(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    zendesk.refuse("groups")
    report = compared(loaded, zendesk, *LISTS)
    assert report.streams["groups"].status == "failed"
    assert report.streams["macros"].status == "equal"
    assert report.exit_code == 5


def test_every_comparison_is_logged(loaded: dlt.Pipeline, zendesk: Simulator) -> None:
    execute(loaded, "update groups set name = 'x'")
    compared(loaded, zendesk, "groups", "macros")
    found = "select stream || ' ' || status || ' ' || stale from _zendesk_reconcile_log order by 1"
    number = column(loaded, "select count(*) from groups")[0]
    assert column(loaded, found) == [f"groups differs {number}", "macros equal 0"]
