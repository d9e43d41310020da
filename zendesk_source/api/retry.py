"""How often to ask again, and how long to wait in between."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from zendesk_source.api.rate_headers import seconds_until

# 409 is Zendesk's DatabaseConflict: nothing is wrong with the request.
RETRIED_STATUSES = frozenset({409, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The patience with one page; it starts anew with the next.

    Attributes:
        attempts: Faulty answers or connections before giving up.
        refusals_in_a_row: Answers 429 before giving up; they do not count as attempts.
        first_backoff_seconds: Upper bound of the first wait; it doubles from there.
        longest_backoff_seconds: Where the doubling stops.
        wait_without_retry_after_seconds: After a 429 that does not say how long.
        random: Gives numbers from 0 to 1, so that many clients do not come back at once.
    """

    attempts: int = 8
    refusals_in_a_row: int = 20
    first_backoff_seconds: float = 1.0
    longest_backoff_seconds: float = 60.0
    wait_without_retry_after_seconds: float = 60.0
    random: Callable[[], float] = random.random

    def backoff_seconds(self, failures: int) -> float:
        """Return how long to wait after the given number of failures, at least 1."""
        doubled: float = self.first_backoff_seconds * 2.0 ** min(failures - 1, 30)
        ceiling = min(doubled, self.longest_backoff_seconds)
        return ceiling * (0.5 + 0.5 * self.random())


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return what ``Retry-After`` asks for, uncapped; ``None`` without a readable one."""
    value = headers.get("Retry-After")
    return None if value is None else seconds_until(value, now)
