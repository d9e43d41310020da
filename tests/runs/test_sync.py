"""The main job, end to end: a simulated account, edits, and tables that equal the truth."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone

import dlt
import pytest

from tests.support.edits import eventful_day
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import (
    CORE_TABLES,
    assert_equals_truth,
    assert_table_equals,
    stored_rows,
)
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.resources.run import SliceLimits
from zendesk_source.simulator import Account, Fault, SimulatedClock


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=3, tickets=300, users=60, organizations=15)


@pytest.fixture
def dlt_lines() -> Iterator[list[str]]:
    """Return what dlt warns of while the test runs."""
    lines: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("dlt").addHandler(handler)
    yield lines
    logging.getLogger("dlt").removeHandler(handler)


def tables_of(*names: str) -> list[str]:
    return [table.name for stream in STREAMS if stream.name in names for table in stream.tables]


def test_tables_equal_the_account_after_every_sync(account, zendesk):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk))
    assert_equals_truth(pipeline, account)

    eventful_day(account)
    report = sync(pipeline, source_of(zendesk))
    assert report.exit_code == 0
    assert_equals_truth(pipeline, account)

    asked_before = len(zendesk.requests)
    sync(pipeline, source_of(zendesk))
    assert_equals_truth(pipeline, account)
    asked = Counter(request.stream for request in zendesk.requests[asked_before:])
    for stream in STREAMS:
        assert asked[stream.name] <= (1 if stream.is_incremental else 2), stream.name


@pytest.mark.long
def test_more_tickets_of_one_second_than_two_pages_hold_arrive_once(zendesk, account):
    for _ in range(2_100):
        account.create_ticket(subject="imported")
    pipeline = duckdb_pipeline()
    names = ("tickets", "ticket_events", "ticket_metric_events")
    sync(pipeline, source_of(zendesk, *names))
    ids = [row["id"] for row in account.truth("tickets") if row["status"] != "deleted"]
    account.clock.advance(600)
    account.bulk_edit(ids, priority="low")
    account.clock.advance(600)
    sync(pipeline, source_of(zendesk, *names))
    assert_equals_truth(pipeline, account, tables_of(*names))


@pytest.mark.long
def test_postgres_holds_the_same_tables_as_duckdb(account, zendesk, postgres_url):
    pipelines = [
        duckdb_pipeline("in_duckdb"),
        dlt.pipeline(
            "in_postgres",
            destination=dlt.destinations.postgres(postgres_url),
            dataset_name="zendesk_data",
        ),
    ]
    for pipeline in pipelines:
        sync(pipeline, source_of(zendesk))
    eventful_day(account)
    for pipeline in pipelines:
        sync(pipeline, source_of(zendesk))
        assert_equals_truth(pipeline, account)
    for table in CORE_TABLES:
        in_duckdb, in_postgres = (
            {
                name: column.get("data_type")
                for name, column in p.default_schema.tables[table]["columns"].items()
            }
            for p in pipelines
        )
        assert in_duckdb == in_postgres, table


@pytest.mark.long
def test_small_slices_give_the_same_tables(account, zendesk):
    pipeline = duckdb_pipeline()
    limits = SliceLimits(max_pages=1)
    names = ("tickets", "users", "organizations", "ticket_fields", "macros", "ticket_events")
    sync(pipeline, source_of(zendesk, *names), limits=limits)
    eventful_day(account)
    report = sync(pipeline, source_of(zendesk, *names), limits=limits)
    assert report.slices > 3
    assert_equals_truth(pipeline, account, tables_of(*names))


def test_a_plain_dlt_run_needs_nothing_else_and_says_nothing(account, zendesk, dlt_lines):
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "tickets", "users"))
    eventful_day(account)
    pipeline.run(source_of(zendesk, "tickets", "users"))
    tables = ("tickets", "ticket_tags", "ticket_metrics", "users", "user_identities")
    assert_equals_truth(pipeline, account, tables)
    assert dlt_lines == []


def test_the_rows_that_are_told_are_those_of_the_tables(item_format):
    clock = SimulatedClock()
    account = Account.generate(tickets=160, users=20, organizations=2, clock=clock)
    pipeline = duckdb_pipeline()
    with served(account) as zendesk:
        source = source_of(zendesk, "ticket_events", item_format=item_format)
        run = sync(pipeline, source, clock=clock).runs["ticket_events"]
    assert run.pages > 1  # the second at which one ends is shown by the next one again
    told = {table: len(stored_rows(pipeline, table)) for table in run.rows}
    assert run.rows == told


@pytest.mark.long
def test_custom_field_columns_survive_a_lost_working_folder(account, zendesk):
    sync(duckdb_pipeline(), source_of(zendesk))
    before = set(duckdb_pipeline().default_schema.tables["tickets"]["columns"])
    duckdb_pipeline().drop()
    eventful_day(account)
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk))
    assert_equals_truth(pipeline, account)
    after = set(pipeline.default_schema.tables["tickets"]["columns"])
    assert before <= after
    assert "cf_renamed_since" not in after
    assert {"cf_twice_the_same", "cf_status"} <= after


@pytest.mark.parametrize("ratings_filter", ["created_at", "updated_at"])
def test_a_rating_that_changes_later_arrives_whichever_time_zendesk_filters_by(ratings_filter):
    clock = SimulatedClock(start=datetime(2026, 1, 15, 12, tzinfo=timezone.utc))
    account = Account.generate(seed=3, tickets=100, clock=clock, ratings_filter=ratings_filter)
    with served(account) as zendesk:
        pipeline = duckdb_pipeline()
        ticket_id = account.create_ticket(subject="Rated twice")["id"]
        account.rate(ticket_id, "good")
        clock.advance(3_600)
        sync(pipeline, source_of(zendesk, "satisfaction_ratings"))
        clock.advance(20 * 86_400)
        account.rate(ticket_id, "bad")
        clock.advance(3_600)
        sync(pipeline, source_of(zendesk, "satisfaction_ratings"))
        assert_equals_truth(pipeline, account, ["satisfaction_ratings"])


def test_pages_before_an_unreadable_one_are_loaded(account, zendesk, item_format):
    attempts_of_a_page = 8
    zendesk.fail_next(Fault.SERVER_ERROR, "ticket_events", times=attempts_of_a_page, skip=2)
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "ticket_events", item_format=item_format)
    report = sync(pipeline, source)
    assert report.runs["ticket_events"].status == "failed"
    assert len(stored_rows(pipeline, "ticket_events")) > 1_900
    asked_before = len(zendesk.requests)
    report = sync(pipeline, source_of(zendesk, "ticket_events"))
    assert report.exit_code == 0
    asked = [r for r in zendesk.requests[asked_before:] if r.stream == "ticket_events"]
    assert len(asked) == 1
    assert_equals_truth(pipeline, account, ("ticket_events", "ticket_comments"))


@pytest.mark.long
def test_a_refused_stream_is_skipped_and_its_table_stays(account, zendesk):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk))
    policies = stored_rows(pipeline, "sla_policies")
    assert policies
    zendesk.refuse("sla_policies", 403)
    zendesk.refuse("satisfaction_ratings", 404)
    report = sync(pipeline, source_of(zendesk))
    assert report.exit_code == 5
    assert report.runs["sla_policies"].status == "skipped"
    assert "sla_policies" in report.runs["sla_policies"].reason
    assert stored_rows(pipeline, "sla_policies") == policies
    zendesk.allow("sla_policies")
    account.remove_row("sla_policies", policies[0]["id"])
    sync(pipeline, source_of(zendesk))
    assert_table_equals(pipeline, "sla_policies", account.truth("sla_policies"))


def test_a_window_with_an_end_is_read_and_leaves_the_position_alone(account, zendesk):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "tickets", start_date="2026-01-14"))
    newer = len(stored_rows(pipeline, "tickets"))
    end, start = "2026-01-14", "2020-01-01"
    sync(pipeline, source_of(zendesk, "tickets", start_date=start, end_date=end))
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))
    assert newer < len(account.truth("tickets"))
    state = pipeline.state["sources"]["zendesk"]["resources"]["tickets"]
    assert list(state["positions"]) == ["open"]


def test_an_earlier_start_date_fetches_what_was_left_out(account, zendesk):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "tickets", start_date="2026-01-14"))
    assert len(stored_rows(pipeline, "tickets")) < len(account.truth("tickets"))
    sync(pipeline, source_of(zendesk, "tickets", start_date="2020-01-01"))
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))
