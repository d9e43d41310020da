"""The run that is current while dlt extracts: what its streams share, and its limits.

In a sync it is first a greeting, then an asking, and then a slice for each load package. In a plain
``pipeline.run(source)`` none is current: resources then read to the end, and raise errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

import dlt
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.account.connection import Connection
from zendesk_source.account.shared_reading import SharedReading
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.budget import LimitInUse, OnWait
from zendesk_source.api.clock import Clock, Stop
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.help_centers import HelpCenters
from zendesk_source.extract.parents.seen import ChildStep
from zendesk_source.extract.read_ahead import ReadAhead
from zendesk_source.extract.read_once import ReadOnce
from zendesk_source.extract.second_road.reading import ListStep
from zendesk_source.extract.steps import Step
from zendesk_source.extract.unsaved import must_be_saved
from zendesk_source.shape.stream_shape import StreamShape

Item = Page | Step | ChildStep | ListStep
"""An item that is read ahead: a page of a list that is read whole, or a step of another kind."""


@dataclass(frozen=True, slots=True)
class SliceLimits:
    """A slice ends at the limit that it reaches first; pages it has taken are kept whole.

    Attributes:
        max_pages: Pages with rows, of all incremental streams together.
        max_bytes: Bytes of their bodies, unpacked.
        max_seconds: Seconds spent reading.
    """

    max_pages: int = 100
    max_bytes: int = 144 * 1024 * 1024
    max_seconds: float = 300.0


@dataclass(slots=True)
class Known:
    """What several streams need and is read once: in a sync, or for several one after the other.

    Attributes:
        field_lists: Lists such as the definitions of custom fields, by path.
        help_centers: The Help Centers of the account's brands.
    """

    field_lists: ReadOnce[list[Page]] = field(default_factory=ReadOnce)
    help_centers: ReadOnce[HelpCenters] = field(default_factory=ReadOnce)


@dataclass(slots=True)
class SyncInProgress:
    """What outlives a slice: the threads that read, and what was done with each stream.

    Attributes:
        runs: What was done with each stream, by name.
        clock: Time and the way to wait.
        stop: The end of the sync.
        on_wait: Called with the reason and the seconds that a request waits.
        ahead: Pages that were read but not taken yet.
        on_cost: Called with what a stream costs that is read parent by parent, before it starts.
        parents: Lists of parents, by Help Center and path.
        known: Lists that several streams need.
        sql_client: Reads rows from the destination; made when it is needed.
        used: Keeps other processes from the destination while it is read.
        missing_tables: Tables that were loaded once and are no longer at the destination.
        shapes: How each stream's pages become tables, by name. Pages are decoded ahead of the
            slice that takes them, so their decoder outlives it.
        keys: For a stream that has an export for each row of a list: the keys of these rows.
        parts: What was done with each of those exports, and with each Help Center, by the
            stream's name and what it is read at.
        list_parts: The parts of which lists are put together, by stream; what reads them fills in
            which are missing.
        rate_limits: Returns the account's rate limits, and how much of them is used.
        places: Where another connector stood, by stream, if its state is taken over.
        refused_exports: Exports that Zendesk refuses, by stream, where lists are read instead.
        erases: Whether what Zendesk has erased is erased at the end.
    """

    runs: dict[str, StreamRun]
    clock: Clock
    stop: Stop
    on_wait: OnWait | None = None
    ahead: ReadAhead[Item] = field(default_factory=ReadAhead)
    on_cost: Callable[[str], None] | None = None
    parents: ReadOnce[Page] = field(default_factory=ReadOnce)
    known: Known = field(default_factory=Known)
    sql_client: SqlClientBase[Any] | None = None
    used: Callable[[], AbstractContextManager[None]] = nullcontext
    missing_tables: frozenset[str] = frozenset()
    shapes: dict[str, StreamShape] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, StreamRun] = field(default_factory=dict)
    list_parts: dict[str, Any] = field(default_factory=dict)
    rate_limits: Callable[[], Mapping[str, LimitInUse]] = dict
    places: Mapping[str, int] = field(default_factory=dict)
    refused_exports: dict[str, StreamRefused] = field(default_factory=dict)
    erases: bool = False

    def way_back(self) -> Callable[[], None]:
        """Return a function that sets the progress back to where it is now."""
        runs, parts = deepcopy((self.runs, self.parts))

        def go_back() -> None:
            # What was taken from the pages read ahead is lost.
            self.ahead = self.ahead.anew()
            self.runs.update(runs)
            self.parts.clear()
            self.parts.update(parts)
            self.shapes.clear()
            self.list_parts.clear()
            self.sql_client = None

        return go_back


class Slice:
    """The reading side of one load package.

    While a slice is current, resources stop at its limits, and an error ends only its own
    stream.
    """

    def __init__(self, sync: SyncInProgress, limits: SliceLimits) -> None:
        self.sync = sync
        self._limits = limits
        self._clock = sync.clock
        self._ends_at = sync.clock.monotonic() + limits.max_seconds
        self._pages = self._bytes = 0

    def has_room(self) -> bool:
        """Whether one more page may be taken; the first always may."""
        limits = self._limits
        return self._pages == 0 or (
            self._pages < limits.max_pages
            and self._bytes < limits.max_bytes
            and self._clock.monotonic() < self._ends_at
        )

    def may_take_list(self) -> bool:
        """Whether the next page of a list may be taken: lists are taken whole."""
        return True

    def count(self, page: Page) -> None:
        """Count a page that was taken; one without rows adds nothing to a package."""
        self._pages += bool(page.rows)
        self._bytes += page.body_bytes

    def before_writing(self) -> None:
        """Called when a stream has something to write, before it is made."""


class Asking(Slice):
    """The streams are asked only whether they have something to write.

    A stream that has goes no further, and what was taken of it can be taken again. One that has
    nothing is read to its end.

    Args:
        sync: How far the sync is.
        before: The state of the source, as it was.

    Attributes:
        before: The same.
    """

    def __init__(self, sync: SyncInProgress, before: Mapping[str, Any]) -> None:
        super().__init__(sync, SliceLimits())
        self.before = before

    def has_room(self) -> bool:
        """Whether to ask on: not while so much is new that reading has to wait."""
        return not self.sync.ahead.is_stuck

    def may_take_list(self) -> bool:
        """Whether the next page of a list may be taken: half a list says nothing."""
        self.check_room()
        return True

    def check_room(self) -> None:
        """End a stream here if there is no room to ask on.

        Raises:
            SomethingNew: There is none.
        """
        if not self.has_room():
            self.before_writing()

    def before_writing(self) -> None:
        """End a stream here.

        Raises:
            SomethingNew: Always.
        """
        raise SomethingNew


class SomethingNew(Exception):
    """A stream that was only asked has something to write."""


def up_to_news(rows: Iterator[Any], stream: Stream, connection: Connection) -> Iterator[None]:
    """Read a stream until it has something to write; if it has nothing, to its end.

    Args:
        rows: Its rows; makes none while it is only asked.
        stream: The stream.
        connection: The account.
    """
    asking = current_slice()
    assert isinstance(asking, Asking)
    run, account = asking.sync.runs[stream.name], connection.account_in_state
    try:
        for item in rows:
            if item is not None:
                asking.before_writing()
            asking.check_room()
            yield None
        if must_be_saved(stream.name, asking.before, dlt.current.source_state(), account):
            asking.before_writing()
    except SomethingNew:
        run.is_at_end = False
    if run.is_at_end:
        asking.sync.ahead.let_go(lambda queue: stream_of_part(queue) == stream.name)


def stream_of_part(name: str) -> str:
    """Return the stream of a queue in the read-ahead, or of a part that is read for itself."""
    return name.partition(" ")[0]


@dataclass(slots=True)
class Greeting:
    """Zendesk is asked only who we are; resources then end without a row.

    Attributes:
        on_wait: Called with the reason and the seconds that the request waits.
        stop: The end of the sync that asks.
        account: Value for the rows' account column; empty if there is none.
    """

    on_wait: OnWait | None
    stop: Stop
    account: str = ""


Run = TypeVar("Run", Greeting, Slice)

_current: ContextVar[Greeting | Slice | None] = ContextVar("zendesk_run", default=None)


@contextmanager
def running(run: Run) -> Iterator[Run]:
    """Make a run current while dlt extracts."""
    token = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(token)


def current_greeting() -> Greeting | None:
    """Return the greeting that is under way, or None."""
    run = _current.get()
    return run if isinstance(run, Greeting) else None


def current_slice() -> Slice | None:
    """Return the slice being extracted, or None in a plain run."""
    run = _current.get()
    return run if isinstance(run, Slice) else None


def before_writing() -> None:
    """Say that the current stream has something to write, before it is made.

    Raises:
        SomethingNew: It was only asked whether it has.
    """
    part = current_slice()
    if part is not None:
        part.before_writing()


def run_of(stream: str) -> StreamRun:
    """Return the notes on what is done with a stream; in a plain run nobody reads them.

    Args:
        stream: Name of the stream.
    """
    part = current_slice()
    return StreamRun() if part is None else part.sync.runs[stream]


def shared_reading() -> SharedReading:
    """Return what the streams of a sync have in common; in a plain run each reads for itself."""
    part = current_slice()
    if part is None:
        return SharedReading()
    sync = part.sync
    return SharedReading(sync.runs, sync.parents, sync.parts, sync.on_cost, is_sync=True)
