"""How fresh each stream is, and what is odd about it, read from ``_zendesk_sync_log``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import dlt
from dlt.common.destination.exceptions import DestinationUndefinedEntity

from zendesk_source.catalogue import STREAMS
from zendesk_source.names import ACCOUNT_COLUMN, SYNC_LOG_TABLE
from zendesk_source.runs.waiting_log import WaitingLog

LOOKS_BACK = timedelta(days=30)
FEWEST_RUNS_TO_COMPARE_WITH = 8
FEWEST_ROWS_TO_MISS = 20
FAR_BELOW = 0.1
"""A run that brings less than this part of the usual rows is pointed out."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""A sync that seems to have begun later than this after now has a wrong time."""

_INCREMENTAL = {stream.name for stream in STREAMS if stream.is_incremental}
_WITH_SIDE_TABLES = {stream.name for stream in STREAMS if stream.side_tables}


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """What one sync did with one stream.

    Attributes:
        started_at: When the sync began, UTC.
        status: As in ``StreamRun``.
        reason: As in ``StreamRun``.
        rows: Number of rows of the stream's own table.
        newest_at: Time of the newest row read, UTC.
        is_at_end: Whether the stream was read to its end.
        is_sum: Whether ``rows`` includes the side tables, as in logs before 0.1.
    """

    started_at: datetime
    status: str
    reason: str
    rows: int
    newest_at: datetime | None
    is_at_end: bool
    is_sum: bool = False

    @property
    def was_read(self) -> bool:
        """Whether the tables are fresh, as in ``StreamRun``; single rows may be missing."""
        return self.status in ("ok", "incomplete")


@dataclass(frozen=True, slots=True)
class StreamState:
    """How a stream stands.

    Attributes:
        last: The last sync that did not begin in the future; if all did, the last of those.
        complete_at: Start of the last sync that read the stream to its end; None if none did.
        usual_rows: How many rows the last sync was expected to bring; None if too little is known.
    """

    last: LoggedRun
    complete_at: datetime | None
    usual_rows: float | None

    def age(self, now: datetime) -> timedelta | None:
        """Return the time since the start of the last complete sync; None if there is none."""
        return None if self.complete_at is None else max(timedelta(0), now - self.complete_at)

    def is_of_the_future(self, now: datetime) -> bool:
        """Whether every known sync was written by a machine whose clock was ahead."""
        return _is_ahead(self.last, now)

    @property
    def is_suspicious(self) -> bool:
        """Whether the last sync brought far less than usual."""
        usual = self.usual_rows
        return usual is not None and usual >= FEWEST_ROWS_TO_MISS and self._is_far_below(usual)

    def _is_far_below(self, usual: float) -> bool:
        return self.last.was_read and self.last.rows < FAR_BELOW * usual


def logged_runs(
    pipeline: dlt.Pipeline, now: datetime, folder: Path | None = None
) -> dict[str, list[LoggedRun]] | None:
    """Return the syncs of the last weeks by stream, oldest first; None if there is no log.

    Where several accounts share the dataset, a stream is called ``acme/tickets``.

    Args:
        pipeline: Its destination has the log.
        now: Up to when.
        folder: Where syncs from this machine work, if that is not the pipeline's own folder. Those
            that found nothing new may have left rows beside it.
    """
    with pipeline.sql_client() as client:
        table = client.make_qualified_table_name(SYNC_LOG_TABLE)
        where = "where started_at > %s order by started_at"
        try:
            # Releases before 0.1 did not log every column.
            with client.execute_query(f"select * from {table} {where}", now - LOOKS_BACK) as found:  # noqa: S608
                names = [column[0] for column in found.description]
                rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except DestinationUndefinedEntity:
            return None
    logged = {(_utc(row["started_at"]), row["stream"], row.get(ACCOUNT_COLUMN)) for row in rows}
    rows += [
        row  # a sync that was killed may have left it behind
        for row in WaitingLog.of(pipeline, folder=folder).rows()
        if (_utc(row["started_at"]), row["stream"], row.get(ACCOUNT_COLUMN)) not in logged
    ]
    rows.sort(key=lambda row: _utc(row["started_at"]))
    runs: dict[str, list[LoggedRun]] = {}
    for row in rows:
        whose = f"{row[ACCOUNT_COLUMN]}/" if row.get(ACCOUNT_COLUMN) else ""
        runs.setdefault(whose + row["stream"], []).append(_run_of(row))
    return runs


def stream_of(name: str) -> str:
    """Return the stream of a name such as ``tickets`` or ``acme/tickets``."""
    return name.rpartition("/")[2]


def state_of(name: str, runs: Sequence[LoggedRun], now: datetime) -> StreamState:
    """Return how a stream stands after some syncs, oldest first.

    A sync that began in the future says nothing about now: nobody knows whose clock was wrong.
    """
    past = [run for run in runs if not _is_ahead(run, now)]
    if not past:
        return StreamState(runs[-1], None, None)
    complete = [run for run in past if run.was_read and run.is_at_end]
    usual = None
    if complete and complete[-1] is past[-1]:
        usual = _usual_rows(complete, is_incremental=stream_of(name) in _INCREMENTAL)
    return StreamState(past[-1], complete[-1].started_at if complete else None, usual)


def _is_ahead(run: LoggedRun, now: datetime) -> bool:
    return run.started_at > latest_start(now)


def latest_start(now: datetime) -> datetime:
    """Return the time behind which no sync can have begun yet, whatever its clock said."""
    return now + CLOCKS_DIFFER


def _usual_rows(runs: Sequence[LoggedRun], *, is_incremental: bool) -> float | None:
    """Return how many rows the last of some complete runs was expected to bring.

    A list is read whole each time. A stream of changes brings more the longer ago the run before
    was, so its rows a second are compared. The quietest time sets what is expected, because nights
    and weekends are no reason to wake anyone.
    """
    counted = [run for run in runs if not run.is_sum]
    if len(counted) - 2 < FEWEST_RUNS_TO_COMPARE_WITH:
        return None
    if not is_incremental:
        return median(run.rows for run in counted[:-1])
    seconds = [
        max(1.0, (run.started_at - before.started_at).total_seconds())
        for before, run in pairwise(runs)
    ]
    # The first run brought everything there was.
    timed = zip(runs[1:], seconds, strict=True)
    rates = [run.rows / passed for run, passed in timed if not run.is_sum]
    if rates[-1] >= min(rates[:-1]):
        return None
    return median(rates[:-1]) * seconds[-1]


def _run_of(row: Mapping[str, Any]) -> LoggedRun:
    is_at_end = row.get("is_at_end")
    return LoggedRun(
        started_at=_utc(row["started_at"]),
        status=str(row["status"]),
        reason=str(row.get("reason") or ""),
        rows=int(row["rows"]),
        newest_at=_utc(row["newest_at"]) if row.get("newest_at") else None,
        is_at_end=True if is_at_end is None else bool(is_at_end),
        is_sum=row.get("side_rows") is None and stream_of(row["stream"]) in _WITH_SIDE_TABLES,
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def too_old(
    states: Mapping[str, StreamState], now: datetime, max_age: timedelta
) -> Iterable[tuple[str, timedelta | None]]:
    """Yield the streams that are older than a limit, and their age.

    A stream that Zendesk refuses does not count.
    """
    for name, state in states.items():
        if state.last.status == "skipped":
            continue
        age = state.age(now)
        if age is None or age > max_age:
            yield name, age
