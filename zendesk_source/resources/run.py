"""The run that is current while dlt extracts: what it shares, its limits, what became of streams.

Of a sync that is a greeting at first, and then a slice for each load package. In a plain
``pipeline.run(source)`` none is current: resources read to the end and raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock, Stop
from zendesk_source.api.paging import Page
from zendesk_source.api.usage import Usage
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.help_centers import HelpCenters
from zendesk_source.extract.parents.seen import ChildStep
from zendesk_source.extract.read_ahead import ReadAhead
from zendesk_source.extract.read_once import ReadOnce
from zendesk_source.extract.steps import Step
from zendesk_source.names import REJECTED_TABLE
from zendesk_source.shape.stream_shape import StreamShape

Status = Literal["ok", "incomplete", "skipped", "failed"]

Item = Page | Step | ChildStep
"""What is read ahead: pages of whole lists, steps of exports, steps of children."""


@dataclass(frozen=True, slots=True)
class SliceLimits:
    """When a slice ends, whichever comes first; what was reached by then is kept whole.

    Attributes:
        max_pages: Pages of all incremental streams together. Most end with a page that is all but
            empty, and every stream can do so in one package.
        max_bytes: Their page bodies, unpacked.
        max_seconds: Seconds spent reading.
    """

    max_pages: int = 100
    max_bytes: int = 144 * 1024 * 1024
    max_seconds: float = 300.0


@dataclass(slots=True)
class Timeline:
    """How far a sync has come with a stream that is ordered by time.

    Attributes:
        begins: Epoch seconds of the first row that this sync read.
        ends: Zendesk's time when it did.
        through: Epoch seconds up to which everything has been read.
        seconds_to_read: Part of the timeline that this sync had to read.
        seconds_left: Part of it that is not read yet.
    """

    begins: int
    ends: int
    through: int
    seconds_to_read: int = 0
    seconds_left: int = 0

    @property
    def share(self) -> float:
        """Return the part that is read, by time: from 0 to 1."""
        if self.seconds_to_read <= 0:
            return 1.0
        return min(1.0, max(0.0, 1 - self.seconds_left / self.seconds_to_read))


@dataclass(slots=True)
class StreamRun:
    """What one sync did with one stream.

    Attributes:
        rows: Rows read per table, the stream's own first.
        pages: Pages read.
        is_at_end: Everything there is now has been read.
        status: ``incomplete`` when a row or a parent is missing, ``skipped`` when Zendesk
            refused the stream, ``failed`` when it could not be read.
        reason: Why, with the remedy.
        rejected: Rows, and parts of rows, that fit no table.
        mended: Letters that were no valid text.
        notes: Sentences for people, by what they are about; the last one of each counts.
        replaced: Characters that were replaced, because the destination cannot hold them.
        newest: Epoch seconds of the newest row read, in Zendesk's time.
        timeline: How far it has come; None for lists, and before the first row.
        usage: Requests, retries, bytes and waiting, as counted by the client.
    """

    rows: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    is_at_end: bool = False
    status: Status = "ok"
    reason: str = ""
    rejected: int = 0
    mended: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    replaced: int = 0
    newest: int | None = None
    timeline: Timeline | None = None
    usage: Usage = field(default_factory=Usage)

    @property
    def was_read(self) -> bool:
        """Whether nothing stopped the reading, though single rows or parents may be missing."""
        return self.status in ("ok", "incomplete")

    def own_rows(self, name: str) -> int:
        """Return the rows of the stream's own table; of all, where each object has a table.

        Args:
            name: Of the stream.
        """
        if name in self.rows:
            return self.rows[name]
        return sum(n for table, n in self.rows.items() if not table.startswith("_zendesk"))

    def count(self, page: Page, destination: str) -> None:
        """Count a page that was taken, and note what of it does not fit or was no text.

        Args:
            page: The page.
            destination: Its name, where characters were replaced that it cannot hold.
        """
        self.pages += 1
        self.note_rejected(len(page.rejected))
        if page.mended:
            self.mended += page.mended
            text = f"What is no valid text became U+FFFD (count: {self.mended})."
            self.note("mended", text, is_missing=False)
        if page.replaced:
            self.replaced += page.replaced
            what = f"U+0000, which {destination} cannot hold, became U+FFFD"
            self.note("U+0000", f"{what} (count: {self.replaced}).", is_missing=False)

    def count_rows(self, table: str, count: int) -> None:
        """Count rows that were handed on for a table."""
        self.rows[table] = self.rows.get(table, 0) + count

    def note_rejected(self, count: int) -> None:
        """Tell people of rows, and parts of rows, that fit no table."""
        if count:
            self.rejected += count
            what = f"Rows, or parts of rows, that fit no table (count: {self.rejected})"
            text = f"{what} are kept in {REJECTED_TABLE}."
            self.note(REJECTED_TABLE, text, is_missing=True)

    def note(self, about: str, text: str, *, is_missing: bool) -> None:
        """Record what people should know of this stream, which goes on.

        Args:
            about: What the note is about; a later note about the same replaces it.
            text: One sentence or two.
            is_missing: Whether a row or a parent is missing from the tables because of it.
        """
        self.notes[about] = text
        if self.was_read:
            self.status = "incomplete" if is_missing else self.status
            self.reason = " ".join(self.notes.values())

    def stop(self, error: ZendeskError, status: Status) -> None:
        """Record why this stream goes no further in this sync."""
        self.status, self.is_at_end = status, True
        self.reason = " ".join([str(error), *self.notes.values()])


@dataclass(slots=True)
class SyncInProgress:
    """What outlives a slice: the threads that read, and what the streams have come to.

    Attributes:
        runs: By stream.
        clock: Time and the way to wait.
        stop: Its end.
        on_wait: Told why and how long a request waits.
        ahead: Pages that were read and not taken yet.
        on_cost: Told what reading a stream costs that asks parent by parent, before it starts.
        parents: Lists of parents, by Help Center and path.
        field_lists: Lists that several streams need, such as custom fields, by path.
        help_centers: Those of the account's brands, once they are known.
        sql_client: Asks the destination for rows; made when it is needed.
        used: Keeps the destination from other processes while it is asked.
        missing_tables: Tables that were loaded once and are no longer at the destination.
        shapes: How each stream's pages become tables; pages are decoded ahead of the slice
            that takes them, so what decodes them outlives it.
        keys: Rows of the list, by stream, for each of which there is an export.
        parts: What those exports have come to, by table, and what each Help Center has.
    """

    runs: dict[str, StreamRun]
    clock: Clock
    stop: Stop
    on_wait: OnWait | None = None
    ahead: ReadAhead[Item] = field(default_factory=ReadAhead)
    on_cost: Callable[[str], None] | None = None
    parents: ReadOnce[Page] = field(default_factory=ReadOnce)
    field_lists: ReadOnce[list[Page]] = field(default_factory=ReadOnce)
    help_centers: ReadOnce[HelpCenters] = field(default_factory=ReadOnce)
    sql_client: SqlClientBase[Any] | None = None
    used: Callable[[], AbstractContextManager[None]] = nullcontext
    missing_tables: frozenset[str] = frozenset()
    shapes: dict[str, StreamShape] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, StreamRun] = field(default_factory=dict)


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

    def count(self, page: Page) -> None:
        """Count a page that was taken; one without rows adds nothing to a package."""
        self._pages += bool(page.rows)
        self._bytes += page.body_bytes


@dataclass(slots=True)
class Greeting:
    """Zendesk is asked who we are, and nothing else: resources then end without a row.

    Attributes:
        on_wait: Told why and how long that waits.
        stop: The end of the sync that asks.
        account: What the rows' account column will hold; empty where there is none.
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
    """Return the greeting that is under way."""
    run = _current.get()
    return run if isinstance(run, Greeting) else None


def current_slice() -> Slice | None:
    """Return the slice being extracted, or None in a plain run."""
    run = _current.get()
    return run if isinstance(run, Slice) else None


def run_of(stream: str) -> StreamRun:
    """Return what notes how a stream fares; in a plain run nobody reads it.

    Args:
        stream: Its name.
    """
    part = current_slice()
    return StreamRun() if part is None else part.sync.runs[stream]
