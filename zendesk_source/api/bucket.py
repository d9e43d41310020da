"""One rate limit: how many requests are left, and when there will be more.

Zendesk counts in windows: at the reset the whole bucket is full again. Its answers name the reset
in whole seconds. Until an answer has named it, no span of ``period_seconds`` holds more than
``size`` requests; that is safe wherever the server's windows begin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zendesk_source.api.rate_headers import RateState

_ROUNDED_DOWN_SECONDS = 1.0
# Without headers we count when we ask, the server when it hears: it may hear two requests
# this much closer together than we sent them.
_UNDERWAY_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Grant:
    """Permission to send one request, taken from all its buckets at once.

    Attributes:
        buckets: Names of the buckets it counts in.
        endpoint: Path the request goes to.
        granted_at: Stopwatch time.
        waited_seconds: How long the caller waited for it.
        is_open: Whether the answer is still outstanding.
    """

    buckets: tuple[str, ...]
    endpoint: str
    granted_at: float
    waited_seconds: float = 0.0
    is_open: bool = True


class Bucket:
    """The state of one bucket; not thread-safe, ``Budget`` holds the lock.

    Args:
        name: As in ``Zendesk-RateLimit-{name}``.
        assumed_size: Requests a window until an answer names the size; None means no limit
            until then.
        period_seconds: Length of a window.
        share: Part of the size to use at most.
    """

    def __init__(
        self, name: str, *, assumed_size: int | None, period_seconds: float, share: float = 1.0
    ) -> None:
        self.name = name
        self.size = assumed_size
        self._assumed_size = assumed_size
        self._is_learned = False
        self._period_seconds = period_seconds
        self._share = share
        self._charged: list[Grant] = []
        self._foreign = 0
        self._foreign_seen_at = 0.0
        self._window_end: float | None = None
        self._previous_end: float | None = None
        self._blocked_until: float | None = None
        self._rounding_seconds = 0.0

    def wait_seconds(self, now: float) -> float:
        """Return how long the next request has to wait; 0 when there is room."""
        self._turn_over(now)
        block_seconds = max(0.0, (self._blocked_until or now) - now)
        if self.size is None or self._used() < self._limit(self.size):
            return block_seconds
        return max(block_seconds, self._end() - now)

    def requests_per_second(self) -> float:
        """Return how many requests the bucket allows; infinite without a known limit."""
        return math.inf if self.size is None else self._limit(self.size) / self._period_seconds

    def charge(self, grant: Grant) -> None:
        """Count a request in the current window."""
        self._charged.append(grant)

    @property
    def learned(self) -> tuple[int, float] | None:
        """Requests and seconds of a window, as an answer named them; None before that."""
        is_known = self._is_learned and self.size is not None
        return (self.size or 0, self._period_seconds) if is_known else None

    def used(self, now: float) -> int:
        """Return how many requests the current window holds, those of others included."""
        self._turn_over(now)
        return self._used()

    def reason(self) -> str:
        """Return why a request waits, and that this is normal."""
        limit = f"the rate limit {self.name}"
        if self._blocked_until is not None:
            return f"{limit} is used up, says Zendesk; that is normal"
        return f"{limit} ({self.size} in {self._period_seconds:.0f} s) is used up; that is normal"

    def learn(self, grant: Grant, state: RateState, now: float) -> None:
        """Adopt what an answer says about this bucket.

        Args:
            grant: Of the request that was answered.
            state: What its headers say.
            now: Stopwatch time at which the headers arrived.
        """
        self._turn_over(now)
        self.size, self._is_learned = state.size, True
        if state.reset_seconds is not None:
            self._period_seconds = max(self._period_seconds, state.reset_seconds)
            end = now + state.reset_seconds + self._rounding_seconds
            if self._counted_before(grant, end):
                self._uncharge(grant)
                return
            if self._window_end is not None and end > self._window_end + self._period_seconds / 2:
                self._begin_window(self._window_end)
            # The server rounds up, so the earliest end seen is the nearest to the truth.
            self._window_end = end if self._window_end is None else min(self._window_end, end)
        # Requests in flight may already be counted in `remaining`: what is beyond all of ours
        # was surely sent by somebody else.
        foreign = state.size - state.remaining - len(self._charged)
        known = self._foreign if state.reset_seconds is not None else 0
        self._foreign, self._foreign_seen_at = max(known, foreign, 0), now

    def stop_assuming(self) -> None:
        """Drop the assumed size: the server has no limits, or hides them until it refuses."""
        if not self._is_learned:
            self.size = None

    def block(self, grant: Grant, now: float, block_seconds: float) -> None:
        """Send nothing for a while, because the server answered 429.

        Args:
            grant: Of the request that was refused.
            now: Stopwatch time.
            block_seconds: From ``Retry-After``.
        """
        if self.size is None:
            self.size = self._assumed_size
        if self._previous_end is not None:
            late_seconds = grant.granted_at - self._previous_end
            if 0 <= late_seconds < _ROUNDED_DOWN_SECONDS:
                # Refused right after the reset: this server rounds the seconds down.
                self._rounding_seconds = _ROUNDED_DOWN_SECONDS
        self._blocked_until = max(self._blocked_until or 0.0, now + block_seconds)

    def _limit(self, size: int) -> int:
        return max(1, int(size * self._share + 1e-9))

    def _used(self) -> int:
        return len(self._charged) + self._foreign

    def _end(self) -> float:
        if self._window_end is not None:
            return self._window_end
        starts = [grant.granted_at for grant in self._charged]
        if self._foreign:
            starts.append(self._foreign_seen_at)
        return self._forgotten_at(min(starts))

    def _turn_over(self, now: float) -> None:
        if self._blocked_until is not None and now >= self._blocked_until:
            self._begin_window(self._blocked_until)
            self._blocked_until = None
        if self._window_end is not None and now >= self._window_end:
            self._begin_window(self._window_end)
        if self._window_end is None:
            self._charged = [g for g in self._charged if self._forgotten_at(g.granted_at) > now]
            if self._forgotten_at(self._foreign_seen_at) <= now:
                self._foreign = 0

    def _forgotten_at(self, counted_at: float) -> float:
        return counted_at + self._period_seconds + _UNDERWAY_SECONDS

    def _begin_window(self, previous_end: float) -> None:
        # A request in flight may be counted in the old window or in the new one: it stays
        # charged until its answer tells.
        self._charged = [grant for grant in self._charged if grant.is_open]
        self._foreign = 0
        self._previous_end = previous_end
        self._window_end = None

    def _counted_before(self, grant: Grant, end: float) -> bool:
        return (
            self._previous_end is not None
            and grant.granted_at < self._previous_end
            and end < self._previous_end + self._period_seconds / 2
        )

    def _uncharge(self, grant: Grant) -> None:
        self._charged = [other for other in self._charged if other is not grant]
