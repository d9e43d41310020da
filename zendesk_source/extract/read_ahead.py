"""Read on while dlt normalises and loads: threads fill a bounded buffer.

This does not affect positions: what was read ahead but not loaded is read again after a crash.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from zendesk_source.api.clock import Stop, Stopped, SystemClock
from zendesk_source.api.paging import Page

T = TypeVar("T")
Put = TypeVar("Put", contravariant=True)

BUFFER_BYTES = 16 * 1024 * 1024
"""Bytes of page bodies in the buffer before reading pauses; decoded, they take a few times that."""

BUFFER_ITEMS = 25
"""The most pages in the buffer, beside one for each stream. A crash makes us ask for them again."""

LISTS_AT_ONCE = 4
"""How many lists are read at the same time. Exports never wait for them."""


PARENTS_AT_ONCE = 4
"""How many streams ask parent by parent at the same time; they take turns."""

_LOOK_UP_SECONDS = 1.0
"""While waiting for another thread, how often to look whether the sync is over."""


@dataclass(slots=True)
class _Queue(Generic[T]):
    items: deque[tuple[T, int]] = field(default_factory=deque)
    kept: list[tuple[T, int]] = field(default_factory=list)
    put_back: int = 0
    was_put_back: bool = False
    is_finished: bool = False
    error: Exception | None = None
    is_consumed: bool = False
    is_left: bool = False


class Takes(Protocol[Put]):
    """The part of the read-ahead that a reader of one kind of items uses."""

    lists_at_once: threading.Semaphore
    parents_at_once: threading.Semaphore

    def admit(self, name: str) -> None:
        """As of ``ReadAhead``."""

    def put(self, name: str, item: Put, item_bytes: int) -> None:
        """As of ``ReadAhead``."""


class ReadAhead(Generic[T]):
    """Items of many streams, read by threads and taken by one consumer.

    Every stream may have one item waiting, however full the buffer is. So pages of one stream
    can never block a consumer that waits for another.

    Args:
        max_bytes: The most bytes that may wait, over all streams.
        max_items: The most items that may wait, over all streams.
        stop: The end of the sync.
    """

    def __init__(
        self,
        max_bytes: int = BUFFER_BYTES,
        max_items: int = BUFFER_ITEMS,
        stop: Stop | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_items = max_items
        self._held_bytes = 0
        self._held_items = 0
        self._queues: dict[str, _Queue[T]] = {}
        self._changed = threading.Condition()
        self._stop = stop or Stop(SystemClock())
        self._keeps = False
        self._kept_bytes = 0
        self.lists_at_once = threading.Semaphore(LISTS_AT_ONCE)
        self.parents_at_once = threading.Semaphore(PARENTS_AT_ONCE)

    def start(self, name: str, read: Callable[[], None]) -> None:
        """Read a stream on a thread of its own, unless that thread exists.

        Args:
            name: Name of the stream.
            read: Calls ``admit`` and ``put`` until everything is read.
        """
        with self._changed:
            if name in self._queues:
                return
            self._queues[name] = _Queue()
        run_thread(name, lambda: self._run(name, read))

    def admit(self, name: str) -> None:
        """Wait until there is room for an item; call this before asking for it.

        Raises:
            Stopped: The sync has ended.
        """
        with self._changed:
            queue = self._queues[name]
            self._wait_until(lambda: queue.is_left or not queue.items or self._has_room())
            if queue.is_left:
                raise Stopped

    def put(self, name: str, item: T, item_bytes: int) -> None:
        """Hand an admitted item to the consumer."""
        with self._changed:
            if self._queues[name].is_left:
                return
            self._held_bytes += item_bytes
            self._held_items += 1
            self._queues[name].items.append((item, item_bytes))
            self._changed.notify_all()

    def items(self, name: str, may_take: Callable[[], bool]) -> Iterator[T | None]:
        """Take a stream's items in order, for as long as the slice has room.

        Args:
            name: Name of the stream.
            may_take: Whether the slice has room for one more. If not, the iteration ends, and
                the other items wait for the next slice.

        Yields:
            Items; None while only other streams have something.

        Raises:
            Exception: The error that ended the reading of the stream, after its last item.
            Stopped: The sync has ended. What was put back is still given.
        """
        queue = self._queues[name]
        queue.is_consumed = True
        try:
            if not queue.items:  # let the others begin, or this one's wait would be theirs too
                yield None
            while self._wait_for(queue):
                if not queue.items:
                    yield None
                    continue
                if not may_take():
                    return
                with self._changed:
                    item, item_bytes = queue.items.popleft()
                    self._held_bytes -= item_bytes
                    self._held_items -= 1
                    queue.put_back = max(0, queue.put_back - 1)
                    if self._keeps:
                        queue.kept.append((item, item_bytes))
                        self._kept_bytes += item_bytes
                    self._changed.notify_all()
                yield item
            if queue.error is not None:
                raise queue.error
        finally:
            queue.is_consumed = False

    def is_at_end(self, name: str) -> bool:
        """Whether everything there is has been read and taken."""
        queue = self._queues[name]
        return queue.is_finished and not queue.items

    def keep(self) -> None:
        """Keep what is taken from now on, so that it can be put back."""
        self._keeps = True

    def let_go(self, is_of: Callable[[str], bool]) -> None:
        """Drop what was kept of some streams.

        Args:
            is_of: Whether a queue, by its name, is one of theirs.
        """
        with self._changed:
            for name, queue in self._queues.items():
                if is_of(name):
                    self._kept_bytes -= sum(item_bytes for _, item_bytes in queue.kept)
                    queue.kept.clear()

    def put_back(self) -> None:
        """Let everything that was kept be taken once more, and keep nothing from now on."""
        with self._changed:
            for queue in self._queues.values():
                queue.items.extendleft(reversed(queue.kept))
                queue.put_back += len(queue.kept)
                queue.was_put_back |= bool(queue.kept)
                self._held_bytes += sum(item_bytes for _, item_bytes in queue.kept)
                self._held_items += len(queue.kept)
                queue.kept.clear()
            self._keeps, self._kept_bytes = False, 0
            self._changed.notify_all()

    @property
    def is_stuck(self) -> bool:
        """Whether reading pauses, or soon will, for what is kept and what nobody takes."""
        left = sum(len(queue.items) for queue in self._queues.values() if not queue.is_consumed)
        return left >= self._max_items or self._held_bytes + self._kept_bytes >= self._max_bytes

    def leave(self, name: str) -> None:
        """End the reading of a stream whose items nobody takes any more."""
        with self._changed:
            queue = self._queues.setdefault(name, _Queue())
            self._held_bytes -= sum(item_bytes for _, item_bytes in queue.items)
            self._held_items -= len(queue.items)
            queue.items.clear()
            queue.put_back = 0
            queue.is_left = queue.is_finished = True
            self._changed.notify_all()

    def anew(self) -> ReadAhead[T]:
        """Leave every stream, and return a new read-ahead of the same size."""
        for name in list(self._queues):
            self.leave(name)
        return ReadAhead(self._max_bytes, self._max_items, self._stop)

    def stop(self) -> None:
        """Let the threads end, and drop what waits in the buffer."""
        with self._changed:
            self._stop.request()
            self._changed.notify_all()

    def _wait_until(self, is_so: Callable[[], object]) -> None:
        """Wait while holding the lock; look regularly whether the time of the sync is up."""
        while not self._stop.is_over:
            if is_so():
                return
            self._changed.wait(_LOOK_UP_SECONDS)
        raise Stopped

    def _has_room(self) -> bool:
        return self._held_bytes < self._max_bytes and self._held_items < self._max_items

    def _wait_for(self, queue: _Queue[T]) -> bool:
        """Wait until there is something to do; False at the end of the stream."""
        with self._changed:
            if queue.put_back or (queue.was_put_back and queue.is_finished and not queue.items):
                return bool(queue.put_back)
            self._wait_until(
                lambda: (
                    queue.items
                    or queue.is_finished
                    or self._others_have_items(queue)
                    or (self._keeps and self.is_stuck)
                )
            )
            return bool(queue.items) or not queue.is_finished

    def _others_have_items(self, queue: _Queue[T]) -> bool:
        others = (other for other in self._queues.values() if other is not queue)
        return any(other.is_consumed and (other.items or other.is_finished) for other in others)

    def _run(self, name: str, read: Callable[[], None]) -> None:
        error: Exception | None = None
        try:
            read()
        except Stopped:
            with self._changed:
                self._changed.notify_all()  # whoever waits for this stream is to look up
            return
        except Exception as raised:  # noqa: BLE001 - handed to the consumer, which raises it
            error = raised
        with self._changed:
            queue = self._queues[name]
            queue.error, queue.is_finished = error, True
            self._changed.notify_all()


def read_list(name: str, pages: Iterator[Page], ahead: Takes[Page]) -> None:
    """Read a whole list into the read-ahead, when it is the list's turn."""
    with ahead.lists_at_once:
        for page in pages:
            ahead.put(name, page, page.body_bytes)
            ahead.admit(name)


def read_in_turns(
    name: str, items: Iterator[T], ahead: Takes[T], size_of: Callable[[T], int]
) -> None:
    """Read items that take many requests each; after each item another stream has a turn."""
    while True:
        with ahead.parents_at_once:
            item = next(items, None)
        if item is None:
            return
        ahead.put(name, item, size_of(item))
        ahead.admit(name)


def run_thread(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread that does not keep the process alive."""
    thread = threading.Thread(target=work, name=f"zendesk-{name}", daemon=True)
    thread.start()
    return thread
