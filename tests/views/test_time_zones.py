"""Daylight time from the tz database, as dbt_zendesk counts with it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from zendesk_source.views.time_zones import daylight_rows, known_zones, zone_rows

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)
MINUTES_A_DAY = 1_440


def offset_on(day: date, standard: str, rows: list[tuple[str, int, str, str, float]]) -> float:
    """Return the minutes from UTC that the package takes for a day: it looks at dates only."""
    hours, minutes = standard[1:].split(":")
    offset = (int(hours) * 60 + int(minutes)) * (-1 if standard[0] == "-" else 1)
    extra = [hours for _, _, start, end, hours in rows if start[:10] <= str(day) < end[:10]]
    assert len(extra) <= 1, day
    return offset + sum(extra) * 60


ZONES = ["Berlin", "Sydney", "Australia/Lord_Howe", "Dublin", "Kolkata", "Casablanca", "Cairo"]
ZONES += [
    "Eastern Time (US & Canada)",
    "Newfoundland",
    "Moscow",
    "Chatham Is.",
    "Santiago",
    "Samoa",
]


@pytest.mark.parametrize("name", ZONES)
def test_every_noon_has_the_offset_that_the_clocks_there_have(name):
    zones, unknown = known_zones([(name, None)])
    assert unknown == []
    zone = {name: zones[name]}
    ((_, standard),) = zone_rows(zone, NOW)
    rows = daylight_rows(zone, NOW)
    wrong = []
    day = date(2015, 1, 1)
    while day < date(2028, 1, 1):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zones[name]))
        expected = noon.utcoffset()
        assert expected is not None
        if expected / timedelta(minutes=1) != offset_on(day, standard, rows):
            wrong.append(day)
        day += timedelta(days=1)
    assert wrong == []


def test_times_are_those_of_the_wall_clock_before_the_change():
    rows = daylight_rows({"Sydney": "Australia/Sydney", "Berlin": "Europe/Berlin"}, NOW)
    assert ("Berlin", 2026, "2026-03-29 02:00:00", "2026-10-25 03:00:00", 1.0) in rows
    assert ("Sydney", 2026, "2026-10-04 02:00:00", "2027-04-04 03:00:00", 1.0) in rows


def test_lord_howe_has_half_an_hour_and_dublin_its_standard_in_winter():
    zones = {"Howe": "Australia/Lord_Howe", "Dublin": "Europe/Dublin", "Kolkata": "Asia/Kolkata"}
    assert zone_rows(zones, NOW) == [
        ("Dublin", "+00:00"),
        ("Howe", "+10:30"),
        ("Kolkata", "+05:30"),
    ]
    hours = {name: {row[4] for row in daylight_rows({name: zones[name]}, NOW)} for name in zones}
    assert hours == {"Howe": {0.5}, "Dublin": {1.0}, "Kolkata": set()}


def test_periods_reach_two_years_ahead():
    ends = [row[3] for row in daylight_rows({"Berlin": "Europe/Berlin"}, NOW)]
    assert max(ends) == "2028-10-29 03:00:00"


def test_names_in_use_are_added_and_those_that_mean_no_zone_are_told():
    zones, unknown = known_zones(
        [
            ("berlin", "Europe/Berlin"),
            ("Our office", "Asia/Tokyo"),
            ("Atlantis", None),
            (None, None),
        ]
    )
    assert unknown == ["Atlantis"]
    assert zones["Our office"] == "Asia/Tokyo"
    assert "berlin" not in zones  # it is compared in lower case
    assert zones["Eastern Time (US & Canada)"] == "America/New_York"
