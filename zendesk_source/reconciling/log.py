"""What is remembered of a comparison: a row a stream in the table ``_zendesk_reconcile_log``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import dlt
from dlt.extract import DltResource

from zendesk_source.names import ACCOUNT_COLUMN, RECONCILE_LOG_TABLE
from zendesk_source.reconciling.report import ReconcileReport, StreamReport, TableReport

MOST_IDS = 100
"""How many ids of a kind the log names in each table."""

_COLUMNS: Any = {
    "started_at": {"data_type": "timestamp"},
    "ended_at": {"data_type": "timestamp"},
    "reason": {"data_type": "text"},
    "there": {"data_type": "bigint"},
    "bound": {"data_type": "double"},
    "tables": {"data_type": "json"},
}


def log_of(report: ReconcileReport, account: str, ended_at: datetime) -> DltResource:
    """Return a resource with a row for each stream that was looked at.

    Args:
        report: What was found.
        account: Name of the account, if several share the dataset; else empty.
        ended_at: When it ended, UTC.
    """

    def read() -> Iterator[list[dict[str, Any]]]:
        whose = {ACCOUNT_COLUMN: account} if account else {}
        times = {"started_at": report.started_at, "ended_at": ended_at, "seed": report.seed}
        yield [{**whose, **times, **_row(one)} for one in report.streams.values()]

    return dlt.resource(read, RECONCILE_LOG_TABLE, write_disposition="append", columns=_COLUMNS)


def _row(one: StreamReport) -> dict[str, Any]:
    own = one.tables[0] if one.tables else None
    return {
        "stream": one.stream,
        "status": one.status,
        "reason": one.reason or None,
        "here": own.here if own else 0,
        "there": own.there if own else None,
        "checked": own.checked if own else 0,
        "missing": sum(len(table.missing) for table in one.tables) + max(0, one.unnamed),
        "stale": sum(len(table.stale) for table in one.tables),
        "extra": sum(len(table.extra) for table in one.tables) + max(0, -one.unnamed),
        "bound": own.bound if own else None,
        "changed": one.changed,
        "requests": one.requests,
        "repaired": one.repaired,
        "tables": [_table(table) for table in one.tables if table.differences],
    }


def _table(table: TableReport) -> dict[str, Any]:
    found = asdict(table)
    ids = {kind: list(found[kind])[:MOST_IDS] for kind in ("missing", "stale", "extra")}
    return {"table": table.table, "columns": dict(table.columns), **ids}
