"""RECORD lines: the quick way from Arrow says what the way row by row says."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from zendesk_source.catalogue import DataType
from zendesk_source.names import SYNCED_AT
from zendesk_source.shape.arrow import TableArrow
from zendesk_source.shape.tables import TableRows
from zendesk_source.singer.lines import record_lines

READ_AT = datetime(2026, 1, 15, 8, 0, 0, 250_000, timezone.utc)
TYPES: dict[str, DataType] = {
    "id": "bigint",
    "text": "text",
    "plain": "text",
    "is_it": "bool",
    "at": "timestamp",
    "day": "date",
    "share": "double",
    "amount": "decimal",
    "more": "json",
    SYNCED_AT: "timestamp",
}
ARROW: dict[str, Any] = {
    "bigint": pa.int64(),
    "text": pa.string(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "double": pa.float64(),
    "decimal": pa.decimal128(38, 9),
    "json": pa.string(),
}
ROWS: list[dict[str, Any]] = [
    {"id": 1, "plain": "open", "text": 'He said "no"\\,\nand\tleft\x01', "is_it": True},
    {
        "id": -(2**63),
        "plain": "",
        "text": "\u2028 \U0001f600 \u00e9",
        "share": 1e-7,
        "is_it": False,
    },
    {"id": 2**63 - 1, "at": datetime(1969, 12, 31, 23, 59, 59, 5, timezone.utc), "share": 1e22},
    {"id": 4, "day": date(1, 1, 1), "amount": Decimal("12345678901234567890.123456789")},
    {"id": 5, "amount": Decimal("0E-9"), "share": 3.0, "plain": "</script>"},
    {"id": 6, "more": '{"a":\n[1, "\\n"]}', "amount": Decimal("-0.100")},
    {"id": 7, "more": '"a text"'},
    {"id": 8},
]


def as_arrow(rows: list[dict[str, Any]]) -> TableArrow:
    columns = {
        name: pa.array([row.get(name) for row in rows], ARROW[kind]) for name, kind in TYPES.items()
    }
    return TableArrow("odd", pa.table(columns), {}, ("more",))


def lines_of(table: Any, **options: Any) -> list[dict[str, Any]]:
    given = {"without": (), "version": None, **options}
    lines = record_lines(table, TYPES, READ_AT, **given)
    assert lines.endswith(b"\n") or not lines
    return [json.loads(line, parse_float=Decimal) for line in lines.splitlines()]


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal(value)
        if isinstance(value, (int, Decimal)) and value not in (True, False)
        else datetime.fromisoformat(value.replace("Z", "+00:00"))
        if TYPES[name] == "timestamp"
        else value
        for name, value in record.items()
    }


def as_objects(rows: list[dict[str, Any]]) -> TableRows:
    """Return rows as the exact path makes them: only a text of a JSON column is quoted."""
    parsed = [
        {**row, "more": json.loads(row["more"])} if row.get("more", "")[:1] == "{" else row
        for row in rows
    ]
    return TableRows("odd", parsed, {}, ("more",))


def test_both_ways_say_the_same() -> None:
    rows = [{**row, SYNCED_AT: READ_AT} for row in ROWS]
    by_row = lines_of(as_objects(rows))
    by_column = lines_of(as_arrow(rows))
    assert [plain(each["record"]) for each in by_column] == [plain(e["record"]) for e in by_row]
    assert len(by_column) == len(ROWS)
    exact = {each["record"]["id"]: each["record"] for each in by_column}
    assert exact[4]["amount"] == Decimal("12345678901234567890.123456789")
    assert exact[1]["text"] == ROWS[0]["text"]
    assert exact[6]["more"] == {"a": [1, "\n"]}
    assert exact[8].keys() == {"id", SYNCED_AT}


@pytest.mark.parametrize("value", ["5", "true", "-1.5e3"])
def test_a_bare_value_of_a_json_column_is_a_text_which_its_schema_allows(value: str) -> None:
    row = {"id": 1, "more": value, SYNCED_AT: READ_AT}
    found = [lines_of(as_arrow([row])), lines_of(TableRows("odd", [row], {}, ("more",)))]
    assert [each[0]["record"]["more"] for each in found] == [value, value]


def test_what_is_not_wanted_is_left_out_and_a_version_is_told() -> None:
    rows = [{**row, SYNCED_AT: READ_AT} for row in ROWS]
    for table in (as_arrow(rows), as_objects(rows)):
        first = lines_of(table, without={"text", "is_it"}, version=7)[0]
        assert first["version"] == 7
        assert first["record"].keys() == {"id", "plain", SYNCED_AT}
        assert first["time_extracted"] == "2026-01-15T08:00:00.250000Z"


def test_a_table_without_rows_has_no_lines() -> None:
    assert lines_of(as_arrow([])) == []
