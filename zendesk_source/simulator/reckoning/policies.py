"""Which SLA policy holds for a ticket, and what it promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from zendesk_source.simulator.store import Row

# By number, where a condition names the type of a ticket so.
_TYPES = {"1": "question", "2": "incident", "3": "problem", "4": "task"}
_FIELDS = {"ticket_type_id": "type", "current_tags": "tags"}


class Target(NamedTuple):
    """What a policy promises of one metric of a ticket."""

    minutes: int
    in_business_hours: bool
    policy_title: str
    policy: Row | None = None
    """Id, title and description; unknown where the target was read from an event."""

    def is_as(self, other: Target | None) -> bool:
        """Whether another target promises the same."""
        return other is not None and self[:3] == other[:3]


Targets = Mapping[str, Target]
"""By SLA metric: ``first_reply_time`` and the like."""

NO_TARGETS: Targets = {}


class Policies:
    """The SLA policies of an account, in the order in which they are tried.

    Args:
        rows: As the API shows them.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        by_position = sorted(rows, key=lambda row: (row.get("position") or 0, row["id"]))
        self._policies = [(row.get("filter") or {}, _targets(row)) for row in by_position]

    def targets_of(self, ticket: Row) -> Targets:
        """Return the targets of the first policy that a ticket meets, at its priority.

        A ticket without a priority has none.
        """
        for conditions, targets in self._policies:
            if _meets(ticket, conditions):
                return targets.get(ticket["priority"], NO_TARGETS)
        return NO_TARGETS


def _targets(row: Row) -> dict[str | None, dict[str, Target]]:
    policy = {key: row.get(key) for key in ("id", "title", "description")}
    by_priority: dict[str | None, dict[str, Target]] = {}
    for each in row.get("policy_metrics") or ():
        target = Target(each["target"], each["business_hours"], row["title"], policy)
        by_priority.setdefault(each["priority"], {})[each["metric"]] = target
    return by_priority


def _meets(ticket: Row, conditions: Row) -> bool:
    every, some = conditions.get("all") or (), conditions.get("any") or ()
    return all(_holds(ticket, each) for each in every) and (
        not some or any(_holds(ticket, each) for each in some)
    )


def _holds(ticket: Row, condition: Row) -> bool:
    """Whether one condition holds; an operator that is not known here never does."""
    field, wanted = condition["field"], condition["value"]
    found = ticket.get(_FIELDS.get(str(field), str(field)))
    values = {str(each) for each in wanted} if isinstance(wanted, list) else {str(wanted)}
    if field == "ticket_type_id":
        values = {_TYPES.get(each, each) for each in values}
    if field == "current_tags":
        values = {tag for each in values for tag in each.split()}
    has = {str(each) for each in found} if isinstance(found, list) else {str(found or "")}
    holds = _OPERATORS.get(condition["operator"])
    return holds is not None and holds(has & values)


_OPERATORS: Mapping[str, Callable[[Any], bool]] = {
    "is": bool,
    "includes": bool,
    "is_not": lambda common: not common,
    "not_includes": lambda common: not common,
}
