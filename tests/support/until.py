"""Wait for a process, or for a thread that runs on its own clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 120.0
_LOOK_AGAIN_SECONDS = 0.02

T = TypeVar("T")


def until(
    is_so: Callable[[], T | None],
    patience_seconds: float = PATIENCE_SECONDS,
    why: Callable[[], str] = str,
) -> T:
    """Return what something returns, as soon as that is true.

    Args:
        is_so: Is asked again and again.
        patience_seconds: For how long.
        why: Returns what to say if it never was.

    Raises:
        AssertionError: It is not in all that time.
    """
    ends_at = time.monotonic() + patience_seconds
    while not (found := is_so()):
        assert time.monotonic() < ends_at, f"not so for {patience_seconds:.0f} s: {why()}"
        time.sleep(_LOOK_AGAIN_SECONDS)
    return found
