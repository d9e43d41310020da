"""Streams that are read whole, because Zendesk cannot say what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import dlt

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import TAKEN_AT, Stream
from zendesk_source.connection import Connection
from zendesk_source.extract.reading import read_whole
from zendesk_source.extract.slices import current_slice
from zendesk_source.resources.accounts import emptied, write_of
from zendesk_source.resources.children import pages_of_all_parents
from zendesk_source.resources.history import (
    first_versions,
    has_begun,
    keeps_versions,
    no_rows,
    versions,
)
from zendesk_source.resources.reading import Reading
from zendesk_source.resources.unchanged import is_as_loaded, keep_table
from zendesk_source.resources.vanished import vanished_rows
from zendesk_source.shape.newest import one_row_a_key, with_rows


def list_rows(stream: Stream, connection: Connection) -> Callable[..., Iterator[Any]]:
    """Return what reads a list from its beginning to its end."""

    def read() -> Iterator[Any]:
        if connection.greet(dlt.current.source_state()):
            return
        has_versions = keeps_versions(stream, stream.name in connection.history)
        reading = Reading(stream, connection)
        # All of it before the first row is handed on: a table is never replaced by half a list.
        answers: list[Page] = []
        for page in reading.whole_list(_pages(stream, connection)):
            if page is None:
                yield None
            elif page.rows:
                answers.append(page)
        answers = one_row_a_key(answers, stream)
        if has_versions:
            yield from _versions(stream, reading, answers, connection)
            return
        is_whole = reading.run.was_read
        if stream.write == "replace" and (
            not is_whole or is_as_loaded(stream, answers, connection)
        ):
            if is_whole:
                reading.run.rows[stream.name] = sum(len(page.rows) for page in answers)
            keep_table()
            return
        if connection.deleted == "mark" and stream.misses_rows:
            yield from _vanished(stream, answers, connection)
        yield from emptied(stream, connection)
        for page in answers if is_whole else ():
            yield from reading.shape([_prepared(page, stream, connection, answers[0])]) or ()

    return read


def _pages(stream: Stream, connection: Connection) -> Iterator[Page]:
    """Return all pages of a list; nothing is asked before the first is taken."""
    if stream.parent is not None:
        return pages_of_all_parents(stream, connection)
    if current_slice() is not None and stream in connection.field_lists.values():
        return _fields(stream, connection)
    return read_whole(connection.client, stream)


def _fields(stream: Stream, connection: Connection) -> Iterator[Page]:
    yield from connection.pages_of_fields(stream)


def _versions(
    stream: Stream, reading: Reading, answers: list[Page], connection: Connection
) -> Iterator[Any]:
    """Hand on what the list shows as the versions that hold now."""
    is_ok = reading.run.was_read
    if not answers or not is_ok:
        yield from no_rows(connection, is_refused=not is_ok)
        return
    as_versions = versions if has_begun(stream, connection) else first_versions
    if as_versions is first_versions:
        for item in _vanished(stream, answers, connection):
            yield first_versions(item.data, None, connection)
    for page in answers:
        for item in reading.shape([_prepared(page, stream, connection, answers[0])]) or ():
            yield as_versions(item.data, item.meta.hints.get("columns"), connection)


def _vanished(stream: Stream, answers: list[Page], connection: Connection) -> Iterator[Any]:
    missed_at = answers[0].received_at if answers else connection.clock.now()
    shown = [row for page in answers for row in page.rows]
    hints = dlt.mark.make_hints(write_disposition=write_of(stream, connection))
    # Not the resource's own state: dlt forgets that of a resource that replaces its table.
    state = connection.own_state(dlt.current.source_state()).setdefault("listed", {})
    if rows := vanished_rows(stream, shown, missed_at, state, connection):
        yield dlt.mark.with_hints(rows, hints)


def _prepared(page: Page, stream: Stream, connection: Connection, first: Page) -> Page:
    """Return a page with the rows that are to be loaded, as they are to be loaded."""
    if stream.write == "append":
        return _taken(page, stream, first)
    if connection.deleted == "remove" and stream.is_deleted is not None:
        return with_rows(page, stream, [row for row in page.rows if not stream.is_deleted(row)])
    return page


def _taken(page: Page, stream: Stream, first: Page) -> Page:
    """Add to the rows of a snapshot when it was taken: one time for all its pages."""
    taken_at = first.received_at.isoformat()
    return with_rows(page, stream, [{**row, TAKEN_AT: taken_at} for row in page.rows])
