"""Every stream of the catalogue: loaded, edited, loaded again, refused; and served as recorded."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from tests.support.edits import edit
from tests.support.simulated import EVERY_STREAM, duckdb_pipeline, source_of
from tests.support.tables import (
    Dataset,
    Row,
    assert_rows_equal,
    assert_table_equals,
    opened,
    stored_rows,
)
from zendesk_source import sync, zendesk_support, zendesk_talk
from zendesk_source.catalogue import PRODUCTS, STREAMS, TAKEN_AT, Stream
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.selection import select_streams
from zendesk_source.simulator import Account
from zendesk_source.simulator.state import shown_key

BY_NAME = {stream.name: stream for stream in STREAMS}
OPT_IN = [stream.name for stream in STREAMS if stream.is_opt_in]


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=5, tickets=120, users=60, organizations=10, days=120)


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


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_table_equals_the_account_after_both_syncs(account, zendesk):
    pipeline = duckdb_pipeline()
    report = sync(pipeline, source_of(zendesk, *EVERY_STREAM))
    assert {run.reason for run in report.runs.values()} == {""}
    assert set(report.runs) == set(BY_NAME)
    assert_holds_the_account(pipeline, account, *STREAMS)

    account.clock.advance(3_600)
    for stream in STREAMS:
        edit(account, stream)
    account.edit_ticket(account.truth("tickets")[0]["id"], tags=["only_this_one"])
    account.clock.advance(3_600)
    report = sync(pipeline, source_of(zendesk, *EVERY_STREAM))
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
    report = sync(pipeline, source_of(zendesk, *EVERY_STREAM))
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
    sync(pipeline, source_of(zendesk, stream.name))
    zendesk.refuse(stream.name)
    sync(pipeline, source_of(zendesk, stream.name))
    zendesk.allow(stream.name)
    account.clock.advance(3_600)
    sync(pipeline, source_of(zendesk, stream.name))
    assert [len(rows) for rows in snapshots(pipeline, stream)] == [3, 3]


def test_a_snapshot_of_several_pages_has_one_time(account, zendesk):
    for number in range(150):
        account.add_row("talk_agents_activity", agent_id=number)
    pipeline = duckdb_pipeline()
    stream = BY_NAME["talk_agents_activity"]
    sync(pipeline, source_of(zendesk, stream.name))
    assert [len(rows) for rows in snapshots(pipeline, stream)] == [153]


@pytest.mark.parametrize("name", ["audit_logs", "csat_survey_responses"])
def test_what_can_be_asked_since_is_not_read_whole_again(account, zendesk, name):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, name))
    account.clock.advance(45 * 86_400)
    report = sync(pipeline, source_of(zendesk, name))
    assert report.runs[name].rows.get(name, 0) == 0
    assert report.runs[name].usage.requests == 1
    assert_holds_the_account(pipeline, account, BY_NAME[name])


def test_sources_share_positions_and_select_what_they_read(account, zendesk):
    support, talk = (source_of(zendesk, make=make) for make in (zendesk_support, zendesk_talk))
    assert set(support.resources) == {s.name for s in STREAMS if s.product == "support"}
    assert set(support.selected_resources) == {s.name for s in STREAMS if s.is_core}
    assert set(talk.selected_resources) == {s.name for s in STREAMS if s.product == "talk"}
    assert list(support.with_resources("audit_logs").selected_resources) == ["audit_logs"]
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "users", make=zendesk_support))
    before = len(zendesk.requests)
    report = sync(pipeline, source_of(zendesk, *select_streams(["users", "talk"])))
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
