"""The proof, on an account that is edited all the while: all damage is named, and nothing else."""

from __future__ import annotations

import dlt
import pytest

from tests.reconciling.comparing import compared, named
from tests.reconciling.proving import BusyAgents, loaded_and_damaged
from tests.support.damage import column, execute
from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.simulator import Account, Simulator

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

TICKETS = 1_500
SAMPLE = 75
"""One row in 20, as 1,000 are of 20,000."""


@pytest.fixture
def account() -> Account:
    account = Account.generate(seed=11, tickets=TICKETS, users=120, organizations=12)
    account.clock.advance(3_600)
    return account


def test_full_names_all_damage_and_repair_mends_it(
    pipeline: dlt.Pipeline, zendesk: Simulator
) -> None:
    damage = loaded_and_damaged(pipeline, zendesk, deleted=40, older=40, comments=20, tags=10)
    lacking = column(pipeline, "select max(id) - count(*) from tickets")[0]
    agents = BusyAgents(zendesk.account, damage.tickets)
    zendesk.before_answer(agents)

    found = compared(pipeline, zendesk, full=True, repair=True)
    assert named(found) == damage.as_named()
    assert agents.edits > 20
    assert found.streams["tickets"].changed > 0
    assert found.streams["tickets"].requests <= lacking / 100 + TICKETS / 100 + 20

    again = compared(pipeline, zendesk, full=True)
    assert (again.exit_code, named(again)) == (0, {})


def test_the_bound_of_a_sample_is_right_in_95_of_100_seeds(
    pipeline: dlt.Pipeline, zendesk: Simulator
) -> None:
    sync(pipeline, source_of(zendesk, "tickets"), clock=zendesk.account.clock)
    live = column(pipeline, "select id from tickets where not is_deleted order by id")
    wrong = live[3::38][:40]
    execute(pipeline, f"update tickets set subject = 'x' where id in ({str(wrong)[1:-1]})")
    zendesk.account.clock.advance(3_600)
    right = found = 0
    for seed in range(100):
        report = compared(pipeline, zendesk, sample=SAMPLE, seed=seed)
        table = report.streams["tickets"].tables[0]
        assert set(table.stale) <= set(wrong)
        assert table.checked == SAMPLE
        assert table.bound is not None
        right += table.bound * len(live) >= len(wrong)
        found += len(table.stale)
    assert right >= 95
    assert found == pytest.approx(100 * SAMPLE * len(wrong) / len(live), rel=0.3)


def test_a_good_account_raises_no_alarm_with_any_seed(
    pipeline: dlt.Pipeline, zendesk: Simulator
) -> None:
    streams = ("tickets", "ticket_events", "users")
    sync(pipeline, source_of(zendesk, *streams), clock=zendesk.account.clock)
    zendesk.before_answer(BusyAgents(zendesk.account, set()))
    for seed in range(50):
        report = compared(pipeline, zendesk, "tickets", "users", sample=SAMPLE, seed=seed)
        assert (report.exit_code, named(report)) == (0, {}), f"seed {seed}"
        if seed % 20 == 19:
            sync(pipeline, source_of(zendesk, *streams), clock=zendesk.account.clock)
