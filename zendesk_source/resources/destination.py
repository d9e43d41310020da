"""Fit a stream to the destination that it is loaded into; its declaration knows of none."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.extract import DltResource
from dlt.extract.items import TableNameMeta

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import SideTable, Stream
from zendesk_source.destination.abilities import Abilities, abilities_of
from zendesk_source.destination.limits import limits_of
from zendesk_source.destination.place import current_pipeline
from zendesk_source.names import REJECTED_TABLE, REMOVED, SYNCED_AT
from zendesk_source.resources.accounts import key_of, write_of
from zendesk_source.settings.options import TableFormat


def meet_destination(connection: Connection) -> None:
    """Note what the destination takes and can do; outside of a pipeline there is none.

    Args:
        connection: Gets its limits and abilities.

    Raises:
        ConfigurationError: The destination cannot hold what is to be loaded.
    """
    if DestinationCapabilitiesContext not in Container():
        return
    capabilities = Container()[DestinationCapabilitiesContext]
    connection.limits = limits_of(str(capabilities.sqlglot_dialect))
    connection.abilities = _abilities(capabilities, connection.options.table_format)
    connection.abilities.check(connection.options)


def fit_resource(stream: Stream, connection: Connection) -> None:
    """Take back from the current resource's tables what the destination would do wrong.

    Args:
        stream: The stream of the resource.
        connection: The account, with the abilities of the destination.
    """
    abilities, resource = connection.abilities, dlt.current.resource()
    if abilities.kind and not abilities.takes_parquet:
        for name in (*(table.name for table in stream.tables), REJECTED_TABLE):
            _apply(resource, name, file_format="preferred")
    if abilities.merge == "sets" or stream.write != "merge":
        return
    # Otherwise dlt warns of each table in each package. Marked rows have to stay in the tables:
    # nothing else tells there that a row is gone.
    unsorted: Any = {SYNCED_AT: {"data_type": "timestamp", "dedup_sort": None}}
    kept: Any = {REMOVED: {"data_type": "bool", "hard_delete": False}}
    write = write_of(stream, connection)
    for table in stream.tables:
        is_marked = REMOVED in _columns(resource, table.name)
        _apply(
            resource,
            table.name,
            write_disposition=write,
            primary_key=merged_key(table, connection),
            merge_key="",
            columns={**unsorted, **kept} if is_marked else unsorted,
        )


def merged_key(table: Stream | SideTable, connection: Connection) -> list[str]:
    """Return the key of a row where rows are merged one by one.

    The parent belongs to it: a row that says "this parent has none" has nothing else in its key.
    """
    first = [table.set_column] if table.set_column else []
    return key_of(dict.fromkeys((*first, *table.primary_key)), connection)


def _abilities(
    capabilities: DestinationCapabilitiesContext, table_format: TableFormat
) -> Abilities:
    strategies = capabilities.supported_merge_strategies or ()
    if (choose := capabilities.merge_strategies_selector) is not None:
        table: Any = {} if table_format == "default" else {"table_format": table_format}
        strategies = choose(strategies, table_schema=table)
    file_formats = (
        *(capabilities.supported_loader_file_formats or ()),
        *(capabilities.supported_staging_file_formats or ()),
    )
    kind = current_pipeline().destination.destination_type.rpartition(".")[2]
    table_formats = capabilities.supported_table_formats or ()
    return abilities_of(kind, strategies, file_formats, table_formats, table_format)


def _columns(resource: DltResource, table: str) -> Any:
    """Return the columns that are declared for a table of a resource."""
    meta = None if table == resource.name else TableNameMeta(table)
    return resource.compute_table_schema(meta=meta)["columns"]


def _apply(resource: DltResource, table: str, **hints: Any) -> None:
    if table == resource.name:
        resource.apply_hints(**hints)
    else:
        resource.apply_hints(table_name=table, create_table_variant=True, **hints)
