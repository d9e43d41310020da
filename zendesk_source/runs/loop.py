"""The loop: bounded load packages until every stream is at its end.

dlt keeps nothing of an extract that dies, so a backfill that is one `pipeline.run()` starts
again from nothing. Here each slice is a run of its own: its rows and the positions after them
arrive together, and what a crash costs is one slice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dlt
from dlt.extract import DltSource

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock, Stop, SyncClock, SystemClock
from zendesk_source.destination.duckdb_file import held_file
from zendesk_source.destination.duckdb_memory import little_memory
from zendesk_source.destination.failures import explained
from zendesk_source.destination.state import follow_destination, mend_working_folder
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.read_ahead import BUFFER_ITEMS, ReadAhead
from zendesk_source.resources.run import (
    Greeting,
    Item,
    SliceLimits,
    StreamRun,
    SyncInProgress,
    running,
)
from zendesk_source.runs.log import SyncLog
from zendesk_source.runs.missing_tables import look_for_tables
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.runs.packages import Packages
from zendesk_source.views import refresh_views

OnSlice = Callable[[dict[str, StreamRun]], None]
OnCost = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did.

    Attributes:
        runs: What was done with each stream, in the order of the catalogue.
        started_at: When it began, UTC.
        seconds: How long it took.
        slices: Load packages written.
    """

    runs: dict[str, StreamRun]
    started_at: datetime
    seconds: float
    slices: int

    @property
    def exit_code(self) -> int:
        """0 all streams read, 5 some not or not wholly, 1 none could be read."""
        runs = self.runs.values()
        if all(run.status == "ok" for run in runs):
            return 0
        return 5 if any(run.was_read for run in runs) else 1


def sync(
    pipeline: dlt.Pipeline,
    source: DltSource,
    *,
    limits: SliceLimits | None = None,
    max_minutes: float | None = None,
    wait_for_other: bool = False,
    on_start: OnSlice | None = None,
    on_slice: OnSlice | None = None,
    on_wait: OnWait | None = None,
    on_cost: OnCost | None = None,
    clock: Clock | None = None,
) -> SyncReport:
    """Bring every selected stream of a source up to now.

    Packages that an earlier run left are loaded first. A stream that Zendesk refuses or that
    cannot be read is recorded and left behind; the others go on.

    Args:
        pipeline: Where to load to.
        source: From one of this package's source functions, with the streams to read selected.
        limits: How much one load package may hold.
        max_minutes: Read no longer than this, and wait for nothing; what was read is loaded, and
            the next sync goes on from there.
        wait_for_other: Wait for another sync of this pipeline to end instead of refusing.
        on_start: Handed the streams' progress once, before anything is read; it changes in
            place as the sync goes on.
        on_slice: Called after each loaded package with the streams' progress.
        on_wait: Told why and for how many seconds a request waits, from the thread that does.
        on_cost: Told what a stream costs that asks for each ticket, say, before it does, from
            the thread that reads it.
        clock: For tests.

    Returns:
        What was done; also appended to the table ``_zendesk_sync_log``.

    Raises:
        ConfigurationError: A setting of Zendesk, of dlt or of the destination is wrong.
        AuthenticationError: Zendesk does not accept the credentials.
        LoadFailed: The destination refused a package; the positions stay behind the data.
        ServerUnavailable: Zendesk could not be asked who we are, in the time there was.
    """
    clock = clock or SystemClock()
    started_at, started = clock.now(), clock.monotonic()
    runs = {name: StreamRun() for name in source.selected_resources}
    if not runs:
        raise ConfigurationError("No stream is selected.", "Name at least one.")
    stop = Stop(clock, math.inf if max_minutes is None else started + max_minutes * 60)
    limits = limits or SliceLimits()
    # Enough for the time a slice takes to load; a crash makes us ask for it again.
    max_items = min(BUFFER_ITEMS, max(1, limits.max_pages // 2))
    ahead: ReadAhead[Item] = ReadAhead(max_items=max_items, stop=stop)
    progress = SyncInProgress(runs, clock, stop, on_wait, ahead, on_cost)
    log = SyncLog(runs, started_at, clock)
    if on_start is not None:
        on_start(runs)
    try:
        with (
            explained(pipeline),
            only_sync_in(
                Path(pipeline.working_dir),
                wait=wait_for_other,
                pause=SyncClock(clock, stop).sleep,
            ),
        ):
            log.account = _greet(source, stop, on_wait)
            mend_working_folder(pipeline)
            with held_file(pipeline, clock, on_wait, waits_long=wait_for_other) as file:
                is_new = not follow_destination(pipeline)
                with little_memory(pipeline, file) as memory:
                    progress.used = memory.used
                    packages = Packages(pipeline, source, progress, limits, log, memory, is_new)
                    packages.finish_pending()
                    if not is_new:
                        look_for_tables(pipeline, source.name, progress)
                    while packages.waiting:
                        packages.load_next()
                        if on_slice is not None:
                            on_slice(runs)
                        if stop.is_over:
                            break
                    packages.end()
                    refresh_views(pipeline, source.name)
                seconds = clock.monotonic() - started
                return SyncReport(runs, started_at, seconds, packages.count)
    finally:
        progress.ahead.stop()


def _greet(source: DltSource, stop: Stop, on_wait: OnWait | None) -> str:
    """Let Zendesk accept the credentials before the destination is touched.

    Returns:
        The account, where the dataset is shared with others; else nothing.
    """
    with running(Greeting(on_wait, stop)) as greeting:
        for _ in source.with_resources(*list(source.selected_resources)[:1]):
            pass
    return greeting.account
