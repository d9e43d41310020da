"""What the company of a generated account promises: hours, holidays, service levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from zendesk_source.simulator.rows.settings import (
    holiday_row,
    policy_metric_row,
    schedule_row,
    sla_policy_row,
)
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, iso

NINE_TO_FIVE = tuple((day * 1440 + 540, day * 1440 + 1020) for day in range(1, 6))
"""Monday to Friday, in minutes since Sunday 00:00."""


class Timetable(NamedTuple):
    """A schedule to be made: its name, its time zone, and when it is open.

    Attributes:
        time_zone: As Zendesk names it, or IANA.
        intervals: From and until when, in minutes since Sunday 00:00.
    """

    name: str
    time_zone: str
    intervals: Sequence[tuple[int, int]] = NINE_TO_FIVE


TIMETABLES = (
    Timetable("Head office", "Berlin"),
    Timetable("Overseas", "Eastern Time (US & Canada)"),
)

# First and last day of each.
_HOLIDAYS = (("New Year's Day", "01-01", "01-01"), ("Christmas", "12-25", "12-26"))
_HOLIDAYS_OF_THE_FIRST = (("Labour Day", "05-01", "05-01"), ("Stocktaking", "06-29", "06-30"))

_PRIORITIES = ("urgent", "high", "normal", "low")
_INCIDENTS: Mapping[str, tuple[int, ...]] = {
    "first_reply_time": (720, 1440, 2880, 4320),
    "next_reply_time": (960, 1440, 2880, 4320),
    "requester_wait_time": (2880, 4320, 5760, 7200),
}
_STANDARD: Mapping[str, tuple[int, ...]] = {
    "first_reply_time": (90, 180, 480, 960),
    "next_reply_time": (120, 240, 480, 960),
    "agent_work_time": (480, 960, 1920, 2880),
}
_IS_INCIDENT = {"field": "ticket_type_id", "operator": "is", "value": "2"}
_IS_NO_INCIDENT = {**_IS_INCIDENT, "operator": "is_not"}


def add_service(state: State, second: int, end: int, timetables: Sequence[Timetable]) -> None:
    """Add schedules, their holidays from a moment until a year after the end, and policies."""
    moment = iso(second)
    for number, (name, time_zone, intervals) in enumerate(timetables):
        schedule = schedule_row(state.new_id(), name, time_zone, moment, intervals)
        state.stores["schedules"].put(schedule)
        holidays = _HOLIDAYS if number else (*_HOLIDAYS, *_HOLIDAYS_OF_THE_FIRST)
        for year in range(int(moment[:4]), int(iso(end)[:4]) + 2):
            for title, first, last in holidays:
                row = holiday_row(
                    state.new_id(), schedule["id"], title, f"{year}-{first}", f"{year}-{last}"
                )
                state.stores["schedule_holidays"].put(row)
    policies = (
        ("Incidents", _IS_INCIDENT, _targets(_INCIDENTS, business_hours=False)),
        ("Standard service", _IS_NO_INCIDENT, _targets(_STANDARD, business_hours=True)),
    )
    for position, (title, condition, metrics) in enumerate(policies, start=1):
        policy = sla_policy_row(
            state.new_id(),
            title,
            moment,
            position=position,
            condition=condition,
            policy_metrics=list(metrics),
        )
        state.stores["sla_policies"].put(policy)


def _targets(minutes: Mapping[str, tuple[int, ...]], *, business_hours: bool) -> Iterator[Row]:
    for metric, by_priority in minutes.items():
        for priority, each in zip(_PRIORITIES, by_priority, strict=True):
            yield policy_metric_row(metric, priority, each, business_hours=business_hours)
