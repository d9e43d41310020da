"""List what a database holds, and make views in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.views.dialects import Dialect

Client = SqlClientBase[Any]
Tables = Mapping[str, Mapping[str, str]]
"""Columns and their types, by table."""

_COLUMNS = """
select table_name, column_name, lower(data_type) from information_schema.columns
where table_schema = %s and table_catalog = current_database()
order by table_name, ordinal_position
"""
_SCHEMAS = """
select schema_name from information_schema.schemata where catalog_name = current_database()
"""
_VIEWS = """
select table_name from information_schema.tables
where table_schema = %s and table_catalog = current_database() and table_type = 'VIEW'
"""


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def qualified(client: Client, schema: str, name: str) -> str:
    """Return the name of a table or view in a schema.

    It does not name the database: DuckDB names it after its file, which may be renamed, or attached
    under another name.
    """
    return f"{client.escape_column_name(schema)}.{client.escape_column_name(name)}"


def asked(client: Client, sql: str, *values: object) -> list[Sequence[Any]]:
    """Return the rows of a query."""
    return list(client.execute_sql(sql, *values) or ())


def tables_in(client: Client, schema: str) -> Tables:
    """Return the tables and views of a schema."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in asked(client, _COLUMNS, schema):
        tables.setdefault(table, {})[column] = data_type
    return tables


def schemas_in(client: Client) -> set[str]:
    """Return the names of the schemas."""
    return {name for (name,) in asked(client, _SCHEMAS)}


def views_in(client: Client, schema: str) -> set[str]:
    """Return the names of a schema's views."""
    return {name for (name,) in asked(client, _VIEWS, schema)}


def put_view(client: Client, dialect: Dialect, view: str, definition: str) -> None:
    """Make a view, or replace it.

    Args:
        client: Client of the database.
        dialect: Dialect of the database.
        view: Qualified name of the view.
        definition: Its query.

    Raises:
        DatabaseException: On Postgres: it lost a column, and other views depend on it.
    """
    if not dialect.is_kept:
        client.execute_sql(f"CREATE OR REPLACE VIEW {view} AS {definition}")
        return
    digest = hashlib.sha256(definition.encode()).hexdigest()
    made_of = asked(client, "SELECT obj_description(to_regclass(%s))", view)
    if made_of and made_of[0][0] == digest:
        return
    try:
        # Keeps the grants; enough where columns were only added at the end.
        _create(client, f"CREATE OR REPLACE VIEW {view} AS {definition}", view, digest)
    except DatabaseException:
        anew = f"DROP VIEW IF EXISTS {view}; CREATE VIEW {view} AS {definition}"
        _create(client, anew, view, digest)


def _create(client: Client, statement: str, view: str, digest: str) -> None:
    with client.begin_transaction():
        client.execute_sql(f"{statement}; COMMENT ON VIEW {view} IS '{digest}'")
