"""Keep several accounts in one dataset: a column names the account of each row.

The rows of a list replace only those of their own account. This is a merge that deletes within the
account, because a replaced table would lose the rows of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
import pyarrow as pa

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.names import ACCOUNT_COLUMN


def key_of(columns: Iterable[str], connection: Connection) -> list[str]:
    """Return the columns of a key, with the account's: two accounts may have the same ids."""
    return [*([ACCOUNT_COLUMN] if connection.options.account_column else []), *columns]


def hints_of_all(hints: dict[str, Any], connection: Connection) -> Any:
    """Return the hints of a table's columns, with one for the account's column."""
    own = {ACCOUNT_COLUMN: {"data_type": "text"}}
    return {**own, **hints} if connection.options.account_column else hints


def write_of(stream: Stream, connection: Connection) -> Any:
    """Return the write disposition of a stream's tables."""
    if connection.options.account_column and stream.write == "replace":
        return in_account({"disposition": "merge", "strategy": "delete-insert"}, connection)
    if stream.write == "merge" and connection.abilities.merge == "nothing":
        return "append"
    return stream.write


def in_account(merge: Any, connection: Connection) -> Any:
    """Return a merge that deletes or closes only rows of the connection's account."""
    if not connection.options.account_column:
        return merge
    literal = connection.account.replace("'", "''").replace("{", "{{").replace("}", "}}")
    return {**merge, "destination_scope": f"{ACCOUNT_COLUMN} = '{literal}'"}


def emptied(stream: Stream, has_rows: bool, connection: Connection) -> Iterator[Any]:
    """Delete the account's rows from the tables of a list that no longer shows any."""
    if not connection.options.account_column or stream.write != "replace":
        return
    for table in stream.tables:
        if was_loaded(table.name) and not (has_rows and table is stream):
            yield no_rows_of(table.name, stream, write_of(stream, connection))


def no_rows_of(table: str, stream: Stream, write: Any) -> Any:
    """Return an item that makes dlt run the merge of an existing table without any row.

    It is not written as parquet, because dlt cannot load an empty parquet file into Postgres.
    """
    nothing = dlt.mark.materialize_table_schema()
    if table == stream.name:
        hints = dlt.mark.make_hints(write_disposition=write, file_format="preferred")
        return dlt.mark.with_hints(nothing, hints)
    hints = dlt.mark.make_hints(table_name=table, file_format="preferred")
    return dlt.mark.with_hints(nothing, hints, create_table_variant=True)


def was_loaded(table: str) -> bool:
    """Whether a table has ever had a row; only then does dlt know all its columns."""
    return "_dlt_load_id" in dlt.current.source_schema().tables.get(table, {}).get("columns", {})


def with_account(rows: Any, connection: Connection) -> Any:
    """Return rows (dicts or an Arrow table) with the name of their account."""
    if not connection.options.account_column:
        return rows
    if isinstance(rows, list):
        return [{ACCOUNT_COLUMN: connection.account, **row} for row in rows]
    field = pa.field(ACCOUNT_COLUMN, pa.string(), nullable=False)
    return rows.add_column(0, field, pa.repeat(pa.scalar(connection.account), rows.num_rows))
