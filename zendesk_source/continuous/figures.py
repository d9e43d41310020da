"""How the rounds fare, in figures: what a monitor asks while the process runs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.budget import LimitInUse
from zendesk_source.api.usage import Usage
from zendesk_source.continuous.rounds import Round

Outcome = Literal["ok", "incomplete", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("ok", "incomplete", "failed")

ROUNDS_TO_MISS = 5
SHORTEST_PATIENCE = timedelta(minutes=15)
"""How long a process may go without a good round or a loaded package, at least."""


@dataclass(slots=True)
class StreamFigures:
    """What all rounds have done with one stream.

    Attributes:
        rows: Rows written, by table.
        usage: Requests, retries and waiting.
        failures: Rounds in which it failed.
        status: As in ``StreamRun``, after the last round that asked it.
        reason: Why it has this status.
        newest: Epoch seconds of the newest row read, in Zendesk's time.
        complete_at: When the last round began that read it to its end.
    """

    rows: Counter[str] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)
    failures: int = 0
    status: str = ""
    reason: str = ""
    newest: int | None = None
    complete_at: datetime | None = None

    def with_run(self, run: StreamRun) -> StreamFigures:
        """Return the figures with those of one more round, which may still be under way."""
        rows = Counter(self.rows)
        if not run.is_unchanged:
            rows.update({table: count for table, count in list(run.rows.items()) if count})
        return replace(
            self,
            rows=rows,
            usage=self.usage + run.usage,
            newest=run.newest if run.newest is not None else self.newest,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is known at one moment.

    Attributes:
        started_at: When the process began to load, UTC.
        rounds: Rounds that have ended, by outcome.
        failures_in_a_row: Rounds that failed since the last good one.
        round_started_at: When the last round that has ended began.
        round_seconds: How long it took.
        last_good_at: When the last good round ended.
        last_sign_at: When something was loaded, or a good round ended, or all began; later where
            the next round is not due so soon, because only lists are read.
        next_round_at: When the next round begins.
        error: Why the last round failed as a whole; empty if it did not.
        streams: By name, in the order of the catalogue.
        rate_limits: The account's rate limits after the last round that asked.
        patience: How long after the last sign the process counts as stuck, or as cut off.
        takes_turns: Whether a round may have to wait for those of other accounts.
        is_under_way: Whether a round has begun and not ended.
    """

    started_at: datetime
    rounds: Mapping[str, int]
    failures_in_a_row: int
    round_started_at: datetime | None
    round_seconds: float
    last_good_at: datetime | None
    last_sign_at: datetime
    next_round_at: datetime | None
    error: str
    streams: Mapping[str, StreamFigures]
    rate_limits: Mapping[str, LimitInUse]
    patience: timedelta
    takes_turns: bool
    is_under_way: bool = False

    def stale_at(self, now: datetime) -> datetime:
        """Return when it counts as stale; a wait for a turn is nobody's fault, and adds to it."""
        return self.last_sign_at + self.patience + self.waited(now)

    def waited(self, now: datetime) -> timedelta:
        """Return how long its next round has been waiting for its turn."""
        if not self.takes_turns or self.is_under_way:
            return timedelta()
        return max(timedelta(), now - (self.next_round_at or self.started_at))

    def status(self, now: datetime) -> Literal["starting", "ok", "failing", "stale"]:
        """Return in a word how the process fares; ``stale`` means: do something."""
        if now > self.stale_at(now):
            return "stale"
        if self.failures_in_a_row:
            return "failing"
        return "starting" if self.last_good_at is None else "ok"


class Figures:
    """Adds up the rounds; other threads may look at any time.

    Args:
        started_at: When the process began to load, UTC.
        every_seconds: From the beginning of a round to that of the next one.
        takes_turns: Whether a round may have to wait for those of other accounts.
    """

    def __init__(
        self, started_at: datetime, every_seconds: float, *, takes_turns: bool = False
    ) -> None:
        self._every = timedelta(seconds=every_seconds)
        missed = ROUNDS_TO_MISS * self._every
        self._lock = threading.Lock()
        self._streams: dict[str, StreamFigures] = {}
        self._now = Snapshot(
            started_at=started_at,
            rounds=dict.fromkeys(OUTCOMES, 0),
            failures_in_a_row=0,
            round_started_at=None,
            round_seconds=0.0,
            last_good_at=None,
            last_sign_at=started_at,
            next_round_at=None,
            error="",
            streams={},
            rate_limits={},
            patience=max(missed, SHORTEST_PATIENCE),
            takes_turns=takes_turns,
        )

    def snapshot(self) -> Snapshot:
        """Return what is known now."""
        with self._lock:
            return self._now

    def begin(self, runs: Mapping[str, StreamRun], now: datetime) -> None:
        """Show the streams of a round that begins."""
        before = self._now
        last_sign_at = before.last_sign_at + before.waited(now)
        self._set(streams=self._with(runs), last_sign_at=last_sign_at, is_under_way=True)

    def count_package(self, runs: Mapping[str, StreamRun], now: datetime) -> None:
        """Show what a round has loaded so far."""
        self._set(streams=self._with(runs), last_sign_at=now)

    def count_round(self, done: Round) -> None:
        """Add a round that has ended."""
        report, before = done.report, self._now
        ended_at, is_good = done.started_at + timedelta(seconds=done.seconds), done.is_good
        next_at = ended_at + timedelta(seconds=done.pause_seconds)
        if report is None:  # what it had loaded counts
            self._streams = dict(before.streams)
        for name, run in (report.runs if report is not None else {}).items():
            self._streams[name] = _after(self._streams.get(name, StreamFigures()), run, done)
        outcome: Outcome = "failed" if not done.is_good else "ok"
        if report is not None and report.exit_code == 5:
            outcome = "incomplete"
        self._set(
            rounds={**before.rounds, outcome: before.rounds[outcome] + 1},
            failures_in_a_row=0 if done.is_good else before.failures_in_a_row + 1,
            round_started_at=done.started_at,
            round_seconds=done.seconds,
            last_good_at=ended_at if done.is_good else before.last_good_at,
            last_sign_at=max(ended_at, next_at - self._every) if is_good else before.last_sign_at,
            next_round_at=next_at,
            is_under_way=False,
            error="" if done.error is None else str(done.error),
            streams=self._with({}),
            rate_limits=before.rate_limits if report is None else report.rate_limits,
        )

    def _with(self, runs: Mapping[str, StreamRun]) -> dict[str, StreamFigures]:
        """Return the figures of all streams, with those of the round that is under way."""
        under_way = {
            name: self._streams.get(name, StreamFigures()).with_run(run)
            for name, run in runs.items()
        }
        return {**self._streams, **under_way}

    def _set(self, **changed: object) -> None:
        with self._lock:
            self._now = replace(self._now, **changed)  # type: ignore[arg-type]


def _after(before: StreamFigures, run: StreamRun, done: Round) -> StreamFigures:
    is_complete = run.was_read and run.is_at_end
    return replace(
        before.with_run(run),
        failures=before.failures + (run.status == "failed"),
        status=run.status,
        reason=run.reason,
        complete_at=done.started_at if is_complete else before.complete_at,
    )
