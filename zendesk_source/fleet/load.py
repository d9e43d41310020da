"""Load all accounts of a file, wherever that runs; to be called again and again in one process."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from zendesk_source.api.clock import Clock, Stop, SystemClock
from zendesk_source.errors import ConfigurationError
from zendesk_source.fleet.accounts_file import read_accounts
from zendesk_source.fleet.cluster import in_processes, on_scheduler
from zendesk_source.fleet.report import AccountsReport, worst_first
from zendesk_source.fleet.threads import in_this_process
from zendesk_source.fleet.turns import TURN_MINUTES, OnTurn, Workers, in_turns

THREADS = 8


def load_accounts(
    file: str | Path,
    *,
    only: Iterable[str] = (),
    scheduler: str = "",
    allows_tcp: bool = False,
    workers: int = 0,
    threads: int = THREADS,
    max_minutes: float | None = None,
    turn_minutes: float = TURN_MINUTES,
    on_turn: OnTurn | None = None,
    clock: Clock | None = None,
) -> AccountsReport:
    """Bring all accounts of a file up to now.

    Args:
        file: The accounts: docs/many_accounts.md says what stands in it. It is read anew.
        only: Names of the accounts to load; all when left out.
        scheduler: Address of a Dask scheduler whose workers load, such as ``tls://host:8786``.
        allows_tcp: Whether that address may be one without TLS.
        workers: Load in so many processes of this machine, on Dask; 0 loads in this one.
        threads: How many accounts each process loads at the same time.
        max_minutes: Stop reading after this time, counted for all accounts together; the next
            load goes on from there.
        turn_minutes: After how long an account waits for its next turn.
        on_turn: Called after each turn of an account.
        clock: Time, for tests.

    Returns:
        What became of each account.

    Raises:
        ConfigurationError: The file is wrong, and nothing was loaded; or Dask is missing.
        ZendeskError: The scheduler does not answer.
    """
    if threads < 1 or workers < 0:
        raise ConfigurationError("--threads and --workers must be 1 or more.", "Leave them out.")
    clock = clock or SystemClock()
    started_at, started = clock.now(), clock.monotonic()
    ends_at = math.inf if max_minutes is None else started + max_minutes * 60
    units = read_accounts(file, only, travels=bool(scheduler))
    on: AbstractContextManager[Workers]
    if scheduler:
        on = on_scheduler(scheduler, allows_tcp=allows_tcp)
    else:
        on = in_processes(workers, threads) if workers else in_this_process(threads)
    with on as running:
        stop = Stop(clock, ends_at)
        loads = in_turns(units, running, stop, turn_minutes=turn_minutes, on_turn=on_turn)
    return AccountsReport(worst_first(loads), started_at, clock.monotonic() - started)
