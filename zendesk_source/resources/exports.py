"""Hand on streams that are asked for changes: their pages from the saved position on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

import dlt

from zendesk_source.account.connection import Connection
from zendesk_source.account.field_definitions import begin_anew
from zendesk_source.account.stream_run import StreamRun, follow
from zendesk_source.api.paging import Page
from zendesk_source.api.paging.checked import AHEAD_SECONDS
from zendesk_source.catalogue import Stream
from zendesk_source.extract.bookmarks import WAS_IN_FUTURE, opened, save_steps
from zendesk_source.extract.kept import FIRST_READ_AT
from zendesk_source.extract.newest_rows import not_loaded
from zendesk_source.extract.positions import StreamPosition
from zendesk_source.extract.steps import Step
from zendesk_source.extract.taken_over import begin_where_it_stood
from zendesk_source.extract.walked_pages import Walked, not_walked, remember_walked, walked_to
from zendesk_source.extract.window import extent_of
from zendesk_source.resources.brands import rows_of_brands
from zendesk_source.resources.handing import Handing, handed
from zendesk_source.resources.item_format import quiet_about_kept_hints
from zendesk_source.resources.run import before_writing, current_slice
from zendesk_source.resources.second_road.choice import on_either_road
from zendesk_source.resources.taking import Taking, in_batches
from zendesk_source.times import Window, epoch_of

LATE_SECONDS = 86_400
"""How late after its writing a row may appear; Zendesk promises no limit. A row that appears after
the first reading, but was written before it, may have been loaded in an older state."""


def incremental_rows(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    """Return a generator function that reads a stream from where it stands to its end."""
    declared = declared_incremental(stream, window)

    def read(cursor: dlt.sources.incremental[Any] = declared) -> Iterator[Any]:
        state = connection.own_state(dlt.current.resource_state())
        if end_of(cursor) is None:
            of_source = connection.own_state(dlt.current.source_state())
            begin_where_it_stood(stream.name, of_source, state)

        def read_here(taking: Taking, state: dict[str, Any]) -> Iterator[Any]:
            def from_export() -> Iterator[Any]:
                handing = Handing(stream, connection, taking.run)
                return read_on(stream, taking, handing, state, cursor)

            return on_either_road(stream, connection, taking.run, state, cursor, from_export)

        yield from rows_of_brands(stream, connection, state, read_here)

    return read


def read_on(
    stream: Stream,
    taking: Taking,
    handing: Handing,
    state: dict[str, Any],
    cursor: dlt.sources.incremental[Any],
) -> Iterator[Any]:
    """Read a stream from where it stands to its end, or to that of the slice.

    Args:
        stream: What to read.
        taking: Takes its pages.
        handing: Makes tables of them.
        state: The stream's part of the state; holds its positions.
        cursor: dlt's cursor, which holds the window.

    Yields:
        Tables for dlt; None while only other streams have something.
    """
    with quiet_about_kept_hints():
        yield from _read_on(stream, taking, handing, state, cursor)


def _read_on(
    stream: Stream,
    taking: Taking,
    handing: Handing,
    state: dict[str, Any],
    cursor: dlt.sources.incremental[Any],
) -> Iterator[Any]:
    # The window is asked of the API; dlt must not filter rows by their timestamps again:
    # a system update arrives with an updated_at from long ago.
    cursor.advance(None)
    begin_anew(state, is_refused=handing.shape.is_refused, is_open=end_of(cursor) is None)
    bookmark = _open(stream, state, cursor, taking, handing.digest_key)
    extent = extent_of(stream, bookmark.position, bookmark.end)
    shaper = handing.shape.shaper
    answers = taking.steps(bookmark.position, shaper.parse)
    for arrived in in_batches(answers, handing.pages_at_once):
        if not arrived:  # nothing has arrived yet: dlt goes on with another stream
            yield None
            continue
        steps = list(map(extent.of_step, arrived))
        shaper.whole_sets.changed_since = changed_since(state, steps[0].page)
        new, walked = bookmark.new_of([step.page for step in steps])
        yield from handed(handing.tables(new), partial(bookmark.save, steps, walked))
        del arrived, steps, new  # before the next ones are made
    taking.end()


def _open(
    stream: Stream,
    state: dict[str, Any],
    cursor: dlt.sources.incremental[Any],
    taking: Taking,
    digest_key: bytes,
) -> _Bookmark:
    """Return where a stream stands.

    Raises:
        UnexpectedAnswer: The saved position lies in the future.
    """
    start, end = epoch_of(cursor.initial_value) or 0, end_of(cursor)
    position, was_in_future = opened(stream, state, start, end, taking.now())
    if was_in_future:
        before_writing()  # or it would be found there again
        taking.run.note("position", WAS_IN_FUTURE, is_missing=False)
    return _Bookmark(stream, state, cursor, end, taking.run, position, digest_key)


@dataclass(slots=True)
class _Bookmark:
    """Where a stream stands in a window, as dlt's state keeps it.

    Attributes:
        stream: The stream.
        state: Its part of dlt's state.
        cursor: dlt's cursor, which follows for the tools that look at it.
        end: Epoch seconds of the first row behind the window, if the window has an end.
        run: Notes how far the stream has come.
        position: Where the stream stands once everything saved is loaded.
        digest_key: As of ``digest_of``.
    """

    stream: Stream
    state: dict[str, Any]
    cursor: dlt.sources.incremental[Any]
    end: int | None
    run: StreamRun
    position: StreamPosition
    digest_key: bytes

    def new_of(self, pages: list[Page]) -> tuple[list[Page], Walked | None]:
        """Return the pages to load, and how far a walk that begins anew has come behind them."""
        stream, state, key = self.stream, self.state, self.digest_key
        if self.end is not None:  # loaded whatever was loaded before
            return pages, None
        if not stream.begins_anew:
            return not_loaded(stream, pages, state, key), None
        if current_slice() is None:  # nobody has looked whether the table is there
            return pages, None
        return not_walked(pages, walked_to(self.position, state), key)

    def save(self, steps: Sequence[Step], walked: Walked | None) -> None:
        """Write into the state that the pages of some steps were read.

        Args:
            steps: The steps.
            walked: As of ``new_of``.
        """
        stream, state = self.stream, self.state
        follow(self.run, self.position, steps, stream)
        self.position = steps[-1].position
        if newest := self.run.newest:
            self.cursor.advance(_cursor_value(stream, newest))
        save_steps(stream, state, steps, self.end, self.digest_key)
        remember_walked(state, walked)


def changed_since(state: dict[str, Any], page: Page) -> int:
    """Return an epoch second: rows that were last written before it come for the first time.

    The state notes when the stream was first read. Rows that were written well before that come
    for the first time, which saves work. Of the two clocks the earlier one counts; if it is wrong,
    only less is saved.
    """
    now = int(min(page.server_time, page.received_at).timestamp())
    first: int = state.setdefault(FIRST_READ_AT, now)
    is_sane = first <= now + AHEAD_SECONDS
    return first - LATE_SECONDS if is_sane else 0


def end_of(cursor: dlt.sources.incremental[Any]) -> int | None:
    """Return the epoch second of the first row behind a window, if the window has an end."""
    end = epoch_of(cursor.end_value)
    return end if end is None or cursor.range_end == "open" else end + 1


def declared_incremental(stream: Stream, window: Window) -> dlt.sources.incremental[Any]:
    """Declare the cursor to dlt. Its window can be set by a scheduler, and tools show it."""
    start, end = window
    assert stream.cursor_field is not None
    since = start or datetime.fromtimestamp(0, timezone.utc)
    if stream.columns[stream.cursor_field] == "bigint":
        return dlt.sources.incremental[int](
            stream.cursor_field,
            initial_value=int(since.timestamp()),
            end_value=None if end is None else int(end.timestamp()),
            on_cursor_value_missing="include",
        )
    return dlt.sources.incremental[datetime](
        stream.cursor_field,
        initial_value=since,
        end_value=end,
        on_cursor_value_missing="include",
    )


def _cursor_value(stream: Stream, epoch: int) -> Any:
    assert stream.cursor_field is not None
    is_number = stream.columns[stream.cursor_field] == "bigint"
    return epoch if is_number else datetime.fromtimestamp(epoch, timezone.utc)
