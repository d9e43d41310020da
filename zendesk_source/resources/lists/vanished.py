"""Keep rows that a list no longer shows: they stay in its table, with the time of their vanishing.

A list replaces its table. Therefore vanished rows are read back from the destination and written
again with the list. dlt's state keeps, in a few bytes for each list, which keys were shown last and
whether the table holds vanished rows. If neither requires it, nothing is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from hashlib import sha256
from typing import Any

import dlt
import orjson
from dlt.common.destination.exceptions import DestinationUndefinedEntity, SqlClientNotAvailable
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.errors import UnexpectedAnswer
from zendesk_source.names import ACCOUNT_COLUMN, DELETED_AT
from zendesk_source.resources.run import current_slice

_ROWS_AT_ONCE = 1_000

Row = dict[str, Any]
Key = tuple[str, ...]


def vanished_rows(
    stream: Stream,
    shown: Sequence[Row],
    missed_at: datetime | None,
    state: dict[str, Any],
    connection: Connection,
    is_hidden: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """Read back the rows that a list showed once and shows no more.

    Args:
        stream: The list.
        shown: All its rows.
        missed_at: When they were read. None if a row was rejected: it may be one of those that
            are missing, so none can be said to have vanished.
        state: By stream; notes what is shown now.
        connection: The account.
        is_hidden: Whether a row that is not shown may still exist.

    Returns:
        Rows as they were loaded last, vanished ones with the time of their vanishing.
    """
    keys = {_key(row, stream.primary_key) for row in shown}
    digest = sha256(orjson.dumps(sorted(keys))).hexdigest()
    before = state.get(stream.name, {})
    is_same = before.get("keys") == digest and is_hidden is None
    stored: Iterable[Row] = ()
    if not is_same or before["gone"]:
        is_needed = is_hidden is not None
        stored = _stored_rows(stream.name, connection, only_vanished=is_same, is_needed=is_needed)
    missed = [row for row in stored if _key(row, stream.primary_key) not in keys]
    are_marked = connection.options.deleted == "mark" and stream.misses_rows
    kept, gone = [], []
    for row in missed:
        if is_hidden is not None and is_hidden(row):
            kept.append(row)
        elif are_marked:
            gone.append({DELETED_AT: missed_at, **row})
    # The keys of a part of the list say nothing about the next list.
    state[stream.name] = {"keys": digest if is_hidden is None else "", "gone": len(gone)}
    if missed_at is None:
        del state[stream.name]  # they are to be read back next time, too
    return [*kept, *gone]


def _key(row: Row, columns: Sequence[str]) -> Key:
    return tuple(str(row.get(column)) for column in columns)


def _stored_rows(
    table: str, connection: Connection, *, only_vanished: bool, is_needed: bool
) -> Iterator[Row]:
    """Read an account's rows at the destination; none if it has no table or cannot be asked.

    Raises:
        UnexpectedAnswer: The rows are needed, and the destination cannot be asked.
    """
    schema = dlt.current.source_schema()
    known = schema.tables.get(table, {}).get("columns", {})
    types = {
        name: str(column["data_type"])
        for name, column in known.items()
        if "data_type" in column and not name.startswith("_dlt_")
    }
    if not types:
        return
    try:
        with _used(), _sql_client(schema.name) as client:
            names = ", ".join(map(client.escape_column_name, types))
            query = f"SELECT {names} FROM {client.make_qualified_table_name(table)}"  # noqa: S608
            wanted, whose = [], []
            if only_vanished:
                wanted.append(f"{client.escape_column_name(DELETED_AT)} IS NOT NULL")
            if connection.options.account_column:
                wanted.append(f"{client.escape_column_name(ACCOUNT_COLUMN)} = %s")
                whose.append(connection.account)
            if wanted:
                query += f" WHERE {' AND '.join(wanted)}"
            with client.execute_query(query, *whose) as cursor:
                while batch := cursor.fetchmany(_ROWS_AT_ONCE):
                    yield from (_python_row(types, values) for values in batch)
    except DestinationUndefinedEntity:
        return
    except SqlClientNotAvailable:
        if is_needed:
            raise UnexpectedAnswer(
                f"A part of {table} was not read, and the destination does not say what it holds.",
                "The table stays as it is.",
            ) from None


def _used() -> AbstractContextManager[None]:
    part = current_slice()
    return nullcontext() if part is None else part.sync.used()


def _sql_client(schema_name: str) -> SqlClientBase[Any]:
    """Return the sync's one client of the destination: making it costs more than using it."""
    part, pipeline = current_slice(), dlt.current.pipeline()
    if part is None:
        return pipeline.sql_client(schema_name)
    if part.sync.sql_client is None:
        part.sync.sql_client = pipeline.sql_client(schema_name)
    return part.sync.sql_client


def _python_row(types: dict[str, str], values: Sequence[Any]) -> Row:
    """Return a row as it was before it was loaded; some destinations return JSON as text."""
    row: Row = {}
    for (name, data_type), value in zip(types.items(), values, strict=True):
        if value is None:
            continue
        is_text = data_type == "json" and isinstance(value, str)
        row[name] = orjson.loads(value) if is_text else value
    return row
