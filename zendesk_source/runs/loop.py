"""The loop: bounded load packages until every stream is at its end.

dlt keeps nothing of an extract that dies, so a backfill in one `pipeline.run()` starts again from
nothing. Here each slice is a run of its own. Its rows and the positions after them arrive
together, and a crash costs one slice.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import dlt
from dlt.common.configuration.utils import get_resolved_traces
from dlt.extract import DltSource

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.budget import LimitInUse, OnWait
from zendesk_source.api.clock import Clock, Stop, SyncClock, SystemClock
from zendesk_source.destination.duckdb_file import file_of, held_file
from zendesk_source.destination.duckdb_memory import little_memory
from zendesk_source.destination.duckdb_merge import empty_staging
from zendesk_source.destination.failures import explained
from zendesk_source.destination.state import (
    follow_destination,
    is_as_left,
    is_remembered,
    mend_working_folder,
    remember_left,
)
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.kept import was_begun
from zendesk_source.extract.read_ahead import BUFFER_ITEMS, ReadAhead
from zendesk_source.extract.taken_over import TakenOver
from zendesk_source.resources.run import (
    Greeting,
    Item,
    Known,
    SliceLimits,
    SyncInProgress,
    running,
)
from zendesk_source.runs.asking import Asked, read_through
from zendesk_source.runs.erasing import erase
from zendesk_source.runs.known import hints_known, schemas_known, settings_known
from zendesk_source.runs.log import SyncLog
from zendesk_source.runs.missing_tables import look_for_tables
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.runs.packages import OnSlice, Packages
from zendesk_source.runs.waiting_log import WaitingLog

OnCost = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did.

    Attributes:
        runs: What was done with each stream, by name, in the order of the catalogue.
        started_at: When the sync began, UTC.
        seconds: How long it took.
        slices: How many load packages it wrote.
        rate_limits: How much of the account's rate limits was used at the end.
    """

    runs: dict[str, StreamRun]
    started_at: datetime
    seconds: float
    slices: int
    rate_limits: Mapping[str, LimitInUse] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 all streams were read, 5 some were not or not wholly, 1 none could be read."""
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
    take_over: TakenOver | None = None,
    known: Known | None = None,
    stop: threading.Event | None = None,
    on_start: OnSlice | None = None,
    on_slice: OnSlice | None = None,
    on_wait: OnWait | None = None,
    on_cost: OnCost | None = None,
    clock: Clock | None = None,
) -> SyncReport:
    """Bring every selected stream of a source up to now.

    Packages that an earlier run left are loaded first. A stream that Zendesk refuses, or that
    cannot be read, is recorded and left out; the others go on.

    Args:
        pipeline: The pipeline to load with.
        source: From one of this package's source functions, with the streams to read selected.
        limits: How much one load package may hold.
        max_minutes: Stop reading and waiting after this time. Rows that were read are loaded, and
            the next sync goes on from there.
        wait_for_other: Wait for another sync of this pipeline to end instead of refusing.
        take_over: Where another connector stood, from ``taken_over``: streams that were never
            read go on from there.
        known: What several streams need, as an earlier sync with the same source has read it; it
            is filled otherwise.
        stop: Set to end the sync: as at the end of ``max_minutes``.
        on_start: Called once, before anything is read, with the streams' progress by name. The
            progress changes in place as the sync goes on.
        on_slice: Called with the same after each loaded package.
        on_wait: Called with the reason and the seconds before a request waits, from the thread
            that waits.
        on_cost: Called with a text before a stream is read that costs a request for each ticket,
            say, from the thread that reads it.
        clock: Time and the way to wait, for tests.

    Returns:
        What was done. It is also appended to the table ``_zendesk_sync_log``.

    Raises:
        ConfigurationError: A setting of Zendesk, of dlt or of the destination is wrong; or
            streams stand somewhere already and ``take_over`` is given.
        AuthenticationError: Zendesk does not accept the credentials.
        LoadFailed: The destination refused a package; the positions stay behind the data.
        ServerUnavailable: Zendesk did not say who we are in the time there was.
    """
    clock = clock or SystemClock()
    started_at, started = clock.now(), clock.monotonic()
    runs = {name: StreamRun() for name in source.selected_resources}
    if not runs:
        raise ConfigurationError("No stream is selected.", "Name at least one.")
    ends_at = math.inf if max_minutes is None else started + max_minutes * 60
    over = Stop(clock, ends_at, stop)
    limits = limits or SliceLimits()
    # Enough for the time a slice takes to load; a crash makes us ask for it again.
    max_items = min(BUFFER_ITEMS, max(1, limits.max_pages // 2))
    ahead: ReadAhead[Item] = ReadAhead(max_items=max_items, stop=over)
    progress = SyncInProgress(runs, clock, over, on_wait, ahead, on_cost)
    progress.known = known or progress.known
    progress.places = take_over.places if take_over is not None else {}

    def report(slices: int) -> SyncReport:
        seconds = clock.monotonic() - started
        return SyncReport(runs, started_at, seconds, slices, progress.rate_limits())

    if on_start is not None:
        on_start(runs)
    try:
        with (
            explained(pipeline),
            only_sync_in(
                Path(pipeline.working_dir),
                wait=wait_for_other,
                pause=SyncClock(clock, over).sleep,
            ),
            settings_known(pipeline),
            schemas_known(pipeline),
            hints_known(),
        ):
            account = _greet(source, over, on_wait)
            mend_working_folder(pipeline)
            path = file_of(pipeline)
            log = SyncLog(
                runs,
                started_at,
                clock,
                account=account,
                waiting=WaitingLog.of(pipeline, file=path),
                may_wait=take_over is None and is_remembered(pipeline),
            )
            asked = Asked(pipeline, source, progress)
            if log.may_wait and is_as_left(pipeline, path, runs):
                asked.ask()
                # What is to be erased may have been loaded before that was wished for.
                if not progress.erases and log.let_wait():
                    return report(0)
            with held_file(pipeline, clock, on_wait, waits_long=wait_for_other) as file:
                is_new = not follow_destination(pipeline)
                if asked.is_outdated:
                    asked.take_back()
                with little_memory(pipeline, file) as memory:
                    progress.used = memory.used
                    packages = Packages(pipeline, source, progress, limits, log, memory, is_new)
                    packages.finish_pending()
                    if file is not None:
                        empty_staging(pipeline)
                    if take_over is not None:
                        _check_nothing_begun(pipeline, source.name, account)
                    if not is_new:
                        _compare_with_destination(asked, is_taken_over=take_over is not None)
                    packages.load_all(on_slice)
                    if progress.erases:
                        erase(pipeline, source.name, account, started_at)
                    from zendesk_source.views import refresh_views  # the last that a sync needs

                    refresh_views(pipeline, source.name)
            # The table of a stream that failed may be missing, which the next sync has to see.
            seen = [name for name, run in runs.items() if run.status != "failed"]
            remember_left(pipeline, path, seen)
            return report(packages.count)
    finally:
        progress.ahead.stop()
        get_resolved_traces().clear()  # dlt notes each setting it looks up until the next package


def _compare_with_destination(asked: Asked, *, is_taken_over: bool) -> None:
    """Find tables that are gone, and ask the streams with that in mind."""
    pipeline, source, progress = asked.pipeline, asked.source, asked.progress
    look_for_tables(pipeline, source.name, progress)
    # A list may have been compared with a table that is gone since.
    if progress.missing_tables and asked.take_back():
        look_for_tables(pipeline, source.name, progress)
    if not is_taken_over:
        asked.ask()


def _check_nothing_begun(pipeline: dlt.Pipeline, section: str, account: str) -> None:
    """Refuse to take a state over where streams stand somewhere already.

    Raises:
        ConfigurationError: They do.
    """
    if was_begun(pipeline.state.get("sources", {}).get(section, {}), account):
        raise ConfigurationError(
            "The dataset has positions already, so those of another connector are not taken over.",
            "Leave --take-over out to go on from there, or load into a new dataset: --dataset"
            " <name>.",
        )


def _greet(source: DltSource, stop: Stop, on_wait: OnWait | None) -> str:
    """Let Zendesk accept the credentials before the destination is touched.

    Returns:
        Name of the account, if several share the dataset; else empty.
    """
    with running(Greeting(on_wait, stop)) as greeting:
        read_through(source.with_resources(*list(source.selected_resources)[:1]))
    return greeting.account
