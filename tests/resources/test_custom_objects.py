"""Records of custom objects: a table for each object, typed by its fields."""

from __future__ import annotations

from datetime import date
from typing import Any

import dlt
import pytest

from tests.support.simulated import source_of
from tests.support.tables import whole_rows
from zendesk_source import sync
from zendesk_source.account.custom_objects import table_of
from zendesk_source.catalogue import STREAMS
from zendesk_source.resources.run import SliceLimits
from zendesk_source.simulator import Account
from zendesk_source.simulator.past.objects import deleted
from zendesk_source.simulator.store import iso

RECORDS = "custom_object_records"
HOUR = 3_600
COLUMNS = {
    "make": "cf_make",
    "remarks": "cf_remarks",
    "is_leased": "cf_is_leased",
    "doors": "cf_doors",
    "price": "cf_price",
    "registered": "cf_registered",
    "color": "cf_color",
    "plate": "cf_plate",
    "driver": "cf_driver",
}


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=1, users=3, organizations=1)


def is_deleted(record: dict[str, Any]) -> bool:
    return bool(record["name"] == "[DELETED]")


def assert_holds(pipeline: dlt.Pipeline, account: Account, key: str) -> None:
    """Check every record of an object, value by value."""
    sent = {row["id"]: row for row in account.truth(RECORDS) if row["custom_object_key"] == key}
    stored = {row["id"]: row for row in whole_rows(pipeline, f"custom_object_{key}")}
    assert stored.keys() == sent.keys()
    for record_id, record in sent.items():
        row, values = stored[record_id], record["custom_object_fields"]
        assert row["name"] == record["name"]
        assert row["is_deleted"] is is_deleted(record)
        assert iso(int(row["updated_at"].timestamp())) == record["updated_at"]
        for field, column in COLUMNS.items():
            expected = None if is_deleted(record) else values.get(field)
            assert as_sent(row.get(column), expected) == expected, (record_id, field)


def as_sent(found: Any, sent: Any) -> Any:
    """Return a stored value as Zendesk writes it."""
    if isinstance(found, date):
        return found.isoformat()
    return found if found is None else type(sent)(found)


def test_every_object_has_a_table_that_equals_its_records(account, zendesk, pipeline):
    report = sync(pipeline, source_of(zendesk, RECORDS))
    assert report.exit_code == 0, report.runs[RECORDS].reason
    keys = [row["key"] for row in account.truth("custom_objects")]
    assert len(keys) == 3
    for key in keys:
        assert_holds(pipeline, account, key)
    assert report.runs[RECORDS].rows == {f"custom_object_{key}": 12 for key in keys}
    types = pipeline.default_schema.tables["custom_object_car"]["columns"]
    fields = account.truth("custom_object_fields")
    second, unspelled = (
        next(row["id"] for row in fields if row["title"] == title) for title in ("make!", "型式")
    )
    assert {column: types[column]["data_type"] for column in types if column[:3] == "cf_"} == {
        "cf_make": "text", f"cf_make_{second}": "text", "cf_remarks": "text",
        "cf_is_leased": "bool", "cf_doors": "bigint", "cf_price": "decimal",
        "cf_registered": "date", "cf_color": "text", "cf_extras": "json", "cf_plate": "text",
        "cf_driver": "bigint", f"cf_{unspelled}": "text",
    }  # fmt: skip


@pytest.mark.long
def test_a_later_sync_asks_for_what_changed_and_finds_new_objects(account, zendesk, pipeline):
    sync(pipeline, source_of(zendesk, RECORDS))
    account.clock.advance(HOUR)
    cars = [row for row in account.truth(RECORDS) if row["custom_object_key"] == "car"]
    changed, gone = (row for row in cars[:3] if not is_deleted(row))
    values = {**changed["custom_object_fields"], "doors": 2, "newcomer": "of no known field"}
    account.edit_row(RECORDS, changed["id"], custom_object_fields=values)
    account.edit_row(RECORDS, gone["id"], **deleted(gone))
    account.add_row("custom_objects", key="boat", title="Boat")
    account.add_row(RECORDS, custom_object_key="boat", name="Ours", custom_object_fields={})
    fields = [row for row in account.truth("custom_object_fields") if row["key"] == "make"]
    account.edit_row("custom_object_fields", fields[0]["id"], title="Renamed since")
    account.clock.advance(HOUR)
    zendesk.forget_requests()
    report = sync(pipeline, source_of(zendesk, RECORDS))
    assert report.runs[RECORDS].rows == {"custom_object_car": 2, "custom_object_boat": 1}
    assert_holds(pipeline, account, "car")
    names = {row["name"] for row in whole_rows(pipeline, "custom_object_boat")}
    assert names == {"Ours"}
    asked = [request for request in zendesk.requests if request.stream == RECORDS]
    assert [r for r in asked if "/car/" in r.path and "cursor" not in r.query] == []

    account.clock.advance(HOUR)
    report = sync(pipeline, source_of(zendesk, RECORDS))
    assert report.runs[RECORDS].rows == {}
    assert_holds(pipeline, account, "car")


@pytest.mark.long
def test_a_plain_run_and_small_slices_give_the_same(account, zendesk, pipeline):
    keys = [row["key"] for row in account.truth("custom_objects")]
    pipeline.run(source_of(zendesk, RECORDS))
    sliced = dlt.pipeline("sliced", destination="duckdb", dataset_name="zendesk_data")
    report = sync(sliced, source_of(zendesk, RECORDS), limits=SliceLimits(max_pages=1))
    assert report.slices >= len(keys)
    for each in (pipeline, sliced):
        for key in keys:
            assert_holds(each, account, key)


def test_deleted_records_are_removed_where_that_is_asked_for(account, zendesk, pipeline):
    def load() -> set[str]:
        account.clock.advance(HOUR)
        pipeline.run(source_of(zendesk, RECORDS, deleted="remove"))
        return {row["id"] for row in whole_rows(pipeline, "custom_object_car")}

    before = load()
    cars = [row for row in account.truth(RECORDS) if row["custom_object_key"] == "car"]
    assert before == {row["id"] for row in cars if not is_deleted(row)}
    account.edit_row(RECORDS, cars[0]["id"], **deleted(cars[0]))
    assert load() == before - {cars[0]["id"]}


@pytest.mark.parametrize(("stream", "status"), [(RECORDS, 403), ("custom_objects", 404)])
def test_an_account_without_the_feature_is_a_skip(zendesk, pipeline, stream, status):
    zendesk.refuse(stream, status)
    report = sync(pipeline, source_of(zendesk, RECORDS, "users"))
    assert report.runs[RECORDS].status == "skipped"
    assert f"answered {status}" in report.runs[RECORDS].reason
    assert report.runs["users"].status == "ok"


def test_no_object_takes_the_table_of_a_stream_or_of_another_object():
    names: dict[str, str] = {}
    tables = [table_of(key, names) for key in ("fields", "records", "car", "Car", "car", "車")]
    assert tables[2] == tables[4] == "custom_object_car"
    assert len(set(tables)) == 5
    assert not set(tables) & {table.name for stream in STREAMS for table in stream.tables}
