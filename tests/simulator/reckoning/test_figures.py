"""Every figure of the simulator follows from the events that it shows."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest

from tests.simulator.reckoning.slow import SOLVED, UNSOLVED, seconds_of, slow_tickets
from zendesk_source.simulator import Account, SimulatedClock, Timetable

Row = dict[str, Any]
NIGHTS = tuple((day * 1440, day * 1440 + 360) for day in range(7))
FAR_AND_WIDE = (
    Timetable("Sydney", "Sydney"),
    Timetable("Lord Howe", "Australia/Lord_Howe", NIGHTS),
    Timetable("Dublin", "Dublin", [(0, 200), (2_000, 3_400), (8_700, 10_080)]),
    Timetable("Kolkata", "Kolkata"),
)
OVER_A_CHANGE = datetime(2025, 10, 2, 3, 4, 5, tzinfo=timezone.utc)
SLA_METRICS = ("first_reply_time", "next_reply_time", "agent_work_time", "requester_wait_time")
URGENT_SECONDS = 720 * 60  # first reply to an incident
TIMES = ("first_reply", "first_resolution", "full_resolution", "requester_wait", "agent_wait")


def generated() -> Account:
    return Account.generate(seed=11, tickets=200, users=60, organizations=6)


def generated_far_and_wide() -> Account:
    clock = SimulatedClock(datetime(2025, 11, 20, tzinfo=timezone.utc))
    return Account.generate(
        seed=12,
        tickets=160,
        users=40,
        organizations=4,
        days=70,
        clock=clock,
        schedules=FAR_AND_WIDE,
    )


def edited() -> Account:
    """An account whose tickets were made and changed by hand, at odd seconds."""
    random, clock = Random(5), SimulatedClock(OVER_A_CHANGE)
    account = Account.generate(
        tickets=0, users=9, organizations=1, clock=clock, schedules=FAR_AND_WIDE[:1]
    )
    people = [row["id"] for row in account.truth("users")]
    customer = next(row["id"] for row in account.truth("users") if row["role"] == "end-user")
    groups = [row["id"] for row in account.truth("groups")]
    statuses = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
    ids: list[int] = []
    for _ in range(400):
        clock.advance(random.choice((0, 7, 61, 3_600, 20_011)))
        if len(ids) < 25:
            made = account.create_ticket(
                requester_id=random.choice((customer, *people)),
                submitter_id=random.choice(people),
                priority=random.choice(("urgent", "high", "low", None)),
                type=random.choice(("incident", "question")),
                group_id=random.choice((None, *groups)),
            )
            ids.append(made["id"])
            continue
        ticket_id = random.choice(ids)
        happens = random.choice(("status", "comment", "fields", "assign"))
        if happens == "status":
            status = random.choice(statuses)
            if account.ticket(ticket_id)["status"] == "deleted":
                account.restore_ticket(ticket_id)
            elif status == "deleted":
                account.delete_ticket(ticket_id)
            else:
                account.edit_ticket(ticket_id, status=status)
        elif account.ticket(ticket_id)["status"] != "deleted":
            if happens == "comment":
                author = random.choice((customer, *people))
                account.comment(ticket_id, author_id=author, public=random.random() < 0.8)
            elif happens == "fields":
                account.edit_ticket(ticket_id, priority=random.choice(("urgent", "low", None)))
            else:
                account.edit_ticket(
                    ticket_id,
                    assignee_id=random.choice((None, people[0])),
                    group_id=random.choice(groups),
                )
    clock.advance(40_000)
    return account


@pytest.fixture(scope="module", params=[generated, generated_far_and_wide, edited])
def account(request: pytest.FixtureRequest) -> Account:
    made: Account = request.param()
    return made


def test_the_figures_are_what_a_slow_walk_over_the_events_finds(account: Account) -> None:
    slow = {ticket_id: each.figures() for ticket_id, each in slow_tickets(account.truth).items()}
    fast = {
        row["ticket_id"]: {name: row[name] for name in slow[row["ticket_id"]]}
        for row in account.truth_of_tickets()
    }
    assert fast == slow
    for name in TIMES:
        assert any(row[f"{name}_business_minutes"] for row in slow.values()), name


def test_the_metrics_say_the_same(account: Account) -> None:
    metrics = {row["ticket_id"]: row for row in account.truth("ticket_metrics")}
    for row in account.truth_of_tickets():
        shown = metrics[row["ticket_id"]]
        for name in (*TIMES, "on_hold"):
            minutes = shown[f"{name.replace('first_reply', 'reply')}_time_in_minutes"]
            assert minutes["calendar"] == row[f"{name}_minutes"], name
            assert minutes["business"] == row[f"{name}_business_minutes"], name
        for name in ("replies", "reopens", "group_stations", "assignee_stations", "solved_at"):
            assert shown[name] == row[name], name


def breaches_shown(account: Account) -> Iterator[tuple[int, str, int, int]]:
    for row in account.truth("ticket_metric_events"):
        if row["type"] == "breach" and not row["deleted"]:
            yield row["ticket_id"], row["metric"], row["instance_id"], seconds_of(row["time"])


def test_a_breach_comes_where_a_target_is_used_up_and_nowhere_else(account: Account) -> None:
    slow = slow_tickets(account.truth)
    expected = sorted(
        (ticket_id, *breach)
        for ticket_id, each in slow.items()
        for breach in each.breaches(account.now_second())
    )
    assert sorted(each for each in breaches_shown(account) if each[0] in slow) == expected
    assert len({metric for _, metric, *_ in expected}) == 3
    told = [
        (row["ticket_id"], each["metric"], each["instance_id"], seconds_of(each["time"]))
        for row in account.truth_of_tickets()
        for each in row["breaches"]
    ]
    assert sorted(told) == expected


def test_every_target_of_an_event_is_applied_and_no_other(account: Account) -> None:
    slow = slow_tickets(account.truth)
    in_events = Counter(
        (ticket_id, at, target["minutes"], target["in_business_hours"])
        for ticket_id, each in slow.items()
        for name in SLA_METRICS
        for at, target in each.changes(name)
        if target is not None
    )
    applied = Counter(
        (row["ticket_id"], seconds_of(row["time"]), sla["target"], sla["business_hours"])
        for row in account.truth("ticket_metric_events")
        if row["type"] == "apply_sla" and row["ticket_id"] in slow
        for sla in [row["sla"]]
    )
    assert applied == in_events
    assert applied


def test_the_events_of_a_metric_come_in_an_order_that_makes_sense(account: Account) -> None:
    events: dict[tuple[int, str, int], list[str]] = {}
    for row in sorted(account.truth("ticket_metric_events"), key=lambda row: row["id"]):
        key = row["ticket_id"], row["metric"], row["instance_id"]
        if row["type"] in ("activate", "pause", "fulfill"):
            events.setdefault(key, []).append(row["type"])
    may_follow = {
        "activate": ("pause", "fulfill"),
        "pause": ("activate", "fulfill"),
        "fulfill": ("activate",),
    }
    for key, types in events.items():
        assert types[0] == "activate", key
        for before, after in itertools.pairwise(types):
            assert after in may_follow[before], (key, types)


def test_the_days_add_up_to_the_statuses_of_now(account: Account) -> None:
    days, slow = account.truth_of_days(), slow_tickets(account.truth)
    statuses = Counter(row["status"] for row in account.truth("tickets"))
    assert sum(row["created"] for row in days) == len(slow)
    assert days[-1]["unsolved"] == sum(statuses[name] for name in UNSOLVED)
    assert sum(row["solved"] - row["reopened"] for row in days) == sum(
        statuses[name] for name in SOLVED
    )
    middle = days[len(days) // 2]
    end = seconds_of(middle["day"] + "T00:00:00Z") + 86_400 - 1
    unsolved = [
        each for each in slow.values() if each.created <= end and each.stood(end) in UNSOLVED
    ]
    assert middle["unsolved"] == len(unsolved)


def test_a_recorded_reply_has_the_recorded_minutes() -> None:
    """Times, schedule and both figures were recorded from an account; no holiday was near."""
    clock = SimulatedClock(datetime(2024, 7, 26, 15, 41, 4, tzinfo=timezone.utc))
    eastern = [Timetable("Test schedule", "Eastern Time (US & Canada)")]
    account = Account.generate(tickets=0, users=1, organizations=0, clock=clock, schedules=eastern)
    made = account.create_ticket(status="open")
    agent = account.create_user(role="agent")["id"]
    reply = datetime(2024, 8, 1, 14, 45, 47, tzinfo=timezone.utc)
    clock.advance((reply - clock.now()) / timedelta(seconds=1))
    account.comment(made["id"], author_id=agent)
    (metrics,) = account.truth("ticket_metrics")
    assert metrics["reply_time_in_minutes"] == {"business": 1865, "calendar": 8585}
    assert metrics["on_hold_time_in_minutes"] == {"business": 0, "calendar": 0}
    assert metrics["requester_wait_time_in_minutes"] == {"business": None, "calendar": None}
    assert metrics["agent_wait_time_in_minutes"] == {"business": None, "calendar": None}


def test_a_breach_comes_when_its_time_has_come_without_any_edit() -> None:
    account = Account.generate(tickets=0, users=1, organizations=0, clock=SimulatedClock())
    ticket_id = account.create_ticket(type="incident", priority="urgent")["id"]
    account.clock.advance(URGENT_SECONDS)
    assert not list(breaches_shown(account))
    created = account.now_second() - URGENT_SECONDS
    account.clock.advance(5_000)
    assert list(breaches_shown(account)) == [(ticket_id, "reply_time", 1, created + URGENT_SECONDS)]


def test_a_reply_in_time_keeps_the_breach_away() -> None:
    account = Account.generate(tickets=0, users=1, organizations=0, clock=SimulatedClock())
    ticket_id = account.create_ticket(type="incident", priority="urgent")["id"]
    agent = account.create_user(role="agent")["id"]
    account.clock.advance(URGENT_SECONDS)
    account.comment(ticket_id, author_id=agent)
    account.edit_ticket(ticket_id, status="pending")
    account.clock.advance(50 * 86_400)
    assert not list(breaches_shown(account))


def test_a_higher_priority_brings_another_target() -> None:
    account = Account.generate(tickets=0, users=1, organizations=0, clock=SimulatedClock())
    ticket_id = account.create_ticket(type="incident", priority="low")["id"]
    account.clock.advance(URGENT_SECONDS + 1)
    raised = account.now_second()
    account.edit_ticket(ticket_id, priority="urgent")
    account.clock.advance(1)
    assert (ticket_id, "reply_time", 1, raised) in list(breaches_shown(account))
    event = account.truth("ticket_events")[-1]
    (child,) = [each for each in event["child_events"] if "first_reply_time" in each]
    assert child["first_reply_time"] == {"minutes": 720, "in_business_hours": False}
    assert child["previous_value"] == {"minutes": 4320, "in_business_hours": False}
    assert child["event_type"] == "Change"


def test_figures_of_an_account_without_events_are_reckoned_on_after_an_edit() -> None:
    with_events, without = (
        Account.generate(seed=4, tickets=60, users=20, organizations=2, history=history)
        for history in (True, False)
    )
    figures = [
        {row["ticket_id"]: row["reply_time_in_minutes"] for row in each.truth("ticket_metrics")}
        for each in (with_events, without)
    ]
    replied = [ticket_id for ticket_id, each in figures[1].items() if each["calendar"]]
    for ticket_id in replied[:5]:
        without.edit_ticket(ticket_id, status="open")
    after = {r["ticket_id"]: r["reply_time_in_minutes"] for r in without.truth("ticket_metrics")}
    assert len(replied) > 20
    assert after == figures[1]
