"""Whose turn it is: a load of an account ends after some minutes, and waits for its next turn.

So a few accounts whose first load takes days do not keep hundreds of small ones waiting. Turns of
one account get longer, because a list that cannot be read in one turn begins anew in the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from zendesk_source.api.clock import Stop
from zendesk_source.errors import Bug
from zendesk_source.fleet.accounts_file import Unit
from zendesk_source.fleet.report import AccountLoad

TURN_MINUTES = 10.0
ATTEMPTS = 3
"""How often an account is tried; a sync itself has tried each request several times."""

OnTurn = Callable[[AccountLoad, bool], object]
"""Called with what became of an account so far, and whether it gets another turn."""


class Turn(Protocol):
    """A load that was started: a future of Python or of Dask."""

    def result(self) -> Any:
        """Return what became of it, or raise."""

    def add_done_callback(self, callback: Callable[[Any], object]) -> object:
        """Call a function when it has ended."""


class Workers(Protocol):
    """What runs loads."""

    def slots(self) -> int:
        """Return how many loads run at the same time, now."""

    def start(self, unit: Unit, max_minutes: float) -> Turn:
        """Start a load."""


@dataclass
class _Standing:
    unit: Unit
    turn_minutes: float
    load: AccountLoad | None = None


def in_turns(
    units: Iterable[Unit],
    workers: Workers,
    stop: Stop,
    *,
    turn_minutes: float = TURN_MINUTES,
    on_turn: OnTurn | None = None,
) -> list[AccountLoad]:
    """Load accounts until each is at its end, in turns.

    Args:
        units: The accounts.
        workers: What runs their loads.
        stop: The end of all of it.
        turn_minutes: How long the first turn of an account may take; each later one twice as long.
        on_turn: Called after each turn.

    Returns:
        What became of each account.
    """
    waiting = deque(_Standing(unit, turn_minutes) for unit in units)
    ended: SimpleQueue[tuple[_Standing, Turn]] = SimpleQueue()
    loads: list[AccountLoad] = []
    running = 0
    while waiting or running:
        while waiting and running < max(1, workers.slots()):
            next_one = waiting.popleft()
            if stop.is_over:
                loads.append(next_one.load or _without_a_turn(next_one.unit))
                continue
            _start(next_one, workers, stop, ended)
            running += 1
        if not running:
            break
        standing, turn = ended.get()
        running -= 1
        load = _load_of(standing, turn).after(standing.load)
        standing.load = load
        standing.turn_minutes *= 2
        again = load.attempts < ATTEMPTS if load.may_pass else not load.is_at_end
        again = again and not stop.is_over
        if on_turn is not None:
            on_turn(load, again)
        if again:
            waiting.append(standing)
        else:
            loads.append(load)
    return loads


def _start(
    standing: _Standing,
    workers: Workers,
    stop: Stop,
    ended: SimpleQueue[tuple[_Standing, Turn]],
) -> None:
    minutes = min(standing.turn_minutes, stop.seconds_left / 60)
    turn = workers.start(standing.unit, minutes)
    turn.add_done_callback(lambda done: ended.put((standing, done)))


def _load_of(standing: _Standing, turn: Turn) -> AccountLoad:
    try:
        return AccountLoad(**turn.result())
    except (Exception, CancelledError) as error:  # noqa: BLE001 (a worker died, say)
        return AccountLoad(standing.unit["account"], reason=_why(error), may_pass=True)


def _why(error: BaseException) -> str:
    name = type(error).__name__
    if name == "KilledWorker":
        return "The workers died that loaded it, one after the other: see what their logs say."
    if isinstance(error, ImportError):
        return f"The worker cannot import {error.name}: install zendesk-source there, too."
    return str(Bug(error))


def _without_a_turn(unit: Unit) -> AccountLoad:
    return AccountLoad(
        unit["account"],
        reason="Its turn did not come in the time there was. The next run loads it.",
        is_at_end=False,
    )
