"""A ticket's events as the steps of its story: who did what, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from zendesk_source.simulator.reckoning.policies import Target
from zendesk_source.simulator.rows.ticket_events import is_comment
from zendesk_source.simulator.store import Row, epoch_seconds

SLA_METRICS = {
    "first_reply_time": "reply_time",
    "next_reply_time": "reply_time",
    "agent_work_time": "agent_work_time",
    "requester_wait_time": "requester_wait_time",
}
"""By metric of a policy: the clock that it is about."""

SCHEDULE = "schedule_id"
"""Name under which a step tells that the ticket got another schedule."""

POLICY = "sla_policy"
"""Name under which an event tells the title of the policy; targets stand beside it."""

_FIELDS = frozenset(
    {
        *("status", "custom_status_id", "group_id", "assignee_id", "requester_id", POLICY),
        *SLA_METRICS,
    }
)


class Step(NamedTuple):
    """One audit of a ticket, as far as its figures are concerned.

    Attributes:
        changes: Fields and their new values in the order in which they changed; one field may
            change several times. A new ticket's fields are changes, too.
        is_public: Of the comment; null without one.
    """

    second: int
    author_id: int
    is_by_agent: bool
    changes: list[tuple[str, Any]]
    is_public: bool | None = None


def steps_of(events: Iterable[Row], is_agent: Callable[[int], bool]) -> list[Step]:
    """Read ticket events as steps, oldest first.

    Args:
        events: As ``include=comment_events`` shows them.
        is_agent: Whether a user is one.
    """
    steps = [_step_of(event, is_agent) for event in events]
    return sorted(steps, key=lambda step: step.second)


def _step_of(event: Row, is_agent: Callable[[int], bool]) -> Step:
    changes: list[tuple[str, Any]] = []
    is_public = None
    for child in event["child_events"]:
        kind = child["event_type"]
        if is_comment(child):
            is_public = child["public"]
        elif kind == "ScheduleAssignment":
            changes.append((SCHEDULE, _number(child["new_schedule_id"])))
        elif kind in ("Create", "Change"):
            changes += ((name, _value(name, child[name])) for name in _FIELDS & child.keys())
    author_id = event["updater_id"]
    return Step(
        epoch_seconds(event["created_at"]), author_id, is_agent(author_id), changes, is_public
    )


def _value(name: str, value: Any) -> Any:
    if name in SLA_METRICS and value is not None:
        return Target(value["minutes"], value["in_business_hours"], "")
    return value


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
