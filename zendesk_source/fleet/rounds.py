"""Many accounts that are loaded again and again: a thread each, of which a few load at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dlt.common.pipeline import get_dlt_pipelines_dir

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Clock, Stop, Stopped, SyncClock, SystemClock
from zendesk_source.continuous.rounds import Round, keep_syncing
from zendesk_source.continuous.timetable import (
    EVERY_SECONDS,
    LISTS_EVERY_SECONDS,
    LONGEST_PAUSE_SECONDS,
)
from zendesk_source.destination.failures import explained
from zendesk_source.destination.working_folder import heal
from zendesk_source.errors import Bug, ConfigurationError, ZendeskError
from zendesk_source.fleet.accounts_file import Unit, place_of, read_accounts
from zendesk_source.fleet.load import THREADS
from zendesk_source.fleet.turns import TURN_MINUTES
from zendesk_source.fleet.unit import source_of
from zendesk_source.runs.dlt_process import dlt_set_up
from zendesk_source.runs.one_at_a_time import only_sync_in

log = logging.getLogger("zendesk_source")

OnAccountRuns = Callable[[str, dict[str, StreamRun]], object]
OnAccountRound = Callable[[str, Round], object]


def keep_accounts(
    file: str | Path,
    *,
    only: Iterable[str] = (),
    threads: int = THREADS,
    every_seconds: float = EVERY_SECONDS,
    lists_every_seconds: float = LISTS_EVERY_SECONDS,
    turn_minutes: float = TURN_MINUTES,
    stop: threading.Event | None = None,
    on_start: OnAccountRuns | None = None,
    on_slice: OnAccountRuns | None = None,
    on_round: OnAccountRound | None = None,
    clock: Clock | None = None,
) -> None:
    """Bring all accounts of a file up to now again and again, each as ``keep_syncing`` does.

    Nothing that is wrong with one account ends another, or all: it is told, and tried again.

    Args:
        file: The accounts, as of ``load_accounts``.
        only: Names of the accounts to load; all when left out.
        threads: How many accounts are loaded at the same time.
        every_seconds: From the beginning of an account's round to that of its next one.
        lists_every_seconds: The same for streams that are read whole.
        turn_minutes: How long a round may read, so that a first load of days leaves some room.
        stop: Set to end it.
        on_start: Called with the account and its streams before a round, from a thread.
        on_slice: The same after each load package.
        on_round: The same after each round, with what came of it.
        clock: Time and the way to wait, for tests.

    Raises:
        ConfigurationError: The file is wrong.
    """
    if threads < 1:
        raise ConfigurationError("--threads must be 1 or more.", "Leave it out.")
    units = read_accounts(file, only)
    clock, stop = clock or SystemClock(), stop or threading.Event()
    settings: dict[str, Any] = {
        "every_seconds": every_seconds,
        "lists_every_seconds": lists_every_seconds,
        "round_minutes": turn_minutes,
        "turns": threading.Semaphore(threads),
        "stop": stop,
        "clock": clock,
    }

    def told(
        name: str, call: Callable[[str, Any], object] | None
    ) -> Callable[[Any], object] | None:
        return None if call is None else lambda what: call(name, what)

    def keep(unit: Unit) -> None:
        name = unit["account"]
        calls = {"on_start": on_start, "on_slice": on_slice, "on_round": on_round}
        callbacks = {key: told(name, call) for key, call in calls.items()}
        _kept(unit, SyncClock(clock, Stop(clock, event=stop)), {**settings, **callbacks})

    running = [
        threading.Thread(target=keep, args=(unit,), name=f"zendesk-{unit['account']}", daemon=True)
        for unit in units
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def _kept(unit: Unit, pausing: SyncClock, settings: dict[str, Any]) -> None:
    """Keep an account up to now until it is stopped, whatever is wrong with it."""
    try:
        while (error := _what_ended(unit, settings)) is not None:
            log.error("%s: %s It is tried again in 15 minutes.", unit["account"], error)
            pausing.sleep(LONGEST_PAUSE_SECONDS)
    except Stopped:
        return


def _what_ended(unit: Unit, settings: dict[str, Any]) -> ZendeskError | None:
    """Keep an account up to now, and return what ended that; None if it was stopped."""
    try:
        _keep(unit, settings)
    except Exception as error:
        log.debug("%s cannot be loaded", unit["account"], exc_info=error)
        return error if isinstance(error, ZendeskError) else Bug(error)
    return None


def _keep(unit: Unit, settings: dict[str, Any]) -> None:
    place = place_of(unit)

    folder = Path(get_dlt_pipelines_dir()) / place.pipeline
    with explained(), dlt_set_up(), only_sync_in(folder):
        heal(folder)
        pipeline = place.opened()
        pipeline.runtime_config.intercept_signals = False
        keep_syncing(pipeline, lambda: source_of(unit), gives_up=False, **settings)
