"""What is remembered of a sync: a row for each stream in the table ``_zendesk_sync_log``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import dlt
from dlt.extract import DltSource

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Clock
from zendesk_source.extract.kept import LOGGED_SYNCS
from zendesk_source.names import ACCOUNT_COLUMN, SYNC_LOG_TABLE
from zendesk_source.runs.waiting_log import WaitingLog

# Declared, or dlt warns of columns that are empty for every stream of a run.
_COLUMNS: Any = {
    "reason": {"data_type": "text"},
    "newest_at": {"data_type": "timestamp"},
    "lag_seconds": {"data_type": "bigint"},
}


MOST = 120
"""How many syncs are remembered whose rows have waited: two hours of one each minute."""


class SyncLog:
    """The rows of one sync, written once: in its last load package, or in one of their own.

    A package of their own would cost dlt a second of CPU in a dataset of all streams. So those of
    a sync that has no package wait for the next one.

    Args:
        runs: The streams by name; they change as the sync goes on.
        started_at: When the sync began, UTC.
        clock: Tells when it ended.
        account: Name of the account, if several share the dataset; else empty.
        waiting: Rows of earlier syncs that wait for a package.
        may_wait: Whether those of this sync may: not if the next one will not find them.

    Attributes:
        is_written: Whether the rows are written.
    """

    def __init__(
        self,
        runs: dict[str, StreamRun],
        started_at: datetime,
        clock: Clock,
        *,
        account: str,
        waiting: WaitingLog,
        may_wait: bool,
    ) -> None:
        self._runs = runs
        self._started_at = started_at
        self._clock = clock
        self._account = account
        self._waiting = waiting
        self.is_written = False
        self.may_wait = may_wait and not waiting.is_due(started_at)

    def let_wait(self) -> bool:
        """Keep the rows for the package of a later sync.

        Returns:
            False if they have to be at the destination now: because others wait for long, or a
            stream was not read, which whoever watches from elsewhere has to see.
        """
        all_read = all(run.is_at_end and run.status != "failed" for run in self._runs.values())
        if self.may_wait and all_read:
            with suppress(OSError):
                self._waiting.add(self._rows())
                self.is_written = True
        return self.is_written

    def loaded(self) -> None:
        """Forget the rows that waited, once a package with them is at the destination."""
        if self.is_written:
            self._waiting.forget()

    def were_loaded(self) -> None:
        """Forget the rows that waited, after a package of an earlier sync brought them."""
        self._waiting.forget()

    def after(self, streams: DltSource, *, is_over: bool = False) -> DltSource:
        """Return a source of the rows; it has none until all streams are at their end.

        It must be extracted after the streams, so that it knows how far they have come.

        Args:
            streams: The source whose schema the log shares.
            is_over: Yield the rows even if some streams are not at their end.
        """

        def read() -> Iterator[list[dict[str, Any]]]:
            if is_over or all(run.is_at_end for run in self._runs.values()):
                self.is_written = True
                yield [*self._not_loaded(), *self._rows()]

        rows = dlt.resource(read, SYNC_LOG_TABLE, write_disposition="append", columns=_COLUMNS)
        rows.apply_hints(table_format=next(iter(streams.resources.values())).table_format)
        # A source of its own, but in the same schema: dlt keeps the order of sources only.
        return DltSource(streams.schema.clone(), streams.section, [rows])

    def _not_loaded(self) -> list[dict[str, Any]]:
        """Return the rows that waited, without those of a package that was loaded before a kill.

        The state notes the syncs whose rows have waited for a package, and arrives with it.
        """
        rows = self._waiting.rows()
        state = dlt.current.source_state()
        loaded = state.get(LOGGED_SYNCS, [])
        began = dict.fromkeys(row["started_at"].isoformat() for row in rows)
        if not began.keys() <= set(loaded):
            state[LOGGED_SYNCS] = [*loaded, *(each for each in began if each not in loaded)][-MOST:]
        return [row for row in rows if row["started_at"].isoformat() not in loaded]

    def _rows(self) -> list[dict[str, Any]]:
        return [self._row(name, run) for name, run in self._runs.items()]

    def _row(self, name: str, run: StreamRun) -> dict[str, Any]:
        newest = _moment(run.newest)
        usage, now, rows = run.usage, self._clock.now(), run.own_rows(name)
        return {
            **({ACCOUNT_COLUMN: self._account} if self._account else {}),
            "started_at": self._started_at,
            "ended_at": now,
            "stream": name,
            "status": run.status,
            "is_at_end": run.is_at_end,
            "reason": run.reason,
            "rows": rows,
            "side_rows": sum(run.rows.values()) - rows,
            "pages": run.pages,
            "requests": usage.requests,
            "retries": usage.retries,
            "rate_limited": usage.rate_limited,
            "waited_seconds": usage.waited_seconds,
            "body_bytes": usage.body_bytes,
            "answer_seconds": usage.answer_seconds,
            "newest_at": newest,
            "lag_seconds": None if newest is None else int((now - newest).total_seconds()),
        }


def _moment(epoch: int | None) -> datetime | None:
    """Return an epoch as a moment; None also for an epoch beyond the calendar."""
    if epoch is None:
        return None
    try:
        return datetime.fromtimestamp(epoch, timezone.utc)
    except (OSError, OverflowError, ValueError):
        return None
