"""Several walks through one export at once, so that slow pages do not leave a budget unused.

An export is sequential and a page can take seconds, so one walk cannot use 30 or 60 requests
a minute. The window is split by time; a walk that comes to its end takes over half of what the
longest one has left. A row that changes meanwhile moves to the open end of the timeline, and
the walk there asks once more when all others are done.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace

from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import Stream
from zendesk_source.extract.positions import Lane, StreamPosition, lane_after, row_time
from zendesk_source.extract.read_ahead import ReadAhead, run_thread
from zendesk_source.extract.reading import Step, WalkPages, open_end_last

MOST_WALKS = 12
"""Through one rate limit; more would only wait for each other."""

UNLIMITED_PER_SECOND = 5.0
"""Requests a second that are aimed at where Zendesk names no limit."""

FEWEST_PAGES_TO_SPLIT = 4
"""A lane with fewer pages left than this is not worth another: it costs a page at its seam."""


class Crew:
    """How many walks are worth having, over all streams that share a rate limit.

    Args:
        client: Knows the rate limits and how long pages take.
    """

    def __init__(self, client: ZendeskClient) -> None:
        self._client = client
        self._walks: Counter[str] = Counter()
        self._lock = threading.Lock()

    def join(self, stream: Stream) -> None:
        """Count a walk that begins."""
        with self._lock:
            self._walks[stream.bucket] += 1

    def leave(self, stream: Stream) -> None:
        """Count a walk that ends."""
        with self._lock:
            self._walks[stream.bucket] -= 1

    def has_room(self, stream: Stream) -> bool:
        """Whether one more walk would find room in the rate limit that nobody uses.

        So many requests are under way at once as the limit allows in the time of one page.
        """
        usage = self._client.usage_of(stream.name)
        page_seconds = usage.answer_seconds / max(1, usage.requests)
        per_second = min(self._client.requests_per_second(stream.bucket), UNLIMITED_PER_SECOND)
        useful = min(MOST_WALKS, int(per_second * page_seconds) + 1)
        with self._lock:
            return self._walks[stream.bucket] < useful


@dataclass(slots=True)
class _Walk:
    """A lane being read.

    Attributes:
        lane: Where it stands once its last page is stored.
        since: Epoch seconds of its first row; None before its first page.
        pages: Read so far.
    """

    lane: Lane
    since: int | None = None
    pages: int = 0

    def pages_left(self, now: int) -> float:
        """Estimate what is left from how far the pages so far have come."""
        if self.since is None or self.lane.newest is None:
            return 0.0
        covered_seconds = max(1, self.lane.newest - self.since)
        return self.pages * self.seconds_left(now) / covered_seconds

    def seconds_left(self, now: int) -> int:
        """Return the part of the timeline that is not read yet."""
        until = now if self.lane.until is None else self.lane.until
        return max(0, until - (self.lane.newest or until))


class LaneReader:
    """Reads one stream into the read-ahead, on as many threads as are useful.

    Args:
        stream: What to read.
        position: Where it stands.
        walk: Walks its pages from a place.
        ahead: Takes the steps.
        crew: Knows whether another walk would be useful.
    """

    def __init__(
        self,
        stream: Stream,
        position: StreamPosition,
        walk: WalkPages,
        ahead: ReadAhead[Step],
        crew: Crew,
    ) -> None:
        self._stream = stream
        self._walk = walk
        self._ahead = ahead
        self._crew = crew
        self._start = position.start
        self._lock = threading.Lock()
        self._waiting = list(position.lanes)
        self._walks: list[_Walk] = []
        self._at_open_end: Lane | None = None
        self._server_now = 0
        self._threads: list[threading.Thread] = []
        self._error: Exception | None = None

    def read(self) -> None:
        """Read until every lane is at its end.

        Raises:
            ZendeskError: A page could not be read; the steps before it are good.
            Stopped: The sync has ended.
        """
        self._work()
        for thread in self._threads:  # grows while the first ones run
            thread.join()
        if self._error is not None:
            raise self._error
        # Rows that changed while the other lanes were being read have moved to the open end.
        if self._threads and self._at_open_end is not None:
            self._waiting.append(self._at_open_end)
            self._at_open_end = None
            self._work()

    def _work(self) -> None:
        """Read one lane after the other: those that wait, then half of the longest."""
        try:
            while self._error is None and (walk := self._next_walk()) is not None:
                self._read_lane(walk)
        except Exception as error:  # noqa: BLE001 - the reading thread raises it
            self._error = self._error or error

    def _next_walk(self) -> _Walk | None:
        with self._lock:
            if not self._waiting and not self._split_longest():
                return None
            self._waiting.sort(key=open_end_last)
            walk = _Walk(self._waiting.pop(0))
            self._walks.append(walk)
            return walk

    def _read_lane(self, walk: _Walk) -> None:
        self._crew.join(self._stream)
        try:
            for page in self._walk(walk.lane.place):
                self._ahead.admit(self._stream.name, page.body_bytes)
                if self._store(walk, page) or self._error is not None:
                    return
                self._add_walk()
        finally:
            self._crew.leave(self._stream)

    def _store(self, walk: _Walk, page: Page) -> bool:
        """Hand a page on with the position after it; True when the lane is at its end."""
        with self._lock:
            self._server_now = int(page.server_time.timestamp())
            walk.pages += 1
            if walk.since is None and page.rows:
                walk.since = row_time(page.rows[0], self._stream)
            moved = lane_after(walk.lane, page, self._stream)
            is_done = moved is None or page.is_last
            if moved is not None:
                walk.lane = moved
            if is_done:
                self._walks.remove(walk)
                self._at_open_end = moved or self._at_open_end
            step = Step(page, StreamPosition(self._start, self._lanes()))
            self._ahead.put(self._stream.name, step, page.body_bytes)
            return is_done

    def _lanes(self) -> tuple[Lane, ...]:
        ended = () if self._at_open_end is None else (self._at_open_end,)
        return (*(walk.lane for walk in self._walks), *self._waiting, *ended)

    def _add_walk(self) -> None:
        """Start another thread when one more walk would be useful."""
        with self._lock:
            if not self._crew.has_room(self._stream):
                return
            if not self._waiting and not self._split_longest():
                return
            self._threads.append(run_thread(self._stream.name, self._work))

    def _split_longest(self) -> bool:
        """Put the later half of the lane with the most left aside for another walk."""
        longest = max(self._walks, key=lambda w: w.pages_left(self._server_now), default=None)
        if longest is None or longest.pages_left(self._server_now) < FEWEST_PAGES_TO_SPLIT:
            return False
        lane = longest.lane
        assert lane.newest is not None
        middle = lane.newest + longest.seconds_left(self._server_now) // 2
        self._waiting.append(Lane(Position(start_time=middle), lane.until))
        longest.lane = replace(lane, until=middle)
        return True
