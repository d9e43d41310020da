"""Arrow tables and objects give the same tables, and one dataset may change between them."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from tests.tables import CORE_TABLES, TABLES, stored_rows
from tests.test_sync import (
    account,
    assert_equals_truth,
    duckdb_pipeline,
    eventful_day,
    source_of,
    zendesk,
)
from zendesk_source import sync

__all__ = ["account", "zendesk"]


def columns_of(pipeline: dlt.Pipeline, table: str) -> dict[str, Any]:
    columns = pipeline.default_schema.tables[table]["columns"]
    return {
        name: (column.get("data_type"), bool(column.get("primary_key")))
        for name, column in columns.items()
        if not name.startswith("_dlt_")
    }


def test_both_item_formats_give_the_same_tables(account, zendesk):
    by_format = {}
    for item_format in ("arrow", "object"):
        by_format[item_format] = duckdb_pipeline(f"as_{item_format}")
        sync(by_format[item_format], source_of(zendesk, item_format=item_format))
    eventful_day(account)
    for item_format, pipeline in by_format.items():
        sync(pipeline, source_of(zendesk, item_format=item_format))
        assert_equals_truth(pipeline, account)
    as_arrow, as_object = by_format.values()
    for table in CORE_TABLES:
        assert columns_of(as_arrow, table) == columns_of(as_object, table), table
        keys = TABLES[table].primary_key
        of_both = (
            sorted(stored_rows(p, table), key=lambda row: [str(row[key]) for key in keys])
            for p in by_format.values()
        )
        assert next(of_both) == next(of_both), table


@pytest.mark.parametrize(("first", "second"), [("object", "arrow"), ("arrow", "object")])
def test_a_dataset_may_change_its_item_format(account, zendesk, first, second):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, item_format=first))
    eventful_day(account)
    sync(pipeline, source_of(zendesk, item_format=second))
    assert_equals_truth(pipeline, account)
