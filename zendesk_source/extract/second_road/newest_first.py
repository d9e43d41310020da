"""Walk a list from its newest row down to what an earlier walk has read.

Such a list is ordered by the time of a row's last change. A row that changes during a walk moves
to the top, behind the walk, and is found by the next one, which ends at the newest row that this
one began with. So no row can slip through, however long a walk takes.

Zendesk may show a list in another order than the one that is asked for. That is seen from the
rows, and such a list is read to its end. One that refuses the order is asked for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

from zendesk_source.api.paging import Page, Position
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.catalogue import Origin, SideTable, Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.digest import digest_of
from zendesk_source.extract.positions import row_time

OVERLAP_SECONDS = 300
"""How far before its end a walk goes on: a row may be shown some minutes after it was written."""

PROOF_ROWS = 10
"""How many rows must be older than those above them before a list counts as ordered. Rows that were
imported in one second may be at the top of a list of any order."""

WalkList = Callable[[Stream, Position], Iterator[Page]]
"""Walks the pages of a list from a position."""

_ORDER = ("sort", "sort_by", "sort_order")


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a list was walked.

    Attributes:
        through: Epoch seconds; rows that were last written before have been read.
        cursor: Where a walk broke off; None where none did.
        newest: Epoch seconds of the newest row of that walk, of those that were there when it
            began. The list is read through it once the walk is at its end.
        began: Zendesk's time when that walk began, in epoch seconds.
        top: Digest of the newest rows as they were read, which come again with the next walk.
        is_unordered: Whether the walk that broke off asked for no order, as its cursor then does.
    """

    through: int = 0
    cursor: str | None = None
    newest: int | None = None
    began: int | None = None
    top: str = ""
    is_unordered: bool = False


@dataclass(slots=True)
class Order:
    """Whether a list comes in the order of its rows' times, the newest first.

    Attributes:
        is_kept: Whether no row so far was newer than the one above it.
        last: Epoch seconds of the last row.
        steps: How many rows were older than the one above them.
    """

    is_kept: bool = True
    last: int | None = None
    steps: int = 0

    @property
    def is_proved(self) -> bool:
        """Whether what follows is certainly older."""
        return self.is_kept and self.steps >= PROOF_ROWS

    def see(self, times: Iterable[int]) -> None:
        """Note the times of the next rows, in epoch seconds."""
        for time in times:
            if self.last is not None:
                self.is_kept &= time <= self.last
                self.steps += time < self.last
            self.last = time


def newest_first(
    stream: Stream, walked: Walked, walk: WalkList, digest_key: bytes
) -> Iterator[tuple[Page, Walked]]:
    """Read what changed since the last walk: the rest of one that broke off, then a new one.

    Args:
        stream: The list. Its cursor field is the time by which it is asked to be ordered.
        walked: How far it was walked.
        walk: Walks its pages.
        digest_key: As of ``digest_of``.

    Yields:
        Pages without what was read before, and how far the list was walked behind each.

    Raises:
        ZendeskError: A page could not be read; the pages before it count.
    """
    if walked.cursor is not None:
        try:
            for page, behind in _one_walk(stream, walked, walk, digest_key):
                walked = behind
                yield page, walked
        except (RequestRefused, StreamRefused):
            if walked.cursor is None:
                raise
            # Its cursor has died: what it did not come to lies behind the next one.
            walked = Walked(walked.through)
    yield from _one_walk(stream, walked, walk, digest_key)


def _one_walk(
    stream: Stream, walked: Walked, walk: WalkList, digest_key: bytes
) -> Iterator[tuple[Page, Walked]]:
    is_first, order = walked.cursor is None, Order()
    for page, is_unordered in _pages(stream, walked, walk):
        began = walked.began
        if began is None:
            began = int(page.server_time.timestamp())
        times = [time for row in page.rows if (time := row_time(row, stream)) is not None]
        order.see(times)
        seen = [time for time in (*times, walked.newest) if time is not None and time <= began]
        newest, since = max(seen, default=None), max(0, walked.through - OVERLAP_SECONDS)
        new, top = _since(page, stream, since), walked.top
        if is_first:
            top = _digest(_since(page, stream, (newest or 0) - OVERLAP_SECONDS), stream, digest_key)
            # The last walk has read its newest rows as they are.
            new = page.without_rows() if top == walked.top and order.is_kept else new
        is_older = order.is_proved and bool(times) and min(times) < since
        is_over = page.is_last or (is_older and not is_unordered)
        if is_over:
            walked = Walked(max(walked.through, newest or 0), top=top)
        else:
            cursor = page.after.cursor
            walked = Walked(walked.through, cursor, newest, began, top, is_unordered)
        yield new, walked
        is_first = False
        if is_over:
            return


def _pages(stream: Stream, walked: Walked, walk: WalkList) -> Iterator[tuple[Page, bool]]:
    """Yield the pages of a walk, and whether they were asked for in no order.

    They are if Zendesk refuses the order, as it does where an endpoint does not know one.
    """
    place, begun = Position(cursor=walked.cursor), False
    params = {key: value for key, value in stream.params.items() if key not in _ORDER}
    if not walked.is_unordered:
        try:
            for page in walk(stream, place):
                begun = True
                yield page, False
        except RequestRefused as refused:
            is_of_order = refused.status in (400, 422) and len(params) < len(stream.params)
            if begun or walked.cursor is not None or not is_of_order:
                raise
        else:
            return
    for page in walk(replace(stream, params=MappingProxyType(params)), place):
        yield page, True


def _since(page: Page, stream: Stream, second: int) -> Page:
    """Return a page without rows that were last written before a time."""
    times = [row_time(row, stream) for row in page.rows]
    kept = [r for r, t in zip(page.rows, times, strict=True) if t is None or t >= second]
    return page if len(kept) == len(page.rows) else page.with_rows(stream.rows_key, kept)


def _digest(page: Page, stream: Stream, key: bytes) -> str:
    """Return a digest of all that a page says of its rows."""
    beside = [page.envelope.get(each.key) for each in stream.side_tables if _is_beside(each)]
    rejected = [[each.reason, each.row] for each in page.rejected]
    return digest_of([page.rows, beside, rejected], key)


def _is_beside(side: SideTable) -> bool:
    return side.origin is Origin.BESIDE
