"""The first rows of a stream, whatever it takes to ask for them: a parent, a Help Center."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any

from zendesk_source.account.brands import help_centers
from zendesk_source.account.connection import Connection
from zendesk_source.account.custom_objects import describe_by
from zendesk_source.api.paging import Page, Position, Request, pages, request_of, sample_of
from zendesk_source.catalogue import Stream
from zendesk_source.errors import RateLimited, StreamRefused, UnexpectedAnswer
from zendesk_source.extract.help_centers import HelpCenter


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
