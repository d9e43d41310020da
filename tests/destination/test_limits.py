"""What a destination cannot hold is replaced and counted, or kept as JSON; every load goes on."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import dlt
import pyarrow as pa
import pytest

from tests.support.simulated import duckdb_pipeline, pipeline_into, source_of
from tests.support.tables import custom_field_columns, same, stored_rows
from zendesk_source import sync
from zendesk_source.destination.limits import Limits
from zendesk_source.names import MORE
from zendesk_source.shape.arrow import TableArrow
from zendesk_source.shape.room import Room
from zendesk_source.shape.tables import TableRows
from zendesk_source.simulator import Account

FIELDS = 1_700
Row = dict[str, Any]


@pytest.mark.parametrize(
    ("sent", "held", "count"),
    [
        (rb'["a\u0000b"]', r'["a\ufffdb"]', 1),
        (rb'{"k\u0000": "\u0000\u0000"}', r'{"k\ufffd": "\ufffd\ufffd"}', 3),
        (rb'["\\u0000 is text"]', r'["\\u0000 is text"]', 0),
        (rb'["\\\u0000"]', r'["\\\ufffd"]', 1),
        (rb'["\u00001", "\u0001"]', r'["\ufffd1", "\u0001"]', 1),
    ],
)
def test_the_character_of_no_code_is_replaced_and_what_only_looks_like_it_is_not(sent, held, count):
    assert Limits(takes_nul=False).holdable(sent) == (held.encode(), count)
    json.loads(held)
    assert Limits().holdable(sent) == (sent, 0)


MANY = [
    {
        "id": 1,
        "text": "one",
        "day": date(2024, 1, 31),
        "more_text": "a",
        "number": 5,
        "listed": ["x", None],
        "exact": Decimal("12345678901234567890.123456789"),
        "flag": True,
        "time": datetime(2024, 1, 31, tzinfo=timezone.utc),
    },
    {"id": 2, "text": "two"},
    {"id": 3, "flag": False},
]
TYPES: dict[str, Any] = {
    "text": "text",
    "day": "date",
    "more_text": "text",
    "number": "bigint",
    "listed": "json",
    "exact": "decimal",
    "flag": "bool",
    "time": "timestamp",
}


def as_rows(rows: list[Row]) -> TableRows:
    return TableRows("things", [dict(row) for row in rows], TYPES, ("listed",))


def as_arrow(rows: list[Row]) -> TableArrow:
    def texts(row: Row) -> Row:
        listed = {"listed": json.dumps(row["listed"])} if "listed" in row else {}
        return {name: row.get(name) for name in ("id", *TYPES)} | listed

    return TableArrow("things", pa.Table.from_pylist(list(map(texts, rows))), TYPES, ("listed",))


def rows_of(table: TableRows | TableArrow) -> list[Row]:
    if isinstance(table, TableRows):
        return table.rows
    found = []
    for row in table.rows.to_pylist():
        row = {name: value for name, value in row.items() if value is not None}
        found.append(
            row | {name: json.loads(row[name]) for name in ("listed", MORE) if name in row}
        )
    return found


@pytest.mark.parametrize("shaped", [as_rows, as_arrow])
def test_what_finds_no_column_is_kept_by_its_name(shaped):
    room = Room(4, None, ["id"], ["text"])
    fitted = shaped(MANY).fitted(room)
    assert rows_of(fitted) == [
        {
            "id": 1,
            "text": "one",
            "day": date(2024, 1, 31),
            "more_text": "a",
            MORE: {
                "number": 5,
                "listed": ["x", None],
                "exact": "12345678901234567890.123456789",
                "flag": True,
                "time": "2024-01-31T00:00:00+00:00",
            },
        },
        {"id": 2, "text": "two"},
        {"id": 3, MORE: {"flag": False}},
    ]
    assert fitted.new_columns == {"text": "text", "day": "date", "more_text": "text", MORE: "json"}
    assert room.refused == {"number", "listed", "exact", "flag", "time"}


@pytest.mark.parametrize("shaped", [as_rows, as_arrow])
def test_the_last_values_of_a_row_that_is_too_wide_are_kept_by_their_names(shaped):
    room = Room(None, 3 * 24, ["id"], [])
    first, *others = rows_of(shaped(MANY).fitted(room))
    assert first == {"id": 1, "text": "one", "day": date(2024, 1, 31), MORE: first[MORE]} | {
        "more_text": "a"
    }
    assert list(first[MORE]) == ["number", "listed", "exact", "flag", "time"]
    assert others == MANY[1:]
    assert room.wide_rows == 1


@pytest.mark.parametrize("shaped", [as_rows, as_arrow])
def test_a_table_that_fits_is_not_touched(shaped):
    table = shaped(MANY)
    assert table.fitted(Room(9, 10_000, ["id"], [])) is table


@pytest.fixture
def account() -> Account:
    return Account.generate(tickets=8, users=5, organizations=2)


def postgres_pipeline(url: str) -> dlt.Pipeline:
    place = dlt.destinations.postgres(url)
    return pipeline_into(place)


NUL_STREAMS = ("tickets", "ticket_events", "ticket_fields", "macros", "users")


@pytest.mark.long
def test_postgres_gets_every_row_with_a_character_it_cannot_hold(
    account, zendesk, postgres_url, item_format
):
    field = account.add_field("ticket", "text", "Na\0me")
    ticket = account.create_ticket(subject="a\0b", tags=["x\0y"], via={"channel": "we\0b"})
    account.set_custom_field(ticket["id"], field["id"], "c\0d")
    account.comment(ticket["id"], body="h\0i")
    account.edit_ticket(ticket["id"], **{"subject": "\0", "new\0key": {"in\0side": ["\0"]}})
    macro = account.truth("macros")[0]
    account.edit_row("macros", macro["id"], title="m\0", actions=[{"field": "\0", "value": "\0"}])
    account.clock.advance(600)
    pipeline = postgres_pipeline(postgres_url)
    for _ in range(2):
        settings: Any = {"item_format": item_format, "history": True}
        source = source_of(zendesk, *NUL_STREAMS, **settings)
        report = sync(pipeline, source)
        assert report.exit_code == 0
        account.edit_ticket(ticket["id"], subject="again \0")
        account.clock.advance(600)
    assert "which Postgres cannot hold, became U+FFFD (count: " in report.runs["tickets"].reason
    (stored,) = (row for row in stored_rows(pipeline, "tickets") if row["id"] == ticket["id"])
    assert stored["subject"] == "again \ufffd"
    assert json.loads(json.dumps(stored["new_key"])) == {"in\ufffdside": ["\ufffd"]}
    assert stored[custom_field_columns(pipeline, "tickets")[str(field["id"])]] == "c\ufffdd"
    assert "x\ufffdy" in {row["tag"] for row in stored_rows(pipeline, "ticket_tags")}
    assert "h\ufffdi" in {row["body"] for row in stored_rows(pipeline, "ticket_comments")}
    assert len(stored_rows(pipeline, "tickets")) == len(account.truth("tickets"))


def test_duckdb_holds_it(account, zendesk):
    ticket = account.create_ticket(subject="a\0b")
    account.clock.advance(600)
    pipeline = duckdb_pipeline()
    report = sync(pipeline, source_of(zendesk, "tickets"))
    assert report.runs["tickets"].reason == ""
    assert [r["subject"] for r in stored_rows(pipeline, "tickets") if r["id"] == ticket["id"]] == [
        "a\0b"
    ]


def more_of(pipeline: dlt.Pipeline) -> dict[int, Row]:
    """Return what found no column, by ticket."""
    with pipeline.sql_client() as client:
        tickets = client.make_qualified_table_name("tickets")
        found = client.execute_sql(f"select id, {MORE}::text from {tickets}")
    return {ticket: json.loads(text) for ticket, text in found or () if text}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("destination", "item_format"),
    [("postgres", "arrow"), ("postgres", "object"), ("duckdb", "arrow")],
)
def test_more_custom_fields_than_columns_are_all_loaded(
    account, zendesk, request, destination, item_format
):
    fields = [account.add_field("ticket", "text", f"Field {n}")["id"] for n in range(FIELDS)]
    full, some = (account.create_ticket(subject="many")["id"] for _ in range(2))
    sent = {full: {str(f): f"value {f}" for f in fields}, some: {str(fields[-1]): "last"}}
    for ticket, values in sent.items():
        custom = [{"id": f, "value": values.get(str(f))} for f in fields]
        account.edit_ticket(ticket, custom_fields=custom, fields=custom)
    account.clock.advance(600)
    if destination == "postgres":
        pipeline = postgres_pipeline(request.getfixturevalue("postgres_url"))
    else:
        pipeline = duckdb_pipeline()
    for number in range(2):
        source = source_of(zendesk, item_format=item_format)
        report = sync(pipeline, source.with_resources("tickets", "ticket_fields"))
        assert report.exit_code == 0
        account.edit_ticket(full, subject=f"edited {number}")
        account.clock.advance(600)
    run = report.runs["tickets"]
    assert ('custom_fields = "rows"' in run.reason) == (destination == "postgres")
    names = custom_field_columns(pipeline, "tickets")
    stored = {row["id"]: row for row in stored_rows(pipeline, "tickets")}
    assert stored.keys() == {row["id"] for row in account.truth("tickets")}
    more = more_of(pipeline) if destination == "postgres" else {}
    for ticket, values in sent.items():
        found = {**stored[ticket], **more.get(ticket, {})}
        assert all(same(value, found[names[field]]) for field, value in values.items())
        assert len(found.keys() & set(names.values())) == len(values)
