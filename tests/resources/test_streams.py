"""Every stream of the catalogue: loaded, edited, loaded again, refused; and served as recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import dlt
import pytest

from tests.support.tables import (
    Dataset,
    Row,
    assert_rows_equal,
    assert_table_equals,
    opened,
    stored_rows,
)
from zendesk_source import sync, zendesk_source, zendesk_support, zendesk_talk
from zendesk_source.catalogue import PRODUCTS, STREAMS, TAKEN_AT, Paging, Stream
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.credentials import ZendeskOAuthToken
from zendesk_source.settings.selection import select_streams
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator
from zendesk_source.simulator.rows.settings import Owner
from zendesk_source.simulator.state import iso, shown_key

TOKEN = "a-token"
START = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
BY_NAME = {stream.name: stream for stream in STREAMS}
OPT_IN = [stream.name for stream in STREAMS if stream.is_opt_in]
FIELDS: dict[str, Owner] = {
    "ticket_fields": "ticket",
    "user_fields": "user",
    "organization_fields": "organization",
}
# Their rows are made by edits of tickets and people.
CHANGED = ("description", "title", "subject", "reason", "duration", "total_calls", "calls_waiting")
# A vote changes the article, or the comment, and nothing tells of it.
UNSEEN = ("hc_article_votes", "hc_post_comment_votes")
MADE_BY_OTHERS = (
    "custom_object_records",
    "tags",
    "tickets",
    "ticket_events",
    "ticket_metric_events",
)


@pytest.fixture
def account() -> Account:
    clock = SimulatedClock(start=START)
    return Account.generate(seed=5, tickets=120, users=60, organizations=10, clock=clock)


@pytest.fixture
def zendesk(account: Account) -> Iterator[Simulator]:
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token=TOKEN) as simulator:
        yield simulator


def source_of(zendesk: Simulator, make=zendesk_source, **settings):
    credentials = ZendeskOAuthToken()
    credentials.subdomain = "acme"
    credentials.oauth_token = TOKEN
    credentials.base_url = zendesk.base_url
    return make(credentials, clock=zendesk.account.clock, **settings)


def everything(zendesk: Simulator, *names: str):
    return source_of(zendesk).with_resources(*select_streams(names or ["all", *OPT_IN]))


def duckdb_pipeline() -> dlt.Pipeline:
    return dlt.pipeline("zendesk", destination="duckdb", dataset_name="zendesk_data")


def expected_rows(account: Account, table: str) -> list[Row]:
    """Rows as the tables should hold them: what Zendesk shows, and what is worked out of it."""
    stream = BY_NAME.get(table)
    rows = account.truth(table) if stream is None else account.truth_with_brands(table)
    if stream is None or stream.derive is None or stream.custom_fields:
        return rows
    return [{**row, **stream.derive(row)} for row in rows]


def snapshots(loaded: dlt.Pipeline | Dataset, stream: Stream) -> list[list[Row]]:
    """Return the rows of each snapshot, oldest first, without the time."""
    taken: dict[Any, list[Row]] = {}
    for row in stored_rows(loaded, stream.name):
        taken.setdefault(row.pop(TAKEN_AT), []).append(row)
    return [taken[moment] for moment in sorted(taken)]


def assert_holds_the_account(pipeline: dlt.Pipeline, account: Account, *streams: Stream) -> None:
    with opened(pipeline) as dataset:
        _assert_holds_the_account(dataset, account, *streams)


def _assert_holds_the_account(dataset: Dataset, account: Account, *streams: Stream) -> None:
    deleted = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    for stream in streams:
        if stream.each_of is not None:
            continue  # its rows are in a table each: tests/resources/test_custom_objects.py
        if stream.write == "append":
            newest = snapshots(dataset, stream)[-1]
            rows = expected_rows(account, stream.name)
            assert_rows_equal(dataset, stream.name, rows, newest, shown_key(stream))
            continue
        for table in stream.tables:
            but_not = deleted if table.name == "ticket_metrics" else ()
            rows = expected_rows(account, table.name)
            assert_table_equals(dataset, table.name, rows, but_not=but_not)


def edit(account: Account, stream: Stream) -> None:
    """Add a row, change one and remove one, as far as the stream has them."""
    if stream.name in MADE_BY_OTHERS or stream.name in UNSEEN:
        return
    rows = account.truth(stream.name)
    if stream.is_incremental:  # what Zendesk filters by its making changes while it is young
        rows.sort(key=lambda row: str(row.get("created_at")), reverse=True)
    keys = [_key(stream, row) for row in rows]
    if stream.parent is None or not stream.parent.count:  # a count does not tell of an edit
        changes = {n: _changed(rows[0][n]) for n in CHANGED if rows[0].get(n) is not None}
        account.edit_row(stream.name, keys[0], **changes)
    if stream.paging is Paging.OBJECT:
        return
    if stream.name in FIELDS:
        account.add_field(FIELDS[stream.name], "text", "Newcomer")
        return
    if not stream.is_incremental:
        account.remove_row(stream.name, keys[1])
    if stream.parent is not None and stream.parent.count:
        return  # one row less and one more of a parent: a count tells nothing
    if stream.name not in ("users", "organizations", "satisfaction_ratings"):
        account.add_row(stream.name, **_given(account, stream, rows[0]))


def _key(stream: Stream, row: Row) -> Any:
    key = tuple(row[name] for name in shown_key(stream))
    return key[0] if len(key) == 1 else key


def _changed(value: Any) -> Any:
    return value + 1 if isinstance(value, (int, float)) else f"{value}, edited"


def _given(account: Account, stream: Stream, row: Row) -> Row:
    """Return what a new row cannot do without: what lists are sorted and filtered by."""
    needed = {"name", "position", "title"} - set(shown_key(stream))
    if stream.parent is not None:
        needed |= {stream.parent.column, "value"}
    given = {name: value for name, value in row.items() if name in needed}
    if stream.name == "csat_survey_responses":
        now = iso(account.now_second())
        given["answers"] = [{**row["answers"][0], "created_at": now, "updated_at": now}]
    return given


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_table_equals_the_account_after_both_syncs(account, zendesk):
    pipeline = duckdb_pipeline()
    report = sync(pipeline, everything(zendesk))
    assert {run.reason for run in report.runs.values()} == {""}
    assert set(report.runs) == set(BY_NAME)
    assert_holds_the_account(pipeline, account, *STREAMS)

    account.clock.advance(3_600)
    for stream in STREAMS:
        edit(account, stream)
    account.edit_ticket(account.truth("tickets")[0]["id"], tags=["only_this_one"])
    account.clock.advance(3_600)
    report = sync(pipeline, everything(zendesk))
    assert report.exit_code == 0
    assert_holds_the_account(pipeline, account, *STREAMS)
    for stream in STREAMS:
        if stream.write == "append":
            assert len(snapshots(pipeline, stream)) == 2, stream.name


@pytest.mark.long
def test_on_the_smallest_plan_all_that_is_permitted_is_loaded(account, zendesk):
    refused = zendesk.refuse_gated_streams()
    assert {"custom_roles", "talk_calls", "hc_posts", "custom_objects"} <= set(refused)
    pipeline = duckdb_pipeline()
    report = sync(pipeline, everything(zendesk))
    assert report.exit_code == 5
    assert {name for name, run in report.runs.items() if run.status == "skipped"} == set(refused)
    for name in refused:
        assert name in report.runs[name].reason
        assert " answered 40" in report.runs[name].reason
    permitted = [stream for stream in STREAMS if stream.name not in refused]
    assert all(report.runs[stream.name].status == "ok" for stream in permitted)
    assert_holds_the_account(pipeline, account, *permitted)


def test_a_refused_snapshot_keeps_those_taken_before(account, zendesk):
    pipeline = duckdb_pipeline()
    stream = BY_NAME["talk_agents_activity"]
    sync(pipeline, everything(zendesk, stream.name))
    zendesk.refuse(stream.name)
    sync(pipeline, everything(zendesk, stream.name))
    zendesk.allow(stream.name)
    account.clock.advance(60)
    sync(pipeline, everything(zendesk, stream.name))
    assert [len(rows) for rows in snapshots(pipeline, stream)] == [3, 3]


def test_a_snapshot_of_several_pages_has_one_time(account, zendesk):
    for number in range(150):
        account.add_row("talk_agents_activity", agent_id=number)
    pipeline = duckdb_pipeline()
    stream = BY_NAME["talk_agents_activity"]
    sync(pipeline, everything(zendesk, stream.name))
    assert [len(rows) for rows in snapshots(pipeline, stream)] == [153]


@pytest.mark.parametrize("name", ["audit_logs", "csat_survey_responses"])
def test_what_can_be_asked_since_is_not_read_whole_again(account, zendesk, name):
    pipeline = duckdb_pipeline()
    sync(pipeline, everything(zendesk, name))
    account.clock.advance(45 * 86_400)
    report = sync(pipeline, everything(zendesk, name))
    assert report.runs[name].rows.get(name, 0) == 0
    assert report.runs[name].usage.requests == 1
    assert_holds_the_account(pipeline, account, BY_NAME[name])


def test_sources_share_positions_and_select_what_they_read(account, zendesk):
    support, talk = source_of(zendesk, zendesk_support), source_of(zendesk, zendesk_talk)
    assert set(support.resources) == {s.name for s in STREAMS if s.product == "support"}
    assert set(support.selected_resources) == {s.name for s in STREAMS if s.is_core}
    assert set(talk.selected_resources) == {s.name for s in STREAMS if s.product == "talk"}
    assert list(support.with_resources("audit_logs").selected_resources) == ["audit_logs"]
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, zendesk_support).with_resources("users"))
    before = len(zendesk.requests)
    report = sync(pipeline, everything(zendesk, "users", "talk"))
    assert report.runs["users"].rows.get("users", 0) == 0
    assert len([r for r in zendesk.requests[before:] if r.stream == "users"]) == 1


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ([], {s.name for s in STREAMS if s.is_core}),
        (["core"], {s.name for s in STREAMS if s.is_core}),
        (["all"], set(BY_NAME) - set(OPT_IN)),
        (["talk"], {s.name for s in STREAMS if s.product == "talk"}),
        (["ticket_comments"], {"ticket_events"}),
        (["hc_badge*", "users"], {"hc_badges", "hc_badge_categories", "hc_badge_assignments",
                                  "users"}),
        (["talk", "!talk_*overview", "!talk_agents_*"], {
            "talk_calls", "talk_call_legs", "talk_phone_numbers", "talk_lines", "talk_addresses",
            "talk_greetings", "talk_greeting_categories", "talk_ivrs", "talk_settings",
            "talk_current_queue_activity"}),
        (["!tickets"], {s.name for s in STREAMS if s.is_core} - {"tickets"}),
    ],
)  # fmt: skip
def test_streams_are_selected_by_what_is_named(named, meant):
    selected = select_streams(named)
    assert set(selected) == meant
    assert selected == [stream.name for stream in STREAMS if stream.name in meant]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["tikets"], "Did you mean .*tickets"),
        (["!tikets"], "There is no stream 'tikets'"),
        (["nothing*"], "There is no stream"),
        (["users", "!users"], "Nothing is left of users"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(named, told):
    with pytest.raises(ConfigurationError, match=told):
        select_streams(named)


def test_core_is_of_support_alone():
    assert {stream.product for stream in STREAMS if stream.is_core} == {"support"}
    assert {stream.product for stream in STREAMS} == set(PRODUCTS)
