"""Erase what Zendesk has erased: texts of redacted comments, and all texts of scrubbed tickets.

A comment that was redacted may be told of by an event of its own, without the comment.

Thirty days after a ticket was deleted Zendesk empties it, and shows the empty ticket once more.
What
was loaded before of its comments, events and history is of other exports, which say nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import dlt
import orjson
import sqlglot.expressions as exp
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.catalogue import STREAMS, SideTable, Stream
from zendesk_source.catalogue.personal import PERSONAL
from zendesk_source.names import ACCOUNT_COLUMN, SYNCED_AT

_TICKETS, _TICKET, _IS_ERASED = "tickets", "ticket_id", "is_scrubbed"
_HISTORY, _EVENTS, _COMMENTS = "ticket_field_history", "ticket_events", "ticket_comments"
_REDACTED: Mapping[Any, tuple[str, ...]] = MappingProxyType(
    {
        "CommentRedactionEvent": ("body", "html_body", "plain_body", "attachments"),
        "AttachmentRedactionEvent": ("attachments",),
    }
)
"""What is emptied of a comment, by the event that tells of it."""
_LOOKED_BACK = timedelta(days=7)
_CLOCKS_DIFFER = timedelta(hours=1)
_OURS = ("_zendesk_", "_dlt_")

log = logging.getLogger("zendesk_source")


def erase(pipeline: dlt.Pipeline, section: str, account: str, now: datetime) -> None:
    """Empty what was loaded of redacted comments and scrubbed tickets.

    It may be done again: what is empty stays as it is.

    Args:
        pipeline: The pipeline that loaded the tables.
        section: Name of the source in its schemas.
        account: Whose rows are meant, if several accounts share the dataset; else empty.
        now: When the sync began. Redactions that were read in the week before are looked at, in
            case that a sync has broken off.
    """
    tables = pipeline.schemas[section].tables if section in pipeline.schemas else {}
    try:
        with pipeline.sql_client(section) as client:
            if _columns(tables, _EVENTS) and _columns(tables, _COMMENTS):
                for redaction in _redactions(client, account, now - _LOOKED_BACK):
                    _empty_comment(client, redaction, account)
            if _IS_ERASED in _columns(tables, _TICKETS):
                for table in _tables_of_tickets():
                    _empty(client, table, _columns(tables, table.name), account)
    except SqlClientNotAvailable:
        log.warning("erase: the destination takes no SQL, so nothing is erased there")


def _redactions(
    client: SqlClientBase[Any], account: str, since: datetime
) -> Iterator[tuple[int, tuple[str, ...], datetime]]:
    """Yield redacted comments, the columns to empty, and when an older text was read at last.

    A comment that was read with the redaction, or well after it, is shown redacted already.
    """
    name = client.escape_column_name
    sql = (
        f"SELECT {name('child_events')}, {name('created_at')}, {name(SYNCED_AT)}"  # noqa: S608
        f" FROM {client.make_qualified_table_name(_EVENTS)} WHERE {name(SYNCED_AT)} >= %s"
        f" AND {_as_text(client, 'child_events')} LIKE %s"
    )
    values: list[Any] = [since, "%RedactionEvent%"]
    if account:
        sql, values = f"{sql} AND {name(ACCOUNT_COLUMN)} = %s", [*values, account]
    for children, redacted_at, read_at in client.execute_sql(sql, *values) or ():
        children = orjson.loads(children) if isinstance(children, (str, bytes)) else children
        for child in children if isinstance(children, list) else ():
            columns = _REDACTED.get(child.get("event_type")) if isinstance(child, Mapping) else None
            comment = child.get("comment_id") if columns else None
            if columns and isinstance(comment, int):
                yield comment, columns, min(_time(read_at), _time(redacted_at) + _CLOCKS_DIFFER)


def _as_text(client: SqlClientBase[Any], column: str) -> str:
    """Return SQL for a JSON column as a text, as the destination spells the type."""
    name = exp.column(column, quoted=True)
    return exp.cast(name, "text").sql(dialect=client.capabilities.sqlglot_dialect)


def _time(value: Any) -> datetime:
    """Return a time; SQLite has texts."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _empty_comment(
    client: SqlClientBase[Any], redaction: tuple[int, tuple[str, ...], datetime], account: str
) -> None:
    comment, columns, before = redaction
    name = client.escape_column_name
    comments, events = map(client.make_qualified_table_name, (_COMMENTS, _EVENTS))
    whose = f" AND {name(ACCOUNT_COLUMN)} = %s" if account else ""
    values = [comment, before, *([account] if account else [])]
    is_meant = f"{name('id')} = %s AND {name(SYNCED_AT)} < %s{whose}"
    of_comment = f"SELECT {name('event_id')} FROM {comments} WHERE {is_meant}"  # noqa: S608
    # The event has the text, too. Its changes are rows of the history as well.
    client.execute_sql(
        f"UPDATE {events} SET {name('child_events')} = NULL"  # noqa: S608
        f" WHERE {name('id')} IN ({of_comment}){whose} AND {name(SYNCED_AT)} < %s",
        *values,
        *([account] if account else []),
        before,
    )
    nothing = ", ".join(f"{name(column)} = NULL" for column in columns)
    client.execute_sql(f"UPDATE {comments} SET {nothing} WHERE {is_meant}", *values)  # noqa: S608


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
    values: list[Any] = [True]
    erased = f"SELECT {client.escape_column_name('id')} FROM "  # noqa: S608
    erased += client.make_qualified_table_name(_TICKETS)
    erased += f" WHERE {client.escape_column_name(_IS_ERASED)} = %s"
    where = f"{client.escape_column_name(_TICKET)} IN ({{}})"
    if account:
        whose = f"{client.escape_column_name(ACCOUNT_COLUMN)} = %s"
        erased, where, values = (
            f"{erased} AND {whose}",
            f"{where} AND {whose}",
            [True, account, account],
        )
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
