"""The figures of one ticket, reckoned from what happened to it, step by step."""

from __future__ import annotations

from typing import Any

from zendesk_source.simulator.reckoning.business_hours import NEVER, Schedules
from zendesk_source.simulator.reckoning.clocks import Clock, MetricEvent, Moment, minutes
from zendesk_source.simulator.reckoning.policies import Target, Targets
from zendesk_source.simulator.reckoning.steps import POLICY, SCHEDULE, SLA_METRICS, Step
from zendesk_source.simulator.store import Row

UNSOLVED = frozenset({"new", "open", "pending", "hold"})
SOLVED = frozenset({"solved", "closed"})

# In which statuses a clock runs; in the other unsolved ones it pauses.
_RUNS_IN = {
    "agent_work_time": frozenset({"new", "open"}),
    "requester_wait_time": frozenset({"new", "open", "hold"}),
    "resolution_time": UNSOLVED,
}
# Who waits for the other one, by status.
_WAITING = {"new": "requester", "open": "requester", "hold": "requester", "pending": "agent"}

Span = tuple[int, int]
"""Seconds by the calendar, and those of business hours."""

TargetChange = tuple[str, Target | None, Target | None]
"""Metric of the policy, target before, target after."""


class Reckoning:
    """Follows one ticket from its creation on.

    Zendesk's rules, where its documentation gives them:

    - A reply is a public comment of an agent, not of the requester, after the creation.
    - Requester wait time is what was new, open or on hold, agent wait time what was pending; both
      count when the waiting ends, and are null until one of them ended for the first time.
    - On-hold time counts when the ticket leaves that status.
    - Solved at and full resolution are of the last solution, and null while it does not hold.
    - A reopening is each time that a ticket stops being solved.
    - A station is each assignment to a group or an agent.
    - Business time is that of the schedule that the ticket has at the time.

    Args:
        schedules: Of the account.

    Attributes:
        events: Metric events so far, in order; whoever takes them away may empty the list.
        hours: Of the schedule that the ticket has.
        solvings: Seconds at which the ticket was solved, each time.
        reopenings: Seconds at which it stopped being solved.
    """

    def __init__(self, schedules: Schedules) -> None:
        self.events: list[MetricEvent] = []
        self.status = ""
        self.policy_title: str | None = None
        self.replies = self.group_stations = self.assignee_stations = 0
        self.solvings: list[int] = []
        self.reopenings: list[int] = []
        self.seconds: dict[str, int | None] = dict.fromkeys(
            (
                *("assignee_updated_at", "requester_updated_at", "status_updated_at"),
                *("initially_assigned_at", "assigned_at", "solved_at"),
                *("latest_comment_added_at", "custom_status_updated_at"),
            )
        )
        self.reply: Span | None = None
        self.first_resolution: Span | None = None
        self.full_resolution: Span | None = None
        self._schedules, self.hours, self._shift = schedules, schedules.default, 0
        self._reply_clock = Clock("reply_time", self.events)
        self._work_clocks = [(Clock(name, self.events), where) for name, where in _RUNS_IN.items()]
        self._clocks = [self._reply_clock, self._work_clocks[0][0], self._work_clocks[1][0]]
        self._created: Moment | None = None
        self._status_since = self._waiting_since = Moment(0, 0)
        self._waited: dict[str, Span] = {}
        self._on_hold: Span = (0, 0)
        self._requester_id: Any = None
        self._assignee_id: Any = None

    def take(self, step: Step) -> None:
        """Let the next step happen; breaches before it come first."""
        second = step.second
        now = self.pass_time(second)
        is_new = self._created is None
        if is_new:
            self._created = self._status_since = self._waiting_since = now
        for name, value in step.changes:
            if name == "status":
                self._set_status(value, now)
            elif name == "custom_status_id":
                self.seconds["custom_status_updated_at"] = second
            elif name == "group_id":
                self.group_stations += value is not None
            elif name == "assignee_id":
                self._assign(value, second)
            elif name == "requester_id":
                self._requester_id = value
            elif name == SCHEDULE:
                self.hours = self._schedules.of(value)
                self._shift = now.open_seconds - self.hours.until(second)
        if step.author_id == self._requester_id or is_new:
            self.seconds["requester_updated_at"] = second
        if step.author_id == self._assignee_id:
            self.seconds["assignee_updated_at"] = second
        if step.is_public is not None:
            self.seconds["latest_comment_added_at"] = second
        self._talk(step, now, is_new=is_new)
        for name, value in step.changes:
            if name == POLICY:
                self.policy_title = value
            elif name in SLA_METRICS:
                target = value and value._replace(policy_title=self.policy_title or "")
                self.hold_to(name, target, second)

    def new_targets(self, targets: Targets) -> list[TargetChange]:
        """Return where targets differ from those that the open clocks are held to."""
        changes: list[TargetChange] = []
        for clock in self._clocks:
            if clock.is_open and (targets or clock.target is not None):
                name = clock.metric
                if name == "reply_time":
                    name = "first_reply_time" if clock.instance_id == 1 else "next_reply_time"
                before, after = clock.target, targets.get(name)
                if before is not after and (after is None or not after.is_as(before)):
                    changes.append((name, before, after))
        return changes

    def hold_to(self, name: str, target: Target | None, second: int) -> None:
        """Hold a clock to another target from a moment on.

        Args:
            name: Metric of the policy.
            target: None where there is none any more.
            second: Of the last step.
        """
        if target is not None:
            self.policy_title = target.policy_title
        metric = SLA_METRICS[name]
        next(clock for clock in self._clocks if clock.metric == metric).hold_to(target, second)

    def pass_time(self, second: int) -> Moment:
        """Let the breaches happen that come before a moment."""
        now = Moment(second, self.hours.until(second) + self._shift)
        for clock in self._clocks:
            if clock.target is not None:
                clock.breach_before(now, self.hours, self._shift)
        return now

    def next_breach(self) -> int:
        """Return when the next target is used up, if nothing happens."""
        return min((clock.due(self.hours, self._shift) for clock in self._clocks), default=NEVER)

    def waited(self, who: str) -> Span | None:
        """Return how long the ``requester`` or the ``agent`` waited."""
        has_ended = self._waited or self.first_resolution is not None
        return self._waited.get(who, (0, 0)) if has_ended else None

    def metric_values(self) -> Row:
        """Return what the metrics of the ticket show, times as seconds."""
        reply = None if self.reply is None else self.reply[0]
        return {
            "group_stations": self.group_stations,
            "assignee_stations": self.assignee_stations,
            "reopens": len(self.reopenings),
            "replies": self.replies,
            **self.seconds,
            "reply_time_in_minutes": _shown(self.reply),
            "first_resolution_time_in_minutes": _shown(self.first_resolution),
            "full_resolution_time_in_minutes": _shown(self.full_resolution),
            "agent_wait_time_in_minutes": _shown(self.waited("agent")),
            "requester_wait_time_in_minutes": _shown(self.waited("requester")),
            "on_hold_time_in_minutes": _shown(self._on_hold),
            "reply_time_in_seconds": {"calendar": reply},
        }

    def _set_status(self, status: str, now: Moment) -> None:
        before, self.status = self.status, status
        if before == status:
            return
        self.seconds["status_updated_at"] = now.second
        self.seconds["custom_status_updated_at"] = now.second
        if before == "hold":
            self._on_hold = _sum(self._on_hold, _since(self._status_since, now))
        self._status_since = now
        waits = _WAITING.get(before, "")
        if waits != _WAITING.get(status, ""):
            if waits:
                waited = _since(self._waiting_since, now)
                self._waited[waits] = _sum(self._waited.get(waits, (0, 0)), waited)
            self._waiting_since = now
        is_solved = self.full_resolution is not None  # also while it is deleted
        if status in SOLVED and not is_solved:
            self._solve(now)
        elif status in UNSOLVED and is_solved:
            self.reopenings.append(now.second)
            self.seconds["solved_at"] = None
            self.full_resolution = None
        self._turn_clocks(now)

    def _solve(self, now: Moment) -> None:
        assert self._created is not None
        self.solvings.append(now.second)
        self.seconds["solved_at"] = now.second
        self.full_resolution = _since(self._created, now)
        if self.first_resolution is None:
            self.first_resolution = self.full_resolution

    def _turn_clocks(self, now: Moment) -> None:
        status, reply = self.status, self._reply_clock
        if status in SOLVED:
            reply.fulfill(now)
            for clock, _ in self._work_clocks:
                clock.fulfill(now)
            return
        if status not in UNSOLVED:  # a deleted ticket waits for nobody
            reply.pause(now)
        elif reply.is_open:
            reply.run(now)
        for clock, where in self._work_clocks:
            if status in where:
                clock.run(now)
            else:
                clock.pause(now)

    def _assign(self, assignee_id: Any, second: int) -> None:
        self._assignee_id = assignee_id
        if assignee_id is not None:
            self.assignee_stations += 1
            self.seconds["assigned_at"] = second
            self.seconds["initially_assigned_at"] = self.seconds["initially_assigned_at"] or second

    def _talk(self, step: Step, now: Moment, *, is_new: bool) -> None:
        """Let a reply end the waiting for one, and a customer's comment begin it."""
        is_agent = step.is_by_agent and step.author_id != self._requester_id
        if is_agent and step.is_public and not is_new:
            assert self._created is not None
            self.replies += 1
            self.reply = self.reply or _since(self._created, now)
            self._reply_clock.fulfill(now)
        elif (
            not (is_agent and step.is_public)
            and (is_new or (step.is_public and not is_agent))
            and self.status in UNSOLVED
            and not self._reply_clock.is_open
        ):
            self._reply_clock.begin_next(now)


def _shown(span: Span | None) -> Row:
    return {"calendar": None, "business": None} if span is None else minutes(*span)


def _since(before: Moment, now: Moment) -> Span:
    return now.second - before.second, now.open_seconds - before.open_seconds


def _sum(one: Span, other: Span) -> Span:
    return one[0] + other[0], one[1] + other[1]
