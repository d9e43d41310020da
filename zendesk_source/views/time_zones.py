"""Make rows of time zones and daylight time from the tz database, because the API has neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zendesk_source.views.zone_names import ZONE_NAMES

FIRST_YEAR = 1999
YEARS_AHEAD = 2
# No offset holds for less: Ramadan, for which Morocco changes its clocks, is longer.
_STEP = timedelta(days=10)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

Period = tuple[datetime, datetime, timedelta]
"""From when to when (UTC) an offset holds."""


def known_zones(pairs: Iterable[Sequence[str | None]]) -> tuple[dict[str, str], list[str]]:
    """Return the zones of some names, and the names that are unknown.

    Args:
        pairs: Names in use, each with its name in the tz database if Zendesk gives that.
    """
    by_lower_case = {name.lower(): name for name in ZONE_NAMES}
    zones, unknown = dict(ZONE_NAMES), []
    for name, iana in pairs:
        if name and name.lower() not in by_lower_case:
            key = iana or name
            if _zone(key) is None:
                unknown.append(name)
            else:
                by_lower_case[name.lower()] = name
                zones[name] = key
    return {name: key for name, key in zones.items() if _zone(key)}, unknown


def zone_rows(zones: Mapping[str, str], now: datetime) -> list[tuple[str, str]]:
    """Return ``time_zone``, ``standard_offset`` as +HH:MM."""
    return [(name, _as_text(_standard(key, now.year))) for name, key in sorted(zones.items())]


def daylight_rows(
    zones: Mapping[str, str], now: datetime
) -> list[tuple[str, int, str, str, float]]:
    """Return every period whose offset is not the standard one.

    As ``time_zone``, ``year``, ``daylight_start_utc``, ``daylight_end_utc``, ``daylight_offset``
    in hours. The times are those of the wall clock just before the change, whatever the names say:
    so they are in the seed of ``dbt_zendesk``, which takes their dates only. In UTC a Sunday of
    Sydney would be a Saturday, and change the package's weeks one too early.
    """
    return [
        (name, start.year, f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}", hours)
        for name, key in sorted(zones.items())
        for start, end, hours in _daylight(key, now.year)
    ]


@cache
def _daylight(key: str, year: int) -> tuple[tuple[datetime, datetime, float], ...]:
    standard = _standard(key, year)
    found = []
    before = standard
    for start, end, offset in _periods(key, year):
        if offset != standard:
            found.append((start + before, end + offset, (offset - standard) / _HOUR))
        before = offset
    return tuple(found)


def _standard(key: str, year: int) -> timedelta:
    """Return the smallest offset of a year."""
    first, last = _utc(year), _utc(year + 1)
    return min(offset for start, end, offset in _periods(key, year) if start < last and end > first)


@cache
def _periods(key: str, year: int) -> tuple[Period, ...]:
    """Return the periods of equal offset, up to the end of the last wanted year."""
    return tuple(_search(ZoneInfo(key), _utc(FIRST_YEAR), _utc(year + YEARS_AHEAD + 1)))


def _search(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Period]:
    since = at = start
    while at < end:
        after = min(at + _STEP, end)
        if _offset(zone, after) != _offset(zone, at):
            change = _first_with_other(zone, at, after)
            yield since, change, _offset(zone, at)
            since = change
        at = after
    if since < end:
        yield since, end, _offset(zone, since)


def _first_with_other(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Return the minute at which an offset changes, by bisection."""
    before = _offset(zone, low)
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    # Not zone.utcoffset(moment), which takes the fields of a time in UTC for local ones.
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _zone(key: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _utc(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=timezone.utc)


def _as_text(offset: timedelta) -> str:
    minutes = round(offset / _MINUTE)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
