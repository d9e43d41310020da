"""What Zendesk has deleted: marked and kept, or removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dlt
import pytest

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import assert_table_equals, stored_rows, whole_rows
from zendesk_source import sync
from zendesk_source.simulator import Account

TICKET_TABLES = ("ticket_metrics", "ticket_tags", "ticket_followers", "ticket_collaborators")
Marks = dict[Any, datetime | None]


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=20, users=12, organizations=3)


def marks(pipeline: dlt.Pipeline, table: str, key: str = "id") -> Marks:
    """Return when each row of a table was missed."""
    return {row[key]: row["_zendesk_deleted_at"] for row in whole_rows(pipeline, table)}


def without_loads(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_dlt_")}


def ids_of_parents(pipeline: dlt.Pipeline, table: str, column: str) -> set[Any]:
    return {row[column] for row in stored_rows(pipeline, table)}


def test_a_row_that_vanishes_from_a_list_stays_with_the_time(account, zendesk, either_pipeline):
    pipeline = either_pipeline
    pipeline.run(source_of(zendesk, "macros"))
    gone, *others = account.truth("macros")
    before = next(row for row in whole_rows(pipeline, "macros") if row["id"] == gone["id"])
    assert set(marks(pipeline, "macros").values()) == {None}

    account.remove_row("macros", gone["id"])
    account.clock.advance(3_600)
    missed_at = account.clock.now()
    pipeline.run(source_of(zendesk, "macros"))
    account.clock.advance(3_600)
    account.edit_row("macros", others[0]["id"], title="Another title")
    pipeline.run(source_of(zendesk, "macros"))

    assert_table_equals(pipeline, "macros", account.truth("macros"))
    found = marks(pipeline, "macros")
    assert found.pop(gone["id"]) == missed_at
    assert set(found.values()) == {None}
    after = next(row for row in whole_rows(pipeline, "macros") if row["id"] == gone["id"])
    before["_zendesk_deleted_at"] = after["_zendesk_deleted_at"]
    assert without_loads(after) == without_loads(before)


def test_a_row_that_comes_back_is_not_marked_any_more(account, zendesk):
    pipeline = duckdb_pipeline()
    row = account.truth("views")[0]
    for is_there in (True, False, True):
        if is_there:
            account.load_rows("views", [row])
        else:
            account.remove_row("views", row["id"])
        pipeline.run(source_of(zendesk, "views"))
        assert (marks(pipeline, "views")[row["id"]] is None) is is_there
    assert_table_equals(pipeline, "views", account.truth("views"))


def test_a_list_that_is_empty_now_marks_all_its_rows(account, zendesk):
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "schedules"))
    for row in account.truth("schedules"):
        account.remove_row("schedules", row["id"])
    pipeline.run(source_of(zendesk, "schedules"))
    assert len(marks(pipeline, "schedules")) == 2
    assert None not in marks(pipeline, "schedules").values()


def test_marks_outlive_a_refused_list_and_a_lost_working_folder(account, zendesk):
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "macros"))
    account.remove_row("macros", account.truth("macros")[0]["id"])
    pipeline.run(source_of(zendesk, "macros"))
    found = marks(pipeline, "macros")
    zendesk.refuse("macros")
    sync(pipeline, source_of(zendesk, "macros"))
    assert marks(pipeline, "macros") == found
    zendesk.allow("macros")
    pipeline.drop()
    account.clock.advance(3_600)
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "macros"))
    assert marks(pipeline, "macros") == found


def test_nothing_is_read_back_as_long_as_nothing_vanishes(account, zendesk, monkeypatch):
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "tags", "macros"))
    account.edit_row("macros", account.truth("macros")[0]["id"], title="Another title")
    asked: list[str] = []

    def stored_rows_of(table: str, *_: Any, **__: Any) -> Iterator[Any]:
        asked.append(table)
        return iter(())

    monkeypatch.setattr("zendesk_source.resources.lists.vanished._stored_rows", stored_rows_of)
    pipeline.run(source_of(zendesk, "tags", "macros"))
    assert asked == []
    account.remove_row("macros", account.truth("macros")[0]["id"])
    pipeline.run(source_of(zendesk, "tags", "macros"))
    assert asked == ["macros"]


@pytest.mark.long
def test_deleted_rows_are_removed_with_all_their_side_tables_hold(account, zendesk, item_format):
    pipeline = duckdb_pipeline()

    def load() -> None:
        account.clock.advance(3_600)
        settings = {"deleted": "remove", "item_format": item_format}
        pipeline.run(source_of(zendesk, "tickets", "users", **settings))

    load()
    tickets = [
        row for row in account.truth("tickets") if row["status"] != "deleted" and row["tags"]
    ]
    users = [row for row in account.truth("users") if row["active"] and row["role"] == "end-user"]
    ticket_id, user_id = tickets[0]["id"], users[0]["id"]
    assert ticket_id in ids_of_parents(pipeline, "ticket_metrics", "ticket_id")
    assert user_id in ids_of_parents(pipeline, "user_identities", "user_id")

    account.delete_ticket(ticket_id)
    account.delete_user(user_id)
    load()
    alive = [row for row in account.truth("tickets") if row["status"] != "deleted"]
    assert_table_equals(pipeline, "tickets", alive)
    for table in TICKET_TABLES:
        ids = ids_of_parents(pipeline, table, "ticket_id")
        assert ids <= {row["id"] for row in alive}, table
    assert_table_equals(pipeline, "users", [row for row in account.truth("users") if row["active"]])
    for table in ("user_identities", "user_tags"):
        assert user_id not in ids_of_parents(pipeline, table, "user_id"), table

    account.edit_ticket(ticket_id, status="open")  # restored
    load()
    for table, column in (("tickets", "id"), ("ticket_tags", "ticket_id")):
        assert ticket_id in ids_of_parents(pipeline, table, column)


def test_what_lists_flag_or_leave_out_is_removed(account, zendesk):
    pipeline = duckdb_pipeline()
    source = source_of(zendesk, "organizations", "macros", "groups", deleted="remove")
    pipeline.run(source)
    organization, group = account.truth("organizations")[0], account.truth("groups")[-1]
    account.delete_organization(organization["id"])
    account.remove_row("macros", account.truth("macros")[0]["id"])
    account.edit_row("groups", group["id"], deleted=True)
    account.clock.advance(3_600)
    pipeline.run(source)
    alive = [row for row in account.truth("organizations") if not row["deleted_at"]]
    assert_table_equals(pipeline, "organizations", alive)
    for table in ("organization_tags", "organization_domain_names"):
        assert organization["id"] not in ids_of_parents(pipeline, table, "organization_id")
    assert_table_equals(pipeline, "macros", account.truth("macros"))
    assert_table_equals(pipeline, "groups", account.truth("groups")[:-1])
    assert "_zendesk_deleted_at" not in whole_rows(pipeline, "groups")[0]
