"""State files that the releases of other connectors have written, over the simulated account.

``recorded_states`` holds them as they were written, without paths of the machine and what a field
is called. Each connector ran once, unchanged, in an environment of its own; requests for its
account's address were sent to the simulator, over the account of ``stood``:

* ``tap_zendesk_2.8.2.json``: tap-zendesk 2.8.2 from PyPI, its last STATE line, of 12 streams. Its
  check of access by a search, which the simulator does not have, was answered as empty.
* ``airbyte_source_zendesk_support_4.9.1.json``: airbyte-source-zendesk-support 4.9.1 from PyPI
  (airbyte-cdk 6.61.6), the last STATE of each of 12 streams. Ticket metrics, whose list the
  simulator does not have, failed there; articles were left out: that walk does not end where the
  export shows its last second again.
* ``verified_source_with_dlt.json``: dlt's verified source at 3957506 with dlt 1.18.0, the
  ``state.json`` of its pipeline, killed in the calls, whose walk does not end, either.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.singer import run_tap, selected
from tests.support.take_over import assert_nothing_is_lost, edit
from zendesk_source.command_line import main
from zendesk_source.simulator import Account, Simulator
from zendesk_source.times import epoch_of

FOLDER = Path(__file__).with_name("recorded_states")
RECORDED = {
    "singer": ("tap_zendesk_2.8.2.json", "2026-11-29T00:38:53Z"),
    "airbyte": ("airbyte_source_zendesk_support_4.9.1.json", "2026-11-29T00:44:24Z"),
    "dlt": ("verified_source_with_dlt.json", "2026-11-29T00:46:04Z"),
}
GOES_ON = {
    "singer": ["tickets", "users", "organizations", "satisfaction_ratings", "ticket_metric_events"],
    "airbyte": ["tickets", "users", "organizations", "satisfaction_ratings", "ticket_events"],
    "dlt": ["ticket_events", "ticket_metric_events"],
}
TAKEN_UP = 2 * 60
"""Seconds for which the connector was started after the last edit, so that exports show it."""


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=300, users=40, organizations=6)


def stood(account: Account, connector: str) -> Any:
    """Bring the account to where the connector has read it; the state that it wrote then."""
    name, moment = RECORDED[connector]
    account.clock.advance((epoch_of(moment) or 0) - int(account.clock.now().timestamp()))
    account.create_ticket(subject="Just now")
    account.edit_organization(account.truth("organizations")[0]["id"], details="Just now")
    account.edit_user(account.truth("users")[0]["id"], name="Just now")
    account.clock.advance(TAKEN_UP)
    return json.loads((FOLDER / name).read_bytes())


@pytest.mark.parametrize("connector", RECORDED)
def test_a_recorded_state_is_taken_over_by_a_load_without_loss(
    account: Account, zendesk: Simulator, tmp_path: Path, capsys: Any, connector: str
) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps(stood(account, connector)))
    streams = GOES_ON[connector]
    old = {name: [dict(row) for row in account.truth(name)] for name in streams}
    edit(account)
    zendesk.forget_requests()
    arguments = ["load", "--streams", ",".join([*streams, "groups"])]
    assert main([*arguments, "--take-over", str(state), "--from", connector]) == 0
    told = capsys.readouterr().out
    assert all(f"{name} " in told for name in streams)
    assert_nothing_is_lost(old, account, streams)
    starts = [r.query["start_time"] for r in zendesk.requests if "start_time" in r.query]
    assert starts
    assert "0" not in starts  # each goes on where the other stood


@pytest.mark.parametrize("connector", ["singer", "airbyte"])
def test_a_recorded_state_is_taken_over_by_the_tap_without_loss(
    account: Account, zendesk: Simulator, tmp_path: Path, connector: str
) -> None:
    state, streams = stood(account, connector), GOES_ON[connector]
    before = run_tap(tmp_path, zendesk, catalog=selected(*streams)).target
    edit(account)
    zendesk.forget_requests()
    ended = run_tap(tmp_path, zendesk, state=state, catalog=selected(*streams))
    assert ended.exit_code == 0, ended.told
    assert all(f"{name} goes on from" in ended.told for name in streams)
    starts = [r.query["start_time"] for r in zendesk.requests if "start_time" in r.query]
    assert "0" not in starts
    before.take(ended.lines).assert_equals(account, streams)
