"""What it costs to ask, counted for each stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Usage:
    """What a stream has cost so far.

    Attributes:
        requests: Sent, the failed ones included.
        retries: Asked again after a fault.
        rate_limited: Answers 429.
        waited_seconds: For the budget, and between attempts.
        body_bytes: Of all good answers, unpacked.
        answer_seconds: From a request to its answer, over all requests.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    body_bytes: int = 0
    answer_seconds: float = 0.0
