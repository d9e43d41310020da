"""Rounds of one warm process: the source, its connection and its token stay from one to the next.

A round is a ``sync`` of the streams that are due. Between two rounds the DuckDB file is closed, so
that others can read it. A round that fails is told, and the next one comes, later and later.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from zendesk_source.runs.loop import OnCost, SyncReport, sync
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.runs.packages import OnSlice

log = logging.getLogger("zendesk_source")

SHORTEST_PAUSE_SECONDS = 1.0
"""After a round that took longer than its time, so that others come to the DuckDB file, too."""

_MOST_DOUBLINGS = 4
"""Of the minutes that a round may read."""

_LOOK_UP_SECONDS = 1.0
"""While waiting for a turn, how often to look whether it was stopped."""


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
    round_minutes: float | None = None,
    turns: threading.Semaphore | None = None,
    gives_up: bool = True,
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
        round_minutes: How long a round may read; the next one goes on. As long as streams are not
            at their end, each may take twice as long as the one before: a list that cannot be read
            in one round begins anew in the next.
        turns: Held by each round, where several accounts are loaded by one process.
        gives_up: Whether a wrong setting and the like end it before the first good round.
        stop: Set to end it: at once between two rounds, else with what has been read so far.
        on_round: Called after each round.
        on_start: As of ``sync``, for each round.
        on_slice: As of ``sync``.
        on_wait: As of ``sync``.
        on_cost: As of ``sync``.
        clock: Time and the way to wait, for tests.

    Raises:
        ConfigurationError: A setting was wrong before any round was good, and it gives up; later
            that is told as a failed round. A DuckDB file that is open elsewhere never ends it.
        AuthenticationError: The same for credentials that Zendesk does not accept.
    """
    if every_seconds <= 0:
        raise ConfigurationError("every_seconds must be above 0.", "60 is a good choice.")
    clock = clock or SystemClock()
    stop = stop or threading.Event()
    pausing = SyncClock(clock, Stop(clock, event=stop))

    def load(part: DltSource, known: Known, minutes: float | None) -> SyncReport:
        return sync(
            pipeline,
            part,
            limits=limits,
            max_minutes=minutes,
            known=known,
            stop=stop,
            on_start=on_start,
            on_slice=on_slice,
            on_wait=on_wait,
            on_cost=on_cost,
            clock=clock,
        )

    times = _Times(every_seconds, lists_every_seconds, round_minutes)
    rounds = _Rounds(make_source, load, times, gives_up, clock)
    folder = Path(pipeline.working_dir)
    try:
        with only_sync_in(folder, wait=wait_for_other, pause=pausing.sleep):
            while not stop.is_set():
                with _turn_of(turns, stop):
                    done = rounds.next()
                was_cut = stop.is_set() and done.error is not None
                if on_round is not None and not was_cut:
                    on_round(done)
                pausing.sleep(done.pause_seconds)
    except Stopped:
        return


@contextmanager
def _turn_of(turns: threading.Semaphore | None, stop: threading.Event) -> Iterator[None]:
    """Wait for a turn, and hold it.

    Raises:
        Stopped: It was stopped meanwhile.
    """
    if turns is None:
        yield
        return
    while not turns.acquire(timeout=_LOOK_UP_SECONDS):
        if stop.is_set():
            raise Stopped
    try:
        yield
    finally:
        turns.release()


@dataclass(frozen=True, slots=True)
class _Times:
    """How often is asked, and for how long: as of ``keep_syncing``."""

    every_seconds: float
    lists_every_seconds: float
    round_minutes: float | None


class _Rounds:
    """Does one round after the other, and remembers what the next one needs of the last.

    Args:
        make_source: As of ``keep_syncing``.
        load: Brings the selected streams of a source up to now, in some minutes.
        times: How often is asked, and for how long.
        gives_up: As of ``keep_syncing``.
        clock: Tells the time.
    """

    def __init__(
        self,
        make_source: Callable[[], DltSource],
        load: Callable[[DltSource, Known, float | None], SyncReport],
        times: _Times,
        gives_up: bool,
        clock: Clock,
    ) -> None:
        self._make_source = make_source
        self._load = load
        self._times = times
        self._gives_up = gives_up
        self._clock = clock
        self._source: DltSource | None = None
        self._timetable: Timetable | None = None
        self._known, self._known_at = Known(), -math.inf
        self._number = 0
        self._was_good = False
        self._failures = 0
        self._unfinished = 0

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
        times = self._times
        try:
            if self._source is None:
                self._source = self._make_source()
            if self._timetable is None:
                streams = list(self._source.selected_resources)
                self._timetable = Timetable(streams, times.every_seconds, times.lists_every_seconds)
            due = self._timetable.due(begun_at)
            is_old = begun_at - self._known_at >= times.lists_every_seconds
            if is_old or not self._timetable.are_followed(due):
                # What was read of lists is old where they are, or would be, read again.
                self._known, self._known_at = Known(), begun_at
            minutes = times.round_minutes and times.round_minutes * 2.0 ** min(
                self._unfinished, _MOST_DOUBLINGS
            )
            report = self._load(self._source.with_resources(*due), self._known, minutes)
        except (ConfigurationError, AuthenticationError) as error:
            if not isinstance(error, DestinationInUse):
                # Help Centers are asked through the client of the source that found them.
                self._source, self._known = None, Known()
            raise
        if report.exit_code != 0:
            self._known = Known()
        is_finished = all(run.is_at_end for run in report.runs.values())
        self._unfinished = 0 if is_finished else self._unfinished + 1
        self._timetable.note(report.runs, begun_at, self._clock.monotonic())
        return report

    def _is_the_end(self, error: ZendeskError) -> bool:
        stays = isinstance(error, (ConfigurationError, AuthenticationError, Bug))
        may_pass = self._was_good or isinstance(error, DestinationInUse)
        return self._gives_up and stays and not may_pass

    def _pause_seconds(self, begun_at: float, now: float) -> float:
        every_seconds = self._times.every_seconds
        if self._failures or self._timetable is None:
            return pause_seconds(every_seconds, self._failures)
        next_at = max(begun_at + every_seconds, self._timetable.next_at())
        return max(next_at - now, min(SHORTEST_PAUSE_SECONDS, every_seconds))
