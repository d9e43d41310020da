"""Arrow tables and objects give the same tables, and one dataset may change between them."""

from __future__ import annotations

from typing import Any

import pytest

from tests import test_streams
from tests.tables import Dataset, opened, stored_rows
from tests.test_sync import (
    account,
    assert_equals_truth,
    duckdb_pipeline,
    eventful_day,
    source_of,
    zendesk,
)
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.selection import select_streams
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

__all__ = ["account", "zendesk"]


def columns_of(dataset: Dataset, table: str) -> dict[str, Any]:
    columns = dataset.tables[table]["columns"]
    return {
        name: (column.get("data_type"), bool(column.get("primary_key")))
        for name, column in columns.items()
        if not name.startswith("_dlt_")
    }


@pytest.mark.timeout(600)
def test_both_item_formats_give_the_same_tables_of_every_stream():
    clock = SimulatedClock(start=test_streams.START)
    account = Account.generate(seed=5, tickets=120, users=60, organizations=10, clock=clock)
    # A text where Zendesk has always sent an object.
    account.edit_ticket(account.truth("tickets")[0]["id"], satisfaction_rating="offered")
    clock.advance(600)
    names = select_streams(["all", *test_streams.OPT_IN])
    by_format = {name: duckdb_pipeline(f"as_{name}") for name in ("arrow", "object")}
    with Simulator(
        account, rate_limits=RateLimits.off(), oauth_token=test_streams.TOKEN
    ) as simulator:
        for is_edited in (False, True):
            for item_format, pipeline in by_format.items():
                source = test_streams.source_of(simulator, item_format=item_format)
                report = sync(pipeline, source.with_resources(*names), clock=clock)
                assert report.exit_code == 0
            if not is_edited:
                clock.advance(3_600)
                for stream in STREAMS:
                    test_streams.edit(account, stream)
                clock.advance(3_600)
    as_arrow, as_object = by_format.values()
    tables = {str(table["name"]) for table in as_object.default_schema.data_tables()}
    assert tables == {str(table["name"]) for table in as_arrow.default_schema.data_tables()}
    # The records of custom objects have a table for each object.
    assert {stream.name for stream in STREAMS} - tables == {"custom_object_records"}
    assert any(table.startswith("custom_object_") and "fields" not in table for table in tables)
    with opened(as_arrow) as arrow, opened(as_object) as objects:
        for table in tables - {"_zendesk_sync_log"}:
            assert columns_of(arrow, table) == columns_of(objects, table), table
            of_both = (
                sorted(stored_rows(p, table), key=lambda row: str(sorted(row.items())))
                for p in (arrow, objects)
            )
            assert next(of_both) == next(of_both), table


@pytest.mark.parametrize(("first", "second"), [("object", "arrow"), ("arrow", "object")])
def test_a_dataset_may_change_its_item_format(account, zendesk, first, second):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, item_format=first))
    eventful_day(account)
    sync(pipeline, source_of(zendesk, item_format=second))
    assert_equals_truth(pipeline, account)
