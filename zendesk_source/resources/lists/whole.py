"""Hand on lists that are read whole, because Zendesk cannot say what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import dlt
from dlt.extract.hints import HintsMeta

from zendesk_source.account.brand_list import BrandList
from zendesk_source.account.brands import help_centers_for
from zendesk_source.account.children import AllParents, is_needed_by_others
from zendesk_source.account.connection import Connection
from zendesk_source.account.private import cover_of_stored
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import Stream
from zendesk_source.extract.kept import LISTED, REFUSED_PARENTS
from zendesk_source.names import SYNCED_AT
from zendesk_source.resources.accounts import emptied, write_of
from zendesk_source.resources.children import tell_cost_of
from zendesk_source.resources.handing import Handing
from zendesk_source.resources.isolation import keep_table
from zendesk_source.resources.lists.unchanged import digest_of_list, is_as_loaded, remember_list
from zendesk_source.resources.lists.vanished import vanished_rows
from zendesk_source.resources.lists.versions import (
    all_closed,
    first_versions,
    has_begun,
    keeps_versions,
    remember_begun,
    versions,
)
from zendesk_source.resources.run import before_writing, current_slice, shared_reading
from zendesk_source.resources.taking import Taking
from zendesk_source.shape.newest import as_snapshot, one_row_a_key, with_rows

IsHidden = Callable[[dict[str, Any]], bool]


def list_rows(stream: Stream, connection: Connection) -> Callable[..., Iterator[Any]]:
    """Return a generator function that reads a list from beginning to end."""

    def read() -> Iterator[Any]:
        has_versions = keeps_versions(stream, stream.name in connection.options.with_history)
        taking = Taking(stream, connection)
        handing = Handing(stream, connection, taking.run)
        parts = _parts(stream, taking, connection)
        # All of it before the first row is handed on: a table is never replaced by half a list.
        answers: list[Page] = []
        for page in taking.whole_list(_pages(stream, connection, parts)):
            if page is None:
                yield None
            elif page.rows or page.rejected:
                answers.append(page)
        answers = one_row_a_key(answers, stream)
        unread = [] if parts is None else parts.tell(taking.run)
        is_hidden = parts.is_hidden if parts is not None and unread else None
        # All of it is shaped, too: what fails on the way leaves the table as it was.
        if not has_versions:
            remember_begun(stream, connection, has_versions=False)
            yield from list(_rows(stream, handing, answers, connection, unread, is_hidden))
        elif is_hidden is None:
            yield from list(_versions(stream, handing, answers, connection))
        else:
            keep_table()  # versions of what is not shown would be closed
        if isinstance(parts, AllParents):
            of_source = connection.own_state(dlt.current.source_state())
            of_source.setdefault(REFUSED_PARENTS, {})[stream.name] = parts.refused

    return read


def _rows(
    stream: Stream,
    handing: Handing,
    answers: list[Page],
    connection: Connection,
    unread: Sequence[str],
    is_hidden: IsHidden | None,
) -> Iterator[Any]:
    """Hand on the rows of a list, unless its table holds them already."""
    digest = digest_of_list(stream, answers, connection, unread)
    if is_as_loaded(stream, digest, connection):
        _leave_as_it_is(stream, handing, answers)
        return
    if stream.write != "append":
        before_writing()  # a table is written anew even for an empty list
    shaped = list(_shaped(stream, handing, answers, connection))
    # After what can fail: it notes what is shown now.
    if is_hidden or (connection.options.deleted == "mark" and stream.misses_rows):
        yield from _vanished(stream, handing, answers, connection, is_hidden)
    yield from emptied(stream, bool(answers), connection)
    yield from shaped
    remember_list(stream, digest, connection)


def _leave_as_it_is(stream: Stream, handing: Handing, answers: Sequence[Page]) -> None:
    """Note that a table holds all that was read."""
    handing.run.rows[stream.name] = sum(len(page.rows) for page in answers)
    handing.run.is_unchanged = True
    if stream.write == "replace":
        keep_table()


def _shaped(
    stream: Stream, handing: Handing, answers: list[Page], connection: Connection
) -> Iterator[Any]:
    for page in answers:
        yield from handing.tables([_prepared(page, stream, connection, answers[0])])


def _parts(stream: Stream, taking: Taking, connection: Connection) -> AllParents | BrandList | None:
    """Return the parts of a list, if it has some and one may be missing; in a sync always the same.

    What reads them notes in them which are missing, on the thread that reads ahead.
    """
    part = current_slice()
    known = {} if part is None else part.sync.list_parts
    if stream.name not in known:
        known[stream.name] = _new_parts(stream, taking, connection)
    parts: AllParents | BrandList | None = known[stream.name]
    return parts


def _new_parts(
    stream: Stream, taking: Taking, connection: Connection
) -> AllParents | BrandList | None:
    shared = shared_reading()
    if stream.parent is not None:
        of_source = connection.own_state(dlt.current.source_state())
        before = of_source.get(REFUSED_PARENTS, {}).get(stream.name, {})
        return AllParents(stream, connection, shared, before, tell_cost_of(stream))
    if stream.is_of_brand:
        centers = help_centers_for(stream, connection, shared, taking.run)
        return BrandList(stream, centers, shared)
    return None


def _pages(
    stream: Stream, connection: Connection, parts: AllParents | BrandList | None
) -> Iterator[Page]:
    """Return all pages of a list; nothing is asked before the first is taken."""
    if parts is not None:
        return parts.pages()
    if is_needed_by_others(stream, connection, shared_reading()):
        return _read_once(stream, connection)
    return pages(connection.client, request_of(stream), Position())


def _read_once(stream: Stream, connection: Connection) -> Iterator[Page]:
    yield from connection.pages_read_once(request_of(stream))


def _versions(
    stream: Stream, handing: Handing, answers: list[Page], connection: Connection
) -> Iterator[Any]:
    """Hand on the rows of a list as the versions that are valid now, unless these are there."""
    digest = digest_of_list(stream, answers, connection)
    if has_begun(stream, connection) and is_as_loaded(stream, digest, connection):
        _leave_as_it_is(stream, handing, answers)
        return
    before_writing()
    as_versions = versions if has_begun(stream, connection) else first_versions
    shaped = [
        as_versions(item.data, item.meta.hints.get("columns"), connection)
        if isinstance(item.meta, HintsMeta)
        else item  # rows that are kept beside the table
        for item in _shaped(stream, handing, answers, connection)
    ]
    if as_versions is first_versions:
        for item in _vanished(stream, handing, answers, connection):
            yield first_versions(item.data, None, connection)
    elif not answers:
        yield from all_closed(stream, connection)
    yield from shaped
    remember_begun(stream, connection, has_versions=True)
    remember_list(stream, digest, connection)


def _vanished(
    stream: Stream,
    handing: Handing,
    answers: list[Page],
    connection: Connection,
    is_hidden: IsHidden | None = None,
) -> Iterator[Any]:
    missed_at: datetime | None = answers[0].received_at if answers else connection.clock.now()
    if any(page.rejected for page in answers):
        missed_at = None  # it may be one of these that is missing
    shown = [row for page in answers for row in page.rows]
    hints = dlt.mark.make_hints(write_disposition=write_of(stream, connection))
    of_source = connection.own_state(dlt.current.source_state())
    state, cover = of_source.setdefault(LISTED, {}), cover_of_stored(handing.shape.guard, of_source)
    if rows := vanished_rows(stream, shown, missed_at, state, connection, is_hidden):
        rows = [dict(cover(row, row.get(SYNCED_AT))) for row in rows]
        yield dlt.mark.with_hints(rows, hints)


def _prepared(page: Page, stream: Stream, connection: Connection, first: Page) -> Page:
    """Return a page with the rows to load, as they are to be loaded."""
    if stream.write == "append":
        return as_snapshot(page, stream, first)
    if connection.options.deleted == "remove" and stream.is_deleted is not None:
        return with_rows(page, stream, [row for row in page.rows if not stream.is_deleted(row)])
    return page
