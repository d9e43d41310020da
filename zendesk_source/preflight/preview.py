"""A first look at a stream: one small page, and no state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

from zendesk_source.api.paging import Page, Position, pages
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.errors import RateLimited, StreamRefused, UnexpectedAnswer
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.resources.connection import Connection
from zendesk_source.shape.tables import Shaper

SAMPLED = ("tickets", "ticket_events", "users", "organizations")
"""Exports with a sample beside them, which has a rate limit of its own."""
SAMPLE_BUCKET = "incremental-exports-sample"
MOST_SAMPLED_ROWS = 50


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
        connection: To ask with.
        stream: What to ask for; of one with a parent, the rows of the first parent.
        rows: How many, at most what the endpoint allows.
        since: Epoch seconds from which on an export or a list of changes is asked.
        center: Help Center that is asked; of a stream that brands have, the first without.

    Returns:
        The page; None where there is no parent to ask for.

    Raises:
        ZendeskError: It cannot be read.
    """
    if center is None and stream.is_of_brand:
        center = connection.help_centers(stream.name).not_none()[0]
    shown_of = stream.parent.stream if stream.parent is not None else stream.each_of
    if shown_of is not None:
        if center is None:
            parents = first_sampled(connection, shown_of)
        else:
            parents = first_page(connection, shown_of, center=center)
        if parents is None or not parents.rows:
            return None
        parent = dict(parents.rows[0])
        path = stream.path.format_map(parent)
        stream = replace(stream, path=path, records_key=stream.rows_key, parent=None, each_of=None)
    position = Position(start_time=since) if stream.is_incremental else Position()
    ask = partial(pages, connection.client) if center is None else center.pages
    walk: Iterator[Page] = ask(stream, position, page_size=rows)
    with closing(walk):  # type: ignore[type-var]
        return next(walk, None)


def first_sampled(
    connection: Connection, stream: Stream, *, rows: int = 1, since: int = 0
) -> Page | None:
    """Ask for the first rows of a stream; of an export for those of its sample, where it has one.

    That costs nothing of the exports' rate limit, of which there is little.

    Args:
        connection: To ask with.
        stream: As of ``first_page``.
        rows: As of ``first_page``.
        since: As of ``first_page``.

    Raises:
        ZendeskError: It cannot be read, also where the sample was refused.
    """
    wanted = sample_of(stream, rows)
    try:
        return first_page(connection, wanted, rows=rows, since=since)
    except (StreamRefused, RateLimited, UnexpectedAnswer):
        if wanted is stream:
            raise
        return first_page(connection, stream, rows=rows, since=since)


def sample_of(stream: Stream, rows: int) -> Stream:
    """Return the sample of an export, or the stream itself where none has so many rows."""
    if stream.name not in SAMPLED or rows > MOST_SAMPLED_ROWS:
        return stream
    return replace(
        stream,
        path=f"/api/v2/incremental/{stream.name}/sample",
        paging=Paging.TIME_EXPORT,
        bucket=SAMPLE_BUCKET,
    )


def shaped_rows(
    connection: Connection, stream: Stream, page: Page
) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of a page by table, as a load would bring them."""
    fields = connection.field_columns(stream, {})
    if fields is not None:
        try:
            connection.describe_fields(fields, set())
        except StreamRefused:
            fields = None
    known: dict[str, dict[str, Any]] = {table.name: {} for table in stream.tables}
    shaper = Shaper(stream, known, fields, str)
    read_at = datetime.now(timezone.utc)
    return {table.table: table.rows for table in shaper.tables(page.envelope, read_at)}
