"""Every chosen stream, read at once by threads and written page by page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from zendesk_source.account.column_names import snake_case
from zendesk_source.account.connection import Connection
from zendesk_source.account.field_definitions import (
    begin_anew,
)
from zendesk_source.account.shaping import new_shape, tables_and_rejected
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Stop, Stopped
from zendesk_source.api.paging import Page, Position, Request, pages, request_of
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.errors import Bug, StreamRefused, ZendeskError
from zendesk_source.extract.bookmarks import WAS_IN_FUTURE, opened, save_steps
from zendesk_source.extract.lanes import LaneReader
from zendesk_source.extract.newest_rows import not_loaded
from zendesk_source.extract.read_ahead import ReadAhead, read_list
from zendesk_source.extract.steps import Step
from zendesk_source.extract.window import extent_of
from zendesk_source.names import REJECTED_TABLE
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.newest import as_snapshot, one_row_a_key
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.singer.catalog import Selection
from zendesk_source.singer.state import State
from zendesk_source.singer.tables import STREAM_OF, is_list
from zendesk_source.singer.writer import Writer
from zendesk_source.times import Window, epoch_of

log = logging.getLogger("zendesk_source")


@dataclass
class Tap:
    """One run of the tap.

    Attributes:
        connection: To ask with.
        selection: What is wanted.
        state: Where each stream stands.
        writer: Takes what was read.
        window: What part of the timeline is read.
        stop: The end of the run, which a signal may ask for.
        runs: What became of each stream.
        ahead: Pages that were read and not written yet.
    """

    connection: Connection
    selection: Selection
    state: State
    writer: Writer
    window: Window
    stop: Stop
    runs: dict[str, StreamRun] = field(default_factory=dict)
    ahead: ReadAhead[Step | Page] = field(init=False)

    def __post_init__(self) -> None:
        self.ahead = ReadAhead(stop=self.stop)

    @property
    def streams(self) -> list[Stream]:
        """What has to be read for the tables that are wanted."""
        wanted = (STREAM_OF[name] for name in self.selection.tables if name != REJECTED_TABLE)
        return list(dict.fromkeys(wanted))

    def tables_of(self, stream: Stream) -> list[str]:
        """Return the tables of a stream that are wanted."""
        return [table.name for table in stream.tables if table.name in self.selection.tables]


def read_all(tap: Tap) -> None:
    """Read every stream to its end, in turns; one that fails leaves the others alone.

    Raises:
        ZendeskError: One that concerns them all.
        OSError: The lines cannot be written.
        Stopped: The run is over before its end.
    """
    readings = {stream.name: _isolated(tap, stream) for stream in tap.streams}
    while readings:
        for name in list(readings):
            if tap.stop.is_over:
                raise Stopped
            try:
                next(readings[name])
            except StopIteration:
                del readings[name]


def _isolated(tap: Tap, stream: Stream) -> Iterator[None]:
    run = tap.runs[stream.name] = StreamRun()
    clock = tap.connection.clock
    started = clock.monotonic()
    try:
        yield from _read(tap, stream, run)
    except (Stopped, OSError):  # the client tells of its own in our words; this is of the lines
        raise
    except Exception as error:
        told = error if isinstance(error, ZendeskError) else Bug(error)
        if told.stops_the_sync:
            raise
        is_refusal = isinstance(told, StreamRefused)
        run.stop(told, "skipped" if is_refusal else "failed")
        tap.ahead.leave(stream.name)
        log.debug("%s stopped", stream.name, exc_info=error)
    run.usage = tap.connection.client.usage_of(stream.name)
    _tell(tap, stream, run, clock.monotonic() - started)


def _read(tap: Tap, stream: Stream, run: StreamRun) -> Iterator[None]:
    if stream.is_incremental and tap.state.is_behind(tap.tables_of(stream)):
        log.warning("%s is read from its start: a table of it was not loaded before", stream.name)
    shape = _shape(tap, stream, run)
    fields = {} if shape.fields is None else _described(shape.fields)
    for table in tap.tables_of(stream):
        tap.writer.begin(table, fields if table == stream.name else None)
    yield from (_read_incremental if stream.is_incremental else _read_whole)(
        tap, stream, run, shape
    )
    tap.writer.state()


def _read_incremental(
    tap: Tap, stream: Stream, run: StreamRun, shape: StreamShape
) -> Iterator[None]:
    """Write pages from where the stream stands, each with a state behind it."""
    connection, tables = tap.connection, tap.tables_of(stream)
    state = tap.state.opened(tables)
    start, end = (epoch_of(moment) for moment in tap.window)
    begin_anew(state, is_refused=shape.is_refused, is_open=end is None)
    now = int(connection.client.now().timestamp())
    position, was_in_future = opened(stream, state, start or 0, end, now)
    if was_in_future:
        run.note("position", WAS_IN_FUTURE, is_missing=False)
    extent, request = extent_of(stream, position, end), request_of(stream)

    def walk(place: Position) -> Iterator[Page]:
        return pages(connection.client, request, place, parse=shape.shaper.parse)

    reader = LaneReader(stream, position, walk, tap.ahead, connection.crew)
    tap.ahead.start(stream.name, reader.read)
    for arrived in tap.ahead.items(stream.name, lambda: True):
        if arrived is not None:
            assert isinstance(arrived, Step)
            step = extent.of_step(arrived)
            run.count(step.page, connection.limits.name)
            new = not_loaded(stream, [step.page], state) if end is None else [step.page]
            for page in new:
                _write(tap, stream, run, shape, page)
            save_steps(stream, state, [step], end)
            tap.state.save(stream, tables, state, step.position)
            tap.writer.state()
        yield


def _read_whole(tap: Tap, stream: Stream, run: StreamRun, shape: StreamShape) -> Iterator[None]:
    """Write a list once all of it is there: half a list must never pass for the whole."""
    connection, request = tap.connection, request_of(stream)
    shared = {each.path for each in connection.field_lists.values()}
    if stream.path in shared:
        answers = _read_once(connection, request)
    else:
        answers = pages(connection.client, request, Position(), parse=orjson.loads)
    tap.ahead.start(stream.name, partial(read_list, stream.name, answers, tap.ahead))
    found: list[Page] = []
    for page in tap.ahead.items(stream.name, lambda: True):
        if page is not None:
            assert isinstance(page, Page)
            run.count(page, connection.limits.name)
            found.append(page)
        yield
    for page in one_row_a_key([page for page in found if page.rows or page.rejected], stream):
        shown = as_snapshot(page, stream, found[0]) if stream.write == "append" else page
        _write(tap, stream, run, shape, shown)
    if is_list(stream):
        for table in tap.tables_of(stream):
            tap.writer.end_of_list(table)


def _read_once(connection: Connection, request: Request) -> Iterator[Page]:
    """Yield the pages of a list that other streams need, too; it is asked for with the first."""
    yield from connection.pages_read_once(request)


def _write(tap: Tap, stream: Stream, run: StreamRun, shape: StreamShape, page: Page) -> None:
    shaped, rejected = tables_and_rejected(page, shape, tap.connection, run)
    keys = {table.name: table.primary_key for table in stream.tables}
    tables = [each.newest(keys[each.table]) for each in shaped]
    for table in tables:
        run.count_rows(table.table, table.count_kept())
    tap.writer.rows(tables, page.received_at)
    tap.writer.rejected(rejected, page.received_at)


def _shape(tap: Tap, stream: Stream, run: StreamRun) -> StreamShape:
    """Return how the pages of a stream become tables; asks for the custom fields' definitions."""
    shape = new_shape(
        stream,
        tap.connection,
        run,
        names={} if stream.custom_fields is None else tap.state.custom_field_columns(stream.name),
        known={table.name: tap.state.columns(table.name) for table in stream.tables},
        normalize=snake_case,
        is_arrow=stream.is_incremental,
    )
    shape.begin_package()
    return shape


def _described(fields: FieldColumns) -> dict[str, DataType]:
    columns = fields.by_key.values()
    return {column.name: column.data_type for column in columns if column.data_type is not None}


def _tell(tap: Tap, stream: Stream, run: StreamRun, seconds: float) -> None:
    """Write the metrics of a stream, and a sentence if something is missing."""
    for table in tap.tables_of(stream):
        _metric("counter", "record_count", tap.writer.counts[table], {"endpoint": table})
    tags = {"endpoint": stream.name, "status": "succeeded" if run.was_read else "failed"}
    _metric("timer", "sync_duration", round(seconds, 3), tags)
    asked = {"endpoint": stream.name, "requests": run.usage.requests}
    _metric("timer", "http_request_duration", round(run.usage.answer_seconds, 3), asked)
    if run.status == "skipped":
        log.warning("skipped %s: %s", stream.name, run.reason)
    elif run.status == "failed":
        log.error("%s failed: %s", stream.name, run.reason)
    elif run.reason:
        log.warning("%s: %s", stream.name, run.reason)


def _metric(kind: str, name: str, value: float, tags: dict[str, Any]) -> None:
    """Log a measurement in the form that Singer's tools look for."""
    told = {"type": kind, "metric": name, "value": value, "tags": tags}
    log.info("METRIC: %s", orjson.dumps(told).decode())
