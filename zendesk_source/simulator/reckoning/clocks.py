"""Clocks that run, pause and come to their end, and the targets that they are held to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from zendesk_source.simulator.reckoning.business_hours import NEVER, Hours
from zendesk_source.simulator.reckoning.policies import Target
from zendesk_source.simulator.store import Row


class Moment(NamedTuple):
    """A second, and how much business time of the ticket lay before it."""

    second: int
    open_seconds: int


MetricEvent = tuple[str, str, int, int, Row | None]
"""Metric, type, instance, second, and what some types have beside."""


def since(second: int, events: Iterable[MetricEvent]) -> list[MetricEvent]:
    """Return the metric events from a second on."""
    return [event for event in events if event[3] >= second]


def minutes(calendar_seconds: int, business_seconds: int) -> Row:
    """Return two times as Zendesk shows them: to the nearest minute.

    Recorded: a reply after 8584 minutes and 43 seconds is one after 8585 minutes.
    """
    return {"calendar": (calendar_seconds + 30) // 60, "business": (business_seconds + 30) // 60}


class Clock:
    """The time of one metric of one ticket.

    A metric that is fulfilled and begins again goes on where it was, as its ``instance_id`` says;
    only the next reply is another instance with a time of its own.

    Args:
        metric: As metric events name it.
        told: Gets the metric events.
    """

    __slots__ = (
        *("metric", "instance_id", "is_open", "is_running", "is_breached", "target"),
        *("_since", "_held_since", "_spent", "_spent_open", "_told"),
    )

    def __init__(self, metric: str, told: list[MetricEvent]) -> None:
        self.metric, self._told = metric, told
        self.instance_id = 1
        self.is_open = self.is_running = self.is_breached = False
        self.target: Target | None = None
        self._since = Moment(0, 0)
        self._held_since = 0
        self._spent = self._spent_open = 0

    def run(self, now: Moment) -> None:
        """Begin, or go on."""
        if not self.is_running:
            self.is_open = self.is_running = True
            self._since, self._held_since = now, now.second
            self._tell("activate", now.second)

    def pause(self, now: Moment) -> None:
        """Stand still for a while."""
        if self.is_running:
            self._stand(now)
            self._tell("pause", now.second)

    def fulfill(self, now: Moment) -> None:
        """Come to the end."""
        if self.is_open:
            if self.is_running:
                self._stand(now)
            self.is_open = False
            self._tell("fulfill", now.second)
            status = {"status": minutes(self._spent, self._spent_open)}
            self._tell("update_status", now.second, status)

    def begin_next(self, now: Moment) -> None:
        """Begin another instance, from zero."""
        if self._spent or self._since.second:
            self.instance_id += 1
        self._spent = self._spent_open = 0
        self.is_breached, self.target = False, None
        self.run(now)

    def hold_to(self, target: Target | None, second: int) -> None:
        """Take another target, or none; what is spent already counts."""
        self.target, self._held_since = target, second
        if target is not None and target.policy is not None:
            sla = {
                "target": target.minutes,
                "target_in_seconds": target.minutes * 60,
                "business_hours": target.in_business_hours,
                "policy": target.policy,
            }
            self._tell("apply_sla", second, {"sla": sla})

    def breach_before(self, now: Moment, hours: Hours, shift: int) -> None:
        """Tell of a breach, if the target is used up before a moment."""
        target = self.target
        if target is None or not self.is_running or self.is_breached:
            return
        spent = (
            self._spent_open + now.open_seconds - self._since.open_seconds
            if target.in_business_hours
            else self._spent + now.second - self._since.second
        )
        if spent > target.minutes * 60:
            due = self.due(hours, shift)
            if due < now.second:
                self.is_breached = True
                self._tell("breach", due, {"deleted": False})

    def due(self, hours: Hours, shift: int) -> int:
        """Return when more than the target will be used up, if nothing happens.

        Args:
            hours: Of the ticket's schedule.
            shift: What the hours count less than the ticket's business time.
        """
        if self.target is None or not self.is_running or self.is_breached:
            return NEVER
        if self.target.in_business_hours:
            left = self.target.minutes * 60 - self._spent_open
            moment = hours.beyond(self._since.open_seconds - shift + left)
        else:
            moment = self._since.second + self.target.minutes * 60 - self._spent
        return max(moment, self._held_since)

    def _stand(self, now: Moment) -> None:
        self.is_running = False
        self._spent += now.second - self._since.second
        self._spent_open += now.open_seconds - self._since.open_seconds

    def _tell(self, event_type: str, second: int, values: Row | None = None) -> None:
        self._told.append((self.metric, event_type, self.instance_id, second, values))
