"""Time as an argument, so that tests and the simulator never sleep."""

from __future__ import annotations

import math
import threading
import time
from datetime import datetime, timezone
from typing import Protocol

_NAP_SECONDS = 1.0
"""During a longer sleep, how often to look whether the sync is over."""


class Clock(Protocol):
    """Wall time, a stopwatch and a way to wait."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds of a stopwatch that never goes back."""

    def sleep(self, wait_seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return seconds of a stopwatch that never goes back."""
        return time.monotonic()

    def sleep(self, wait_seconds: float) -> None:
        """Wait."""
        time.sleep(wait_seconds)


class Stopped(Exception):
    """The sync is over: everything that waits, or is about to ask, gives up."""


class Stop:
    """The end of a sync; everything that waits looks at it.

    Args:
        clock: Tells when the time is up.
        ends_at: Stopwatch time of that clock; infinite for no limit.
        event: Set by somebody else to end the sync.
    """

    def __init__(
        self, clock: Clock, ends_at: float = math.inf, event: threading.Event | None = None
    ) -> None:
        self._clock = clock
        self._ends_at = ends_at
        self._event = event or threading.Event()
        self._is_requested = False

    @property
    def is_over(self) -> bool:
        """Whether the time is up, or the sync was ended early."""
        return self._is_requested or self._event.is_set() or self.seconds_left <= 0

    @property
    def seconds_left(self) -> float:
        """Seconds until the time is up; negative after that."""
        return self._ends_at - self._clock.monotonic()

    def request(self) -> None:
        """End the sync now."""
        self._is_requested = True


class SyncClock:
    """A clock whose sleeps end when the sync is over.

    Args:
        clock: Time and the way to wait.
        stop: The end of the sync; without one, no sleep is cut short.

    Attributes:
        stop: Set anew for each sync that uses the same connection.
    """

    def __init__(self, clock: Clock, stop: Stop | None = None) -> None:
        self._clock = clock
        self.stop = stop

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds of a stopwatch that never goes back."""
        return self._clock.monotonic()

    @property
    def seconds_left(self) -> float:
        """Seconds until the sync is over; infinite without an end."""
        return math.inf if self.stop is None else self.stop.seconds_left

    def check(self) -> None:
        """Raise ``Stopped`` when the sync is over."""
        if self.stop is not None and self.stop.is_over:
            raise Stopped

    def sleep(self, wait_seconds: float) -> None:
        """Wait; raise ``Stopped`` if the sync is over before or at the end of the wait."""
        if self.stop is None:
            self._clock.sleep(wait_seconds)
            return
        self.check()
        while wait_seconds > 0:
            nap_seconds = min(wait_seconds, _NAP_SECONDS, max(self.seconds_left, 0.001))
            self._clock.sleep(nap_seconds)
            wait_seconds -= nap_seconds
            self.check()


def hearing(clock: Clock | None) -> SyncClock:
    """Return a clock whose sleeps end with a sync; by default it is the machine's own."""
    return clock if isinstance(clock, SyncClock) else SyncClock(clock or SystemClock())
