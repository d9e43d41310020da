"""Time, as something that can be handed in: tests and the simulator never sleep."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Protocol


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
