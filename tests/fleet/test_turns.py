"""Whose turn it is, on workers that take simulated minutes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

import pytest

from zendesk_source.api.clock import Stop
from zendesk_source.fleet.report import AccountLoad, AccountsReport, worst_first
from zendesk_source.fleet.turns import WorkersGone, in_turns
from zendesk_source.simulator import SimulatedClock

Load = Callable[[float], AccountLoad]


class Workers:
    """One worker that loads at once; its clock goes on by the minutes that a load takes.

    Args:
        minutes: What loading an account takes, by its name.
        gone_after: After so many turns it cannot be reached any more.
    """

    def __init__(self, minutes: dict[str, float], gone_after: int | None = None) -> None:
        self.clock = SimulatedClock(datetime(2026, 1, 1, tzinfo=timezone.utc))
        self.left = dict(minutes)
        self.turns: list[tuple[str, float]] = []
        self.fails: dict[str, list[Any]] = {}
        self.rooms, self.gone_after = 1, gone_after

    def slots(self) -> int:
        if self.gone_after is not None and len(self.turns) >= self.gone_after:
            raise WorkersGone("The scheduler does not answer any more.", "Start it again.")
        return self.rooms

    def start(self, unit: dict[str, Any], max_minutes: float) -> Future[dict[str, Any]]:
        name = unit["account"]
        self.turns.append((name, max_minutes))
        future: Future[dict[str, Any]] = Future()
        outcomes = self.fails.get(name)
        outcome = outcomes.pop(0) if outcomes else self._loaded(name, max_minutes)
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(asdict(outcome))
        return future

    def _loaded(self, name: str, max_minutes: float) -> AccountLoad:
        minutes = min(self.left[name], max_minutes)
        self.left[name] -= minutes
        self.clock.advance(60 * minutes)
        is_at_end = not self.left[name]
        return AccountLoad(name, 0, "", int(minutes), 1, 60 * minutes, "w", is_at_end=is_at_end)

    def load(self, max_minutes: float = 1e9, **options: Any) -> list[AccountLoad]:
        units = [{"account": name} for name in self.left]
        stop = Stop(self.clock, self.clock.monotonic() + 60 * max_minutes)
        return in_turns(units, self, stop, **options)


def test_a_big_account_goes_on_after_the_small_ones_had_their_turn():
    workers = Workers({"big": 70.0, "small": 3.0, "tiny": 1.0})
    told: list[tuple[str, int, bool]] = []
    loads = workers.load(on_turn=lambda load, again: told.append((load.account, load.rows, again)))
    assert [name for name, _ in workers.turns] == ["big", "small", "tiny", "big", "big"]
    assert [minutes for name, minutes in workers.turns if name == "big"] == [10, 20, 40]
    assert told == [
        ("big", 10, True),
        ("small", 3, False),
        ("tiny", 1, False),
        ("big", 30, True),
        ("big", 70, False),
    ]
    assert {each.account: (each.rows, each.requests, each.attempts) for each in loads} == {
        "small": (3, 1, 1),
        "tiny": (1, 1, 1),
        "big": (70, 3, 1),
    }


def test_the_time_of_all_is_kept_and_who_had_no_turn_is_named():
    workers = Workers({"big": 70.0, "second": 10.0, "third": 1.0})
    loads = {each.account: each for each in workers.load(max_minutes=15)}
    assert workers.turns == [("big", 10), ("second", 5)]
    assert (loads["big"].exit_code, loads["big"].is_at_end, loads["big"].rows) == (0, False, 10)
    assert (loads["second"].exit_code, loads["second"].is_at_end) == (0, False)
    assert loads["third"].exit_code == 1
    assert "Its turn did not come" in loads["third"].reason


def test_what_may_pass_is_tried_three_times_and_the_rest_once():
    workers = Workers({"outage": 1.0, "broken": 1.0, "wrong": 1.0})
    unavailable = AccountLoad("outage", 1, "It does not answer.", may_pass=True)
    workers.fails["outage"] = [unavailable, unavailable]
    workers.fails["broken"] = [RuntimeError("marker of a customer") for _ in range(5)]
    workers.fails["wrong"] = [AccountLoad("wrong", 3, "Zendesk refused.")]
    loads = {each.account: each for each in workers.load()}
    assert (loads["outage"].exit_code, loads["outage"].attempts, loads["outage"].reason) == (
        0,
        3,
        "",
    )
    assert (loads["wrong"].exit_code, loads["wrong"].attempts) == (3, 1)
    assert (loads["broken"].exit_code, loads["broken"].attempts) == (1, 3)
    assert "RuntimeError" in loads["broken"].reason
    assert "marker" not in loads["broken"].reason


def test_what_was_loaded_is_told_after_the_workers_are_gone_and_the_rest_is_named():
    workers = Workers({"big": 70.0, "small": 3.0, "lost": 1.0, "last": 1.0}, gone_after=3)
    workers.fails["lost"] = [CancelledError()]
    loads = {each.account: each for each in workers.load()}
    assert len(workers.turns) == 3
    assert (loads["small"].exit_code, loads["small"].rows, loads["small"].reason) == (0, 3, "")
    assert (loads["big"].exit_code, loads["big"].rows, loads["big"].is_at_end) == (1, 10, False)
    reasons = {
        "big": "It was not at its end yet",
        "lost": "What became of this load is not known",
        "last": "This account had no turn yet",
    }
    for name, reason in reasons.items():
        assert loads[name].exit_code == 1
        assert "The scheduler does not answer any more" in loads[name].reason
        assert reason in loads[name].reason
    assert AccountsReport(list(loads.values()), datetime.now(timezone.utc), 1.0).exit_code == 5


def test_a_load_with_a_note_is_not_at_its_end_either_when_the_workers_are_gone():
    workers = Workers({"big": 70.0}, gone_after=1)
    workers.fails["big"] = [AccountLoad("big", 0, "tickets: a note.", is_at_end=False)]
    [big] = workers.load()
    assert big.exit_code == 1
    assert big.reason.startswith("tickets: a note. The scheduler does not answer any more. It was")


def test_a_load_that_runs_when_the_workers_are_gone_is_not_known():
    class Busy(Workers):
        def slots(self) -> int:
            self.rooms = 3  # one ends at once, the others never
            return super().slots()

        def start(self, unit: dict[str, Any], max_minutes: float) -> Future[dict[str, Any]]:
            if unit["account"] == "quick":
                return super().start(unit, max_minutes)
            self.turns.append((unit["account"], max_minutes))
            return Future()

    workers = Busy({"quick": 1.0, "one": 1.0, "other": 1.0, "last": 1.0}, gone_after=3)
    loads = {each.account: (each.exit_code, each.reason) for each in workers.load()}
    assert loads["quick"] == (0, "")
    assert "is not known" in loads["one"][1]
    assert "is not known" in loads["other"][1]
    assert "had no turn yet" in loads["last"][1]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((0, 0), 0),
        ((0, 3), 5),
        ((5, 5), 5),
        ((1, 5), 5),
        ((3, 3), 3),
        ((1, 3), 1),
        ((2, 2), 2),
        ((2, 1), 1),
    ],
)
def test_the_exit_code_is_that_of_all_or_tells_whether_any_was_loaded(codes, expected):
    loads = [AccountLoad(f"a{number}", code) for number, code in enumerate(codes)]
    report = AccountsReport(loads, datetime.now(timezone.utc), 1.0)
    assert report.exit_code == expected


def test_the_worst_comes_first():
    codes = {"a": 0, "b": 5, "c": 3, "d": 1, "e": 1}
    loads = worst_first(AccountLoad(name, code) for name, code in codes.items())
    assert [each.account for each in loads] == ["d", "e", "c", "b", "a"]
