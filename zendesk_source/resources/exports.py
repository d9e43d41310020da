"""Streams that are asked for what changed: pages from the saved position on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import dlt

from zendesk_source.catalogue import Stream
from zendesk_source.extract.kept import POSITIONS
from zendesk_source.extract.newest_rows import not_loaded, remember_newest
from zendesk_source.extract.positions import save_position
from zendesk_source.extract.window import extent_of
from zendesk_source.resources.brands import rows_of_brands
from zendesk_source.resources.connection import Connection
from zendesk_source.resources.item_format import quiet_about_kept_hints
from zendesk_source.resources.reading import Reading
from zendesk_source.resources.timeline import follow
from zendesk_source.times import Window, epoch_of


def incremental_rows(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    """Return what reads a stream from where it stands to its end."""
    declared = declared_incremental(stream, window)

    def read(cursor: dlt.sources.incremental[Any] = declared) -> Iterator[Any]:
        state = connection.own_state(dlt.current.resource_state())

        def read_here(reading: Reading, state: dict[str, Any]) -> Iterator[Any]:
            return read_on(stream, reading, state, cursor)

        yield from rows_of_brands(stream, connection, state, read_here)

    return read


def read_on(
    stream: Stream, reading: Reading, state: dict[str, Any], cursor: dlt.sources.incremental[Any]
) -> Iterator[Any]:
    """Read a stream from where it stands to its end, or to that of the slice.

    Args:
        stream: What to read.
        reading: Reads it.
        state: Holds its positions.
        cursor: Of dlt; holds the window.

    Yields:
        Tables for dlt; None while other streams have something and this one has not.
    """
    with quiet_about_kept_hints():
        yield from _read_on(stream, reading, state, cursor)


def _read_on(
    stream: Stream, reading: Reading, state: dict[str, Any], cursor: dlt.sources.incremental[Any]
) -> Iterator[Any]:
    # The window is asked of the API; dlt must not filter rows by their timestamps again:
    # a system update arrives with an updated_at from long ago.
    cursor.advance(None)
    start_epoch = epoch_of(cursor.initial_value) or 0
    end_epoch = end_of(cursor)
    reading.begin_anew_if_described(state, is_open=end_epoch is None)
    position = reading.opened(state.setdefault(POSITIONS, {}), start_epoch, end_epoch)
    extent = extent_of(stream, position, end_epoch)
    for arrived in reading.batches(position):
        if not arrived:  # nothing has arrived yet: dlt goes on with another stream
            yield None
            continue
        steps = list(map(extent.of_step, arrived))
        reading.first_read_at(state, steps[0].page)
        pages = [step.page for step in steps]
        # What is asked for with an end is loaded, whatever was loaded before.
        new = not_loaded(stream, pages, state) if end_epoch is None else pages
        tables = reading.shape(new)
        yield from tables[:-1]
        follow(reading.run, position, steps, stream)
        position = steps[-1].position
        # Aside at first: nothing of it may stay when a part of it fails.
        after = {**state, POSITIONS: {**state[POSITIONS]}}
        save_position(after[POSITIONS], position, end_epoch)
        if end_epoch is None:
            remember_newest(stream, pages, after)
        if newest := reading.run.newest:
            cursor.advance(_cursor_value(stream, newest))
        # Before the yield: dlt may close the generator there, and what was read must count.
        state.update(after)
        yield from tables[-1:]
        del arrived, steps, pages, new, tables  # before the next ones are made
    reading.end()


def end_of(cursor: dlt.sources.incremental[Any]) -> int | None:
    """Return the epoch second of the first row behind a window, if the window has an end."""
    end = epoch_of(cursor.end_value)
    return end if end is None or cursor.range_end == "open" else end + 1


def declared_incremental(stream: Stream, window: Window) -> dlt.sources.incremental[Any]:
    """Declare the cursor to dlt: it carries the window, a scheduler's interval, and the tools."""
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
