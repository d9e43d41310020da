"""Rounds of one warm process: the source, its connection and its token stay from one to the next.

A round is a ``sync`` of the streams that are due. Between two rounds the DuckDB file is closed, so
that others can read it. A round that fails is told, and the next one comes, later and later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dlt
from dlt.extract import DltSource

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock, Stop, Stopped, SyncClock, SystemClock
from zendesk_source.continuous.timetable import (
    EVERY_SECONDS,
    LISTS_EVERY_SECONDS,
    Timetable,
    pause_seconds,
)
from zendesk_source.errors import (
    AuthenticationError,
    Bug,
    ConfigurationError,
    DestinationInUse,
    ZendeskError,
)
from zendesk_source.resources.run import Known, SliceLimits
from zendesk_source.runs.loop import OnCost, OnSlice, SyncReport, sync
from zendesk_source.runs.one_at_a_time import only_sync_in

log = logging.getLogger("zendesk_source")

SHORTEST_PAUSE_SECONDS = 1.0
"""After a round that took longer than its time, so that others come to the DuckDB file, too."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round.

    Attributes:
        number: 1 for the first.
        started_at: When it began, UTC.
        seconds: How long it took.
        report: What it did with each stream; None if it failed as a whole.
        error: Why it failed as a whole; None if it did not.
        pause_seconds: Until the next one begins.
    """

    number: int
    started_at: datetime
    seconds: float
    report: SyncReport | None
    error: ZendeskError | None
    pause_seconds: float

    @property
    def is_good(self) -> bool:
        """Whether at least one stream was read."""
        return self.report is not None and self.report.exit_code != 1


OnRound = Callable[[Round], object]


def keep_syncing(
    pipeline: dlt.Pipeline,
    make_source: Callable[[], DltSource],
    *,
    every_seconds: float = EVERY_SECONDS,
    lists_every_seconds: float = LISTS_EVERY_SECONDS,
    limits: SliceLimits | None = None,
    wait_for_other: bool = False,
    stop: threading.Event | None = None,
    on_round: OnRound | None = None,
    on_start: OnSlice | None = None,
    on_slice: OnSlice | None = None,
    on_wait: OnWait | None = None,
    on_cost: OnCost | None = None,
    clock: Clock | None = None,
) -> None:
    """Bring the selected streams of a source up to now again and again, until it is stopped.

    Streams that tell their changes in one or two requests (``Stream.is_followed``) are asked in
    every round, all others in the first one and then every ``lists_every_seconds``.

    Args:
        pipeline: The pipeline to load with. No other process may use it meanwhile.
        make_source: Makes the source, with the streams to read selected. It is called once, and
            again after Zendesk or the destination has refused a setting: by then it may be right.
        every_seconds: From the beginning of a round to that of the next one. A round that takes
            longer is followed by the next one a second later.
        lists_every_seconds: The same for streams that are read whole.
        limits: How much one load package may hold.
        wait_for_other: Wait for another sync of this pipeline to end instead of refusing.
        stop: Set to end it: at once between two rounds, else with what has been read so far.
        on_round: Called after each round.
        on_start: As of ``sync``, for each round.
        on_slice: As of ``sync``.
        on_wait: As of ``sync``.
        on_cost: As of ``sync``.
        clock: Time and the way to wait, for tests.

    Raises:
        ConfigurationError: A setting was wrong before any round was good; later that is told as a
            failed round. A DuckDB file that another program has open never ends it.
        AuthenticationError: Zendesk did not accept the credentials before any round was good.
    """
    if every_seconds <= 0:
        raise ConfigurationError("every_seconds must be above 0.", "60 is a good choice.")
    clock = clock or SystemClock()
    stop = stop or threading.Event()
    pausing = SyncClock(clock, Stop(clock, event=stop))

    def load(part: DltSource, known: Known) -> SyncReport:
        return sync(
            pipeline,
            part,
            limits=limits,
            known=known,
            stop=stop,
            on_start=on_start,
            on_slice=on_slice,
            on_wait=on_wait,
            on_cost=on_cost,
            clock=clock,
        )

    rounds = _Rounds(make_source, load, every_seconds, lists_every_seconds, clock)
    folder = Path(pipeline.working_dir)
    try:
        with only_sync_in(folder, wait=wait_for_other, pause=pausing.sleep):
            while not stop.is_set():
                done = rounds.next()
                was_cut = stop.is_set() and done.error is not None
                if on_round is not None and not was_cut:
                    on_round(done)
                pausing.sleep(done.pause_seconds)
    except Stopped:
        return


class _Rounds:
    """Does one round after the other, and remembers what the next one needs of the last.

    Args:
        make_source: As of ``keep_syncing``.
        load: Brings the selected streams of a source up to now.
        every_seconds: As of ``keep_syncing``.
        lists_every_seconds: As of ``keep_syncing``.
        clock: Tells the time.
    """

    def __init__(
        self,
        make_source: Callable[[], DltSource],
        load: Callable[[DltSource, Known], SyncReport],
        every_seconds: float,
        lists_every_seconds: float,
        clock: Clock,
    ) -> None:
        self._make_source = make_source
        self._load = load
        self._every_seconds = every_seconds
        self._clock = clock
        self._source: DltSource | None = make_source()
        streams = list(self._source.selected_resources)
        self._timetable = Timetable(streams, every_seconds, lists_every_seconds)
        self._known = Known()
        self._number = 0
        self._was_good = False
        self._failures = 0

    def next(self) -> Round:
        """Do a round.

        Raises:
            Exception: No round was good before, and the next one would fail for the same reason.
        """
        started_at, begun_at = self._clock.now(), self._clock.monotonic()
        self._number += 1
        report, error = None, None
        try:
            report = self._synced(begun_at)
        except Exception as raised:
            error = raised if isinstance(raised, ZendeskError) else Bug(raised)
            if self._is_the_end(error):
                raise
            log.debug("a round failed", exc_info=raised)
        self._failures = 0 if report is not None else self._failures + 1
        now = self._clock.monotonic()
        pause = self._pause_seconds(begun_at, now)
        done = Round(self._number, started_at, now - begun_at, report, error, pause)
        self._was_good |= done.is_good
        return done

    def _synced(self, begun_at: float) -> SyncReport:
        if self._source is None:
            self._source = self._make_source()
        due = self._timetable.due(begun_at)
        if not self._timetable.are_followed(due):
            self._known = Known()  # where lists are read, what was read of them before is old
        try:
            report = self._load(self._source.with_resources(*due), self._known)
        except (ConfigurationError, AuthenticationError) as error:
            if self._was_good and not isinstance(error, DestinationInUse):
                self._source = None
            raise
        if report.exit_code != 0:
            self._known = Known()
        self._timetable.note(report.runs, begun_at, self._clock.monotonic())
        return report

    def _is_the_end(self, error: ZendeskError) -> bool:
        stays = isinstance(error, (ConfigurationError, AuthenticationError, Bug))
        return stays and not self._was_good and not isinstance(error, DestinationInUse)

    def _pause_seconds(self, begun_at: float, now: float) -> float:
        if self._failures:
            return pause_seconds(self._every_seconds, self._failures)
        next_at = max(begun_at + self._every_seconds, self._timetable.next_at())
        return max(next_at - now, min(SHORTEST_PAUSE_SECONDS, self._every_seconds))
