"""Read streams parent by parent: from what is kept of them, to steps that say what to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from zendesk_source.account.brands import BRANDS
from zendesk_source.account.connection import Connection
from zendesk_source.account.shared_reading import SharedReading
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.extract.help_centers import HelpCenter
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
from zendesk_source.extract.steps import Step, read_incremental
from zendesk_source.extract.window import extent_of

Tell = Callable[[str], None]


def child_steps(
    stream: Stream,
    connection: Connection,
    shared: SharedReading,
    positions: Mapping[str, Any],
    *,
    center: HelpCenter | None = None,
    start: int = 0,
    end: int | None = None,
    tell: Tell | None = None,
) -> Iterator[ChildStep]:
    """Return the steps from the kept positions on; nothing is asked before the first.

    Args:
        stream: A stream with a parent.
        connection: The account.
        shared: Lists of parents that other streams of the run need as well.
        positions: What is kept of the stream. It is only looked at: ``save_step`` writes a step
            into it, once its rows are handed on.
        center: Help Center to ask; the account's own address when left out.
        start: Epoch seconds from which an export of parents is read.
        end: Epoch seconds of the first parent behind the window, or None.
        tell: Called with what the reading costs, before it starts.
    """
    # Its requests are counted, and a refusal is told, for the stream that needs it.
    parents = first_parents(stream)
    assert parents is not None
    request = request_of(parents, counted_for=stream.name)
    walk_from = partial(pages, connection.client) if center is None else center.pages
    walk = partial(walk_from, request)

    def ask(child: Stream, parent: Row) -> Iterator[Page]:
        of_parent = request_of(child, parent=parent, counted_for=stream.name)
        return walk_from(of_parent, Position())

    seen = open_seen(positions, connection.digest_key)
    if not parents.is_incremental:
        # Where the list is a stream as well, both take the same pages.
        is_shared = parents.name in shared.streams and _is_shared_with_children(parents)

        def listed() -> Page:
            answers = connection.pages_read_once(request) if is_shared else walk(Position())
            return as_one(parents, answers)

        place = "" if center is None else center.place
        once = partial(shared.parents.get, f"{place} {parents.path}", listed)
        return _of_list(stream, once, seen, ask, tell)

    def exported() -> Iterator[Step]:
        saved = open_position(positions, start, end)
        now = int(connection.client.now().timestamp())
        position = without_future(saved, stream.name, now)
        extent = extent_of(parents, position, end)
        return map(extent.of_step, read_incremental(parents, position, walk))

    return _of_export(stream, exported, seen, ask, tell)


def note_refused(stream: Stream, positions: Mapping[str, Any], run: StreamRun) -> None:
    """Note the parents that did not answer, in this run or before."""
    assert stream.parent is not None
    first = stream.parent.stream.parent or stream.parent
    for text, is_missing in told(refused_in(positions), first.noun):
        run.note(f"refused {first.noun} {is_missing}", text, is_missing=is_missing)


class AllParents:
    """Reads the rows of every parent in a list, for a table that is replaced whole.

    Args:
        stream: The stream.
        connection: The account.
        shared: Lists of parents that other streams of the run need as well.
        before: Parents that refused in earlier runs, as ``refused`` holds them.
        tell: Called with what the reading costs, before it starts.

    Attributes:
        refused: Parents that refused, to be kept once the rows are.
    """

    def __init__(
        self,
        stream: Stream,
        connection: Connection,
        shared: SharedReading,
        before: Mapping[str, Any],
        tell: Tell | None = None,
    ) -> None:
        self._stream = stream
        self.refused: dict[str, Any] = deepcopy(dict(before))
        self._steps = child_steps(stream, connection, shared, self.refused, tell=tell)

    def pages(self) -> Iterator[Page]:
        """Yield the rows as pages; nothing is asked before the first page is taken."""
        for step in self._steps:
            save_step(self.refused, replace(step, seen={}, forgotten=(), ends_round=False), None)
            yield step.page

    def is_hidden(self, row: Mapping[str, Any]) -> bool:
        """Whether a stored row may still exist, because its parent did not answer."""
        assert self._stream.parent is not None
        return str(row.get(self._stream.parent.column)) in refused_in(self.refused)

    def tell(self, run: StreamRun) -> list[str]:
        """Note the parents that did not answer, and return their keys."""
        note_refused(self._stream, self.refused, run)
        return sorted(refused_in(self.refused))


def first_parents(stream: Stream) -> Stream | None:
    """Return the stream to go through for a stream's parents; None if it has no parents."""
    if stream.parent is None:
        return stream.each_of
    return (stream.parent.stream.parent or stream.parent).stream


def is_needed_by_others(stream: Stream, connection: Connection, shared: SharedReading) -> bool:
    """Whether other streams of the run need a list, too: it is then read once for all."""
    if not shared.streams:
        return False
    described_by = (request.path for request in connection.field_lists.values())
    if stream.path in (BRANDS.path, *described_by):
        return True
    children = (each for each in _WITH_PARENTS.get(stream.name, ()) if each in shared.streams)
    return _is_shared_with_children(stream) and any(children)


def _is_shared_with_children(parents: Stream) -> bool:
    """Whether a list is read once for itself and for the streams of its rows.

    Lists of a Help Center are not, because they are long and each brand has its own.
    """
    return not parents.is_of_brand


_WITH_PARENTS: dict[str, list[str]] = {}
"""Streams that are read parent by parent, by the list of their parents."""
for _stream in STREAMS:
    if (_parents := first_parents(_stream)) is not None:
        _WITH_PARENTS.setdefault(_parents.name, []).append(_stream.name)


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
