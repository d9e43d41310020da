"""Time that tests, demos and benchmarks can move."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone

DEFAULT_START = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)


class SimulatedClock:
    """A clock that stands still until it is moved, or runs and can also be moved.

    A sleep returns at once and moves the clock, so a sync that waits for rate limits takes no real
    time. Every thread sees the same time.

    Args:
        start: Time shown first; aware.
        ticking: Whether real time moves it too.
        time_scale: Simulated seconds in a real second, if it ticks.
    """

    def __init__(
        self,
        start: datetime = DEFAULT_START,
        *,
        ticking: bool = False,
        time_scale: float = 1.0,
    ) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be aware: datetime(..., tzinfo=timezone.utc)")
        self._start = start.astimezone(timezone.utc)
        self._moved_seconds = 0.0
        self._slept_seconds = 0.0
        self._ticking = ticking
        self._time_scale = time_scale
        self._origin = time.monotonic()
        self._lock = threading.Lock()

    @property
    def slept_seconds(self) -> float:
        """Seconds that callers have asked to sleep, in total."""
        return self._slept_seconds

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return seconds since the start."""
        ticked = (time.monotonic() - self._origin) * self._time_scale if self._ticking else 0.0
        with self._lock:
            return self._moved_seconds + ticked

    def sleep(self, wait_seconds: float) -> None:
        """Move the clock by the time asked for and return at once."""
        with self._lock:
            self._slept_seconds += max(0.0, wait_seconds)
        self.advance(max(0.0, wait_seconds))

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        if seconds < 0:
            raise ValueError("time does not go back")
        with self._lock:
            self._moved_seconds += seconds


class TimeScaledClock(SimulatedClock):
    """A clock that runs faster than real time, and whose sleeps really wait.

    It serves tests in which one waits for another: threads that share a rate limit, or a process
    that is killed while it waits.

    Args:
        scale: Simulated seconds in a real second.
        start: Time shown first; aware.
    """

    def __init__(self, scale: float, start: datetime = DEFAULT_START) -> None:
        super().__init__(start, ticking=True, time_scale=scale)
        self._scale = scale

    def stand_still(self) -> None:
        """Stand still from now on unless moved, so that nothing comes due by itself."""
        seconds = self.monotonic()
        with self._lock:
            self._ticking, self._moved_seconds = False, seconds

    def sleep(self, wait_seconds: float) -> None:
        """Wait for the time asked for, shortened by the scale."""
        if wait_seconds > 0:
            time.sleep(wait_seconds / self._scale)
