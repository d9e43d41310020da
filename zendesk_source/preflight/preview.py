"""What do the rows of a stream look like? One small page, and no state.

from zendesk_source.preflight.preview import preview

rows = preview("tickets", rows=3)["tickets"]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import date, datetime, timezone
from functools import partial
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.field_definitions import describe, field_columns
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.api.paging import Page, Position, Request, pages, request_of, sample_of
from zendesk_source.catalogue import Stream
from zendesk_source.errors import RateLimited, StreamRefused, UnexpectedAnswer
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.preflight.account import connected
from zendesk_source.resources.brands import help_centers
from zendesk_source.resources.custom_objects import describe_by
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.selection import select_stream
from zendesk_source.shape.newest import as_snapshot
from zendesk_source.shape.rows import RowShaper
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


def first_page(
    connection: Connection,
    stream: Stream,
    *,
    rows: int = 1,
    since: int = 0,
    center: HelpCenter | None = None,
) -> Page | None:
    """Ask for the first rows of a stream.

    Args:
        connection: The account.
        stream: Of a stream with a parent, the rows of the first parent are asked for.
        rows: How many to ask for; the endpoint may allow fewer.
        since: Epoch second from which an export or a list of changes is read.
        center: The Help Center to ask; None takes the first that the account has.

    Returns:
        The page; None where the stream has a parent and no parent exists.

    Raises:
        ZendeskError: It cannot be read.
    """
    if center is None and stream.is_of_brand:
        center = help_centers(connection, stream.name).not_none()[0]
    parent = None
    shown_of = stream.parent.stream if stream.parent is not None else stream.each_of
    if shown_of is not None:
        if center is None:
            parents = first_sampled(connection, shown_of)
        else:
            parents = first_page(connection, shown_of, center=center)
        if parents is None or not parents.rows:
            return None
        parent = dict(parents.rows[0])
    request = request_of(stream, parent=parent, page_size=rows)
    page = _first_of(request, connection, since, center)
    if page is not None and parent is not None:
        _name_parent(page, stream, parent, connection)
    return page


def _name_parent(
    page: Page, stream: Stream, parent: Mapping[str, Any], connection: Connection
) -> None:
    """Add to rows what a load knows of them by the parent that they were asked for."""
    if stream.parent is not None:
        id_ = parent[stream.parent.stream.primary_key[0]]
        for row in page.rows:
            row[stream.parent.column] = id_
    if stream.custom_fields == "custom_object":
        describe_by(parent["key"], stream.name, connection)


def _first_of(
    request: Request, connection: Connection, since: int, center: HelpCenter | None = None
) -> Page | None:
    position = Position(start_time=since) if request.stream.is_incremental else Position()
    ask = partial(pages, connection.client) if center is None else center.pages
    walk: Iterator[Page] = ask(request, position)
    with closing(walk):  # type: ignore[type-var]
        return next(walk, None)


def first_sampled(
    connection: Connection, stream: Stream, *, rows: int = 1, since: int = 0
) -> Page | None:
    """Ask for the first rows of a stream as ``first_page`` does, from its sample if it has one.

    A sample costs nothing of the exports' rate limit, which is small.

    Raises:
        ZendeskError: It cannot be read, also where the sample was refused.
    """
    sample = sample_of(stream, rows)
    if sample is not None:
        with suppress(StreamRefused, RateLimited, UnexpectedAnswer):
            return _first_of(sample, connection, since)
    return first_page(connection, stream, rows=rows, since=since)


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
    return {table.table: table.rows for table in shaper.tables(page.envelope, read_at)}
