"""Hand on the pages of the lists that fill a stream's tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.field_definitions import begin_anew
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position, request_of
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.catalogue.support.second_roads import SECOND_ROADS, SecondRoad
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.kept import FIRST_READ_AT, LISTED_WHOLE_AT, LISTS
from zendesk_source.extract.second_road.reading import (
    ListsPosition,
    ListStep,
    opened,
    read_backfill,
    read_follow_up,
    saved_position,
)
from zendesk_source.resources.handing import Handing, handed
from zendesk_source.resources.item_format import quiet_about_kept_hints
from zendesk_source.resources.run import before_writing, current_slice
from zendesk_source.resources.second_road.deleted import (
    CACHED_SECONDS,
    deleted_page,
    gone_pages,
)
from zendesk_source.resources.taking import Taking, in_batches

State = dict[str, Any]

PAGES_AT_ONCE = 10
"""Pages of lists are small, and dlt takes time for each table."""


def rows_from_lists(
    stream: Stream, connection: Connection, run: StreamRun, state: State, since: int
) -> Iterator[Any]:
    """Read a stream from its lists, from where it stands to its end or to that of the slice.

    A deletion is written into the row that was loaded. Therefore deletions are read in a load
    package behind that of the backfill, or, outside of a sync, by the next run.

    Args:
        stream: What to read.
        connection: The account.
        run: Notes what was done.
        state: The stream's part of the state.
        since: Up to when its export was read, in epoch seconds.

    Yields:
        Tables for dlt; None while only other streams have something.

    Raises:
        ZendeskError: A list cannot be read.
    """
    before_writing()  # what lists leave out is found in what was loaded, which has to be open
    with quiet_about_kept_hints():
        reading = _Reading(stream, connection, run, state)
        position = reading.opened(since)
        is_in_slices = current_slice() is not None
        has_backfill = position.backfill is not None
        if has_backfill:
            yield from reading.backfill(position)
            if is_in_slices:
                run.is_at_end = False
                return
            position = reading.opened(since)
        yield from reading.follow_up(position, has_deletions=not has_backfill)


class _Reading:
    """Reads the lists of one stream, in one load package."""

    def __init__(
        self, stream: Stream, connection: Connection, run: StreamRun, state: State
    ) -> None:
        self._road = SECOND_ROADS[stream.name]
        self._connection = connection
        self._run = run
        self._state = state
        self._taking = Taking(stream, connection, run)
        self._stream = _as_listed(stream, self._road)
        self._handing = Handing(self._stream, connection, run)
        self._ids: set[str] = set()
        begin_anew(state, is_refused=self._handing.shape.is_refused, is_open=True)

    def opened(self, since: int) -> ListsPosition:
        """Return where the stream stands in its lists."""
        return opened(self._state.get(LISTS), self._road, since, self._taking.now())

    def backfill(self, position: ListsPosition) -> Iterator[Any]:
        """Hand on what a search finds."""
        yield from self._handed("backfill", read_backfill(self._road, position, self._walk))

    def follow_up(self, position: ListsPosition, *, has_deletions: bool) -> Iterator[Any]:
        """Hand on what was deleted and what changed since the last time."""
        steps = read_follow_up(
            self._road,
            position,
            self._walk,
            digest_key=self._connection.digest_key,
            has_deletions=has_deletions,
            on_refused=self._note_refused,
        )
        yield from self._handed("changes", steps)
        is_at_end = self._run.is_at_end or current_slice() is None
        if is_at_end and self._road.count_path and self._may_see_all():
            yield from self._gone()

    def _gone(self) -> Iterator[Any]:
        """Hand on what a list shows no more, and remember when all of it was read for that."""
        now = self._taking.now()
        listed_at: int = self._state.get(LISTED_WHOLE_AT, 0)
        listed = gone_pages(
            self._stream,
            self._road,
            self._connection,
            self._run,
            self._ids,
            self._handing.shape.guard,
            was_listed=0 <= now - listed_at < CACHED_SECONDS,
        )
        if pages := list(listed):
            remember = partial(self._state.__setitem__, LISTED_WHOLE_AT, now)
            yield from handed(self._handing.tables(pages), remember)

    def _may_see_all(self) -> bool:
        """Whether what a list does not show is gone: an agent sees a part."""
        if not self._connection.is_shown_a_part:
            return True
        text = "The list shows an agent a part of the rows, so nothing was marked as deleted."
        self._run.note("deletions", text, is_missing=True)
        return False

    def _walk(self, stream: Stream, place: Position) -> Iterator[Page]:
        return self._taking.pages(request_of(stream, counted_for=self._stream.name), place)

    def _handed(self, part: str, steps: Iterator[ListStep]) -> Iterator[Any]:
        self._taking.queue = f"{self._stream.name} {part}"
        try:
            for batch in in_batches(self._taking.list_steps(steps), PAGES_AT_ONCE):
                if not batch:  # nothing has arrived yet: dlt goes on with another stream
                    yield None
                    continue
                pages = list(map(self._page, batch))
                yield from handed(self._handing.tables(pages), partial(self._save, batch))
        except Exception:
            if (part_now := current_slice()) is not None:
                part_now.sync.ahead.leave(self._taking.queue)
            raise

    def _page(self, step: ListStep) -> Page:
        """Return a step's page as the stream's tables are made of it."""
        page, stream, road = step.page, self._stream, self._road
        if step.part == "deletions":
            guard = self._handing.shape.guard
            return deleted_page(page, stream, road, self._connection, self._run, guard)
        if road.count_path:
            self._ids.update(str(row["id"]) for row in page.rows)
        return page.with_rows(stream.rows_key, page.rows)

    def _save(self, batch: Sequence[ListStep]) -> None:
        """Write into the state that the pages of some steps were read."""
        position, now = batch[-1].position, int(batch[-1].page.server_time.timestamp())
        self._state.setdefault(FIRST_READ_AT, now)
        self._state[LISTS] = saved_position(position)
        newest = position.changes.newest or position.changes.through
        self._run.newest = max(newest, self._run.newest or 0) or None

    def _note_refused(self, refused: ZendeskError) -> None:
        text = f"{refused.what} Nothing was marked as deleted."
        self._run.note("deletions", text, is_missing=True)


def _as_listed(stream: Stream, road: SecondRoad) -> Stream:
    """Return the stream as its rows are shaped that come from lists.

    Its side tables are its own: options may have added some.
    """
    return replace(
        stream,
        paging=Paging.CURSOR,
        cursor_field=road.changes.cursor_field,
        moves_with_every_change=False,
    )
