"""What analysis should find: the figures of every ticket and of every day.

They are reckoned from the ticket events, each time anew; metrics and metric events as the API
shows them are another telling of the same, and tests hold the two together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from zendesk_source.simulator.reckoning.ticket import Reckoning
from zendesk_source.simulator.store import DAY_SECONDS, Row, epoch_seconds, iso
from zendesk_source.simulator.stories import Stories

_TIMES = {
    "first_reply": "reply_time_in_minutes",
    "first_resolution": "first_resolution_time_in_minutes",
    "full_resolution": "full_resolution_time_in_minutes",
    "requester_wait": "requester_wait_time_in_minutes",
    "agent_wait": "agent_wait_time_in_minutes",
    "on_hold": "on_hold_time_in_minutes",
}


def figures_of_tickets(account: Stories) -> Iterator[Row]:
    """Yield the figures of every ticket whose story is known and that is not deleted."""
    now = account.now_second()
    for ticket, reckoning in _reckoned(account):
        reckoning.pass_time(now)
        values = reckoning.metric_values()
        breaches = [
            {"metric": metric, "instance_id": instance_id, "time": iso(second)}
            for metric, event_type, instance_id, second, _ in reckoning.events
            if event_type == "breach"
        ]
        yield {
            "ticket_id": ticket["id"],
            "created_at": ticket["created_at"],
            "status": reckoning.status,
            **{
                f"{name}_{clock}minutes": values[shown]["business" if clock else "calendar"]
                for name, shown in _TIMES.items()
                for clock in ("", "business_")
            },
            **{
                name: values[name]
                for name in ("replies", "reopens", "group_stations", "assignee_stations")
            },
            "first_solved_at": iso(reckoning.solvings[0]) if reckoning.solvings else None,
            "solved_at": iso(values["solved_at"]) if values["solved_at"] else None,
            "breaches": sorted(breaches, key=lambda row: (row["time"], row["metric"])),
        }


def figures_of_days(account: Stories) -> Iterator[Row]:
    """Yield what happened on every day (UTC) from the first ticket on until now.

    ``solved`` counts each time that a ticket was solved, ``reopened`` each time that it stopped
    being solved, and ``unsolved`` is the backlog at the end of the day. Tickets that are deleted
    now count on no day.
    """
    created: Counter[int] = Counter()
    solved: Counter[int] = Counter()
    reopened: Counter[int] = Counter()
    for ticket, reckoning in _reckoned(account):
        created[epoch_seconds(ticket["created_at"]) // DAY_SECONDS] += 1
        solved.update(second // DAY_SECONDS for second in reckoning.solvings)
        reopened.update(second // DAY_SECONDS for second in reckoning.reopenings)
    unsolved = 0
    for day in range(min(created, default=0), account.now_second() // DAY_SECONDS + 1):
        if created:
            unsolved += created[day] - solved[day] + reopened[day]
            yield {
                "day": iso(day * DAY_SECONDS)[:10],
                "created": created[day],
                "solved": solved[day],
                "reopened": reopened[day],
                "unsolved": unsolved,
            }


def _reckoned(account: Stories) -> Iterator[tuple[Row, Reckoning]]:
    tickets = account.stores["tickets"]
    for ticket in tickets:
        if ticket["id"] not in tickets.marked["deleted"]:
            reckoning = account.reckoning_of(ticket["id"])
            if reckoning.status:
                yield ticket, reckoning
