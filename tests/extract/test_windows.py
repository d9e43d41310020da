"""A window with an end holds what lies in it and nothing else; two that meet are one."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Literal

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.extract.incremental.context import TimeIntervalContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.in_process import EXPORTED, InProcessZendesk
from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.catalogue.support.exports import SATISFACTION_RATINGS
from zendesk_source.extract.positions import EXPORTS, open_position, row_time, save_position
from zendesk_source.extract.steps import read_incremental
from zendesk_source.extract.window import extent_of
from zendesk_source.settings.options import ItemFormat
from zendesk_source.simulator import Account, Simulator

TOKEN = "a-token"
BY_NAME = {stream.name: stream for stream in STREAMS}
OF_EVERY_KIND = (
    *("tickets", "users", "organizations", "ticket_events", "ticket_metric_events"),
    *("satisfaction_ratings", "audit_logs", "engagements", "ticket_audits"),
    *("chat_chats", "chat_agent_timeline", "talk_calls", "hc_articles"),
    *("incremental_routing_attributes", "side_conversation_events"),
)


def versions(zendesk: InProcessZendesk, start: int, end: int | None, size: int) -> dict[int, int]:
    """Read a window from nothing to its end."""
    stream = zendesk.stream
    back = 0 if stream.paging in EXPORTS else stream.lookback_seconds
    position = open_position({}, start, end, lookback_seconds=back)
    extent = extent_of(stream, position, end)
    steps = read_incremental(stream, position, zendesk.walk(size))
    return {row["id"]: row["version"] for step in steps for row in extent.of_step(step).page.rows}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    stream=st.sampled_from([*EXPORTED, SATISFACTION_RATINGS]),
    per_second=st.lists(st.sampled_from([0, 1, 1, 2, 9]), min_size=1, max_size=30),
    changes=st.lists(st.tuples(st.sampled_from([1, 90, 800]), st.lists(st.integers(1, 30)))),
    size=st.integers(1, 12),
    filtered_by=st.sampled_from(["created_at", "updated_at"]),
    data=st.data(),
)
def test_two_windows_that_meet_hold_what_one_window_of_both_holds(
    stream: Stream,
    per_second: list[int],
    changes: list[tuple[int, list[int]]],
    size: int,
    filtered_by: Literal["created_at", "updated_at"],
    data: Any,
) -> None:
    zendesk = InProcessZendesk(stream, per_second, changes)
    zendesk.account.ratings_filter = filtered_by
    began = zendesk.account.now_second() - 3_600
    for _ in changes:
        zendesk.change()
    zendesk.clock.advance(300)
    seconds = [row_time(row, stream) or 0 for row in zendesk.account.stores[stream.name]]
    around = sorted({began, *seconds, *(second + 1 for second in seconds)})
    start, middle = sorted(data.draw(st.sampled_from(around)) for _ in range(2))
    before = versions(zendesk, start, middle, size) if start < middle else {}
    after = versions(zendesk, middle, None, size)
    assert before.keys() & after.keys() == set()
    assert before | after == versions(zendesk, start, None, size)
    shown = {row["id"]: row_time(row, stream) or 0 for row in zendesk.account.stores[stream.name]}
    assert before.keys() == {key for key, second in shown.items() if start <= second < middle}


def test_what_a_scheduler_asked_for_too_early_is_read_with_its_next_interval() -> None:
    stream = BY_NAME["users"]
    zendesk = InProcessZendesk(stream, [1] * 3_601)
    now = zendesk.account.now_second()
    found: set[int] = set()
    state: dict[str, Any] = {}
    intervals = [(now - 3_600, now - 1_800), (now - 1_800, now), (now, now + 1_800)]
    zendesk.account.shown_after_seconds = 45
    for start, end in intervals:
        position = open_position(state, start, end)
        extent = extent_of(stream, position, end)
        for step in read_incremental(stream, position, zendesk.walk(100)):
            found |= {row["id"] for row in extent.of_step(step).page.rows}
            save_position(state, step.position, end)
        zendesk.clock.advance(max(0, end + 1_800 - zendesk.account.now_second()))
    assert found == zendesk.truth().keys()
    # What the interval before left to read was taken over, and is not read once more.
    assert list(state) == [f"{now}-{now + 1_800}"]


def test_a_window_that_begins_earlier_than_before_reads_every_page_that_was_left_out() -> None:
    stream = BY_NAME["users"]
    zendesk = InProcessZendesk(stream, [1] * 60)
    zendesk.clock.advance(300)
    users = zendesk.account.stores["users"]
    seconds = sorted(row_time(row, stream) or 0 for row in users)
    found: set[int] = set()
    state: dict[str, Any] = {}
    for start, known in ((seconds[40], 0), (seconds[0], 20)):
        assert len(found) == known
        position = open_position(state, start, None)
        for step in read_incremental(stream, position, zendesk.walk(10)):
            found |= {row["id"] for row in step.page.rows}
            save_position(state, step.position, None)
    assert found == zendesk.truth().keys()


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.generate(seed=3, tickets=60, users=40, organizations=15)


def seconds_of(rows: list[dict[str, Any]], stream: Stream) -> list[int]:
    return [second for row in rows if (second := row_time(row, stream)) is not None]


def moment_of_a_row(account: Account, stream: str) -> datetime:
    seconds = sorted(seconds_of(account.truth(stream), BY_NAME[stream]))
    return datetime.fromtimestamp(seconds[len(seconds) // 2], timezone.utc)


def assert_lies_before(pipeline: dlt.Pipeline, account: Account, name: str, end: int) -> None:
    stream = BY_NAME[name]
    wanted = [row for row in account.truth(name) if (row_time(row, stream) or 0) < end]
    stored = stored_rows(pipeline, name) if wanted else []
    assert len(stored) == len(wanted), name
    assert all(second < end for second in seconds_of(stored, stream)), name


def test_pages_are_cut_where_the_window_ends(
    account: Account, zendesk: Simulator, item_format: ItemFormat
) -> None:
    middle = moment_of_a_row(account, "users")
    names = ("users", "tickets")
    pipeline = duckdb_pipeline()
    before = source_of(zendesk, *names, end_date=middle, item_format=item_format)
    sync(pipeline, before)
    for name in names:
        assert_lies_before(pipeline, account, name, int(middle.timestamp()))
    users = {row["id"] for row in stored_rows(pipeline, "users")}
    of_users = {row["user_id"] for row in stored_rows(pipeline, "user_identities")}
    assert of_users <= users
    sync(pipeline, source_of(zendesk, *names, start_date=middle, item_format=item_format))
    for table in ("users", "user_identities", "user_tags", "tickets", "ticket_tags"):
        assert_table_equals(pipeline, table, account.truth(table))


@pytest.mark.long
def test_streams_of_every_kind_are_cut_where_the_window_ends(
    account: Account, zendesk: Simulator, item_format: ItemFormat
) -> None:
    middle = moment_of_a_row(account, "audit_logs")
    pipeline = duckdb_pipeline()
    before = source_of(zendesk, *OF_EVERY_KIND, end_date=middle, item_format=item_format)
    sync(pipeline, before)
    for name in OF_EVERY_KIND:
        assert_lies_before(pipeline, account, name, int(middle.timestamp()))
    sync(pipeline, source_of(zendesk, *OF_EVERY_KIND, start_date=middle, item_format=item_format))
    for name in OF_EVERY_KIND:
        assert_table_equals(pipeline, name, account.truth(name))


def test_the_interval_of_a_scheduler_is_a_window(account: Account, zendesk: Simulator) -> None:
    middle = moment_of_a_row(account, "tickets")
    pipeline = duckdb_pipeline()
    start, now = datetime(2020, 1, 1, tzinfo=timezone.utc), account.clock.now()
    for interval in ((start, middle), (middle, now)):
        context = TimeIntervalContext(interval=interval, allow_external_schedulers=True)
        with Container().injectable_context(context):
            pipeline.run(source_of(zendesk, "users"))
        if interval[1] == middle:
            assert_lies_before(pipeline, account, "users", int(middle.timestamp()))
    assert_table_equals(pipeline, "users", account.truth("users"))


def test_children_are_asked_for_the_parents_in_the_window(
    account: Account, zendesk: Simulator
) -> None:
    middle = moment_of_a_row(account, "organizations")
    sync(duckdb_pipeline(), source_of(zendesk, "organization_merges", end_date=middle))
    asked = {seen.path.split("/")[4] for seen in zendesk.requests if "/merges" in seen.path}
    stream = BY_NAME["organizations"]
    assert asked == {
        str(row["id"])
        for row in account.truth("organizations")
        if (row_time(row, stream) or 0) < middle.timestamp()
    }
