"""Make the SQL of a declared view, from the columns that the tables really have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zendesk_source.catalogue import DataType
from zendesk_source.names import (
    ACCOUNT_COLUMN,
    DELETED_AT,
    REMOVED,
    SYNCED_AT,
    VALID_FROM,
    VALID_TO,
)
from zendesk_source.views.database import Client, Tables, literal, qualified
from zendesk_source.views.declared import IS_GONE, IS_OLDEST, TABLES, Column, Rows, View
from zendesk_source.views.dialects import Dialect

CUSTOM_FIELD, AS_CUSTOM_FIELD = "cf_", "custom_"
_WITH_ZONE = "timestamp with time zone"
_COMMENT = re.compile(r"--[^\n]*")
_IS_LOADED = re.compile(r"\bloaded\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The tables that views are made from.

    Attributes:
        client: Client of the database.
        dialect: Dialect of the database.
        schema: Schema of the tables.
        tables: Tables of the schema, with their columns.
        account: Name of the account to show, if several share the tables; otherwise empty.
    """

    client: Client
    dialect: Dialect
    schema: str
    tables: Tables
    account: str = ""

    def missing(self, view: View) -> tuple[str, ...]:
        """Return the streams that a view needs and that are not loaded."""
        return tuple(stream for stream in view.needs if stream not in self.tables)

    def unused(self, view: View) -> tuple[str, ...]:
        """Return the streams that a view would use and that are not loaded."""
        return tuple(stream for stream in view.uses if stream not in self.tables)


def definition(loaded: Loaded, view: View, values: Sequence[tuple[Any, ...]] = ()) -> str:
    """Return the query of a view.

    Args:
        loaded: The tables.
        view: The declared view.
        values: Its rows, if it reads no table.
    """
    parts = [f"{other.name} as ({definition(loaded, other)})" for other in view.views]
    parts += [f"{letter} as ({_rows_sql(loaded, view, letter)})" for letter in view.reads]
    if view.query:
        return f"with {', '.join(parts)} {_query(loaded, view)}"
    if not view.reads:
        parts = [_values_sql(view, values)]
    selected = [_selected(loaded.dialect, column) for column in view.columns]
    selected += _custom_fields(loaded, view)
    body = loaded.dialect.translated(view.body or f"from {next(iter(view.reads), 'v')}")
    return f"with {', '.join(parts)} select {', '.join(selected)} {body}"


def _query(loaded: Loaded, view: View) -> str:
    """Return the query of a view in the database's dialect, in one line."""
    sql = _IS_LOADED.sub(lambda found: str(found[1] in loaded.tables).lower(), view.query)
    return loaded.dialect.translated(" ".join(_COMMENT.sub("", sql).split()))


def _selected(dialect: Dialect, column: Column) -> str:
    target = dialect.types[column.data_type]
    return f'cast({dialect.translated(column.sql)} as {target}) as "{column.name}"'


def _rows_sql(loaded: Loaded, view: View, letter: str) -> str:
    """Return the query for what a view reads from a table: only the columns that it mentions."""
    rows = view.reads[letter]
    there = loaded.tables.get(rows.table, {})
    types = TABLES[rows.table].columns
    names = [name for name in _mentioned(view, letter) if name not in (IS_GONE, IS_OLDEST)]
    shown = [
        _column(loaded.dialect, name, _type_of(name, types), there, keeps_zone=bool(view.query))
        for name in names
    ]
    if view.custom_fields_of == letter:
        shown += [f't."{name}"' for name in _custom_names(there)]
    shown, place = _by_version(rows, shown, there)
    if rows.table not in loaded.tables:
        return f"select {', '.join(shown)} where false"
    source = qualified(loaded.client, loaded.schema, rows.table)
    where = _conditions(loaded, there)
    query = f"select {', '.join([*shown, *place])} from {source} as t{where}"  # noqa: S608
    return f"select * from ({query}) as t where place = 1" if place else query  # noqa: S608


def _mentioned(view: View, letter: str) -> list[str]:
    texts = [*(column.sql for column in view.columns), view.body, _COMMENT.sub("", view.query)]
    found = (re.findall(rf'\b{letter}\."?(\w+)"?', text) for text in texts)
    return list(dict.fromkeys(name for names in found for name in names))


def _type_of(name: str, types: Mapping[str, DataType]) -> DataType:
    return "timestamp" if name == SYNCED_AT else types[name]


def _column(
    dialect: Dialect,
    name: str,
    data_type: DataType,
    there: Mapping[str, str],
    *,
    keeps_zone: bool,
) -> str:
    target = dialect.types[data_type]
    if keeps_zone and data_type == "timestamp":
        shown = f't."{name}"' if name in there else "null"
        if there.get(name) == "timestamp without time zone":
            shown += " at time zone 'UTC'"
        return f'cast({shown} as {_WITH_ZONE}) as "{name}"'
    if name not in there:
        return f'cast(null as {target}) as "{name}"'
    # A plain cast of a time with a zone would depend on the zone of the session.
    return f'cast(t."{name}"{_at_utc(there[name])} as {target}) as "{name}"'


def _by_version(
    rows: Rows, shown: list[str], there: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Return the columns with what tells of versions, and what numbers them where there are any."""
    if rows.which == "all":
        return shown, []
    ends = [name for name in (DELETED_AT, VALID_TO) if name in there]
    is_gone = " or ".join(f't."{name}" is not null' for name in ends) or "false"
    since = f't."{VALID_FROM}"'
    has_versions = VALID_FROM in there
    if rows.which == "newest":
        place = f"row_number() over (partition by t.id order by {since} desc) as place"
        return [*shown, f"({is_gone}) as {IS_GONE}"], [place] if has_versions else []
    if not has_versions:
        return [*shown, f"true as {IS_OLDEST}"], []
    changed = "partition by t.id, t.updated_at"
    oldest = f"min({since}) over ({changed}) = min({since}) over (partition by t.id)"
    place = f"row_number() over ({changed} order by {since} desc) as place"
    return [*shown, f"({oldest}) as {IS_OLDEST}"], [place]


def _conditions(loaded: Loaded, there: Mapping[str, str]) -> str:
    conditions = []
    if loaded.account:
        conditions.append(f't."{ACCOUNT_COLUMN}" = {literal(loaded.account)}')
    if REMOVED in there:
        conditions.append(f"not coalesce(t.{REMOVED}, false)")
    return f" where {' and '.join(conditions)}" if conditions else ""


def _custom_names(there: Iterable[str]) -> list[str]:
    return [name for name in there if name.startswith(CUSTOM_FIELD)]


def _custom_fields(loaded: Loaded, view: View) -> list[str]:
    """Return the columns of custom fields; they come last, so that a new one is the last column."""
    letter = view.custom_fields_of
    if not letter:
        return []
    there = loaded.tables.get(view.reads[letter].table, {})
    return [
        f'{letter}."{name}"{_at_utc(there[name])} as "{AS_CUSTOM_FIELD}{name[len(CUSTOM_FIELD) :]}"'
        for name in _custom_names(there)
    ]


def _at_utc(data_type: str) -> str:
    return " at time zone 'UTC'" if data_type == _WITH_ZONE else ""


def _values_sql(view: View, values: Sequence[tuple[Any, ...]]) -> str:
    rows = ", ".join(f"({', '.join(map(_value, row))})" for row in values)
    names = ", ".join(f'"{name}"' for name in _mentioned(view, "v"))
    return f"v ({names}) as (values {rows})"


def _value(value: object) -> str:
    return str(value) if isinstance(value, (int, float)) else literal(str(value))
