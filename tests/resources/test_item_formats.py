"""Arrow tables and objects give the same tables, and one dataset may change between them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.edits import edit, eventful_day
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import Dataset, assert_equals_truth, opened, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.destination.abilities import Abilities
from zendesk_source.resources.item_format import takes_arrow
from zendesk_source.settings.options import ItemFormat
from zendesk_source.simulator import Account

pytestmark = pytest.mark.long

# Lists and the records of custom objects are objects in both: one path, one code.
IN_ARROW = {s.name: s for s in STREAMS if s.is_incremental and s.each_of is None}


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=3, tickets=280, users=60, organizations=15)


def columns_of(dataset: Dataset, table: str) -> dict[str, Any]:
    columns = dataset.tables[table]["columns"]
    return {
        name: (column.get("data_type"), bool(column.get("primary_key")))
        for name, column in columns.items()
        if not name.startswith("_dlt_")
    }


def test_only_exports_become_arrow_tables():
    of_each: list[tuple[ItemFormat, bool, set[str]]] = [
        ("arrow", True, set(IN_ARROW)),
        ("object", True, set()),
        ("auto", True, set(IN_ARROW)),
        ("auto", False, set()),
    ]
    for item_format, able, expected in of_each:
        there = Abilities("a kind", takes_parquet=able)
        found = {stream.name for stream in STREAMS if takes_arrow(stream, item_format, {}, there)}
        assert found == expected


@pytest.mark.timeout(600)
def test_both_item_formats_give_the_same_tables():
    account = Account.generate(seed=5, tickets=120, users=60, organizations=10)
    # A text where Zendesk has always sent an object.
    account.edit_ticket(account.truth("tickets")[0]["id"], satisfaction_rating="offered")
    account.clock.advance(600)
    by_format = {name: duckdb_pipeline(f"as_{name}") for name in ("arrow", "object")}
    with served(account) as simulator:
        for is_edited in (False, True):
            for item_format, pipeline in by_format.items():
                source = source_of(simulator, *IN_ARROW, item_format=item_format)
                report = sync(pipeline, source, clock=account.clock)
                assert report.exit_code == 0
            if not is_edited:
                account.clock.advance(3_600)
                for stream in IN_ARROW.values():
                    edit(account, stream)
                account.clock.advance(3_600)
    as_arrow, as_object = by_format.values()
    tables = {str(table["name"]) for table in as_object.default_schema.data_tables()}
    assert tables == {str(table["name"]) for table in as_arrow.default_schema.data_tables()}
    assert tables >= {table.name for stream in IN_ARROW.values() for table in stream.tables}
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
