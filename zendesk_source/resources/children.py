"""Hand on streams that are read parent by parent, for the parents that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import dlt
from dlt.common import logger

from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position, request_of
from zendesk_source.catalogue import Stream
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.kept import POSITIONS, REFUSED_PARENTS
from zendesk_source.extract.parents.children import (
    Ask,
    Row,
    as_one,
    cost_of,
    read_of_export,
    read_of_list,
)
from zendesk_source.extract.parents.refused import told
from zendesk_source.extract.parents.seen import (
    ChildStep,
    Seen,
    open_seen,
    refused_in,
    save_step,
)
from zendesk_source.extract.positions import open_position, without_future
from zendesk_source.extract.read_once import ReadOnce
from zendesk_source.extract.steps import Step, read_incremental
from zendesk_source.extract.window import extent_of
from zendesk_source.resources.brands import rows_of_brands
from zendesk_source.resources.handing import Handing, handed
from zendesk_source.resources.run import current_slice
from zendesk_source.resources.taking import Taking
from zendesk_source.times import Window, epoch_of

Tell = Callable[[str], None]


def child_rows(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    """Return a generator function that reads the rows of the parents that changed."""
    start, end = (epoch_of(moment) for moment in window)

    def read_here(taking: Taking, state: dict[str, Any]) -> Iterator[Any]:
        handing = Handing(stream, connection, taking.run)
        positions = state.setdefault(POSITIONS, {})
        steps = _steps(stream, connection, taking, positions, start or 0, end)
        try:
            for step in taking.child_steps(steps):
                if step is None:  # nothing has arrived yet: dlt goes on with another stream
                    yield None
                    continue
                save = partial(save_step, positions, step, end)
                yield from handed(handing.tables([step.page]), save)
        except ZendeskError:
            _tell_refused(stream, positions, taking.run)
            raise
        if taking.run.is_at_end:
            _tell_refused(stream, positions, taking.run)

    def read() -> Iterator[Any]:
        state = connection.own_state(dlt.current.resource_state())
        yield from rows_of_brands(stream, connection, state, read_here)

    return read


def _tell_refused(stream: Stream, positions: Mapping[str, Any], run: StreamRun) -> None:
    """Note the parents that did not answer, in this sync or before."""
    assert stream.parent is not None
    first = stream.parent.stream.parent or stream.parent
    for text, is_missing in told(refused_in(positions), first.noun):
        run.note(f"refused {first.noun} {is_missing}", text, is_missing=is_missing)


class AllParents:
    """Reads the rows of every parent in a list, for a table that is replaced whole.

    Args:
        stream: The stream.
        connection: The account.
        taking: Takes the stream's pages.
    """

    def __init__(self, stream: Stream, connection: Connection, taking: Taking) -> None:
        self._stream = stream
        self._state = connection.own_state(dlt.current.source_state())
        before = self._state.get(REFUSED_PARENTS, {}).get(stream.name, {})
        self._positions: dict[str, Any] = deepcopy(before)
        self._steps = _steps(stream, connection, taking, self._positions)

    def pages(self) -> Iterator[Page]:
        """Yield the rows as pages; nothing is asked before the first page is taken."""
        for step in self._steps:
            save_step(self._positions, replace(step, seen={}, forgotten=(), ends_round=False), None)
            yield step.page

    def is_hidden(self, row: Mapping[str, Any]) -> bool:
        """Whether a stored row may still exist, because its parent did not answer."""
        assert self._stream.parent is not None
        return str(row.get(self._stream.parent.column)) in refused_in(self._positions)

    def tell(self, run: StreamRun) -> list[str]:
        """Note the parents that did not answer, and return their keys."""
        _tell_refused(self._stream, self._positions, run)
        return sorted(refused_in(self._positions))

    def remember(self) -> None:
        """Note in the state which parents did not answer."""
        self._state.setdefault(REFUSED_PARENTS, {})[self._stream.name] = self._positions


def _steps(
    stream: Stream,
    connection: Connection,
    taking: Taking,
    positions: dict[str, Any],
    start: int = 0,
    end: int | None = None,
) -> Iterator[ChildStep]:
    """Return the steps from the saved positions on; nothing is asked before the first."""
    part = current_slice()
    tell = part.sync.on_cost if part is not None else _tell_log(stream)
    lists: ReadOnce[Page] = part.sync.parents if part is not None else ReadOnce()
    # Its requests are counted, and a refusal is told, for the stream that needs it.
    parents = first_parents(stream)
    assert parents is not None
    request = request_of(parents, counted_for=stream.name)
    walk = partial(taking.pages, request)
    ask = partial(_ask, taking, stream.name)
    seen = open_seen(positions)
    if not parents.is_incremental:
        # Where the list is a stream as well, both take the same pages.
        is_stream = part is not None and parents.name in part.sync.runs

        def listed() -> Page:
            is_shared = is_stream and is_shared_with_children(parents)
            answers = connection.pages_read_once(request) if is_shared else walk(Position())
            return as_one(parents, answers)

        once = partial(lists.get, f"{taking.place} {parents.path}", listed)
        return _of_list(stream, once, seen, ask, tell)

    def exported() -> Iterator[Step]:
        saved = open_position(positions, start, end)
        position = without_future(saved, stream.name, taking.now())
        extent = extent_of(parents, position, end)
        return map(extent.of_step, read_incremental(parents, position, walk))

    return _of_export(stream, exported, seen, ask, tell)


def is_shared_with_children(parents: Stream) -> bool:
    """Whether a list is read once for itself and for the streams of its rows.

    Lists of a Help Center are not, because they are long and each brand has its own.
    """
    return not parents.is_of_brand


def first_parents(stream: Stream) -> Stream | None:
    """Return the stream to go through for a stream's parents; None if it has no parents."""
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


def _ask(taking: Taking, name: str, stream: Stream, parent: Row) -> Iterator[Page]:
    return taking.pages(request_of(stream, parent=parent, counted_for=name), Position())


def _tell_log(stream: Stream) -> Tell:
    return logger.warning if stream.is_opt_in else logger.info
