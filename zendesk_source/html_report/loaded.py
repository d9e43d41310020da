"""Read the tables of a dataset: which there are, and the rows of each query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dlt
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.destination.failures import explained
from zendesk_source.destination.place import path_of
from zendesk_source.errors import ConfigurationError
from zendesk_source.html_report.queries import (
    ACCOUNT_NAMES,
    ASKED,
    COLUMNS,
    LAST_SYNC,
    SPAN,
    TABLES,
    Query,
)
from zendesk_source.names import ACCOUNT_COLUMN, REMOVED, SYNC_LOG_TABLE, SYNCED_AT
from zendesk_source.runs.log_reader import latest_start
from zendesk_source.runs.waiting_log import Row, WaitingLog
from zendesk_source.views import analytics
from zendesk_source.views.database import literal, tables_in
from zendesk_source.views.dialects import DIALECTS, Dialect
from zendesk_source.views.selects import Loaded as LoadedTables
from zendesk_source.views.selects import definition

_TIMES = ("updated_at", "created_at", "time", "updated")
DAYS_A_WEEK = 7


@dataclass(frozen=True)
class TableFacts:
    """How much a table holds, and how fresh it is."""

    name: str
    rows: int
    newest: datetime | None
    synced_at: datetime | None


@dataclass(frozen=True)
class Period:
    """The weeks that the page is about: whole weeks that end with the newest day of the data."""

    first_day: date
    weeks: int
    until: datetime

    @property
    def last_day(self) -> date:
        """The newest day."""
        return self.first_day + timedelta(days=DAYS_A_WEEK * self.weeks - 1)

    @property
    def first_of_before(self) -> date:
        """The first day of as many weeks before, to compare with."""
        return self.first_day - timedelta(days=DAYS_A_WEEK * self.weeks)


@dataclass(frozen=True)
class LastSync:
    """How the last sync that read a stream ended."""

    stream: str
    status: str
    reason: str
    started_at: datetime


class Loaded:
    """An open dataset that answers queries about one account.

    Args:
        client: Open at the dataset.
        dialect: That of its SQL.
        zone: Of days and hours.
        weeks: How many weeks are asked for.
        account: Whose rows, if several accounts share the dataset.
        waiting: Rows of the sync log that are not at the destination yet.
    """

    def __init__(
        self,
        client: SqlClientBase[Any],
        dialect: Dialect,
        zone: ZoneInfo,
        weeks: int,
        account: str,
        waiting: Sequence[Row] = (),
    ) -> None:
        self._client, self._dialect, self.zone = client, dialect, zone
        self._waiting = waiting
        self._answers: dict[Query, list[tuple[Any, ...]]] = {}
        self.name = client.dataset_name
        self.tables = {name for (name,) in self._run(TABLES, self.name)}
        if not self.tables:
            raise ConfigurationError(
                f"There is nothing in the dataset {self.name}.",
                "Load it first, or name another one with --dataset.",
            )
        self._columns: dict[str, set[str]] = {}
        for table, column in self._run(COLUMNS, self.name):
            self._columns.setdefault(table, set()).add(column)
        self._account = self._account_meant(account)
        self.period = self._period(weeks)

    def has(self, query: Query) -> bool:
        """Whether the dataset has the tables of a query."""
        return self.tables.issuperset(query.needs)

    def ask(self, query: Query) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which is run only once."""
        if query not in self._answers and (asked := self.period) is not None:
            settings = (self.zone.key, asked.first_day.isoformat(), asked.weeks, asked.until)
            parts = [*self._rows_there(), *self._views(query), ASKED]
            self._answers[query] = self._run(f"with {', '.join(parts)} {query.sql}", *settings)
        return self._answers.get(query, [])

    def last_syncs(self, now: datetime) -> list[LastSync]:
        """Return how each stream's last sync ended, by stream.

        Those that seem to have begun later than now count only where there is no other.
        """
        latest = latest_start(now)
        logged = SYNC_LOG_TABLE in self.tables
        rows = self._run(self._with() + LAST_SYNC, latest) if logged else []
        rows += [
            (row["stream"], row["status"], row["reason"], row["started_at"])
            for row in self._waiting
            if not self._account or row.get(ACCOUNT_COLUMN) == self._account
        ]
        syncs = [LastSync(stream, how, why or "", at) for stream, how, why, at in rows]
        syncs.sort(key=lambda each: (each.started_at <= latest, each.started_at))
        last = {each.stream: each for each in syncs}
        return [last[stream] for stream in sorted(last)]

    @cached_property
    def facts(self) -> list[TableFacts]:
        """Size and age of every table with rows from Zendesk, largest first."""
        facts = [
            self._facts_of(table, self._columns[table])
            for table in self.tables
            if SYNCED_AT in self._columns[table]
        ]
        return sorted(facts, key=lambda each: (-each.rows, each.name))

    def _facts_of(self, table: str, columns: set[str]) -> TableFacts:
        newest = next((f"max({self._quoted(name)})" for name in _TIMES if name in columns), "null")
        counted = f"select count(*), {newest}, max(_zendesk_synced_at)"
        ((rows, newest_at, synced_at),) = self._run(
            f"{self._with()}{counted} from {self._quoted(table)}"
        )
        return TableFacts(table, rows, newest_at, synced_at)

    def _period(self, weeks: int) -> Period | None:
        if "tickets" not in self.tables:
            return None
        ((oldest, newest),) = self._run(self._with() + SPAN)
        if newest is None:
            return None
        last_day = newest.astimezone(self.zone).date()
        age = (last_day - oldest.astimezone(self.zone).date()).days + 1
        weeks = min(weeks, -(-age // DAYS_A_WEEK))
        return Period(last_day - timedelta(days=DAYS_A_WEEK * weeks - 1), weeks, newest)

    def _account_meant(self, account: str) -> str:
        """Return the account of the page if several share the tables; otherwise nothing.

        Raises:
            ConfigurationError: The account was not named, or is not in the dataset.
        """
        if ACCOUNT_COLUMN not in self._columns.get(SYNC_LOG_TABLE, ()):
            return ""
        known = [name for (name,) in self._run(ACCOUNT_NAMES)]
        if not account and len(known) == 1:
            account = known[0]
        if account not in known:
            raise ConfigurationError(
                f"The dataset {self.name} holds {len(known)} accounts: {', '.join(known)}.",
                "Name one with --account.",
            )
        return account

    def _rows_there(self, *, with_removed: bool = False) -> list[str]:
        """Return definitions that take the place of tables: rows of the account that still hold."""
        definitions = []
        for table in sorted(self.tables):
            there, conditions = self._columns[table], []
            if self._account and ACCOUNT_COLUMN in there:
                conditions.append(f"account = {literal(self._account)}")
            if not with_removed and REMOVED in there:
                conditions.append(f"{REMOVED} is not true")
            if conditions:
                name = self._client.make_qualified_table_name(table)
                rows = f"select * from {name} where {' and '.join(conditions)}"  # noqa: S608
                definitions.append(f"{self._quoted(table)} as ({rows})")
        return definitions

    def _views(self, query: Query) -> list[str]:
        """Return the definition of the view that a query reads, which need not have been made."""
        view = analytics.TICKETS
        if view.name not in query.sql:
            return []
        tables = tables_in(self._client, self.name)
        loaded = LoadedTables(self._client, self._dialect, self.name, tables, self._account)
        return [f"{view.name} as ({definition(loaded, view)})"]

    def _with(self) -> str:
        parts = self._rows_there(with_removed=True)
        return f"with {', '.join(parts)} " if parts else ""

    def _quoted(self, name: str) -> str:
        return self._client.escape_column_name(name)

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._client.execute_query(sql, *values) as cursor:
            return [tuple(_plain(value) for value in row) for row in cursor.fetchall()]


@contextmanager
def opened(
    pipeline: dlt.Pipeline,
    zone: ZoneInfo,
    weeks: int,
    account: str = "",
    folder: Path | None = None,
) -> Iterator[Loaded]:
    """Open the dataset of a pipeline for reading only.

    Args:
        pipeline: Its destination is read.
        zone: Of days and hours.
        weeks: How many weeks are asked for.
        account: Whose rows, if several accounts share the dataset.
        folder: As of ``write_report``.

    Raises:
        ConfigurationError: There is no such dataset, or the queries do not run at its destination.
    """
    dialect = DIALECTS.get(pipeline.destination.capabilities().sqlglot_dialect or "")
    if dialect is None or pipeline.destination.destination_name == "filesystem":
        raise ConfigurationError(
            f"The report reads DuckDB and Postgres, not {pipeline.destination.destination_name}.",
            "Load into one of them as well, with a --destination of its own; the SQL to port is in"
            " zendesk_source/html_report/queries.py.",
        )
    with explained(pipeline):
        waiting = WaitingLog.of(pipeline, folder=folder).rows()
        client = pipeline.sql_client()
        if isinstance(client, DuckDbSqlClient) and path_of(pipeline) is not None:
            client.credentials.read_only = True  # a DuckLake is opened from memory
        with client:
            yield Loaded(client, dialect, zone, weeks, account, waiting)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc)
    return value
