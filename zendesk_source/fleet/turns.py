"""Whose turn it is: a load of an account ends after some minutes, and waits for its next turn.

So a few accounts whose first load takes days do not keep hundreds of small ones waiting. Turns of
one account get longer, because a list that cannot be read in one turn begins anew in the next.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any, Protocol

from zendesk_source.api.clock import Stop
from zendesk_source.errors import Bug, ZendeskError
from zendesk_source.fleet.accounts_file import Unit
from zendesk_source.fleet.report import AccountLoad

log = logging.getLogger("zendesk_source")

TURN_MINUTES = 10.0
ATTEMPTS = 3
"""How often an account is tried; a sync itself has tried each request several times."""

_GONE = "The scheduler does not answer any more."

OnTurn = Callable[[AccountLoad, bool], object]
"""Called with what became of an account so far, and whether it gets another turn."""


class WorkersGone(ZendeskError):
    """Nobody can be asked any more what becomes of loads, or for another one."""


class Turn(Protocol):
    """A load that was started: a future of Python or of Dask."""

    def result(self) -> Any:
        """Return what became of it, or raise."""

    def add_done_callback(self, callback: Callable[[Any], object]) -> object:
        """Call a function when it has ended."""


class Workers(Protocol):
    """What runs loads."""

    def slots(self) -> int:
        """Return how many loads run at the same time, now.

        Raises:
            WorkersGone: They cannot be reached any more.
        """

    def start(self, unit: Unit, max_minutes: float) -> Turn:
        """Start a load.

        Raises:
            WorkersGone: They cannot be reached any more.
        """


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
        What became of each account. If the workers cannot be reached any more, those of which that
        is not known have a reason that says so.
    """
    waiting = deque(_Standing(unit, turn_minutes) for unit in units)
    running: dict[str, _Standing] = {}
    ended: SimpleQueue[tuple[_Standing, Turn]] = SimpleQueue()
    loads: list[AccountLoad] = []
    while waiting or running:
        if stop.is_over:
            loads += [each.load or _without_a_turn(each.unit) for each in waiting]
            waiting.clear()
        try:
            _start_some(waiting, running, ended, workers, stop)
        except WorkersGone as gone:
            log.debug("what becomes of %s is not known", [*running], exc_info=gone)
            return loads + _as_they_stand(waiting, running, ended)
        if not running:
            break
        standing, turn = ended.get()
        del running[standing.unit["account"]]
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


def _start_some(
    waiting: deque[_Standing],
    running: dict[str, _Standing],
    ended: SimpleQueue[tuple[_Standing, Turn]],
    workers: Workers,
    stop: Stop,
) -> None:
    """Start as many loads as there is room for."""
    while waiting and len(running) < max(1, workers.slots()):
        _start(waiting[0], workers, stop, ended)
        standing = waiting.popleft()
        running[standing.unit["account"]] = standing


def _start(
    standing: _Standing,
    workers: Workers,
    stop: Stop,
    ended: SimpleQueue[tuple[_Standing, Turn]],
) -> None:
    minutes = min(standing.turn_minutes, stop.seconds_left / 60)
    turn = workers.start(standing.unit, minutes)
    turn.add_done_callback(lambda done: ended.put((standing, done)))


def _as_they_stand(
    waiting: deque[_Standing],
    running: dict[str, _Standing],
    ended: SimpleQueue[tuple[_Standing, Turn]],
) -> list[AccountLoad]:
    """Return what is known of accounts, now that nobody can be asked any more."""
    while not ended.empty():
        standing, turn = ended.get()
        standing.load = _load_of(standing, turn).after(standing.load)
        waiting.append(running.pop(standing.unit["account"]))
    loads = [_not_known(each.unit).after(each.load) for each in running.values()]
    return loads + [_as_it_stands(each) for each in waiting]


def _load_of(standing: _Standing, turn: Turn) -> AccountLoad:
    try:
        return AccountLoad(**turn.result())
    except (CancelledError, OSError):  # of Dask, where the scheduler went away
        return _not_known(standing.unit)
    except Exception as error:  # noqa: BLE001 (a worker died, say)
        return AccountLoad(standing.unit["account"], reason=_why(error), may_pass=True)


def _why(error: BaseException) -> str:
    name = type(error).__name__
    if name == "KilledWorker":
        return "The workers died that loaded it, one after the other: see what their logs say."
    if isinstance(error, ImportError):
        return f"The worker cannot import {error.name}: install zendesk-source there, too."
    return str(Bug(error))


def _not_known(unit: Unit) -> AccountLoad:
    return AccountLoad(
        unit["account"],
        reason=f"{_GONE} What became of this load is not known: what it wrote is complete, and if"
        " its worker lives, it ends with its turn. The next run goes on.",
        is_at_end=False,
        may_pass=True,
    )


def _as_it_stands(standing: _Standing) -> AccountLoad:
    if standing.load is None:
        reason = f"{_GONE} This account had no turn yet. The next run loads it."
        return AccountLoad(standing.unit["account"], reason=reason, is_at_end=False)
    if standing.load.is_at_end or standing.load.exit_code:
        return standing.load
    reason = f"{standing.load.reason} {_GONE} It was not at its end yet. The next run goes on."
    return replace(standing.load, exit_code=1, reason=reason.lstrip())


def _without_a_turn(unit: Unit) -> AccountLoad:
    return AccountLoad(
        unit["account"],
        reason="Its turn did not come in the time there was. The next run loads it.",
        is_at_end=False,
    )
