"""The differences between the SQL of DuckDB and of Postgres."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import dlt

from zendesk_source.catalogue import DataType

_PATH = re.compile(r"->> '\$\.([\w.]+)'")
_EACH = re.compile(r"\beach\(([^()]+)\)")
_DAYS = re.compile(r"\bdays_from\(([^(),]+), ([^(),]+)\)")
_TYPES: Mapping[DataType, str] = MappingProxyType(
    {
        "bigint": "bigint",
        "text": "varchar",
        "bool": "boolean",
        "timestamp": "timestamp",
        "date": "date",
        "double": "double precision",
        "decimal": "decimal(38, 9)",
        "json": "json",
    }
)

_POSTGRES_TYPES: Mapping[DataType, str] = MappingProxyType({**_TYPES, "json": "jsonb"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one database writes in its own way.

    Attributes:
        name: Name of the destination.
        types: Its names for our types; times have no zone and are in UTC.
        path: Returns the operator and operand that read ``a.b`` from JSON.
        each: Returns the elements of a JSON column as rows ``(element, place)``.
        days: Returns the days from one to another as rows ``(day)``, at midnight.
        is_kept: Whether to make a view anew only if it changed. Dropping it would lose the grants
            on it and the views that others made of it.
    """

    name: str
    types: Mapping[DataType, str]
    path: Callable[[str], str]
    each: Callable[[str], str]
    days: Callable[[str, str], str]
    is_kept: bool

    def translated(self, sql: str) -> str:
        """Translate the SQL of a declaration for this database."""
        sql = _PATH.sub(lambda found: self.path(found[1]), sql)
        sql = _DAYS.sub(lambda found: self.days(found[1], found[2]), sql)
        return _EACH.sub(lambda found: self.each(found[1]), sql)


def _duckdb_each(column: str) -> str:
    elements = f"try_cast({column} as json[])"
    return (
        f"(select unnest({elements}) as element, generate_subscripts({elements}, 1) - 1 as place)"
    )


def _postgres_each(column: str) -> str:
    elements = f"case when jsonb_typeof({column}) = 'array' then {column} end"
    rows = f"jsonb_array_elements({elements}) with ordinality"
    return f"(select value as element, ordinality - 1 as place from {rows})"  # noqa: S608


def _duckdb_days(first: str, last: str) -> str:
    return f"(select unnest(generate_series({first}, {last}, interval '1 day')) as day)"


def _postgres_days(first: str, last: str) -> str:
    # Of dates it would make times with a zone, and count hours over a change of time.
    ends = f"cast({first} as timestamp), cast({last} as timestamp)"
    return f"(select generate_series({ends}, interval '1 day') as day)"


def _duckdb_path(path: str) -> str:
    return f"->> '$.{path}'"


def _postgres_path(path: str) -> str:
    return "#>> '{" + path.replace(".", ",") + "}'"


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        each.name: each
        for each in (
            Dialect("duckdb", _TYPES, _duckdb_path, _duckdb_each, _duckdb_days, is_kept=False),
            Dialect(
                "postgres",
                _POSTGRES_TYPES,
                _postgres_path,
                _postgres_each,
                _postgres_days,
                is_kept=True,
            ),
        )
    }
)
"""Dialects by destination; other destinations have no views."""


def dialect_of(pipeline: dlt.Pipeline) -> Dialect | None:
    """Return the dialect of a pipeline's destination; None if it cannot have our views."""
    return DIALECTS.get(pipeline.destination.destination_type.rpartition(".")[2])
