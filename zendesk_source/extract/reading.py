"""Read one stream from where it stands: pages, each with the position that follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, pages
from zendesk_source.catalogue import Stream
from zendesk_source.extract.positions import Lane, StreamPosition, lane_after


@dataclass(frozen=True, slots=True)
class Step:
    """A page and where its stream stands once the page is stored.

    Attributes:
        page: What Zendesk answered.
        position: Where to go on after it; save it *before* handing the page on.
        is_at_end: Nothing more to read now.
    """

    page: Page
    position: StreamPosition
    is_at_end: bool


def read_incremental(
    client: ZendeskClient,
    stream: Stream,
    position: StreamPosition,
    params: Mapping[str, str],
) -> Iterator[Step]:
    """Read what changed since a position, lane after lane, the open end last.

    Args:
        client: Sends the requests.
        stream: What to read.
        position: Where it stands.
        params: Query parameters beside the stream's own.

    Yields:
        Steps; there is always at least one, though its page may hold no rows.

    Raises:
        ZendeskError: A page could not be read; all steps yielded so far are good.
    """
    while position.lanes:
        lane, *others = sorted(position.lanes, key=_open_end_last)
        for page in pages(client, stream, lane.place, params=params):
            moved = lane_after(lane, page, stream)
            is_done = moved is None or page.is_last
            lanes = (*others,) if moved is None else (moved, *others)
            position = replace(position, lanes=lanes)
            yield Step(page, position, is_at_end=is_done and not others)
            if is_done:
                break
            assert moved is not None
            lane = moved
        if moved is not None:
            return


def read_whole(client: ZendeskClient, stream: Stream, params: Mapping[str, str]) -> Iterator[Page]:
    """Read a list that has no "changed since" from its beginning to its end."""
    return pages(client, stream, Position(), params=params)


def _open_end_last(lane: Lane) -> tuple[bool, int]:
    return (lane.until is None, lane.until or 0)
