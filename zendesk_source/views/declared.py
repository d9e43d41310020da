"""The terms in which a view is declared: frozen data; other modules make SQL of it.

A view reads tables of ours under a letter, or in a file under their own names, and its SQL is
written once, as DuckDB understands it. Some of it is translated for each database: a value of a
JSON column, ``(t.via ->> '$.source.rel')``; the elements of one as rows ``(element, place)``,
``each(t.intervals)``; and the days between two as rows ``(day)``, ``days_from(s.first, s.last)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from zendesk_source.catalogue import STREAMS, DataType, SideTable, Stream
from zendesk_source.names import SYNCED_AT

TABLES: Mapping[str, Stream | SideTable] = MappingProxyType(
    {table.name: table for stream in STREAMS for table in stream.tables}
)
STREAM_OF: Mapping[str, str] = MappingProxyType(
    {table.name: stream.name for stream in STREAMS for table in stream.tables}
)
"""The stream that loads a table."""

IS_GONE = "is_gone"
"""Column of ``newest`` rows: whether Zendesk no longer shows the row."""
IS_OLDEST = "is_oldest"
"""Column of ``versions``: whether it is the first version that was loaded."""

Zones = Mapping[str, str]
"""Names of time zones as Zendesk spells them, and their names in the tz database."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a view reads from a table.

    Attributes:
        table: Name of the table.
        which: ``newest`` is one row for each id, as it is now or was last, with ``is_gone``.
            ``versions`` is one row for each id and ``updated_at``, with ``is_oldest``.
        may_be_missing: Whether a table that was never loaded is read as an empty one.
    """

    table: str
    which: Literal["all", "newest", "versions"] = "all"
    may_be_missing: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view, and the expression it is made of."""

    name: str
    data_type: DataType
    sql: str


@dataclass(frozen=True, slots=True)
class View:
    """One view.

    Attributes:
        name: Name of the other connector's table.
        columns: Columns in their order.
        reads: What it reads, by the letter that stands for it in the SQL.
        rows_of: For a view that reads no table: makes its rows from the time zones in use and the
            time.
        body: The SQL from ``from`` on; when left out, all rows of what is read.
        query: Instead of columns and body: the whole SQL, in which times keep their zone.
        views: Other views that the query reads under their names.
        custom_fields_of: Letter of the table whose custom fields are further columns.
        switch: Variable that lets the dbt package run without the view; empty if it cannot.
        is_on: Whether the package has that variable on by default.
    """

    name: str
    columns: tuple[Column, ...] = ()
    reads: Mapping[str, Rows] = field(default_factory=dict)
    rows_of: Callable[[Zones, datetime], list[tuple[Any, ...]]] | None = None
    body: str = ""
    query: str = ""
    views: tuple[View, ...] = ()
    custom_fields_of: str = ""
    switch: str = ""
    is_on: bool = True

    @property
    def is_required(self) -> bool:
        """Whether the dbt package cannot run without it."""
        return bool(self.reads) and not self.switch and not self.query

    @property
    def needs(self) -> tuple[str, ...]:
        """The streams that have to be loaded for it."""
        return self._streams(may_be_missing=False)

    @property
    def uses(self) -> tuple[str, ...]:
        """The streams without which columns of it are empty."""
        return self._streams(may_be_missing=True)

    def _streams(self, *, may_be_missing: bool) -> tuple[str, ...]:
        read = [rows for view in (*self.views, self) for rows in view.reads.values()]
        tables = [rows.table for rows in read if rows.may_be_missing is may_be_missing]
        return tuple(dict.fromkeys(STREAM_OF[table] for table in tables))


def same(letter: str, table: str, names: str) -> tuple[Column, ...]:
    """Return columns with the same names as in the table."""
    types = TABLES[table].columns
    return tuple(Column(name, types[name], f'{letter}."{name}"') for name in names.split())


def synced(letter: str) -> Column:
    """Return the column that says when a row was read."""
    return Column("_fivetran_synced", "timestamp", f"{letter}.{SYNCED_AT}")
