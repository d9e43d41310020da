"""Business hours are those of the clock on the wall, also where it jumps."""

from __future__ import annotations

from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.reckoning.slow import Wall
from zendesk_source.simulator.reckoning.business_hours import NEVER, BusinessHours, Schedules

DAY_SECONDS = 86_400
# A zone, and a day around which its clocks change or do not.
CHANGES = (
    ("Europe/Berlin", date(2025, 3, 30)),
    ("Europe/Berlin", date(2025, 10, 26)),
    ("Australia/Sydney", date(2025, 4, 6)),
    ("Australia/Sydney", date(2025, 10, 5)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),
    ("Australia/Lord_Howe", date(2025, 10, 5)),
    ("Europe/Dublin", date(2025, 3, 30)),
    ("Europe/Dublin", date(2025, 10, 26)),
    ("Asia/Kolkata", date(2025, 3, 30)),
    ("America/New_York", date(2025, 11, 2)),
)
MINUTES = st.integers(0, 7 * 1440)


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())


def intervals_of(borders: list[int]) -> list[tuple[int, int]]:
    ordered = sorted(set(borders))
    return list(zip(ordered[::2], ordered[1::2], strict=False))


@given(
    change=st.sampled_from(CHANGES),
    borders=st.lists(MINUTES, min_size=2, max_size=12),
    holiday=st.integers(-3, 3),
    start=st.integers(-3 * DAY_SECONDS, 3 * DAY_SECONDS),
    length=st.integers(0, 4 * DAY_SECONDS),
)
@settings(max_examples=60, deadline=None)
def test_they_are_what_a_walk_over_every_minute_finds(
    change: tuple[str, date], borders: list[int], holiday: int, start: int, length: int
) -> None:
    zone, day = change
    closed = date.fromordinal(day.toordinal() + holiday).isoformat()
    intervals = intervals_of(borders)
    schedule = {
        "id": 1,
        "time_zone": zone,
        "intervals": [{"start_time": first, "end_time": last} for first, last in intervals],
    }
    holidays = [{"schedule_id": 1, "start_date": closed, "end_date": closed}]
    hours = BusinessHours.of_schedule(ZoneInfo(zone), schedule, holidays)
    begin = midnight(day) + start
    spent = hours.until(begin + length) - hours.until(begin)
    assert spent == Wall(schedule, holidays).open_seconds(begin, begin + length)


@given(
    change=st.sampled_from(CHANGES),
    borders=st.lists(MINUTES, min_size=2, max_size=8, unique=True),
    start=st.integers(-3 * DAY_SECONDS, 3 * DAY_SECONDS),
    open_seconds=st.integers(0, 2 * DAY_SECONDS),
)
@settings(max_examples=60, deadline=None)
def test_the_end_of_a_target_is_the_last_moment_at_which_no_more_is_used(
    change: tuple[str, date], borders: list[int], start: int, open_seconds: int
) -> None:
    zone, day = change
    hours = BusinessHours(ZoneInfo(zone), intervals_of(borders))
    wanted = hours.until(midnight(day) + start) + open_seconds
    moment = hours.beyond(wanted)
    assert hours.until(moment) == wanted
    assert hours.until(moment + 1) == wanted + 1


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Dublin", date(2025, 3, 30), 23),
        ("Europe/Dublin", date(2025, 10, 26), 25),
        ("Australia/Sydney", date(2025, 4, 6), 25),
        ("Australia/Sydney", date(2025, 10, 5), 23),
        ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
        ("Australia/Lord_Howe", date(2025, 10, 5), 23.5),
        ("Asia/Kolkata", date(2025, 10, 26), 24),
    ],
)
def test_a_sunday_of_the_wall_is_as_long_as_the_clocks_make_it(
    zone: str, day: date, hours: float
) -> None:
    sundays = BusinessHours(ZoneInfo(zone), [(0, 1440)])
    around = midnight(day) - 2 * DAY_SECONDS, midnight(day) + 3 * DAY_SECONDS
    assert sundays.until(around[1]) - sundays.until(around[0]) == hours * 3600


def test_a_schedule_without_hours_never_uses_up_anything() -> None:
    assert BusinessHours(ZoneInfo("Europe/Berlin"), []).beyond(0) == NEVER


def test_an_account_without_a_schedule_is_always_open() -> None:
    hours = Schedules([], []).of(None)
    assert hours.until(5_000) - hours.until(2_000) == 3_000


def test_an_earlier_moment_than_the_first_one_is_known_too() -> None:
    hours = BusinessHours(ZoneInfo("Europe/Berlin"), [(1440 + 540, 1440 + 1020)])
    monday = midnight(date(2025, 3, 31))
    hours.until(monday + 400 * DAY_SECONDS)
    assert hours.until(monday + DAY_SECONDS) - hours.until(monday) == 8 * 3600
