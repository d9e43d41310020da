"""What the log says of the rounds: news at once, trouble when it begins and ends, else little."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.continuous.rounds import Round
from zendesk_source.runs.reasons import Told, few, lines_of
from zendesk_source.times import duration_text

log = logging.getLogger("zendesk_source")

QUIET_AT_MOST = timedelta(hours=1)
"""After so long without news a line says that the process is alive."""


class Telling:
    """Writes a line for each round with news, and one for each change for the worse or the better.

    Args:
        started_at: When the first round began, UTC.
        account: Stands before each line; empty for a single one.
    """

    def __init__(self, started_at: datetime, account: str = "") -> None:
        self._account = account
        self._told: dict[str, tuple[str, str]] = {}
        self._news_at = started_at
        self._rounds_without_news = 0
        self._was_failing = False

    def tell(self, done: Round) -> None:
        """Log what is worth a line."""
        if done.report is None:
            self._failed(done)
            return
        if self._was_failing:
            self._say(f"round {done.number}: loading again")
            self._was_failing = False
        runs = done.report.runs
        rows = {name: _rows_written(name, run) for name, run in runs.items()}
        has_news = any(rows.values())
        if has_news:
            self._news(done, {name: count for name, count in rows.items() if count})
        has_changes = self._changes(runs, was_any_read=done.is_good)
        if has_news or has_changes:
            self._news_at, self._rounds_without_news = done.started_at, 0
            return
        self._rounds_without_news += 1
        if done.started_at - self._news_at >= QUIET_AT_MOST:
            quiet = duration_text((done.started_at - self._news_at).total_seconds())
            self._say(f"no news for {quiet}; rounds: {self._rounds_without_news}")
            self._news_at, self._rounds_without_news = done.started_at, 0

    def _news(self, done: Round, rows: dict[str, int]) -> None:
        told = few([f"{name} {count:,}" for name, count in rows.items()])
        text = f"round {done.number}: rows: {told}; in {done.seconds:.1f} s"
        self._say(text, round=done.number, rows=rows, seconds=round(done.seconds, 3))

    def _failed(self, done: Round) -> None:
        self._was_failing = True
        again = duration_text(done.pause_seconds)
        text = f"round {done.number} failed; the next one begins in {again}. {done.error}"
        self._say(text, logging.ERROR, round=done.number, error=type(done.error).__name__)

    def _changes(self, runs: dict[str, StreamRun], *, was_any_read: bool) -> bool:
        """Tell of streams that are worse or better than when they were asked last."""
        worse: list[Told] = []
        better: list[str] = []
        for name, run in runs.items():
            before = self._told.get(name, ("ok", ""))
            # The reason of a failure may name a number that changes from round to round.
            now = (run.status, run.reason if run.status == "ok" else "")
            self._told[name] = now
            if now != before and run.reason:
                worse.append((name, "note" if run.status == "ok" else run.status, run.reason))
            elif run.status == "ok" and before[0] != "ok":
                better.append(name)
        for line in lines_of(worse, was_any_read=was_any_read):
            self._say(line, logging.ERROR if line.startswith("failed") else logging.INFO)
        if better:
            self._say(f"read again: {few(better)}")
        return bool(worse or better)

    def _say(self, text: str, level: int = logging.INFO, **fields: object) -> None:
        whose = {"account": self._account} if self._account else {}
        before = f"{self._account}: " if self._account else ""
        log.log(level, "%s%s", before, text, extra={"fields": {**whose, **fields}})


def _rows_written(name: str, run: StreamRun) -> int:
    return 0 if run.is_unchanged else run.own_rows(name) or sum(run.rows.values())
