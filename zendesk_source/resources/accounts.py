"""Several accounts in one dataset: each row says whose it is, and none touches another's.

What a list shows replaces the rows of its own account: a merge that deletes in a scope, because
a replaced table would lose those of all the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.configuration.container import Container
from dlt.common.destination.capabilities import DestinationCapabilitiesContext

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.errors import ConfigurationError
from zendesk_source.names import ACCOUNT_COLUMN


def key_of(columns: Iterable[str], connection: Connection) -> list[str]:
    """Return the columns of a key: ids of two accounts may be the same."""
    return [*([ACCOUNT_COLUMN] if connection.options.account_column else []), *columns]


def hints_of_all(hints: dict[str, Any], connection: Connection) -> Any:
    """Return the hints of a table's columns, with that of the account's."""
    own = {ACCOUNT_COLUMN: {"data_type": "text"}}
    return {**own, **hints} if connection.options.account_column else hints


def write_of(stream: Stream, connection: Connection) -> Any:
    """Return the write disposition of a stream's tables."""
    if connection.options.account_column and stream.write == "replace":
        return in_account({"disposition": "merge", "strategy": "delete-insert"}, connection)
    return stream.write


def in_account(merge: Any, connection: Connection) -> Any:
    """Return a merge that deletes or closes rows of the connection's account only."""
    if not connection.options.account_column:
        return merge
    literal = connection.account.replace("'", "''").replace("{", "{{").replace("}", "}}")
    return {**merge, "destination_scope": f"{ACCOUNT_COLUMN} = '{literal}'"}


def emptied(stream: Stream, has_rows: bool, connection: Connection) -> Iterator[Any]:
    """Let the tables of a list lose the account's rows, also where it shows none any more."""
    if not connection.options.account_column or stream.write != "replace":
        return
    for table in stream.tables:
        if was_loaded(table.name) and not (has_rows and table is stream):
            yield no_rows_of(table.name, stream, write_of(stream, connection))


def no_rows_of(table: str, stream: Stream, write: Any) -> Any:
    """Return what lets dlt write a table that is there without a row, as its merge asks for.

    Not as parquet, as everything else: dlt cannot load a file of it without rows into Postgres.
    """
    nothing = dlt.mark.materialize_table_schema()
    if table == stream.name:
        hints = dlt.mark.make_hints(write_disposition=write, file_format="preferred")
        return dlt.mark.with_hints(nothing, hints)
    hints = dlt.mark.make_hints(table_name=table, file_format="preferred")
    return dlt.mark.with_hints(nothing, hints, create_table_variant=True)


def was_loaded(table: str) -> bool:
    """Whether a table has ever had a row: dlt knows only then all that it has to create."""
    return "_dlt_load_id" in dlt.current.source_schema().tables.get(table, {}).get("columns", {})


def with_account(rows: Any, connection: Connection) -> Any:
    """Return rows, objects or an Arrow table, with the name of their account."""
    if not connection.options.account_column:
        return rows
    if isinstance(rows, list):
        return [{ACCOUNT_COLUMN: connection.account, **row} for row in rows]
    field = pa.field(ACCOUNT_COLUMN, pa.string(), nullable=False)
    return rows.add_column(0, field, pa.repeat(pa.scalar(connection.account), rows.num_rows))


def check_destination(connection: Connection) -> None:
    """Refuse a destination that cannot keep accounts apart.

    Raises:
        ConfigurationError: It only appends.
    """
    if not connection.options.account_column or DestinationCapabilitiesContext not in Container():
        return
    capabilities = Container()[DestinationCapabilitiesContext]
    if "delete-insert" not in (capabilities.supported_merge_strategies or ()):
        name = dlt.current.pipeline().destination.destination_name
        raise ConfigurationError(
            f"The destination {name} cannot merge, so one dataset cannot hold several accounts.",
            "Set account_column to false and give each account a dataset of its own: --dataset.",
        )
