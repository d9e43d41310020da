"""Read one stream and write it: from where it stands, by its parents, or whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from zendesk_source.account.brand_list import BrandList
from zendesk_source.account.brands import at_each_center, help_centers_for, queue_of
from zendesk_source.account.children import (
    AllParents,
    child_steps,
    is_needed_by_others,
    note_refused,
)
from zendesk_source.account.field_definitions import begin_anew
from zendesk_source.account.shaping import tables_and_rejected
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import Stream
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.bookmarks import WAS_IN_FUTURE, opened, save_steps
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.extract.kept import POSITIONS
from zendesk_source.extract.lanes import LaneReader
from zendesk_source.extract.newest_rows import not_loaded
from zendesk_source.extract.parents.seen import ChildStep, save_step
from zendesk_source.extract.read_ahead import read_in_turns, read_list
from zendesk_source.extract.steps import Step
from zendesk_source.extract.window import extent_of
from zendesk_source.shape.newest import as_snapshot, one_row_a_key
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.singer.run import Tap, isolated
from zendesk_source.singer.tables import is_list
from zendesk_source.times import epoch_of

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One stream in one run of the tap.

    Attributes:
        tap: The run.
        stream: What is read.
        run: Notes what becomes of it.
        shape: How its pages become tables.
    """

    tap: Tap
    stream: Stream
    run: StreamRun
    shape: StreamShape

    @property
    def tables(self) -> Sequence[str]:
        """Tables of the stream that are wanted."""
        return self.tap.tables_of(self.stream)

    @property
    def window(self) -> tuple[int | None, int | None]:
        """Epoch seconds at which the wanted part of the timeline begins, and of its end."""
        start, end = map(epoch_of, self.tap.window)
        return start, end

    def write(self, page: Page) -> None:
        """Write the rows of a page."""
        connection, writer = self.tap.connection, self.tap.writer
        shaped, rejected = tables_and_rejected(page, self.shape, connection, self.run)
        keys = {table.name: table.primary_key for table in self.stream.tables}
        tables = [each.newest(keys[each.table]) for each in shaped]
        for table in tables:
            self.run.count_rows(table.table, table.count_kept())
        writer.rows(tables, page.received_at)
        writer.rejected(rejected, page.received_at)


def read_on(reading: Reading) -> Iterator[None]:
    """Write what changed, page by page with a state behind each; at each Help Center by itself."""
    tap, stream = reading.tap, reading.stream
    kept = tap.state.opened(reading.tables)
    read = _read_children if stream.parent is not None else _read_export

    def read_at(center: HelpCenter | None, run: StreamRun, part: State) -> Iterator[None]:
        return read(replace(reading, run=run), kept, center, part)

    yield from at_each_center(
        stream, tap.connection, tap.shared, reading.run, kept, read_at, partial(isolated, tap)
    )


def _read_export(
    reading: Reading, kept: State, center: HelpCenter | None, part: State
) -> Iterator[None]:
    tap, stream, shape = reading.tap, reading.stream, reading.shape
    connection, request = tap.connection, request_of(stream)
    start, end = reading.window
    begin_anew(part, is_refused=shape.is_refused, is_open=end is None)
    now = int(connection.client.now().timestamp())
    position, was_in_future = opened(stream, part, start or 0, end, now)
    if was_in_future:
        reading.run.note("position", WAS_IN_FUTURE, is_missing=False)
    extent, queue = extent_of(stream, position, end), queue_of(stream, center)
    walk_from = partial(pages, connection.client) if center is None else center.pages

    def walk(place: Position) -> Iterator[Page]:
        return walk_from(request, place, parse=shape.shaper.parse)

    reader = LaneReader(stream, position, walk, tap.ahead, connection.crew, queue)
    tap.ahead.start(queue, reader.read)
    for arrived in tap.ahead.items(queue, lambda: True):
        if arrived is not None:
            assert isinstance(arrived, Step)
            step = extent.of_step(arrived)
            reading.run.count(step.page, connection.limits.name)
            # What is asked for with an end is written, whatever was written before.
            new = [step.page]
            if end is None:
                new = not_loaded(stream, new, part, connection.digest_key)
            for page in new:
                reading.write(page)
            save_steps(stream, part, [step], end, connection.digest_key)
            is_elsewhere = center is not None and not center.is_own
            shown = None if is_elsewhere else step.position
            tap.state.save(stream, reading.tables, kept, shown)
            tap.writer.state_behind_rows()
        yield


def _read_children(
    reading: Reading, kept: State, center: HelpCenter | None, part: State
) -> Iterator[None]:
    tap, stream, run = reading.tap, reading.stream, reading.run
    start, end = reading.window
    positions: State = part.setdefault(POSITIONS, {})
    steps = child_steps(
        stream,
        tap.connection,
        tap.shared,
        positions,
        center=center,
        start=start or 0,
        end=end,
        tell=tap.shared.tell,
    )
    queue = queue_of(stream, center)
    tap.ahead.start(queue, partial(read_in_turns, queue, steps, tap.ahead, _body_bytes))
    try:
        for step in tap.ahead.items(queue, lambda: True):
            if step is not None:
                assert isinstance(step, ChildStep)
                run.count(step.page, tap.connection.limits.name)
                # A row that its parent no longer has stays: nothing in Singer could take it away.
                reading.shape.begin_package()
                reading.write(replace(step.page, shown_parents={}))
                save_step(positions, step, end)
                tap.state.save(stream, reading.tables, kept)
                tap.writer.state_behind_rows()
            yield
    except ZendeskError:
        note_refused(stream, positions, run)
        raise
    note_refused(stream, positions, run)


def _body_bytes(step: ChildStep) -> int:
    return step.page.body_bytes


def read_whole(reading: Reading) -> Iterator[None]:
    """Write a list once all of it is there: half a list must never pass for the whole."""
    tap, stream, run = reading.tap, reading.stream, reading.run
    parts = _parts(reading)
    answers = _pages(reading) if parts is None else parts.pages()
    tap.ahead.start(stream.name, partial(read_list, stream.name, answers, tap.ahead))
    found: list[Page] = []
    for page in tap.ahead.items(stream.name, lambda: True):
        if page is not None:
            assert isinstance(page, Page)
            run.count(page, tap.connection.limits.name)
            found.append(page)
        yield
    for page in one_row_a_key([page for page in found if page.rows or page.rejected], stream):
        reading.write(as_snapshot(page, stream, found[0]) if stream.write == "append" else page)
    unread = [] if parts is None else parts.tell(run)
    if is_list(stream) and not unread:
        for table in reading.tables:
            tap.writer.end_of_list(table)
    if isinstance(parts, AllParents):
        tap.state.keep_refused_parents(stream.name, parts.refused)


def _parts(reading: Reading) -> AllParents | BrandList | None:
    """Return the parts of a list, if it has some and one may be missing."""
    tap, stream = reading.tap, reading.stream
    if stream.parent is not None:
        before: Mapping[str, Any] = tap.state.refused_parents(stream.name)
        return AllParents(stream, tap.connection, tap.shared, before, tap.shared.tell)
    if stream.is_of_brand:
        centers = help_centers_for(stream, tap.connection, tap.shared, reading.run)
        return BrandList(stream, centers, tap.shared)
    return None


def _pages(reading: Reading) -> Iterator[Page]:
    tap, request = reading.tap, request_of(reading.stream)
    if is_needed_by_others(reading.stream, tap.connection, tap.shared):
        yield from tap.connection.pages_read_once(request)
    else:
        yield from pages(tap.connection.client, request, Position(), parse=orjson.loads)
