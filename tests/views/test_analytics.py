"""The views to analyse with: each figure of each ticket, day, agent and group is Zendesk's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timezone
from statistics import median
from typing import Any

import dlt
import pytest

from tests.support.simulated import source_of
from tests.views.shown import asked, columns_of, load, shown
from zendesk_source import make_views, sync
from zendesk_source.html_report import write_report
from zendesk_source.settings.selection import select_streams
from zendesk_source.simulator import Account, SimulatedClock, Timetable
from zendesk_source.views.analytics import ANALYTICS

SCHEMA = "zendesk_data_analytics"
UNSOLVED = {"new", "open", "pending", "hold"}
TIMES = ("first_reply", "first_resolution", "full_resolution", "agent_wait", "requester_wait")
MEASURED = [f"{name}_{clock}minutes" for name in (*TIMES, "on_hold") for clock in ("", "business_")]
DAY = ("created", "solved", "reopened", "unsolved")
COUNTED = ["replies", "reopens", "assignee_stations", "group_stations"]
MISSED = {
    "next_reply": ("reply_time", False),
    "periodic_update": ("periodic_update_time", None),
    "pausable_update": ("pausable_update_time", None),
    "requester_wait": ("requester_wait_time", None),
    "agent_work": ("agent_work_time", None),
    "resolution": ("resolution_time", None),
    "group_ownership": ("group_ownership_time", None),
    "first_reply": ("reply_time", True),
}
TEXTS = ("status", "priority", "type", "channel", "satisfaction", "role")
SAME_AS = {"text": ("varchar", "character varying"), "double precision": ("double",)}
NIGHTS = [(day * 1440, day * 1440 + 360) for day in range(7)]
FAR_AND_WIDE = (
    Timetable("Sydney", "Sydney"),
    Timetable("Lord Howe", "Australia/Lord_Howe", NIGHTS),
    Timetable("Dublin", "Dublin", [(0, 200), (2_000, 3_400), (8_700, 10_080)]),
    Timetable("Kolkata", "Kolkata"),
)


def here() -> Account:
    return Account.generate(seed=3, tickets=60, users=25, organizations=8)


def far_and_wide() -> Account:
    """An account with schedules where clocks change twice in its time, by half an hour too."""
    clock = SimulatedClock(datetime(2025, 11, 20, tzinfo=timezone.utc))
    return Account.generate(
        12, tickets=100, users=30, organizations=4, days=70, clock=clock, schedules=FAR_AND_WIDE
    )


@pytest.fixture(params=[here])
def account(request: pytest.FixtureRequest) -> Account:
    """An account with a ticket deleted, and one reopened."""
    account: Account = request.param()
    unsolved = [row["id"] for row in account.truth("tickets") if row["status"] == "open"]
    account.delete_ticket(unsolved[0])
    account.edit_ticket(unsolved[1], status="solved")
    account.clock.advance(2 * 24 * 3600)
    account.edit_ticket(unsolved[1], status="open")
    account.clock.advance(600)
    return account


def views(pipeline: dlt.Pipeline, name: str, key: str) -> dict[Any, dict[str, Any]]:
    rows = shown(pipeline, f"analytics_{name}", SCHEMA)
    by_key = {row[key]: row for row in rows}
    assert len(by_key) == len(rows)
    return by_key


def time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def missed(breaches: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many targets of each kind a ticket has missed."""
    kinds: Counter[str] = Counter()
    for breach in breaches:
        is_first = breach["instance_id"] <= 1 if breach["metric"] == "reply_time" else None
        kinds.update(name for name, of in MISSED.items() if of == (breach["metric"], is_first))
    counted = {f"{name}_breaches": kinds[name] for name in MISSED}
    return {**counted, "sla_breaches": len(breaches)}


def expected_tickets(account: Account) -> dict[int, dict[str, Any]]:
    """Return what a row shows; of deleted tickets without figures."""
    figures, rated = {row["ticket_id"]: row for row in account.truth_of_tickets()}, ratings(account)
    names = {row["id"]: row["name"] for row in account.truth("users")}
    groups = {row["id"]: row["name"] for row in account.truth("groups")}
    expected = {}
    for ticket in account.truth("tickets"):
        is_deleted = ticket["status"] == "deleted"
        row: dict[str, Any] = {
            "created_at": time(ticket["created_at"]),
            "status": ticket["status"],
            "is_unsolved": ticket["status"] in UNSOLVED,
            "is_deleted": is_deleted,
            "is_merged": "closed_by_merge" in ticket["tags"],
            "channel": ticket["via"]["channel"],
            "group_name": groups.get(ticket["group_id"]),
            "assignee_name": names.get(ticket["assignee_id"]),
            "satisfaction": rated.get(ticket["id"]),
        }
        if not is_deleted:
            of_ticket = figures[ticket["id"]]
            row |= {name: of_ticket[name] for name in (*MEASURED, *COUNTED)}
            row |= missed(of_ticket["breaches"])
            row["solved_at"] = None if row["is_unsolved"] else time(of_ticket["solved_at"])
        expected[ticket["id"]] = row
    return expected


def ratings(account: Account) -> dict[int, str]:
    """Return the last rating of each ticket that has one."""
    newest = sorted(account.truth("satisfaction_ratings"), key=lambda row: row["updated_at"])
    return {
        row["ticket_id"]: row["score"].split("_")[0]
        for row in newest
        if row["score"].startswith(("good", "bad"))
    }


def expected_days(account: Account) -> list[tuple[date, int, int, int, int]]:
    last = max(row["updated_at"] for row in account.truth("tickets"))[:10]
    return [
        (date.fromisoformat(row["day"]), *(row[name] for name in DAY))
        for row in account.truth_of_days()
        if row["day"] <= last
    ]


def shown_days(pipeline: dlt.Pipeline) -> list[tuple[Any, ...]]:
    sql = f"SELECT day, created, solved, reopened, backlog FROM {SCHEMA}.analytics_days ORDER BY 1"
    return asked(pipeline, sql)


def type_of(column: str) -> str:
    """Return the type that a column should have, which its name tells."""
    end, start = column.split("_")[-1], column.split("_")[0]
    if start == "median" or end == "percent":
        return "double precision"
    if column == "day":
        return "date"
    if start == "is":
        return "boolean"
    if end == "at":
        return "timestamp with time zone"
    is_text = end == "name" or column in TEXTS
    return "text" if is_text else "bigint"


def of_all(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of an agent or a group from the rows of their tickets."""
    rows = [row for row in rows if not row["is_deleted"]]
    replies = [m for row in rows if (m := row["first_reply_minutes"]) is not None]
    rated = [row["satisfaction"] for row in rows if row["satisfaction"]]
    return {
        "unsolved": sum(row["is_unsolved"] for row in rows),
        "solved": sum(not row["is_unsolved"] for row in rows),
        "reopened": sum((row["reopens"] or 0) > 0 for row in rows),
        "replied": len(replies),
        "median_first_reply_minutes": median(replies) if replies else None,
        "rated": len(rated),
        "satisfaction_percent": (
            pytest.approx(100 * rated.count("good") / len(rated)) if rated else None
        ),
        "breached": sum(row["sla_breaches"] > 0 for row in rows) if rows else None,
    }


def assert_is_true(pipeline: dlt.Pipeline, account: Account) -> None:
    """Check every figure of every ticket, day, agent and group."""
    tickets = views(pipeline, "tickets", "ticket_id")
    expected = expected_tickets(account)
    assert tickets.keys() == expected.keys()
    for ticket_id, row in expected.items():
        found = {name: tickets[ticket_id][name] for name in row}
        assert found == row, ticket_id
    assert shown_days(pipeline) == expected_days(account)
    unsolved = sum(row["is_unsolved"] for row in expected.values())
    assert shown_days(pipeline)[-1][-1] == unsolved
    for name, key, who in (
        ("agents", "agent_id", "assignee_id"),
        ("groups", "group_id", "group_id"),
    ):
        theirs: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for ticket in account.truth("tickets"):
            theirs[ticket[who]].append(expected[ticket["id"]])
        rows = views(pipeline, name, key)
        for has, row in rows.items():
            wanted = of_all(theirs[has])
            got = {column: row[column] for column in wanted}
            got["satisfaction_percent"] = (
                None if row["rated"] == 0 else float(row["satisfaction_percent"])
            )
            assert got == wanted, (name, has)
        alive = [row for row in expected.values() if not row["is_deleted"]]
        assert sum(row["solved"] + row["unsolved"] for row in rows.values()) == len(alive)


@pytest.mark.parametrize(
    "account",
    [here, pytest.param(far_and_wide, marks=pytest.mark.long)],
    indirect=True,
    ids=lambda make: make.__name__,
)
def test_every_figure_is_true(account, zendesk, pipeline):
    load(pipeline, zendesk, "core", deleted="mark")
    report = make_views(pipeline, "analytics")
    assert report.is_complete
    (made,) = report.schemas
    assert (made.schema, made.left_out, made.not_loaded) == (SCHEMA, (), ())
    assert report.dbt_vars == {}
    assert_is_true(pipeline, account)
    reopened = [row for row in shown_days(pipeline) if row[3]]
    assert reopened


@pytest.mark.long
@pytest.mark.parametrize(
    "settings",
    [{"history": True}, {"deleted": "remove", "custom_fields": "json"}, {"item_format": "object"}],
    ids=str,
)
def test_the_columns_are_the_same_whatever_the_settings(zendesk, pipeline, settings):
    load(pipeline, zendesk, "core", **settings)
    make_views(pipeline, "analytics")
    for view in ANALYTICS:
        columns = columns_of(pipeline, view.name, SCHEMA)
        assert columns
        for name, data_type in columns.items():
            assert data_type in (type_of(name), *SAME_AS.get(type_of(name), ())), name
    assert len(views(pipeline, "groups", "group_id")) >= 5
    assert shown_days(pipeline)


@pytest.mark.long
def test_what_is_not_loaded_is_left_out_or_unknown_but_never_0(account, zendesk, pipeline):
    load(pipeline, zendesk, "users", "groups")
    (made,) = make_views(pipeline, "analytics").schemas
    assert made.made == ()
    assert {each.view: each.streams for each in made.left_out}["analytics_days"] == ("tickets",)
    load(pipeline, zendesk, "tickets")
    rows = views(pipeline, "tickets", "ticket_id")
    assert {row["sla_breaches"] for row in rows.values()} == {None}
    (made,) = make_views(pipeline, "analytics").schemas
    assert made.not_loaded == ("satisfaction_ratings", "ticket_events", "ticket_metric_events")
    # Without the history of the status a ticket is solved when it was solved last.
    alive = [row for row in rows.values() if not row["is_deleted"]]
    assert shown_days(pipeline)[-1][-1] == sum(row["is_unsolved"] for row in alive)
    assert sum(row[3] for row in shown_days(pipeline)) == 0
    load(pipeline, zendesk, "core")
    assert_is_true(pipeline, account)


@pytest.mark.long
def test_a_restored_ticket_counts_as_if_it_had_never_been_away(account, zendesk, pipeline):
    ticket_id = next(row["id"] for row in account.truth("tickets") if row["status"] == "open")
    account.delete_ticket(ticket_id)
    account.clock.advance(24 * 3600)
    account.restore_ticket(ticket_id)
    account.clock.advance(600)
    load(pipeline, zendesk, "core")
    make_views(pipeline, "analytics")
    assert_is_true(pipeline, account)


@pytest.mark.long
def test_accounts_that_share_a_dataset_share_the_views(account, zendesk, pipeline, tmp_path):
    streams = select_streams(["core"])
    for subdomain in ("acme", "other-firm"):
        source = source_of(zendesk, subdomain=subdomain, account_column=True)
        assert sync(pipeline, source.with_resources(*streams)).exit_code == 0
        (made,) = make_views(pipeline, "analytics").schemas
        assert (made.schema, made.account) == (SCHEMA, "")
    days = expected_days(account)
    for name in ("acme", "other-firm"):
        of_account = f"FROM {SCHEMA}.analytics_tickets WHERE account = '{name}'"
        ids = [ticket_id for (ticket_id,) in asked(pipeline, f"SELECT ticket_id {of_account}")]
        assert sorted(ids) == sorted(row["id"] for row in account.truth("tickets"))
        sql = (
            "SELECT day, created, solved, reopened, backlog"
            f" FROM {SCHEMA}.analytics_days WHERE account = '{name}' ORDER BY 1"
        )
        assert asked(pipeline, sql) == days
    page = tmp_path / "page.html"
    write_report(pipeline, page, weeks=1_000, account="acme")
    # The page counts a ticket once, when it was solved for good.
    created, solved, reopened = (
        sum(counts) for counts in zip(*(row[1:4] for row in days), strict=True)
    )
    assert f"{created} created, {solved - reopened} solved" in page.read_text(encoding="utf-8")


def test_each_file_says_its_rule_first():
    for view in ANALYTICS:
        assert view.query.startswith("-- One row a"), view.name
