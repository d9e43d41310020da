"""Read rows back from the destination, as they were before they were loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import dlt
import orjson
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.storages.exceptions import SchemaNotFoundError
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.account.connection import Connection
from zendesk_source.destination.place import current_pipeline
from zendesk_source.destination.table_files import Condition, are_files, rows_in_files
from zendesk_source.names import ACCOUNT_COLUMN
from zendesk_source.resources.run import current_slice

_ROWS_AT_ONCE = 1_000

Row = dict[str, Any]


def rows_read_back(
    table: str,
    connection: Connection,
    condition: Condition | None = None,
    columns: Collection[str] = (),
) -> Iterator[Row]:
    """Read an account's rows at the destination, without their nulls; none if it has no table.

    Args:
        table: Name of the table.
        connection: The account.
        condition: Which rows are wanted; all when left out.
        columns: Which columns are wanted; all but those of dlt when left out.

    Raises:
        SqlClientNotAvailable: The destination cannot be asked.
    """
    schema = dlt.current.source_schema()
    known = schema.tables.get(table, {}).get("columns", {})
    types = {
        name: str(column["data_type"])
        for name, column in known.items()
        if "data_type" in column
        and not name.startswith("_dlt_")
        and (not columns or name in columns)
    }
    if not types:
        return
    pipeline: Any = current_pipeline()
    if are_files(pipeline):  # of one account only: accounts cannot share what cannot be merged
        for values in rows_in_files(pipeline, table, tuple(types), condition):
            yield _python_row(types, values)
        return
    try:
        with _used(), _sql_client(schema.name) as client:
            names = ", ".join(map(client.escape_column_name, types))
            query = f"SELECT {names} FROM {client.make_qualified_table_name(table)}"  # noqa: S608
            wanted, whose = [], []
            if condition is not None:
                wanted.append(condition(client.escape_column_name))
            if connection.options.account_column:
                wanted.append(f"{client.escape_column_name(ACCOUNT_COLUMN)} = %s")
                whose.append(connection.account)
            if wanted:
                query += f" WHERE {' AND '.join(wanted)}"
            with client.execute_query(query, *whose) as cursor:
                while batch := cursor.fetchmany(_ROWS_AT_ONCE):
                    yield from (_python_row(types, values) for values in batch)
    except (DestinationUndefinedEntity, SchemaNotFoundError):  # nothing was ever loaded
        return


def _used() -> AbstractContextManager[None]:
    part = current_slice()
    return nullcontext() if part is None else part.sync.used()


def _sql_client(schema_name: str) -> SqlClientBase[Any]:
    """Return the sync's one client of the destination: making it costs more than using it."""
    part, pipeline = current_slice(), current_pipeline()
    if part is None:
        return pipeline.sql_client(schema_name)
    if part.sync.sql_client is None:
        part.sync.sql_client = pipeline.sql_client(schema_name)
    return part.sync.sql_client


def _python_row(types: dict[str, str], values: Sequence[Any]) -> Row:
    """Return a row as it was before it was loaded.

    Some destinations return JSON as text, and truth values as numbers.
    """
    row: Row = {}
    for (name, data_type), value in zip(types.items(), values, strict=True):
        if value is None:
            continue
        if data_type == "json" and isinstance(value, str):
            row[name] = orjson.loads(value)
        else:
            row[name] = bool(value) if data_type == "bool" else value
    return row
