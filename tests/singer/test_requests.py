"""The tap asks Zendesk for exactly what the dlt side asks for, in a first run and in a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.edits import edit, eventful_day
from tests.support.simulated import EVERY_STREAM, duckdb_pipeline, served, source_of
from tests.support.singer import open_second_help_center, run_tap, selected
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.tables import STREAM_OF

Run = Callable[[Account, Simulator], None]


def asked(zendesk: Simulator) -> Counter[str]:
    """Return what was asked for, each path with its query; the port is another one every time."""
    return Counter(
        f"{r.address.rpartition(':')[0]} {r.path} {sorted(r.query.items())}"
        for r in zendesk.requests
    )


def asked_by(run: Run, edit_account: Callable[[Account], None]) -> Iterator[Counter[str]]:
    """Yield what a first run asks for, and a second one after edits."""
    account = Account.generate(seed=6, tickets=300, users=40, organizations=6)
    with served(account) as zendesk:
        open_second_help_center(account, zendesk)
        for is_second in (False, True):
            if is_second:
                edit_account(account)
            zendesk.forget_requests()
            run(account, zendesk)
            yield asked(zendesk)


def runs_of_the_tap(folder: Path, tables: list[str] | None) -> Run:
    kept: dict[str, Any] = {}

    def run(account: Account, zendesk: Simulator) -> None:
        # An object that is new is selected once it was discovered.
        objects = [f"custom_object_{row['key']}" for row in account.truth("custom_objects")]
        catalog = None if tables is None else selected(*tables, *objects)
        ended = run_tap(folder, zendesk, state=kept.get("state"), catalog=catalog)
        assert ended.exit_code == 0, ended.told
        kept["state"] = ended.target.state

    return run


def runs_of_dlt(*streams: str) -> Run:
    pipeline = duckdb_pipeline()

    def run(account: Account, zendesk: Simulator) -> None:
        sync(pipeline, source_of(zendesk, *streams), clock=account.clock)

    return run


def a_day_of_edits(account: Account) -> None:
    eventful_day(account)
    for stream in STREAMS:
        if stream.name != "brands":
            edit(account, stream)
    account.clock.advance(3_600)


def test_the_core_is_asked_for_as_by_the_dlt_side(tmp_path: Path) -> None:
    by_tap = list(asked_by(runs_of_the_tap(tmp_path, None), eventful_day))
    assert by_tap == list(asked_by(runs_of_dlt(), eventful_day))


@pytest.mark.long
def test_every_stream_is_asked_for_as_by_the_dlt_side(tmp_path: Path) -> None:
    by_tap = list(asked_by(runs_of_the_tap(tmp_path, list(STREAM_OF)), a_day_of_edits))
    by_dlt = list(asked_by(runs_of_dlt(*EVERY_STREAM), a_day_of_edits))
    assert by_tap[0] == by_dlt[0]
    assert by_tap[1] == by_dlt[1]
    assert by_tap[1].total() < by_tap[0].total()
