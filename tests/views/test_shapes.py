"""Fivetran's tables as views: the columns and types that dbt_zendesk reads, whatever was loaded."""

from __future__ import annotations

from datetime import date, datetime

import dlt
import pytest

from tests.support.simulated import source_of
from tests.support.tables import stored_rows
from tests.views.shown import SCHEMA, asked, columns_of, load, shown
from zendesk_source import ConfigurationError, make_views, sync
from zendesk_source.runs.reset import reset_stream
from zendesk_source.settings.selection import select_streams
from zendesk_source.simulator import Account
from zendesk_source.views.fivetran import FIVETRAN

TYPES = {
    "bigint": "bigint",
    "text": ("varchar", "character varying"),
    "bool": "boolean",
    "timestamp": ("timestamp", "timestamp without time zone"),
    "date": "date",
    "double": ("double", "double precision"),
}


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=3, tickets=60, users=25, organizations=8)


def assert_shape(pipeline: dlt.Pipeline, schema: str = SCHEMA) -> None:
    for view in FIVETRAN:
        there = columns_of(pipeline, view.name, schema)
        own = {name: kind for name, kind in there.items() if not name.startswith("custom_")}
        assert list(own) == [column.name for column in view.columns], view.name
        for column in view.columns:
            assert own[column.name] in TYPES[column.data_type], (view.name, column.name)


@pytest.mark.long
@pytest.mark.parametrize(
    "settings",
    [
        {"history": True},
        {"deleted": "remove", "custom_fields": "json"},
        {"item_format": "object", "custom_fields": "rows"},
    ],
    ids=str,
)
def test_the_shape_is_the_same_whatever_the_settings(zendesk, pipeline, settings):
    load(pipeline, zendesk, **settings)
    report = make_views(pipeline)
    assert report.is_complete
    (made,) = report.schemas
    assert (made.schema, made.left_out, made.unknown_time_zones) == (SCHEMA, (), ())
    assert_shape(pipeline)
    assert report.dbt_vars == {
        "zendesk_schema": SCHEMA,
        "using_audit_log": True,
        "using_ticket_chat": True,
        "ticket_field_history_columns": [
            *("status", "assignee_id", "priority", "group_id", "ticket_form_id", "type")
        ],
    }


def test_each_row_is_there_once_deleted_ones_too(account, zendesk, pipeline):
    open_ids = [row["id"] for row in account.truth("tickets") if row["status"] == "open"]
    account.delete_ticket(open_ids[0])
    account.clock.advance(600)
    load(pipeline, zendesk)
    make_views(pipeline)
    counterparts = {
        "ticket": "tickets",
        "ticket_comment": "ticket_comments",
        "ticket_tag": "ticket_tags",
        "user": "users",
        "organization": "organizations",
        "group": "groups",
        "brand": "brands",
        "domain_name": "organization_domain_names",
    }
    for view, table in counterparts.items():
        assert len(shown(pipeline, view)) == len(account.truth(table)), view
    tickets = {row["id"]: row for row in shown(pipeline, "ticket")}
    assert tickets[open_ids[0]]["_fivetran_deleted"] is True
    assert tickets[open_ids[1]]["_fivetran_deleted"] is False
    sent = {row["id"]: row for row in account.truth("tickets")}
    for ticket_id, row in tickets.items():
        via = sent[ticket_id]["via"]
        assert row["via_channel"] == via["channel"]
        assert row["via_source_from_address"] == via["source"]["from"].get("address")
        assert row["created_at"] == datetime.fromisoformat(
            sent[ticket_id]["created_at"].rstrip("Z")
        )
    assert "custom_order_number" in columns_of(pipeline, "ticket")


@pytest.mark.long
def test_a_view_of_what_is_not_loaded_is_left_out_with_the_switch_of_dbt(zendesk, pipeline):
    load(pipeline, zendesk, "tickets", "users", "groups", "schedules")
    report = make_views(pipeline)
    (made,) = report.schemas
    left_out = {each.view: (each.streams, each.switch) for each in made.left_out}
    assert left_out["brand"] == (("brands",), "using_brands")
    assert left_out["ticket_comment"] == (("ticket_events",), "")
    assert made.missing == ("ticket_comment", "ticket_field_history")
    assert not report.is_complete
    assert report.dbt_vars["using_brands"] is False
    assert "using_audit_log" not in report.dbt_vars
    assert report.dbt_vars["using_schedules"] is False  # which ticket has which, events tell
    load(pipeline, zendesk, "ticket_events", "ticket_metric_events", "brands")
    report = make_views(pipeline)
    assert report.is_complete
    assert report.dbt_vars.keys().isdisjoint(("using_brands", "using_schedules"))
    asked(pipeline, "DROP VIEW zendesk_data_fivetran.brand")
    asked(pipeline, "DROP TABLE zendesk_data.brands")
    assert "brand" in {each.view for each in make_views(pipeline).schemas[0].left_out}


@pytest.mark.long
def test_a_load_brings_the_views_up_to_a_new_custom_field(account, zendesk, pipeline):
    load(pipeline, zendesk)
    assert columns_of(pipeline, "ticket") == {}
    make_views(pipeline)
    with pipeline.sql_client() as client:
        client.execute_sql("CREATE SCHEMA own")
        client.execute_sql(f"CREATE VIEW own.ticket_tmp AS SELECT * FROM {SCHEMA}.ticket")
    field = account.add_field("ticket", "text", "Floor")
    ticket_id = next(row["id"] for row in account.truth("tickets") if row["status"] == "open")
    account.set_custom_field(ticket_id, field["id"], "third")
    account.clock.advance(600)
    load(pipeline, zendesk)
    assert {row["id"]: row["custom_floor"] for row in shown(pipeline, "ticket")}[
        ticket_id
    ] == "third"


@pytest.mark.long
def test_tables_can_be_dropped_below_views(zendesk, pipeline):
    load(pipeline, zendesk)
    make_views(pipeline)
    assert "tickets" in (reset_stream(pipeline, "tickets", drop_tables=True) or ())
    load(pipeline, zendesk)
    assert len(shown(pipeline, "ticket")) == len(stored_rows(pipeline, "tickets"))


@pytest.mark.long
def test_accounts_that_share_a_dataset_have_a_schema_each(zendesk, pipeline):
    for subdomain in ("acme", "other-firm"):
        source = source_of(zendesk, subdomain=subdomain, account_column=True)
        assert sync(pipeline, source.with_resources(*select_streams(["core"]))).exit_code == 0
    report = make_views(pipeline)
    schemas = ["zendesk_data_acme_fivetran", "zendesk_data_other_firm_fivetran"]
    assert [made.schema for made in report.schemas] == schemas
    told = report.dbt_vars["zendesk_sources"]
    assert [each["schema"] for each in told] == [each["name"] for each in told] == schemas
    assert all(each["database"] for each in told)
    for schema in schemas:
        ids = [row["id"] for row in shown(pipeline, "ticket", schema)]
        assert len(ids) == len(set(ids)) == len(zendesk.account.truth("tickets"))


def test_a_shape_or_a_destination_that_is_not_there_is_refused(tmp_path, pipeline):
    with pytest.raises(ConfigurationError, match="no shape 'stitch'"):
        make_views(pipeline, "stitch")
    with pytest.raises(ConfigurationError, match="nothing in the dataset"):
        make_views(pipeline)
    files = dlt.pipeline("files", destination=dlt.destinations.filesystem(str(tmp_path)))
    with pytest.raises(ConfigurationError, match="DuckDB and Postgres"):
        make_views(files)


@pytest.mark.long
def test_schedules_holidays_and_targets_have_a_row_a_part(account, zendesk, pipeline):
    load(pipeline, zendesk, history=True)
    make_views(pipeline)
    schedules = account.truth("schedules")
    assert {
        (row["id"], row["time_zone"], row["start_time"], row["end_time"])
        for row in shown(pipeline, "schedule")
    } == {
        (each["id"], each["time_zone"], hours["start_time"], hours["end_time"])
        for each in schedules
        for hours in each["intervals"]
    }
    holidays = shown(pipeline, "schedule_holiday")
    assert {type(row["start_date"]) for row in holidays} == {date}
    policies = {row["id"]: row for row in account.truth("sla_policies")}
    targets = shown(pipeline, "sla_policy_metric_history")
    assert len(targets) == sum(len(each["policy_metrics"]) for each in policies.values())
    for row in targets:
        metric = policies[row["sla_policy_id"]]["policy_metrics"][row["index"]]
        assert {name: row[name] for name in ("metric", "priority", "target", "business_hours")} == {
            name: metric[name] for name in ("metric", "priority", "target", "business_hours")
        }
