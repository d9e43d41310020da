"""What the log says of the rounds: news at once, trouble when it begins and ends, else little."""

from __future__ import annotations

import logging
from collections.abc import Iterable
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
    """

    def __init__(self, started_at: datetime) -> None:
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
            log.info("round %d: loading again", done.number)
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
            log.info("no news for %s; rounds: %d", quiet, self._rounds_without_news)
            self._news_at, self._rounds_without_news = done.started_at, 0

    def _news(self, done: Round, rows: dict[str, int]) -> None:
        told = few([f"{name} {count:,}" for name, count in rows.items()])
        fields = {"round": done.number, "rows": rows, "seconds": round(done.seconds, 3)}
        what = "round %d: rows: %s; in %.1f s"
        log.info(what, done.number, told, done.seconds, extra={"fields": fields})

    def _failed(self, done: Round) -> None:
        self._was_failing = True
        again = duration_text(done.pause_seconds)
        fields = {"round": done.number, "error": type(done.error).__name__}
        log.error(
            "round %d failed; the next one begins in %s. %s",
            done.number,
            again,
            done.error,
            extra={"fields": fields},
        )

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
        _log_all(worse, was_any_read=was_any_read)
        if better:
            log.info("read again: %s", few(better))
        return bool(worse or better)


def _log_all(told: Iterable[Told], *, was_any_read: bool) -> None:
    for line in lines_of(told, was_any_read=was_any_read):
        (log.error if line.startswith("failed") else log.info)(line)


def _rows_written(name: str, run: StreamRun) -> int:
    return 0 if run.is_unchanged else run.own_rows(name) or sum(run.rows.values())
