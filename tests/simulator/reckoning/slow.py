"""Figures told from a ticket's events in the plainest way: one minute of the wall after another.

It shares nothing with the simulator but the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Pair = tuple[int, int] | None
"""Seconds by the calendar and in business hours."""

UNSOLVED = ("new", "open", "pending", "hold")
SOLVED = ("solved", "closed")
WAITS_FOR_US = ("new", "open", "hold")
RUNS_IN = {"agent_work_time": ("new", "open"), "requester_wait_time": WAITS_FOR_US}
ZONES = {
    "Berlin": "Europe/Berlin",
    "Eastern Time (US & Canada)": "America/New_York",
    "Sydney": "Australia/Sydney",
    "Dublin": "Europe/Dublin",
    "Kolkata": "Asia/Kolkata",
}


def seconds_of(moment: str) -> int:
    return int(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp())


class Wall:
    """The clock on the wall of a company, and when it is open by it."""

    def __init__(self, schedule: Row, holidays: Iterable[Row]) -> None:
        name: str = schedule["time_zone"]
        self._zone = ZoneInfo(ZONES.get(name, name))
        self._intervals = [(each["start_time"], each["end_time"]) for each in schedule["intervals"]]
        self._closed = [
            (date.fromisoformat(each["start_date"]), date.fromisoformat(each["end_date"]))
            for each in holidays
            if each["schedule_id"] == schedule["id"]
        ]
        self.is_open = lru_cache(maxsize=None)(self._is_open)

    def _is_open(self, minute: int) -> bool:
        wall = datetime.fromtimestamp(minute * 60, timezone.utc).astimezone(self._zone)
        if any(first <= wall.date() <= last for first, last in self._closed):
            return False
        of_week = wall.isoweekday() % 7 * 1440 + wall.hour * 60 + wall.minute
        return any(start <= of_week < end for start, end in self._intervals)

    def open_seconds(self, start: int, end: int) -> int:
        return sum(
            min(end, minute * 60 + 60) - max(start, minute * 60)
            for minute in range(start // 60, (end - 1) // 60 + 1)
            if self.is_open(minute)
        )


class SlowTicket:
    """One ticket, told from its events.

    Args:
        events: Of the ticket, in the order of their ids.
        walls: By id of schedule; under None the default one.
        is_agent: Whether a user is one.
    """

    def __init__(
        self, events: list[Row], walls: dict[int | None, Wall], is_agent: Callable[[int], bool]
    ) -> None:
        self.events, self.walls, self.is_agent = events, walls, is_agent
        self.created = seconds_of(events[0]["created_at"])
        self.statuses = [(at, value) for at, value in self.changes("status")]

    def changes(self, name: str) -> Iterator[tuple[int, Any]]:
        for event in self.events:
            for child in event["child_events"]:
                if child["event_type"] in ("Create", "Change") and name in child:
                    yield seconds_of(event["created_at"]), child[name]

    def at(self, name: str, second: int) -> Any:
        """The value of a field after all that happened until a second."""
        return [value for when, value in self.changes(name) if when <= second][-1]

    def stood(self, second: int) -> str:
        """The status at a second; of a ticket that is deleted for a while, the one before."""
        return str([v for at, v in self.statuses if at <= second and v != "deleted"][-1])

    def lasted(self, start: int, end: int) -> tuple[int, int]:
        """Seconds between two moments, and those of business hours, schedule by schedule."""
        turns: list[tuple[int, int | None]] = [(self.created, None)]
        turns += (
            (seconds_of(event["created_at"]), int(child["new_schedule_id"]))
            for event in self.events
            for child in event["child_events"]
            if child["event_type"] == "ScheduleAssignment"
        )
        ends = [when for when, _ in turns[1:]] + [1 << 60]
        business = sum(
            self.walls[schedule].open_seconds(max(start, first), min(end, last))
            for (first, schedule), last in zip(turns, ends, strict=True)
            if max(start, first) < min(end, last)
        )
        return end - start, business

    def comments(self) -> Iterator[tuple[int, str]]:
        """Comments after the first audit that are seen by both: by an agent, or by a customer."""
        for event in self.events[1:]:
            for child in event["child_events"]:
                if child["event_type"].endswith("Comment") and child["public"]:
                    at, author = seconds_of(event["created_at"]), child["author_id"]
                    is_reply = self.is_agent(author) and author != self.at("requester_id", at)
                    yield at, "agent" if is_reply else "customer"

    def stays(self) -> Iterator[tuple[str, int, int | None]]:
        """Every status with its first second and its last."""
        afters = [*self.statuses[1:], None]
        for (start, status), after in zip(self.statuses, afters, strict=True):
            yield status, start, after[0] if after else None

    def runs(self, statuses: Iterable[str], but_for: str = "") -> Iterator[tuple[int, int | None]]:
        """Every time that the ticket was in some statuses without a break, but for one."""
        begun = None
        for status, start, _ in self.stays():
            if status in statuses or (begun is not None and status == but_for):
                begun = start if begun is None else begun
            elif begun is not None:
                yield begun, start
                begun = None
        if begun is not None:
            yield begun, None

    def waited(self, *statuses: str) -> tuple[int, int]:
        spans = [self.lasted(start, end) for start, end in self.runs(statuses) if end is not None]
        return sum(each[0] for each in spans), sum(each[1] for each in spans)

    def solvings(self) -> list[int]:
        return [start for start, _ in self.runs(SOLVED, "deleted")]

    def reopenings(self) -> list[int]:
        return [end for _, end in self.runs(SOLVED, "deleted") if end is not None]

    def figures(self) -> Row:
        replies = [at for at, who in self.comments() if who == "agent"]
        solvings, status = self.solvings(), self.statuses[-1][1]
        has_waited = any(
            end is not None
            for statuses in (WAITS_FOR_US, ("pending",))
            for _, end in self.runs(statuses)
        )
        times: dict[str, Pair] = {
            "first_reply": self.lasted(self.created, replies[0]) if replies else None,
            "first_resolution": self.lasted(self.created, solvings[0]) if solvings else None,
            "full_resolution": (
                self.lasted(self.created, solvings[-1]) if status in SOLVED else None
            ),
            "requester_wait": self.waited(*WAITS_FOR_US) if has_waited or solvings else None,
            "agent_wait": self.waited("pending") if has_waited or solvings else None,
            "on_hold": self.waited("hold"),
        }
        return {
            **{f"{name}_minutes": rounded(pair, 0) for name, pair in times.items()},
            **{f"{name}_business_minutes": rounded(pair, 1) for name, pair in times.items()},
            "replies": len(replies),
            "reopens": len(self.reopenings()),
            "group_stations": sum(each is not None for _, each in self.changes("group_id")),
            "assignee_stations": sum(each is not None for _, each in self.changes("assignee_id")),
        }

    def held(self, metric: str, end: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Instances of a metric, and from when until when the clock of each ran."""
        if metric in RUNS_IN:
            runs = list(self.runs(RUNS_IN[metric]))
            if runs:
                yield 1, [(start, end if stop is None else stop) for start, stop in runs]
            return
        begun, number = None, 0
        first = self.events[0]["child_events"][0]
        author = self.events[0]["updater_id"]
        opened_by_agent = (
            self.is_agent(author)
            and author != self.at("requester_id", self.created)
            and first["public"]
        )
        moments = [(at, 1, who) for at, who in self.comments()]
        moments += [(at, 0, "solved") for at in self.solvings()]
        if not opened_by_agent:
            moments.append((self.created, -1, "customer"))
        for at, _, who in sorted(moments):
            if who == "customer" and begun is None and self.at("status", at) in UNSOLVED:
                begun, number = at, number + 1
            elif who != "customer" and begun is not None:
                yield number, self._while_it_was_there(begun, at)
                begun = None
        if begun is not None:
            yield number, self._while_it_was_there(begun, end)

    def _while_it_was_there(self, start: int, end: int) -> list[tuple[int, int]]:
        there = self.runs((*UNSOLVED, *SOLVED))
        spans = [(max(start, a), min(end, end if b is None else b)) for a, b in there]
        return [(a, b) for a, b in spans if a < b]

    def breaches(self, now: int) -> Iterator[tuple[str, int, int]]:
        """Metric, instance and moment of every target that was used up while its clock ran."""
        for metric in ("reply_time", *RUNS_IN):
            for number, runs in self.held(metric, now):
                if not runs:
                    continue
                name = metric
                if metric == "reply_time":
                    name = "first_reply_time" if number == 1 else "next_reply_time"
                begun, end = runs[0][0], runs[-1][1]
                targets = [(at, each) for at, each in self.changes(name) if begun <= at <= end]
                ends = [*(at for at, _ in targets[1:]), end][: len(targets)]
                found = (
                    self._used_up(runs, each, first, last)
                    for (first, each), last in zip(targets, ends, strict=True)
                    if each is not None
                )
                moment = next((at for at in found if at is not None), None)
                if moment is not None:
                    yield metric, number, moment

    def _used_up(
        self, runs: list[tuple[int, int]], target: Row, first: int, last: int
    ) -> int | None:
        """The first second of a target's time at which the clock runs and all of it is used."""

        def used(second: int) -> int:
            spans = [self.lasted(a, min(b, second)) for a, b in runs if a < second]
            return sum(each[target["in_business_hours"]] for each in spans)

        limit = target["minutes"] * 60
        if used(last) <= limit:
            return None
        low, high = first, last - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if used(middle + 1) > limit else (middle + 1, high)
        moment = next((max(low, start) for start, stop in runs if stop > low), last)
        return moment if moment < last else None


def rounded(pair: Pair, which: int) -> int | None:
    return None if pair is None else int(pair[which] / 60 + 0.5)


def slow_tickets(truth: Callable[[str], list[Row]]) -> dict[int, SlowTicket]:
    """Every ticket that is not deleted, from what an account says of itself."""
    schedules, holidays = truth("schedules"), truth("schedule_holidays")
    walls: dict[int | None, Wall] = {row["id"]: Wall(row, holidays) for row in schedules}
    walls[None] = walls[min(schedules, key=lambda row: (row["created_at"], row["id"]))["id"]]
    roles = {row["id"]: row["role"] for row in truth("users")}
    events: dict[int, list[Row]] = {}
    for event in sorted(truth("ticket_events"), key=lambda row: (row["created_at"], row["id"])):
        events.setdefault(event["ticket_id"], []).append(event)
    return {
        row["id"]: SlowTicket(
            events[row["id"]], walls, lambda user: roles.get(user, "end-user") != "end-user"
        )
        for row in truth("tickets")
        if row["status"] != "deleted"
    }
