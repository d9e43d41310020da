"""Custom fields whose definitions Zendesk does not show: at first, later, and never again."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from tests.support.scripted_zendesk import (
    SECOND,
    TIME,
    Reply,
    ScriptedZendesk,
    Seen,
    cursored,
    exported,
    ticket,
    user,
)
from tests.support.simulated import duckdb_pipeline
from tests.support.tables import stored_rows
from zendesk_source import sync
from zendesk_source.account.stream_run import StreamRun

STREAMS = pytest.mark.parametrize(
    ("stream", "item_format"),
    [
        ("tickets", "arrow"),
        ("tickets", "object"),
        ("users", "arrow"),
        ("custom_object_records", "auto"),
    ],
)
FORBIDDEN = Reply(403, {"error": "Forbidden", "description": "You do not have access"})
SEATS = {"id": 77, "key": "seats", "type": "integer", "title": "Seats of it"}


def _ticket(number: int, second: int, seats: int) -> dict[str, Any]:
    fields = [{"id": 77, "value": seats}]
    return ticket(number, generated_timestamp=second, custom_fields=fields, fields=fields)


def _user(number: int, second: int, seats: int) -> dict[str, Any]:
    changed = TIME.replace("22:13", f"22:{13 + (second - SECOND) // 60}")
    return user(number, updated_at=changed, user_fields={"seats": seats})


def _record(number: int, second: int, seats: int) -> dict[str, Any]:
    changed = TIME.replace("22:13", f"22:{13 + (second - SECOND) // 60}")
    return {
        "id": f"01{number}",
        "updated_at": changed,
        "custom_object_fields": {"seats": seats},
    }


OBJECTS = {"/api/v2/custom_objects": cursored("custom_objects", [{"key": "car", "title": "Car"}])}
KINDS: dict[str, tuple[Any, ...]] = {
    # stream: table, JSON key, path of the definitions, their key, path of the export, a row
    "tickets": (
        *("tickets", "custom_fields", "/api/v2/ticket_fields", "ticket_fields"),
        *("/api/v2/incremental/tickets/cursor", _ticket),
    ),
    "users": (
        *("users", "user_fields", "/api/v2/user_fields", "user_fields"),
        *("/api/v2/incremental/users/cursor", _user),
    ),
    "custom_object_records": (
        *("custom_object_car", "custom_object_fields", "/api/v2/custom_objects/car/fields"),
        *("custom_object_fields", "/api/v2/incremental/custom_objects/car/cursor", _record),
    ),
}


class Account:
    """A Zendesk with one export, whose rows have one custom field."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.table, self.key, self.definitions, self.list_key, self.path, self._row = KINDS[stream]
        self.rows: list[dict[str, Any]] = []

    def write(self, number: int, seats: int) -> None:
        self.rows.append(self._row(number, SECOND + 60 * len(self.rows), seats))

    def answer(self, seen: Seen) -> Any:
        """Return what stands behind the cursor, which counts the rows."""
        rows_key = self.stream
        shown = self.rows[int(seen.params.get("cursor", "0")) :]
        return exported(rows_key, shown) | {"after_cursor": str(len(self.rows))}

    def described(self) -> Any:
        return cursored(self.list_key, [SEATS])


def load(zendesk: ScriptedZendesk, pipeline: dlt.Pipeline, stream: str, form: str) -> StreamRun:
    zendesk.clock.sleep(3_600)
    report = sync(pipeline, zendesk.source(stream, item_format=form), clock=zendesk.clock)
    assert report.exit_code == 0
    return report.runs[stream]


@STREAMS
def test_fields_are_kept_as_json_and_become_columns_once_they_are_described(stream, item_format):
    account = Account(stream)
    pipeline = duckdb_pipeline()
    routes = {**OBJECTS, account.path: account.answer, account.definitions: FORBIDDEN}
    account.write(1, seats=7)
    with ScriptedZendesk(routes) as zendesk:
        for number in (2, 3):
            account.write(number, seats=number)
            run = load(zendesk, pipeline, stream, item_format)
            assert run.status == "ok"
            assert "are kept as JSON" in run.reason
            stored = stored_rows(pipeline, account.table)
            assert len(stored) == number
            assert all("seats" in str(row[account.key]) or "77" in str(row[account.key])
                       for row in stored)  # fmt: skip
            assert not [name for row in stored for name in row if name.startswith("cf_")]

        zendesk.routes[account.definitions] = account.described()
        run = load(zendesk, pipeline, stream, item_format)
        assert run.reason == ""
        seats = {row["id"]: row["cf_seats_of_it"] for row in stored_rows(pipeline, account.table)}
        assert sorted(seats.values()) == [2, 3, 7]  # also of rows that did not change

        asked = len(zendesk.asked(account.path))
        account.write(4, seats=4)
        load(zendesk, pipeline, stream, item_format)
        assert all("cursor" in seen.params for seen in zendesk.asked(account.path)[asked:])
        columns = pipeline.default_schema.tables[account.table]["columns"]
        assert columns["cf_seats_of_it"]["data_type"] == "bigint"


@STREAMS
def test_columns_stay_where_the_definitions_can_no_longer_be_read(stream, item_format):
    account = Account(stream)
    pipeline = duckdb_pipeline()
    routes = {**OBJECTS, account.path: account.answer, account.definitions: account.described()}
    account.write(1, seats=1)
    with ScriptedZendesk(routes) as zendesk:
        load(zendesk, pipeline, stream, item_format)
        zendesk.routes[account.definitions] = FORBIDDEN
        account.write(2, seats=2)
        run = load(zendesk, pipeline, stream, item_format)
        assert "keep the columns they have" in run.reason
        rows = stored_rows(pipeline, account.table)
        assert sorted(row["cf_seats_of_it"] for row in rows) == [1, 2]
        assert {name for row in rows for name in row if name.startswith("cf_")} == {
            "cf_seats_of_it"
        }
