"""What is as it was loaded last is read, and not written again."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import dlt

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import assert_table_equals
from zendesk_source import sync
from zendesk_source.api.paging import Page, Position
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.catalogue import STREAMS
from zendesk_source.extract.newest_rows import not_loaded, remember_newest
from zendesk_source.simulator import Fault


def written_at(pipeline: dlt.Pipeline, table: str) -> datetime:
    with pipeline.sql_client() as client:
        rows = client.execute_sql(f"SELECT max(_zendesk_synced_at) FROM {table}")
    assert rows is not None
    moment: datetime = rows[0][0]
    return moment


def test_only_the_list_that_changed_is_written_again(account, zendesk):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "groups", "macros", "ticket_fields")
    sync(pipeline, source)
    before = {name: written_at(pipeline, name) for name in ("groups", "macros", "ticket_fields")}
    account.clock.advance(3_600)
    account.edit_row("macros", account.truth("macros")[0]["id"], title="Another title")
    report = sync(pipeline, source)
    assert written_at(pipeline, "groups") == before["groups"]
    assert written_at(pipeline, "ticket_fields") == before["ticket_fields"]
    assert written_at(pipeline, "macros") > before["macros"]
    for name in before:
        assert_table_equals(pipeline, name, account.truth(name))
        assert report.runs[name].rows[name] == len(account.truth(name))


def test_a_list_whose_table_was_dropped_by_hand_is_written_again(account, zendesk):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "groups", "macros")
    sync(pipeline, source)
    with pipeline.sql_client() as client:
        client.execute_sql("DROP TABLE groups")
    sync(pipeline, source)
    assert_table_equals(pipeline, "groups", account.truth("groups"))
    assert_table_equals(pipeline, "macros", account.truth("macros"))


def test_lists_that_do_not_change_leave_the_schema_as_it_is(account, zendesk):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "groups", "macros")
    sync(pipeline, source)
    before = pipeline.default_schema.version_hash
    sync(pipeline, source)
    account.clock.advance(60)
    account.edit_row("macros", account.truth("macros")[0]["id"], title="Another title")
    sync(pipeline, source)
    assert pipeline.default_schema.version_hash == before


def test_a_plain_run_writes_a_list_whatever_was_loaded_before(account, zendesk):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "groups")
    sync(pipeline, source)
    before = written_at(pipeline, "groups")
    account.clock.advance(60)
    pipeline.run(source)
    assert written_at(pipeline, "groups") > before


EXPORTS = ("organizations", "ticket_events", "ticket_metric_events")


def test_newest_rows_that_an_export_shows_again_are_not_loaded_again(account, zendesk, item_format):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, *EXPORTS, item_format=item_format)
    account.clock.advance(3_600)
    sync(pipeline, source)
    before = {name: written_at(pipeline, name) for name in EXPORTS}
    for _ in range(2):
        account.clock.advance(3_600)
        zendesk.forget_requests()
        sync(pipeline, source)
        assert {request.stream for request in zendesk.requests} >= set(EXPORTS)
    assert {name: written_at(pipeline, name) for name in EXPORTS} == before


def test_a_newest_row_that_changed_within_its_second_is_loaded(account, zendesk, item_format):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "organizations", item_format=item_format)
    (first, second, *_) = account.truth("organizations")
    account.edit_row("organizations", first["id"], name="Seen before it changed")
    sync(pipeline, source)
    account.edit_row("organizations", first["id"], domain_names=["a.example"])
    account.edit_row("organizations", second["id"], name="In the same second")
    account.clock.advance(3_600)
    for _ in range(2):
        sync(pipeline, source)
        assert_table_equals(pipeline, "organizations", account.truth("organizations"))


def test_a_newest_row_that_could_not_be_loaded_comes_again(account, zendesk):
    pipeline, source = duckdb_pipeline(), source_of(zendesk, "organizations")
    newest = account.truth("organizations")[0]["id"]
    account.edit_row("organizations", newest, name="Written last")
    account.clock.advance(3_600)
    sync(pipeline, source)
    field = account.add_field("organization", "text", "Nobody can say what this is")
    account.edit_row("organizations", newest, organization_fields={field["key"]: "here"})
    account.clock.advance(3_600)
    zendesk.fail_next(Fault.SERVER_ERROR, "organization_fields", times=RetryPolicy().attempts)
    assert sync(pipeline, source).runs["organizations"].status == "failed"
    assert sync(pipeline, source).exit_code == 0
    with pipeline.sql_client() as client:
        column = "cf_nobody_can_say_what_this_is"
        rows = client.execute_sql(f"SELECT {column} FROM organizations WHERE id = {newest}")
    assert rows == [("here",)]


def test_a_page_after_a_new_one_is_loaded_even_if_it_says_what_was_loaded_before():
    stream = next(stream for stream in STREAMS if stream.name == "organizations")
    moment = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)

    def page(name: str) -> Page:
        rows = [{"id": 7, "name": name, "updated_at": "2026-01-15T11:00:00Z"}]
        return Page({"organizations": rows}, rows, Position(), True, moment, moment, 0)

    state: dict[str, Any] = {}
    loaded, other = page("As it was loaded"), page("Written without another time")
    assert not_loaded(stream, [loaded], state, b"") == [loaded]
    remember_newest(stream, [loaded], state, b"")
    assert not_loaded(stream, [loaded, loaded], state, b"") == []
    assert not_loaded(stream, [loaded, other, loaded], state, b"") == [other, loaded]
