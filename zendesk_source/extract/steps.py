"""Read one stream from where it stands, as steps: a page and the position that follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import Stream
from zendesk_source.extract.positions import Lane, StreamPosition, hand_on, lane_after

WalkPages = Callable[[Position], Iterator[Page]]
"""Walks a stream's pages from a place."""


@dataclass(frozen=True, slots=True)
class Step:
    """A page and where its stream stands once the page is stored.

    Attributes:
        page: The page.
        position: Where to go on after it. It must be saved with the page's rows.
    """

    page: Page
    position: StreamPosition


def read_incremental(stream: Stream, position: StreamPosition, walk: WalkPages) -> Iterator[Step]:
    """Read what changed since a position, lane after lane, the open end last.

    Args:
        stream: What to read.
        position: Where it stands.
        walk: Walks its pages from a place.

    Yields:
        Steps: at least one for each lane, though its page may hold no rows.

    Raises:
        ZendeskError: A page could not be read; the steps before it count.
    """
    at_end: tuple[Lane, ...] = ()
    waiting = sorted(position.lanes, key=open_end_last)
    while waiting:
        lane = waiting.pop(0)
        for page in walk(lane.place):
            lane, is_read = lane_after(lane, page, stream)
            if is_read:
                hand_on(lane, waiting, stream)
            lanes = () if is_read else (lane,)
            yield Step(page, replace(position, lanes=(*at_end, *lanes, *waiting)))
            if is_read or page.is_last:
                at_end = (*at_end, *lanes)
                break


def open_end_last(lane: Lane) -> tuple[bool, int]:
    """Return the sort key of a lane: by time, and the lane without an end last."""
    return (lane.until is None, lane.until or 0)
