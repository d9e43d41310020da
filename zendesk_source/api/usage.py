"""Counts what each stream's requests cost."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Usage:
    """What a stream has cost so far.

    Attributes:
        requests: Requests sent, including failed ones.
        retries: Requests repeated after a fault.
        rate_limited: Answers 429.
        waited_seconds: Time spent waiting for the budget and between attempts.
        body_bytes: Size of all good answers, unpacked.
        answer_seconds: Time from a request to its answer, over all requests.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    body_bytes: int = 0
    answer_seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Return what both have cost."""
        return Usage(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Usage)))
