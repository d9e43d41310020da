"""Take the pages of one stream, to the limits of the slice or to the end, and count them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from zendesk_source.account.brands import queue_of
from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import Stream
from zendesk_source.destination.free_memory import give_back_free_memory
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.extract.lanes import LaneReader
from zendesk_source.extract.parents.seen import ChildStep
from zendesk_source.extract.positions import StreamPosition
from zendesk_source.extract.read_ahead import read_in_turns, read_list
from zendesk_source.extract.second_road.reading import ListStep
from zendesk_source.extract.steps import Step, read_incremental
from zendesk_source.resources.run import Item, Slice, current_slice, run_of

BYTES_AT_ONCE = 24 * 1024 * 1024
"""Bytes of page bodies in a batch, which is in memory as bytes, as records and as Arrow tables."""

Pages = Callable[..., Iterator[Page]]
"""``api.paging.pages`` of one client: a request and a position, to pages."""

Parse = Callable[[bytes], Any]
"""Decodes the body of a page, on the thread that reads it."""

Kind = TypeVar("Kind", Page, Step, ChildStep, ListStep)
OfPages = TypeVar("OfPages", Step, ListStep)


class Taking:
    """Takes the pages of one stream.

    During a sync threads read ahead, and this takes what they have read as long as the slice has
    room. In a plain run it reads to the end by itself.

    Args:
        stream: What is read.
        connection: The account.
        run: Notes what was taken; the stream's run in this sync when left out.
        center: Help Center to ask; the account's own address when left out.
        part_of: The stream that this one is a part of, as the export of one object is.

    Attributes:
        run: Notes what was taken.
        pages: Walks a request from a position.
        center: Help Center that is asked; None at the account's own address.
        queue: Name of the queue in the read-ahead; its first word is that of the dlt resource.
    """

    def __init__(
        self,
        stream: Stream,
        connection: Connection,
        run: StreamRun | None = None,
        center: HelpCenter | None = None,
        part_of: Stream | None = None,
    ) -> None:
        self.run = run_of(stream.name) if run is None else run
        self.pages: Pages = partial(pages, connection.client) if center is None else center.pages
        self.center = center
        self.queue = queue_of(stream, center)
        if part_of is not None:
            self.queue = f"{part_of.name} {self.queue}"
        self._stream = stream
        self._connection = connection
        self._slice = current_slice()
        self._taken_bytes = 0

    def steps(self, position: StreamPosition, parse: Parse) -> Iterator[Step | None]:
        """Yield the steps of an export from a position on; None while nothing has arrived.

        Args:
            position: Where the stream stands.
            parse: Decodes its pages.
        """
        request = request_of(self._stream)

        def walk(place: Position) -> Iterator[Page]:
            return self.pages(request, place, parse=parse)

        if self._slice is None:
            return self._counted(read_incremental(self._stream, position, walk))
        ahead, crew = self._slice.sync.ahead, self._connection.crew
        reader = LaneReader(self._stream, position, walk, ahead, crew, self.queue)
        return self._to_the_limits(Step, reader.read, self._slice)

    def child_steps(self, steps: Iterator[ChildStep]) -> Iterator[ChildStep | None]:
        """Yield the steps of a stream that is read by parents; None while none has arrived."""
        if self._slice is None:
            return self._counted(steps)
        ahead = self._slice.sync.ahead
        read = partial(read_in_turns, self.queue, steps, ahead, _body_bytes)
        return self._to_the_limits(ChildStep, read, self._slice)

    def list_steps(self, steps: Iterator[ListStep]) -> Iterator[ListStep | None]:
        """Yield the steps of a stream that is read from lists; None while none has arrived."""
        if self._slice is None:
            return self._counted(steps)
        ahead = self._slice.sync.ahead
        read = partial(read_in_turns, self.queue, steps, ahead, _body_bytes)
        return self._to_the_limits(ListStep, read, self._slice)

    def whole_list(self, answers: Iterator[Page]) -> Iterator[Page | None]:
        """Yield the pages of a list from beginning to end; None while none has arrived."""
        if self._slice is None:
            yield from self._counted(answers)
        else:
            ahead = self._slice.sync.ahead
            ahead.start(self.queue, partial(read_list, self.queue, answers, ahead))
            items = ahead.items(self.queue, self._slice.may_take_list)
            yield from self._counted(_all_of(Page, items))
        self.run.is_at_end = True

    def now(self) -> int:
        """Return Zendesk's time, in epoch seconds."""
        return int(self._connection.client.now().timestamp())

    def end(self) -> None:
        """Give back the memory that reading took, because loading needs it now."""
        if self._taken_bytes >= BYTES_AT_ONCE:
            give_back_free_memory()

    def _to_the_limits(
        self, kind: type[Kind], read: Callable[[], None], part: Slice
    ) -> Iterator[Kind | None]:
        """Yield what a thread reads as long as the slice has room."""
        ahead = part.sync.ahead
        ahead.start(self.queue, read)
        for item in self._counted(_all_of(kind, ahead.items(self.queue, part.has_room))):
            if item is not None:
                part.count(_page_of(item))
            yield item
        self.run.is_at_end |= ahead.is_at_end(self.queue)

    def _counted(self, items: Iterator[Kind] | Iterator[Kind | None]) -> Iterator[Kind | None]:
        for item in items:
            if item is not None:
                self._count(_page_of(item))
            yield item

    def _count(self, page: Page) -> None:
        self._taken_bytes += page.body_bytes
        self.run.count(page, self._connection.limits.name)
        self.run.usage = self._connection.client.usage_of(self._stream.name)


def in_batches(steps: Iterator[OfPages | None], most_pages: int) -> Iterator[list[OfPages]]:
    """Yield steps a few at once; an empty list while none has arrived.

    Args:
        steps: Steps of an export or of lists; None while none has arrived.
        most_pages: The most steps in one batch.

    Raises:
        Exception: The error that ended the reading, after the steps before it were yielded.
    """
    batch: list[OfPages] = []
    batch_bytes = 0
    ended_by: Exception | None = None
    while ended_by is None:
        try:
            step = next(steps)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001 - raised below
            ended_by = error
            break
        if step is not None:
            batch.append(step)
            batch_bytes += step.page.body_bytes
        if step is None or len(batch) >= most_pages or batch_bytes >= BYTES_AT_ONCE:
            yield batch
            batch, batch_bytes = [], 0
    if batch:
        yield batch
    if ended_by is not None:
        raise ended_by


def _all_of(kind: type[Kind], items: Iterator[Item | None]) -> Iterator[Kind | None]:
    """Yield the items of a stream with their type; all are of one kind."""
    for item in items:
        assert item is None or isinstance(item, kind)
        yield item


def _page_of(item: Item) -> Page:
    return item if isinstance(item, Page) else item.page


def _body_bytes(step: ChildStep | ListStep) -> int:
    return step.page.body_bytes
