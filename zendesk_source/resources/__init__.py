"""Make a dlt resource of each stream: declare its keys, cursor and types, and hand its rows on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import Any

import dlt
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltResource

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Columns, SideTable, Stream
from zendesk_source.names import DELETED_AT, REJECTED_TABLE, REMOVED, SYNCED_AT
from zendesk_source.resources.accounts import hints_of_all, key_of, write_of
from zendesk_source.resources.children import child_rows
from zendesk_source.resources.custom_objects import rows_of_each
from zendesk_source.resources.exports import incremental_rows
from zendesk_source.resources.greeting import greeted
from zendesk_source.resources.lists.whole import list_rows
from zendesk_source.shape.rejected import REJECTED_COLUMNS
from zendesk_source.shape.removal import without_deleted
from zendesk_source.times import Window

_REMOVES = {"data_type": "bool", "hard_delete": True}


def resource_of(stream: Stream, connection: Connection, window: Window) -> DltResource:
    """Return the dlt resource of a stream."""
    if connection.options.deleted == "remove":
        stream = without_deleted(stream)
    return declared(stream, connection, _rows_of(stream, connection, window))


def declared(
    stream: Stream, connection: Connection, rows: Callable[..., Iterator[Any]]
) -> DltResource:
    """Return a dlt resource that fills the tables of a stream, with their keys and types.

    Args:
        stream: The stream, as the connection's options change it.
        connection: The account.
        rows: Yields the tables; called after the greeting.
    """
    # Where nothing is to be injected, dlt need not find that out for a hundred functions.
    spec: Any = None if signature(rows).parameters else BaseConfiguration
    resource = dlt.resource(
        greeted(stream, connection, rows),
        name=stream.name,
        spec=spec,
        primary_key=key_of(stream.primary_key, connection),
        write_disposition=write_of(stream, connection),
        columns=_own_column_hints(stream, connection),
        file_format="parquet",
    )
    if connection.options.table_format != "default":
        resource.apply_hints(table_format=connection.options.table_format)  # of side tables, too
    if stream.parent is not None and stream.replaces_by_parent:
        resource.apply_hints(merge_key=key_of([stream.parent.column], connection))
    is_merged = stream.write == "merge"
    for side in stream.side_tables:
        is_set = is_merged and side.is_whole_set
        _add_table(
            resource,
            side.name,
            hints_of_all(_column_hints(side, is_merged=is_merged), connection),
            write_disposition=write_of(stream, connection),
            primary_key=key_of(side.primary_key, connection),
            merge_key=key_of([side.parent_column], connection) if is_set else "",
        )
    rejected = hints_of_all(_types(REJECTED_COLUMNS), connection)
    _add_table(resource, REJECTED_TABLE, rejected, write_disposition="append")
    return resource


def _rows_of(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    if stream.replaces_by_parent:
        return child_rows(stream, connection, window)
    if stream.each_of is not None:
        return rows_of_each(stream, connection, window)
    if stream.is_incremental:
        return incremental_rows(stream, connection, window)
    return list_rows(stream, connection)


def _add_table(
    resource: DltResource,
    name: str,
    columns: Any,
    *,
    write_disposition: Any,
    primary_key: Sequence[str] = "",
    merge_key: Sequence[str] = "",
) -> None:
    """Declare a further table that a resource fills; without a key it has none."""
    no_columns: Any = {}
    for each in (no_columns, columns):  # the first drops what it inherits from the resource
        resource.apply_hints(
            table_name=name,
            write_disposition=write_disposition,
            primary_key=primary_key,
            merge_key=merge_key,
            columns=each,
            create_table_variant=True,
        )


def _types(columns: Columns) -> dict[str, Any]:
    return {name: {"data_type": data_type} for name, data_type in columns.items()}


def _is_whole_set(table: Stream | SideTable) -> bool:
    return table.is_whole_set if isinstance(table, SideTable) else table.replaces_by_parent


def _own_column_hints(stream: Stream, connection: Connection) -> Any:
    hints = hints_of_all(_column_hints(stream, is_merged=stream.write == "merge"), connection)
    if stream.name in connection.options.with_history:
        return hints
    if connection.options.deleted == "mark" and stream.misses_rows:
        hints[DELETED_AT] = {"data_type": "timestamp"}
    if (
        connection.options.deleted == "remove"
        and stream.is_deleted is not None
        and stream.is_incremental
    ):
        hints[REMOVED] = _REMOVES
    return hints


def _column_hints(table: Stream | SideTable, *, is_merged: bool) -> Any:
    hints = _types(table.columns)
    hints[SYNCED_AT] = {"data_type": "timestamp"}
    if is_merged:
        # Of two states of a row in one load package the one read later wins.
        hints[SYNCED_AT]["dedup_sort"] = "desc"
    if is_merged and _is_whole_set(table):
        hints[REMOVED] = _REMOVES
    return hints
