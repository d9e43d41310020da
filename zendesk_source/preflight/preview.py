"""What do the rows of a stream look like? One small page, and no state.

from zendesk_source.preflight.preview import preview

rows = preview("tickets", rows=3)["tickets"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.field_definitions import describe, field_columns
from zendesk_source.account.first_page import first_sampled
from zendesk_source.account.private import covered, guard_of
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.preflight.account import connected
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.selection import select_stream
from zendesk_source.shape.newest import as_snapshot
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.tables import Table
from zendesk_source.times import parse_date


def preview(
    name: str,
    *,
    rows: int = 5,
    start_date: str | date | None = None,
    credentials: ZendeskCredentials | None = None,
    clock: Clock | None = None,
    on_wait: OnWait | None = None,
) -> Mapping[str, list[dict[str, Any]]]:
    """Return the first rows of a stream as a load would bring them, and load nothing.

    Args:
        name: The stream, or one of its side tables.
        rows: How many rows to ask for; an answer may hold more.
        start_date: Rows changed since then, where Zendesk can be asked for that.
        credentials: None takes those that dlt's configuration holds.
        clock: None takes the machine's own.
        on_wait: Called with the reason and the seconds before a request waits.

    Returns:
        The rows by table: the stream's own and its side tables. Empty where Zendesk has none.

    Raises:
        ConfigurationError: A setting is missing or wrong, or there is no such stream.
        StreamRefused: Zendesk refuses the stream.
        ZendeskError: It cannot be read.
    """
    stream = select_stream(name)
    start = parse_date(start_date, "start_date")
    since = int(start.timestamp()) if start else 0
    with connected(credentials, clock, on_wait) as connection:
        page = first_sampled(connection, stream, rows=rows, since=since)
        if page is None or not page.rows:
            return {}
        return shaped_rows(connection, stream, page)


def shaped_rows(
    connection: Connection, stream: Stream, page: Page
) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of a page by table, as a load would bring them."""
    if stream.write == "append":
        page = as_snapshot(page, stream, page)
    fields = field_columns(stream, connection, {})
    if fields is not None:
        try:
            describe(fields, set(), connection)
        except StreamRefused:
            fields = None
    known: dict[str, dict[str, Any]] = {table.name: {} for table in stream.tables}
    shaper = RowShaper(stream, known, fields, str)
    read_at = datetime.now(timezone.utc)
    tables: Iterable[Table] = shaper.tables(page.envelope, read_at)
    if (guard := guard_of(stream, connection, fields, {})) is not None:
        tables = covered(tables, guard)
    return {table.table: table.rows for table in tables}
