"""Read one export in several walks at once, so that slow pages do not leave a rate limit unused.

An export is sequential and a page can take seconds, so one walk cannot use 30 or 60 requests
a minute. The window is split by time. A walk that has come to its end takes over half of what the
longest one has left.

A row that changes meanwhile moves to the open end of the timeline. The pages of several walks
arrive in any order, so its old state could come after the new one. Therefore several walks read
only what lies before the moment at which they began; there each row has one place. One walk reads
what lies behind that moment, after all others have handed in their last page. The moment comes
from a clock, so it only separates lanes: if the last of these walks meets the end of the export
before that moment, the walk behind it begins at the last row that was seen.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace

from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import Stream
from zendesk_source.extract.positions import (
    EXPORTS,
    SETTLE_SECONDS,
    Lane,
    StreamPosition,
    hand_on,
    lane_after,
    row_time,
)
from zendesk_source.extract.read_ahead import Takes, run_thread
from zendesk_source.extract.steps import Step, WalkPages, open_end_last

MOST_WALKS = 12
"""The most walks for one rate limit; more would only wait for each other."""

UNLIMITED_PER_SECOND = 5.0
"""Requests a second to aim at where Zendesk names no limit."""

FEWEST_PAGES_TO_SPLIT = 4
"""A lane with fewer pages left is not split: every new lane costs one more page."""


class Crew:
    """Counts the walks of all streams that share a rate limit, and says how many are useful.

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

    def join_if_useful(self, stream: Stream) -> bool:
        """Count one more walk if the rate limit has room that nobody uses.

        Useful are as many walks as the limit allows requests in the time of one page.
        """
        usage = self._client.usage_of(stream.name)
        page_seconds = usage.answer_seconds / max(1, usage.requests)
        per_second = min(self._client.requests_per_second(stream.bucket), UNLIMITED_PER_SECOND)
        useful = min(MOST_WALKS, int(per_second * page_seconds) + 1)
        with self._lock:
            if self._walks[stream.bucket] >= useful:
                return False
            self._walks[stream.bucket] += 1
            return True


@dataclass(slots=True)
class _Walk:
    """A lane being read.

    Attributes:
        lane: The lane as it stands once its last page is stored.
        since: Epoch seconds of its first row; None before its first page.
        pages: How many pages were read so far.
    """

    lane: Lane
    since: int | None = None
    pages: int = 0

    def pages_left(self, until: int) -> float:
        """Estimate how many pages are left from how far the pages so far have come."""
        if self.since is None or self.lane.newest is None or self.seconds_left(until) < 2:
            return 0.0  # a second cannot be split, however many rows it has
        covered_seconds = max(1, self.lane.newest - self.since)
        return self.pages * self.seconds_left(until) / covered_seconds

    def seconds_left(self, until: int) -> int:
        """Return the part of the timeline that is not read yet."""
        end = until if self.lane.until is None else min(until, self.lane.until)
        return max(0, end - (self.lane.newest or end))


class LaneReader:
    """Reads one stream into the read-ahead, on as many threads as are useful.

    Args:
        stream: What to read.
        position: Where it stands.
        walk: Walks its pages from a place.
        ahead: Receives the steps.
        crew: Knows whether another walk would be useful.
        queue: Name of its queue in the read-ahead; the stream's name when left out.
    """

    def __init__(
        self,
        stream: Stream,
        position: StreamPosition,
        walk: WalkPages,
        ahead: Takes[Step],
        crew: Crew,
        queue: str = "",
    ) -> None:
        self._stream = stream
        self._queue = queue or stream.name
        self._walk = walk
        self._ahead = ahead
        self._crew = crew
        self._start = position.start
        self._lock = threading.Lock()
        self._waiting = sorted(position.lanes, key=open_end_last)
        self._walks: list[_Walk] = []
        self._at_end: list[Lane] = []
        self._parted_at: int | None = None
        self._end_met_at: int | None = None
        self._threads: list[threading.Thread] = []
        self._error: Exception | None = None

    def read(self) -> None:
        """Read until every lane is at its end.

        Raises:
            ZendeskError: A page could not be read; the steps before it count.
            Stopped: The sync has ended.
        """
        self._crew.join(self._stream)
        self._work()
        for thread in self._threads:  # grows while the first ones run
            thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        """Read one lane after the other: those that wait, then halves of the longest."""
        try:
            while self._error is None and (walk := self._next_walk()) is not None:
                self._read_lane(walk)
        except Exception as error:  # noqa: BLE001 - the reading thread raises it
            self._error = self._error or error
        finally:
            self._crew.leave(self._stream)

    def _next_walk(self) -> _Walk | None:
        with self._lock:
            lane = self._take_waiting()
            if lane is None and self._split_longest():
                lane = self._take_waiting()
            if lane is None:
                return None
            walk = _Walk(lane)
            self._walks.append(walk)
            return walk

    def _take_waiting(self) -> Lane | None:
        """Return the next lane that may be read now; one with an open end is read alone."""
        for lane in self._waiting:
            if not self._walks or self._is_settled(lane):
                self._waiting.remove(lane)
                return lane
        return None

    def _is_settled(self, lane: Lane) -> bool:
        """Whether every row of a lane has only one place, so that other walks may run beside it."""
        if self._parted_at is None or self._stream.paging not in EXPORTS:
            return False
        return lane.until is not None and lane.until <= self._parted_at

    def _read_lane(self, walk: _Walk) -> None:
        for page in self._walk(walk.lane.place):
            if self._store(walk, page) or self._error is not None:
                return
            self._add_walk()
            # Before the next page is asked for: what waits is asked for again after a crash.
            self._ahead.admit(self._queue)

    def _store(self, walk: _Walk, page: Page) -> bool:
        """Hand a page on with the position after it; return whether the walk is at its end."""
        with self._lock:
            walk.pages += 1
            if walk.since is None and page.rows:
                walk.since = row_time(page.rows[0], self._stream)
            walk.lane, is_read = lane_after(walk.lane, page, self._stream)
            is_done = is_read or page.is_last
            if is_done:
                self._walks.remove(walk)
                self._at_end += [] if is_read else [walk.lane]
            elif len(self._walks) == 1:
                # No page is under way: all that come from now on are of a later moment.
                self._parted_at = int(page.server_time.timestamp()) - SETTLE_SECONDS
            if is_read:
                hand_on(walk.lane, self._waiting, self._stream)
            if page.is_last:
                self._end_met_at = max(self._end_met_at or 0, walk.lane.newest or 0)
            step = Step(page, StreamPosition(self._start, self._lanes()))
            self._ahead.put(self._queue, step, page.body_bytes)
            return is_done

    def _lanes(self) -> tuple[Lane, ...]:
        lanes = (*(walk.lane for walk in self._walks), *self._waiting, *self._at_end)
        return tuple(sorted(lanes, key=open_end_last))

    def _add_walk(self) -> None:
        """Start another thread when one more walk would be useful."""
        with self._lock:
            has_waiting = any(map(self._is_settled, self._waiting))
            if not (has_waiting or self._longest() is not None):
                return
            if not self._crew.join_if_useful(self._stream):
                return
            if not has_waiting:
                self._split_longest()
            self._threads.append(run_thread(self._queue, self._work))

    def _splits_until(self) -> int | None:
        """Return the time up to which lanes may be split; behind the export's end is nothing."""
        if self._parted_at is None or self._stream.paging not in EXPORTS:
            return None
        return min(self._parted_at, self._end_met_at or self._parted_at)

    def _longest(self) -> _Walk | None:
        """Return the walk with the most left, if that is worth splitting."""
        until = self._splits_until()
        if until is None:
            return None
        walks = (walk for walk in self._walks if walk.lane.settled is None)
        longest = max(walks, key=lambda walk: walk.pages_left(until), default=None)
        is_worth_it = longest is not None and longest.pages_left(until) >= FEWEST_PAGES_TO_SPLIT
        return longest if is_worth_it else None

    def _split_longest(self) -> bool:
        """Put the later half of the lane with the most left aside for another walk."""
        longest = self._longest()
        if longest is None:
            return False
        lane, parted_at = longest.lane, self._splits_until()
        assert lane.newest is not None
        assert parted_at is not None
        middle = lane.newest + longest.seconds_left(parted_at) // 2
        self._waiting.append(Lane(Position(start_time=middle), self._part(lane, parted_at)))
        self._waiting.sort(key=open_end_last)
        longest.lane = replace(lane, until=middle)
        return True

    def _part(self, lane: Lane, parted_at: int) -> int:
        """Return where a lane's later half ends; what lies behind is read after all others."""
        if lane.until is not None and lane.until <= parted_at:
            return lane.until
        self._waiting.append(Lane(Position(start_time=parted_at), lane.until))
        return parted_at
