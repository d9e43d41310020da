"""A generated account is decided by its seed, and has something of everything."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, SimulatedClock
from zendesk_source.simulator.state import shown_key

SIDE_TABLES = [side.name for stream in STREAMS for side in stream.side_tables]
EVERYTHING = [*(stream.name for stream in STREAMS), *SIDE_TABLES]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.generate(seed=3, tickets=400, users=200, organizations=25)


def test_the_same_seed_gives_the_same_rows(account: Account) -> None:
    again = Account.generate(seed=3, tickets=400, users=200, organizations=25)
    assert [name for name in EVERYTHING if account.truth(name) != again.truth(name)] == []
    assert [name for name in EVERYTHING if not account.truth(name)] == []


def test_another_seed_gives_other_rows(account: Account) -> None:
    other = Account.generate(seed=4, tickets=400, users=200, organizations=25)
    assert account.truth("tickets") != other.truth("tickets")


def test_the_declared_key_identifies_a_row(account: Account) -> None:
    doubled = []
    for stream in STREAMS:
        key = shown_key(stream)
        keys = Counter(tuple(row[name] for name in key) for row in account.truth(stream.name))
        doubled += [(stream.name, key) for key, count in keys.items() if count > 1]
    assert doubled == []


def test_the_past_ends_before_now(account: Account) -> None:
    now = account.now_second()
    assert max(row["generated_timestamp"] for row in account.truth("tickets")) <= now - 300
    assert max(row["timestamp"] for row in account.truth("ticket_events")) <= now - 300


def test_every_custom_field_type_has_values_as_zendesk_types_them(account: Account) -> None:
    types = {row["id"]: row["type"] for row in account.truth("ticket_fields")}
    kinds: dict[str, set[type]] = {}
    for ticket in account.truth("tickets"):
        for field in ticket["custom_fields"]:
            kinds.setdefault(types[field["id"]], set()).add(type(field["value"]))
    nothing = type(None)
    texts = ["text", "textarea", "integer", "decimal", "date", "tagger", "regexp", "lookup"]
    assert all(kinds[each] == {str, nothing} for each in [*texts, "partialcreditcard"])
    assert kinds["checkbox"] == {bool}
    assert kinds["multiselect"] == {list, nothing}


def test_satisfaction_ratings_take_every_shape(account: Account) -> None:
    shapes = {
        None if row["satisfaction_rating"] is None else "id" in row["satisfaction_rating"]
        for row in account.truth("tickets")
    }
    assert shapes == {None, False, True}


def test_some_rows_are_deleted_scrubbed_or_merged(account: Account) -> None:
    tickets = account.truth("tickets")
    assert {row["subject"] == "SCRUBBED" for row in tickets if row["status"] == "deleted"} == {
        True,
        False,
    }
    assert any("closed_by_merge" in row["tags"] for row in tickets)
    assert any(row["permanently_deleted"] for row in account.truth("users") if not row["active"])
    assert any(row["deleted_at"] for row in account.truth("organizations"))
    assert any(row["deleted"] for row in account.truth("groups"))
    assert any(row["is_deleted"] for row in account.truth("brands"))


def test_ids_go_beyond_32_bits(account: Account) -> None:
    for name in ("users", "groups", "organizations", "ticket_fields", "ticket_events"):
        assert min(row["id"] for row in account.truth(name)) > 10**13


def test_rows_refer_to_rows_that_exist(account: Account) -> None:
    users = {row["id"] for row in account.truth("users")}
    tickets = {row["id"] for row in account.truth("tickets")}
    events = {row["id"] for row in account.truth("ticket_events")}
    for ticket in account.truth("tickets"):
        assert {ticket["requester_id"], ticket["submitter_id"]} <= users
        assert ticket["assignee_id"] is None or ticket["assignee_id"] in users
    for comment in account.truth("ticket_comments"):
        assert comment["ticket_id"] in tickets
        assert comment["event_id"] in events
        assert comment["author_id"] in users
    for rating in account.truth("satisfaction_ratings"):
        assert rating["ticket_id"] in tickets


def test_people_write_on_working_days_and_by_daylight(account: Account) -> None:
    created = [
        datetime.fromisoformat(row["created_at"].replace("Z", "+00:00"))
        for row in account.truth("tickets")
    ]
    assert sum(moment.weekday() < 5 for moment in created) > 0.8 * len(created)
    assert sum(7 <= moment.hour < 19 for moment in created) > 0.7 * len(created)


def test_without_history_there_are_tickets_and_metrics_but_no_events() -> None:
    account = Account.generate(tickets=50, users=20, organizations=2, history=False)
    assert len(account.truth("tickets")) == 50
    assert account.truth("ticket_metrics")
    assert not account.truth("ticket_events")
    assert not account.truth("ticket_metric_events")


def test_sleeping_moves_the_clock_and_takes_no_time() -> None:
    clock = SimulatedClock()
    before = clock.now()
    clock.sleep(3600)
    clock.advance(60)
    assert clock.now() - before == timedelta(seconds=3660)
    assert clock.slept_seconds == 3600


def test_a_ticking_clock_runs_as_fast_as_told() -> None:
    clock = SimulatedClock(ticking=True, time_scale=1e6)
    first = clock.monotonic()
    while clock.monotonic() == first:
        pass
    assert clock.now() > datetime(2026, 1, 15, 12, tzinfo=timezone.utc)


def test_a_clock_wants_an_aware_start_and_goes_forward() -> None:
    with pytest.raises(ValueError, match="aware"):
        SimulatedClock(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="back"):
        SimulatedClock().advance(-1)
