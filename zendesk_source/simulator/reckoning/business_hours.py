"""When a company works, to the second, in the time zone of its schedule."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from zendesk_source.simulator.store import DAY_SECONDS, Row

NEVER = 1 << 60
"""A moment that does not come."""

_YEAR_SECONDS = 366 * DAY_SECONDS
_MOST_YEARS_AHEAD = 20
# 1970-01-01 was a Thursday; the week of a schedule begins on Sunday.
_WEEKDAY_OF_DAY_0 = 4
_ORDINAL_OF_DAY_0 = date(1970, 1, 1).toordinal()

Spans = list[tuple[int, int]]


class Hours(Protocol):
    """Open time, counted from a beginning of its own: only differences mean something."""

    def until(self, second: int) -> int:
        """Return how many seconds were open until then."""

    def beyond(self, open_seconds: int) -> int:
        """Return the moment from which on more than these are open."""


class AlwaysOpen:
    """The hours of an account without a schedule."""

    def until(self, second: int) -> int:
        """Return the second itself."""
        return second

    def beyond(self, open_seconds: int) -> int:
        """Return the second itself."""
        return open_seconds


class BusinessHours:
    """The hours of one schedule: a moment is open where the clock on its wall says so.

    Where clocks go forward an hour of the wall is missing, where they go back one comes twice;
    both follow from that rule.

    Args:
        zone: Whose wall it is.
        intervals: From and until when, in minutes since Sunday 00:00.
        holidays: Days of the wall without hours, counted from 1970-01-01.
    """

    def __init__(
        self, zone: ZoneInfo, intervals: Iterable[tuple[int, int]], holidays: Collection[int] = ()
    ) -> None:
        self._zone, self._holidays = zone, frozenset(holidays)
        self._of_weekday: list[Spans] = [[] for _ in range(7)]
        for start, end in sorted(intervals):
            for weekday in range(start // 1440, (end - 1) // 1440 + 1):
                midnight = weekday * 1440
                first, last = max(start, midnight), min(end, midnight + 1440)
                self._of_weekday[weekday % 7].append(
                    ((first - midnight) * 60, (last - midnight) * 60)
                )
        self._first = self._last = 0
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []

    @classmethod
    def of_schedule(cls, zone: ZoneInfo, schedule: Row, holidays: Iterable[Row]) -> BusinessHours:
        """Return the hours of a schedule and its holidays, as the API shows both."""
        days: set[int] = set()
        for holiday in holidays:
            first, last = _day(holiday["start_date"]), _day(holiday["end_date"])
            days.update(range(first, last + 1))
        intervals = schedule.get("intervals") or ()
        return cls(zone, [(each["start_time"], each["end_time"]) for each in intervals], days)

    def until(self, second: int) -> int:
        """Return how many seconds were open until then."""
        if not self._first <= second <= self._last:
            self._reckon(second)
        place = bisect_right(self._starts, second) - 1
        if place < 0:
            return self._before[0] if self._before else 0
        return self._before[place] + min(second, self._ends[place]) - self._starts[place]

    def beyond(self, open_seconds: int) -> int:
        """Return the moment from which on more than these are open."""
        years = 0
        while years < _MOST_YEARS_AHEAD:
            if self._before and self._before[-1] > open_seconds:
                place = bisect_right(self._before, open_seconds) - 1
                return self._starts[place] + open_seconds - self._before[place]
            self._reckon(self._last + _YEAR_SECONDS)
            years += 1
        return NEVER

    def _reckon(self, second: int) -> None:
        """Know the spans around a moment; what was counted before stays as it was."""
        if not self._last:
            self._first = self._last = second
        if second < self._first:
            self._put_before(list(self._spans(second - _YEAR_SECONDS, self._first)))
            self._first = second - _YEAR_SECONDS
        begin, self._last = self._last, max(second, self._last) + _YEAR_SECONDS
        for start, end in self._spans(begin, self._last):
            before = self._before[-1] + self._ends[-1] - self._starts[-1] if self._before else 0
            self._starts.append(start)
            self._ends.append(end)
            self._before.append(before)

    def _put_before(self, spans: Spans) -> None:
        before = self._before[0] if self._before else 0
        for start, end in reversed(spans):
            before -= end - start
            self._starts.insert(0, start)
            self._ends.insert(0, end)
            self._before.insert(0, before)

    def _spans(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        for first, last, offset in offset_periods(self._zone, begin, end):
            for day in range((first + offset) // DAY_SECONDS, (last + offset) // DAY_SECONDS + 1):
                if day in self._holidays:
                    continue
                midnight = day * DAY_SECONDS - offset
                for opens, closes in self._of_weekday[(day + _WEEKDAY_OF_DAY_0) % 7]:
                    span = max(midnight + opens, first), min(midnight + closes, last)
                    if span[0] < span[1]:
                        yield span


def offset_periods(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Cut a time into periods in which the wall clock keeps its distance from UTC.

    Yields:
        First second, second after the last, and the distance in seconds.
    """
    start, offset = begin, _offset(zone, begin)
    for second in range(begin + DAY_SECONDS, end + DAY_SECONDS, DAY_SECONDS):
        if _offset(zone, min(second, end)) != offset:
            change = _change(zone, second - DAY_SECONDS, min(second, end), offset)
            yield start, change, offset
            start, offset = change, _offset(zone, change)
    yield start, end, offset


def _change(zone: ZoneInfo, before: int, after: int, offset: int) -> int:
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
    return after


def _offset(zone: ZoneInfo, second: int) -> int:
    distance = datetime.fromtimestamp(second, zone).utcoffset()
    assert distance is not None
    return int(distance.total_seconds())


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _ORDINAL_OF_DAY_0


# The simulator's own few of the 150 names that Zendesk has from Rails; others are IANA's.
IANA_NAMES: Mapping[str, str] = {
    "Berlin": "Europe/Berlin",
    "Dublin": "Europe/Dublin",
    "London": "Europe/London",
    "Madrid": "Europe/Madrid",
    "Paris": "Europe/Paris",
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Kolkata": "Asia/Kolkata",
    "Tokyo": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
    "UTC": "Etc/UTC",
}


class Schedules:
    """The hours of an account: those of each schedule, and those of tickets without one.

    Args:
        schedules: As the API shows them. The first that was made is the default one.
        holidays: Of all of them.
    """

    def __init__(self, schedules: Iterable[Row], holidays: Iterable[Row]) -> None:
        # Rows that an edit made may lack what they were not given.
        rows = sorted(schedules, key=lambda row: (row.get("created_at") or "", row["id"]))
        closed = [row for row in holidays if row.get("start_date") and row.get("end_date")]
        self._hours: dict[int, Hours] = {
            row["id"]: BusinessHours.of_schedule(
                zone_of(row), row, [each for each in closed if each["schedule_id"] == row["id"]]
            )
            for row in rows
        }
        self.default: Hours = self._hours[rows[0]["id"]] if rows else AlwaysOpen()

    def of(self, schedule_id: int | None) -> Hours:
        """Return the hours of a schedule; those of the default one where it is not there."""
        return self.default if schedule_id is None else self._hours.get(schedule_id, self.default)


def zone_of(schedule: Row) -> ZoneInfo:
    """Return the time zone of a schedule."""
    name = str(schedule.get("time_zone") or "UTC")
    return ZoneInfo(IANA_NAMES.get(name, name))
