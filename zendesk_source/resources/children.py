"""Streams that are asked for parent by parent: those parents that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import dlt
from dlt.common import logger

from zendesk_source.api.paging import Page, Position, pages
from zendesk_source.catalogue import Stream
from zendesk_source.connection import Connection
from zendesk_source.extract.children import (
    Ask,
    ChildStep,
    Row,
    Seen,
    as_one,
    cost_of,
    open_seen,
    read_of_export,
    read_of_list,
    save_step,
)
from zendesk_source.extract.positions import open_position, without_future
from zendesk_source.extract.read_once import ReadOnce
from zendesk_source.extract.reading import Step, read_incremental
from zendesk_source.extract.slices import current_slice
from zendesk_source.extract.times import Window, epoch_of
from zendesk_source.extract.window import extent_of
from zendesk_source.resources.reading import Reading

Tell = Callable[[str], None]


def child_rows(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    """Return what reads the rows of the parents that changed since they were read last."""
    start, end = (epoch_of(moment) for moment in window)

    def read() -> Iterator[Any]:
        state = connection.own_state(dlt.current.resource_state())
        positions = state.setdefault("positions", {})
        reading = Reading(stream, connection)
        for step in reading.child_steps(_steps(stream, connection, positions, start or 0, end)):
            if step is None:  # nothing has arrived yet: dlt goes on with another stream
                yield None
                continue
            tables = reading.shape([step.page])
            yield from tables[:-1]
            # Before the yield: dlt may close the generator there, and what was read must count.
            save_step(positions, step, end)
            yield from tables[-1:]

    return read


def pages_of_all_parents(stream: Stream, connection: Connection) -> Iterator[Page]:
    """Return the rows of every parent in a list; nothing is asked before the first page."""
    return (step.page for step in _steps(stream, connection, {}, 0, None))


def _steps(
    stream: Stream, connection: Connection, positions: dict[str, Any], start: int, end: int | None
) -> Iterator[ChildStep]:
    """Return the steps from where the positions stand now; nothing is asked before the first."""
    part = current_slice()
    tell = part.sync.on_cost if part is not None else _tell_log(stream)
    lists: ReadOnce[Page] = part.sync.parents if part is not None else ReadOnce()
    # Its requests are counted, and a refusal is told, for the stream that needs it.
    first = first_parents(stream)
    assert first is not None
    parents = replace(first, name=stream.name, records_key=first.rows_key)
    walk = partial(pages, connection.client, parents)
    ask = partial(_ask, connection, stream.name)
    seen = open_seen(positions)
    if not parents.is_incremental:
        # Where the list is a stream as well, both take the same pages.
        is_stream = part is not None and first.name in part.sync.runs

        def listed() -> Page:
            is_shared = is_stream and is_shared_with_children(first)
            answers = connection.pages_read_once(parents) if is_shared else walk(Position())
            return as_one(parents, answers)

        once = partial(lists.get, parents.path, listed)
        return _of_list(stream, once, seen, ask, tell)

    def exported() -> Iterator[Step]:
        now = int(connection.client.now().timestamp())
        position = without_future(open_position(positions, start, end), parents, now)
        extent = extent_of(parents, position, end)
        return map(extent.of_step, read_incremental(parents, position, walk))

    return _of_export(stream, exported, seen, ask, tell)


def is_shared_with_children(parents: Stream) -> bool:
    """Whether one reading of a list does for itself and for the streams of its rows.

    Lists of a Help Center are long, and each brand has its own.
    """
    return parents.product != "help_center"


def first_parents(stream: Stream) -> Stream | None:
    """Return what has to be gone through for a stream's parents; None where it has none."""
    if stream.parent is None:
        return stream.each_of
    return (stream.parent.stream.parent or stream.parent).stream


def _of_list(
    stream: Stream, parents: Callable[[], Page], seen: Seen, ask: Ask, tell: Tell | None
) -> Iterator[ChildStep]:
    def tell_count(count: int) -> None:
        if tell is not None and count:
            tell(cost_of(stream, count))

    yield from read_of_list(stream, parents(), seen, ask, tell_count)


def _of_export(
    stream: Stream, exported: Callable[[], Iterator[Step]], seen: Seen, ask: Ask, tell: Tell | None
) -> Iterator[ChildStep]:
    steps = exported()
    for first in steps:
        if tell is not None and first.page.rows:
            tell(cost_of(stream, len(first.page.rows), is_all=first.page.is_last))
        yield from read_of_export(stream, chain([first], steps), seen, ask)


def _ask(connection: Connection, name: str, stream: Stream, parent: Row) -> Iterator[Page]:
    path = stream.path.format_map(parent)
    asked = replace(stream, name=name, records_key=stream.rows_key, path=path)
    return pages(connection.client, asked, Position())


def _tell_log(stream: Stream) -> Tell:
    return logger.warning if stream.is_opt_in else logger.info
