"""Read the rate limits from an answer's headers, in every spelling that Zendesk has used.

Source: https://developer.zendesk.com/api-reference/introduction/rate-limits/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

_NAMED = re.compile(r"^zendesk-rate-?limit-(.+)$", re.IGNORECASE)
_SIZE = ("x-rate-limit", "ratelimit-limit", "rate-limit", "rate-limit-limit", "x-rate-limit-limit")
_REMAINING = ("x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining")
_RESET = ("ratelimit-reset", "rate-limit-reset", "x-rate-limit-reset")
_EPOCH_NOT_DURATION_SECONDS = 1_000_000_000
_LONGEST_VALUE = 80
_WHOLE = re.compile(r"\s*(\d{1,9})(?!\d)", re.ASCII)

LONGEST_WAIT_SECONDS = 900.0
"""The longest that Zendesk may make one request wait. Its longest window is ten minutes."""


@dataclass(frozen=True, slots=True)
class RateState:
    """One bucket as the server described it in one answer.

    Attributes:
        bucket: Name, in lower case.
        size: Requests in a window, for all clients of the account together.
        remaining: Requests left in this window.
        reset_seconds: Seconds until the window ends, at most ``LONGEST_WAIT_SECONDS``; None when
            the answer does not say.
    """

    bucket: str
    size: int
    remaining: int
    reset_seconds: float | None


def rate_states(headers: Mapping[str, str], product: str, now: datetime) -> list[RateState]:
    """Return every bucket that the headers of one answer describe.

    Args:
        headers: Headers of the answer; names in any case.
        product: Bucket that headers without a bucket's name are about.
        now: Current time, for resets given as a date-time.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    states = [_product_state(lowered, product, now)]
    for name, value in lowered.items():
        if match := _NAMED.match(name):
            states.append(_named_state(match.group(1), value, now))
    return [state for state in states if state is not None]


def seconds_until(value: str, now: datetime) -> float | None:
    """Return how long a ``Retry-After`` or reset value asks to wait.

    Args:
        value: Seconds, an HTTP date, an ISO 8601 date-time, or seconds since 1970.
        now: Current time.

    Returns:
        Seconds, never negative and without a limit; None when the value cannot be read.
    """
    text = value.strip()[:_LONGEST_VALUE]
    try:
        seconds = float(text)
    except ValueError:
        moment = _moment(text)
        return None if moment is None else max(0.0, (moment - now).total_seconds())
    if seconds >= _EPOCH_NOT_DURATION_SECONDS:
        seconds -= now.timestamp()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" UTC", "+00:00"))
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _reset_seconds(value: str | None, now: datetime) -> float | None:
    seconds = None if value is None else seconds_until(value, now)
    return None if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)


def _product_state(lowered: Mapping[str, str], product: str, now: datetime) -> RateState | None:
    size = _first_number(lowered, _SIZE)
    remaining = _first_number(lowered, _REMAINING)
    if size is None or remaining is None:
        return None
    reset = next((lowered[name] for name in _RESET if name in lowered), None)
    return RateState(product, size, remaining, _reset_seconds(reset, now))


def _named_state(bucket: str, value: str, now: datetime) -> RateState | None:
    pairs = [pair.partition("=") for pair in value.split(";")]
    fields = {name.strip().lower(): text.strip() for name, _, text in pairs}
    size, remaining = _whole(fields.get("total")), _whole(fields.get("remaining"))
    if size is None or remaining is None:
        return None
    return RateState(bucket, size, remaining, _reset_seconds(fields.get("resets"), now))


def _first_number(lowered: Mapping[str, str], names: Iterable[str]) -> int | None:
    return next((n for name in names if (n := _whole(lowered.get(name))) is not None), None)


def _whole(text: str | None) -> int | None:
    match = _WHOLE.match(text or "")
    return int(match.group(1)) if match else None
