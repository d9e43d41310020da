"""The parts of the page: which queries each needs, and how it shows their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from zendesk_source.html_report import charts, queries, wording
from zendesk_source.html_report.charts import Series, bars, heat, legend, lines, spread
from zendesk_source.html_report.loaded import DAYS_A_WEEK, Loaded, Period
from zendesk_source.html_report.markup import Markup, joined
from zendesk_source.html_report.queries import Query

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
AGES = ("up to a day", "up to a week", "up to 30 days", "up to 90 days", "older")
_UNITS = (
    ("days", wording.MINUTES_A_DAY, 3 * wording.MINUTES_A_DAY),
    ("h", wording.MINUTES_AN_HOUR, 3 * wording.MINUTES_AN_HOUR),
    ("min", 1, 0),
)


@dataclass(frozen=True)
class Table:
    """Numbers under their headings; the first column is text."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str | Markup, ...]]


@dataclass(frozen=True)
class Drawn:
    """What a section shows: a sentence, a chart, and the same in numbers."""

    sentence: str
    chart: Markup | None = None
    table: Table | None = None
    is_table_open: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    needs: tuple[Query, ...]
    draw: Callable[[Loaded, Period], Drawn]
    is_wide: bool = False


def flow(loaded: Loaded, asked: Period) -> Drawn:
    """Tickets created and solved a day."""
    created, solved, _ = daily(loaded, asked)
    axis = spread([wording.day(each) for each in _days(asked)])
    series = [
        Series("created", _week_mean(created), "blue"),
        Series("solved", _week_mean(solved), "orange"),
        Series("created that day", created, "blue", is_faint=True),
        Series("solved that day", solved, "orange", is_faint=True),
    ]
    grown = sum(created) - sum(solved)
    verdict = f"{abs(grown):,} {'more' if grown > 0 else 'fewer'} came in than were solved."
    return Drawn(
        f"{sum(created):,} created, {sum(solved):,} solved: {verdict} Bold is the mean of 7 days.",
        joined((lines(axis, series, "{:,.3g}".format), legend(series[:2]))),
        Table(("week of", "created", "solved"), _weekly(asked, created, solved)),
    )


def backlog(loaded: Loaded, asked: Period) -> Drawn:
    """Unsolved tickets at the end of each day."""
    created, solved, before = daily(loaded, asked)
    change = [a - b for a, b in zip(created, solved, strict=True)]
    unsolved = list(accumulate(change, initial=before))[1:]
    series = [Series("unsolved", unsolved, "blue")]
    axis = spread([wording.day(each) for each in _days(asked)])
    last_of_week = unsolved[DAYS_A_WEEK - 1 :: DAYS_A_WEEK]
    rows = zip(week_names(asked), map(wording.count, last_of_week), strict=True)
    return Drawn(
        f"{unsolved[-1]:,} tickets wait for a solution, {before:,} did before the first day."
        " A reopened ticket counts as unsolved until it was solved for good.",
        lines(axis, series, wording.count),
        Table(("week of", "unsolved at its end"), list(rows)),
    )


def backlog_by_group(loaded: Loaded, asked: Period) -> Drawn:
    """Unsolved tickets by group and age."""
    groups: dict[str, list[int]] = {}
    for group, age, tickets in loaded.ask(queries.BACKLOG):
        groups.setdefault(group, [0] * len(AGES))[age] = tickets
    if not groups:
        return Drawn("No ticket waits for a solution.")
    ordered = sorted(groups.items(), key=lambda each: (-sum(each[1]), each[0]))
    total = [sum(column) for column in zip(*groups.values(), strict=True)]
    shades = ("age-0", "age-1", "age-2", "age-3", "age-4")
    series = [
        Series(name, [ages[i] for _, ages in ordered], shade)
        for i, (name, shade) in enumerate(zip(AGES, shades, strict=True))
    ]
    rows = [(name, *map(wording.count, (*ages, sum(ages)))) for name, ages in ordered]
    names = [name for name, _ in ordered]
    return Drawn(
        f"{total[-1]:,} of {sum(total):,} have waited for more than 90 days.",
        joined((charts.rows(names, series, wording.count), legend(series))),
        Table(("group", *AGES, "together"), rows),
    )


def first_reply(loaded: Loaded, asked: Period) -> Drawn:
    """How long people waited for the first answer."""
    created = sum(daily(loaded, asked)[0])
    return _speed(loaded, asked, "reply", f"{created:,} created have a first reply")


def full_resolution(loaded: Loaded, asked: Period) -> Drawn:
    """How long it took until a ticket was solved for good."""
    solved = sum(daily(loaded, asked)[1])
    return _speed(loaded, asked, "resolution", f"{solved:,} solved have a solution time")


def satisfaction(loaded: Loaded, asked: Period) -> Drawn:
    """How customers rated their tickets."""
    weeks = {week: (good, bad) for week, good, bad in loaded.ask(queries.SATISFACTION)}
    good, bad = ([weeks.get(week, (0, 0))[i] for week in range(asked.weeks)] for i in (0, 1))
    if not sum(good) + sum(bad):
        return Drawn("Nobody rated a ticket in these weeks.")
    series = [Series("good", good, "green"), Series("bad", bad, "red")]
    names = week_names(asked)
    rows = [
        (name, wording.count(g), wording.count(b), wording.share(g, g + b))
        for name, g, b in zip(names, good, bad, strict=True)
    ]
    return Drawn(
        f"{wording.share(sum(good), sum(good) + sum(bad))} of {sum(good) + sum(bad):,} ratings"
        " are good.",
        joined((bars(spread(names), series, wording.count), legend(series))),
        Table(("week of", "good", "bad", "good in %"), rows),
    )


def busiest_hours(loaded: Loaded, asked: Period) -> Drawn:
    """When tickets come in."""
    cells = [[0] * 24 for _ in WEEKDAYS]
    for weekday, hour, tickets in loaded.ask(queries.HOURS):
        cells[weekday - 1][hour] = tickets
    if not any(map(sum, cells)):
        return Drawn("No ticket was created in these weeks.")
    most, weekday, hour = max((n, -y, -x) for y, row in enumerate(cells) for x, n in enumerate(row))
    hours = [f"{each:02}" for each in range(24)]
    by_day = [(name, *map(wording.count, row)) for name, row in zip(WEEKDAYS, cells, strict=True)]
    return Drawn(
        f"The most, {most:,}, came on {WEEKDAYS[-weekday]} between {-hour:02}:00 and"
        f" {1 - hour:02}:00 ({loaded.zone.key}).",
        heat(WEEKDAYS, [f"{each}:00" for each in hours], cells),
        Table(("", *hours), by_day),
    )


def daily(loaded: Loaded, asked: Period) -> tuple[list[int], list[int], int]:
    """Return tickets created and solved on each day, and how many were unsolved before."""
    found = {day: (int(a), int(b)) for day, a, b in loaded.ask(queries.FLOW)}
    before = sum(a - b for day, (a, b) in found.items() if day < asked.first_day)
    pairs = [found.get(day, (0, 0)) for day in _days(asked)]
    return [a for a, _ in pairs], [b for _, b in pairs], before


def _speed(loaded: Loaded, asked: Period, kind: str, of_which: str) -> Drawn:
    """Draw how long something took.

    Args:
        loaded: The open dataset.
        asked: The weeks.
        kind: Kind of the time, as in the query.
        of_which: How many tickets could have such a time, and what that is, in words.
    """
    rows = [row[2:] for row in loaded.ask(queries.SPEED) if row[0] == kind and row[1]]
    overall = next((row for row in rows if row[0] is None and row[1] is None), None)
    if overall is None:
        return Drawn("There was none in these weeks.")
    by_week = {row[0]: row[3:] for row in rows if row[0] is not None}
    weekly = [by_week.get(week, (None,) * 4) for week in range(asked.weeks)]
    highest = max(max(row) for row in by_week.values())
    unit, size, _ = next(each for each in _UNITS if highest >= each[2])
    p25, p50, p75, p90 = (
        Series(name, [None if row[i] is None else row[i] / size for row in weekly], colour, faint)
        for i, (name, colour, faint) in enumerate(
            [
                ("a quarter within", "blue", False),
                ("half within", "blue", False),
                ("three quarters within", "blue", False),
                ("nine in ten within", "orange", False),
            ]
        )
    )
    chart = lines(
        spread(week_names(asked)), [p50, p90], lambda v: f"{v:.3g} {unit}", band=(p25, p75)
    )
    by_priority = [
        (str(row[1]), wording.count(row[2]), *map(wording.duration, row[3:]))
        for row in sorted(rows, key=lambda row: _urgency(row[1]))
        if row[1] is not None
    ]
    total = ("all", wording.count(overall[2]), *map(wording.duration, overall[3:]))
    return Drawn(
        f"Half within {wording.duration(overall[4])}, nine in ten within"
        f" {wording.duration(overall[6])}: {overall[2]:,} of {of_which}."
        " Calendar time; the band holds the middle half.",
        joined((chart, legend([p50, p90]))),
        Table(("priority", "tickets", "25%", "50%", "75%", "90%"), [*by_priority, total]),
    )


def _urgency(priority: Any) -> int:
    order = ("urgent", "high", "normal", "low", "none")
    return order.index(priority) if priority in order else len(order)


def _days(asked: Period) -> list[date]:
    return [asked.first_day + timedelta(days=i) for i in range(DAYS_A_WEEK * asked.weeks)]


def week_names(asked: Period) -> list[str]:
    """Return the name of each week: its first day."""
    return [wording.day(each) for each in _days(asked)[::DAYS_A_WEEK]]


def _weekly(asked: Period, *series: Sequence[int]) -> list[tuple[str, ...]]:
    starts = range(0, DAYS_A_WEEK * asked.weeks, DAYS_A_WEEK)
    return [
        (name, *(wording.count(sum(values[i : i + DAYS_A_WEEK])) for values in series))
        for name, i in zip(week_names(asked), starts, strict=True)
    ]


def _week_mean(values: Sequence[int]) -> list[float]:
    spans = (values[max(0, i - DAYS_A_WEEK + 1) : i + 1] for i in range(len(values)))
    return [sum(span) / len(span) for span in spans]


SECTIONS = (
    Section("Tickets created and solved a day", (queries.FLOW,), flow, is_wide=True),
    Section("Backlog", (queries.FLOW,), backlog),
    Section("Backlog by group and age", (queries.BACKLOG,), backlog_by_group),
    Section("First reply", (queries.SPEED,), first_reply),
    Section("Full resolution", (queries.SPEED,), full_resolution),
    Section("Satisfaction", (queries.SATISFACTION,), satisfaction),
    Section("Busiest hours", (queries.HOURS,), busiest_hours),
)
