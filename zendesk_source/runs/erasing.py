"""Erase what Zendesk has erased: the texts of scrubbed tickets in all that was loaded of them.

Thirty days after a ticket was deleted Zendesk empties it, and shows the empty ticket once more.
What
was loaded before of its comments, events and history is of other exports, which say nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dlt
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.catalogue import STREAMS, SideTable, Stream
from zendesk_source.catalogue.personal import PERSONAL
from zendesk_source.names import ACCOUNT_COLUMN

_TICKETS, _TICKET, _IS_ERASED = "tickets", "ticket_id", "is_scrubbed"
_HISTORY = "ticket_field_history"
_OURS = ("_zendesk_", "_dlt_")

log = logging.getLogger("zendesk_source")


def erase_scrubbed(pipeline: dlt.Pipeline, section: str, account: str) -> None:
    """Empty the personal columns of all rows that belong to scrubbed tickets.

    It may be done again: what is empty stays as it is.

    Args:
        pipeline: The pipeline that loaded the tables.
        section: Name of the source in its schemas.
        account: Whose rows are meant, if several accounts share the dataset; else empty.
    """
    tables = pipeline.schemas[section].tables if section in pipeline.schemas else {}
    if _IS_ERASED not in _columns(tables, _TICKETS):
        return
    try:
        with pipeline.sql_client(section) as client:
            for table in _tables_of_tickets():
                _empty(client, table, _columns(tables, table.name), account)
    except SqlClientNotAvailable:
        log.warning("erase: the destination takes no SQL, so nothing of scrubbed tickets is erased")


def _columns(tables: Mapping[str, Any], table: str) -> Mapping[str, str]:
    """Return the types of the columns that were loaded; none if the table never was."""
    columns = tables.get(table, {}).get("columns", {})
    types = {name: str(each["data_type"]) for name, each in columns.items() if "data_type" in each}
    return types if "_dlt_load_id" in types else {}


def _tables_of_tickets() -> Iterator[Stream | SideTable]:
    for stream in STREAMS:
        if stream.product == "support":
            yield from (table for table in stream.tables if _TICKET in table.columns)


def _empty(
    client: SqlClientBase[Any],
    table: Stream | SideTable,
    columns: Mapping[str, str],
    account: str,
) -> None:
    names = [name for name in columns if _is_personal(table, name, columns[name])]
    if not names:
        return
    quoted = list(map(client.escape_column_name, names))
    values: Sequence[str] = ()
    erased = f"SELECT {client.escape_column_name('id')} FROM "  # noqa: S608
    erased += client.make_qualified_table_name(_TICKETS)
    erased += f" WHERE {client.escape_column_name(_IS_ERASED)}"
    where = f"{client.escape_column_name(_TICKET)} IN ({{}})"
    if account:
        whose = f"{client.escape_column_name(ACCOUNT_COLUMN)} = %s"
        erased, where, values = f"{erased} AND {whose}", f"{where} AND {whose}", (account, account)
    is_left = " OR ".join(f"{name} IS NOT NULL" for name in quoted)
    nothing = ", ".join(f"{name} = NULL" for name in quoted)
    client.execute_sql(
        f"UPDATE {client.make_qualified_table_name(table.name)} SET {nothing}"  # noqa: S608
        f" WHERE {where.format(erased)} AND ({is_left})",
        *values,
    )


def _is_personal(table: Stream | SideTable, name: str, data_type: str) -> bool:
    """Whether a column may hold what somebody has written, or who: a key and our own do not."""
    if name in table.primary_key or name in (_TICKET, ACCOUNT_COLUMN) or name.startswith(_OURS):
        return False
    column = name.partition("__v_")[0]
    if table.name == _HISTORY and column in ("value", "previous_value"):
        return True
    if column not in table.columns:
        return data_type in ("text", "json")
    return any(path.partition(".")[0] == column for path in PERSONAL[table.name])
