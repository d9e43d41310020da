"""Decide how often to ask again, and how long to wait in between."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from zendesk_source.api.rate_headers import LONGEST_WAIT_SECONDS, seconds_until

# 409 is Zendesk's DatabaseConflict: nothing is wrong with the request. 520 to 530 come from
# Cloudflare, which stands before Zendesk, and 408 and 425 from what stands in between.
RETRIED_STATUSES = frozenset({408, 409, 425, *range(500, 600)})

TIMEOUT_STATUSES = frozenset({408, 504, 524, 598})
"""Zendesk took too long: a smaller page may get through."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits for one page; each page starts with all of them.

    Attributes:
        attempts: Faulty answers or connections before giving up.
        refusals_in_a_row: Answers 429 before giving up; they do not count as attempts.
        first_backoff_seconds: Upper bound of the first wait; it doubles from there.
        longest_backoff_seconds: Upper bound of every wait.
        wait_without_retry_after_seconds: Wait after a 429 that does not say how long.
        longest_wait_seconds: How long Zendesk may make one page wait, in all.
        random: Returns numbers from 0 to 1, so that many clients do not come back at once.
    """

    attempts: int = 8
    refusals_in_a_row: int = 20
    first_backoff_seconds: float = 1.0
    longest_backoff_seconds: float = 60.0
    wait_without_retry_after_seconds: float = 60.0
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    random: Callable[[], float] = random.random

    def backoff_seconds(self, failures: int) -> float:
        """Return how long to wait after the given number of failures, at least 1."""
        doubled: float = self.first_backoff_seconds * 2.0 ** min(failures - 1, 30)
        ceiling = min(doubled, self.longest_backoff_seconds)
        return ceiling * (0.5 + 0.5 * self.random())


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, without a limit; None if unreadable."""
    value = headers.get("Retry-After")
    return None if value is None else seconds_until(value, now)
