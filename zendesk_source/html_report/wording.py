"""Write numbers, times and shares for people."""

from __future__ import annotations

from datetime import date, datetime, timedelta

MINUTES_AN_HOUR, MINUTES_A_DAY = 60, 1_440

NOTHING = "-"


def count(value: float | None) -> str:
    """Return a whole number with separators."""
    return NOTHING if value is None else f"{value:,.0f}"


def share(part: float, whole: float) -> str:
    """Return a part of a whole in percent."""
    return f"{100 * part / whole:.0f}%" if whole else NOTHING


def percent(value: float | None) -> str:
    """Return a number of percent."""
    return NOTHING if value is None else f"{value:.0f}%"


def duration(minutes: float | None) -> str:
    """Return a time span in the unit that suits it."""
    if minutes is None:
        return NOTHING
    if minutes < 2 * MINUTES_AN_HOUR:
        return f"{minutes:.0f} min"
    if minutes < 2 * MINUTES_A_DAY:
        return f"{minutes / MINUTES_AN_HOUR:.1f} h"
    return f"{minutes / MINUTES_A_DAY:.1f} days"


def day(value: date) -> str:
    """Return a day without its year."""
    return f"{value.day} {value:%b}"


def days(first: date, last: date) -> str:
    """Return a span of days."""
    year = "" if first.year == last.year else f" {first.year}"
    return f"{day(first)}{year} to {day(last)} {last.year}"


def minute(value: datetime) -> str:
    """Return a time to the minute."""
    return f"{value:%Y-%m-%d %H:%M}"


def age(span: timedelta) -> str:
    """Return how long ago something was."""
    minutes = span.total_seconds() / 60
    return "just now" if minutes < 1 else f"{duration(minutes)} ago"
