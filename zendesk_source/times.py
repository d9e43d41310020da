"""Times: whole epoch seconds in UTC for the API, and words for people."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from math import inf
from typing import Any

from zendesk_source.errors import ConfigurationError

Window = tuple[datetime | None, datetime | None]
"""First and last moment to read; None for the beginning and for now."""

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def epoch_of(value: Any) -> int | None:
    """Return a time as epoch seconds, from an epoch, an ISO 8601 text, a datetime or None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return int(value) if -inf < value < inf else None  # nor NaN
    if isinstance(value, datetime):
        return int(_aware(value).timestamp())
    if isinstance(value, str):
        try:
            return int(_aware(_parse_iso(value)).timestamp())
        except (ValueError, OverflowError):
            return None
    return None


def time_text(epoch: int | None) -> str:
    """Return a moment to the minute, in UTC; an empty text for None."""
    if epoch is None:
        return ""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%d %H:%M")


def duration_text(seconds: float) -> str:
    """Return a time span in the two units that matter: ``1 h 20 min``, ``45 s``."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60} s" if seconds < 600 else f"{seconds // 60} min"
    return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"


def parse_duration(text: str, setting: str, examples: str) -> float:
    """Read a time span: ``90s``, ``5m``, ``2h`` or ``1d``.

    Args:
        text: What the user has set.
        setting: Name of the setting, for the message.
        examples: How to write it, for the message.

    Returns:
        Seconds, above 0.

    Raises:
        ConfigurationError: The text is no time span.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", text.strip())
    if not found or float(found[1]) <= 0:
        raise ConfigurationError(f"{setting} cannot be {text!r}.", f"Write it as {examples}.")
    return float(found[1]) * _SECONDS[found[2]]


def parse_date(value: str | date | None, setting: str) -> datetime | None:
    """Read a date setting: ``2024-01-31``, ``2024-01-31T08:00:00Z``, a date or a datetime.

    Args:
        value: What the user has set; a time without a zone is UTC.
        setting: Name of the setting, for the message.

    Returns:
        An aware datetime, or None when nothing was given.

    Raises:
        ConfigurationError: The text is not a date, or is before 1970.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, datetime):
            parsed = value
        elif isinstance(value, date):
            parsed = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
        else:
            parsed = _parse_iso(value.strip())
        parsed = _aware(parsed)
    except ValueError:
        raise ConfigurationError(
            f"{setting} is not a date: {value!r}.",
            "Write it as 2024-01-31 or 2024-01-31T08:00:00Z.",
        ) from None
    if parsed.timestamp() < 0:
        raise ConfigurationError(f"{setting} is before 1970: {value!r}.", "Zendesk is younger.")
    return parsed


def window_of(start_date: Any, end_date: Any, now: datetime) -> Window:
    """Return the window that two settings mean.

    Args:
        start_date: First moment that the user has set; None for the beginning.
        end_date: Last moment that the user has set; None for now.
        now: The current time.

    Raises:
        ConfigurationError: One is not a date, lies in the future, or they are swapped.
    """
    start = parse_date(start_date, "start_date")
    end = parse_date(end_date, "end_date")
    if start is not None and start > now + timedelta(days=1):
        raise ConfigurationError(
            f"start_date {start.date()} is in the future.", "Choose a day that has been."
        )
    if start is not None and end is not None and start >= end:
        raise ConfigurationError(
            f"start_date {start.isoformat()} is not before end_date {end.isoformat()}.",
            "Swap them, or leave end_date out to read up to now.",
        )
    return start, end


def _parse_iso(text: str) -> datetime:
    # Python 3.10's fromisoformat knows neither "Z" nor fractions other than 3 or 6 digits.
    text = text.replace("Z", "+00:00").replace("z", "+00:00")
    if "." in text:
        head, _, tail = text.partition(".")
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        text = f"{head}.{digits[:6]:0<6}{tail[len(digits) :]}"
    return datetime.fromisoformat(text)


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
