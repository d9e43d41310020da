"""Several accounts in one dataset: each complete, and none touched by what another one does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dlt
import pytest

from tests.support.simulated import duckdb_pipeline, log_in, served, source_of
from tests.support.tables import TABLES, assert_rows_equal, stored_rows, whole_rows
from zendesk_source import ConfigurationError, sync
from zendesk_source.command_line import main
from zendesk_source.runs.reset import reset_stream
from zendesk_source.simulator import Account, Simulator

STREAMS = ("tickets", "users", "ticket_fields", "groups", "macros", "tags")
"""An export with side tables, one with fields, a list with a side table, and lists."""


class Zendesk:
    """One simulated account and its name."""

    def __init__(self, name: str, simulator: Simulator) -> None:
        self.name, self.simulator, self.account = name, simulator, simulator.account

    def source(self, *streams: str, **settings: Any):
        settings = {"account_column": True, "subdomain": self.name, **settings}
        return source_of(self.simulator, *streams or STREAMS, **settings)


@pytest.fixture
def two() -> Iterator[tuple[Zendesk, Zendesk]]:
    """Two accounts with the same ids everywhere."""
    with ExitStack() as stack:
        made = []
        for name in ("acme", "acme-emea"):
            account = Account.generate(seed=6, tickets=30, users=12, organizations=3)
            made.append(Zendesk(name, stack.enter_context(served(account))))
        yield made[0], made[1]


def rows_of(zendesk: Zendesk, pipeline: dlt.Pipeline, table: str) -> list[dict[str, Any]]:
    rows = stored_rows(pipeline, table)
    assert {row["account"] for row in rows} <= {"acme", "acme-emea"}
    own = [row for row in rows if row["account"] == zendesk.name]
    return [{name: row[name] for name in row if name != "account"} for row in own]


def assert_complete(zendesk: Zendesk, pipeline: dlt.Pipeline) -> None:
    for table in (*STREAMS, "ticket_tags", "ticket_field_options", "user_identities"):
        rows = rows_of(zendesk, pipeline, table)
        truth = zendesk.account.truth(table)
        assert_rows_equal(pipeline, table, truth, rows, TABLES[table].primary_key, zendesk.name)


@pytest.mark.long
def test_each_account_is_complete_and_none_is_touched_by_another(two):
    one, other = two
    pipeline = duckdb_pipeline()
    for zendesk in two:
        assert sync(pipeline, zendesk.source()).exit_code == 0
    for zendesk in two:
        assert_complete(zendesk, pipeline)

    account = one.account
    account.clock.advance(3_600)
    ticket, gone, *_ = (row["id"] for row in account.truth("tickets") if row["status"] == "open")
    account.edit_ticket(ticket, tags=["of_one"], subject="Of one")
    account.delete_ticket(gone)
    account.remove_row("macros", account.truth("macros")[0]["id"])
    for row in account.truth("groups"):
        account.remove_row("groups", row["id"])
    account.clock.advance(3_600)
    before = {table: rows_of(other, pipeline, table) for table in (*STREAMS, "ticket_tags")}
    sync(pipeline, one.source())
    assert_complete(one, pipeline)
    assert_complete(other, pipeline)
    assert {table: rows_of(other, pipeline, table) for table in before} == before

    for zendesk in two:  # nothing is new: an export is asked for its end, and no list is written
        report = sync(pipeline, zendesk.source())
        assert {name: report.runs[name].rows.get(name, 0) for name in ("tickets", "users")} == {
            "tickets": 0,
            "users": 0,
        }
        assert_complete(zendesk, pipeline)


def test_a_vanished_row_is_marked_or_removed_for_its_account_alone(two):
    one, other = two
    pipeline = duckdb_pipeline()
    for zendesk in two:
        pipeline.run(zendesk.source("macros"))
    gone = one.account.truth("macros")[0]["id"]
    one.account.remove_row("macros", gone)
    pipeline.run(one.source("macros"))
    marked = [
        (row["account"], row["id"])
        for row in whole_rows(pipeline, "macros")
        if row["_zendesk_deleted_at"] is not None
    ]
    assert marked == [("acme", gone)]
    for row in one.account.truth("macros"):
        one.account.remove_row("macros", row["id"])
    pipeline.run(one.source("macros", deleted="remove"))
    left = {(row["account"], row["id"]) for row in whole_rows(pipeline, "macros")}
    assert left == {("acme-emea", row["id"]) for row in other.account.truth("macros")}


def test_a_list_of_one_account_may_be_empty_at_first_and_later(two, either_pipeline):
    pipeline = either_pipeline
    one, other = two
    lists = ("macros", "ticket_fields")
    kept = {table: one.account.truth(table) for table in lists}
    for table in lists:
        for row in kept[table]:
            one.account.remove_row(table, row["id"])
    settings = {"deleted": "remove"}
    for zendesk in (one, other, one):
        report = sync(pipeline, zendesk.source(*lists, **settings), clock=zendesk.account.clock)
        assert report.exit_code == 0
    for table in lists:
        for row in other.account.truth(table):
            other.account.remove_row(table, row["id"])
        for row in kept[table]:
            one.account.add_row(table, **row)
    for zendesk in (one, other):
        report = sync(pipeline, zendesk.source(*lists, **settings), clock=zendesk.account.clock)
        assert report.exit_code == 0
        for table in lists:
            ids = {row["id"] for row in rows_of(zendesk, pipeline, table)}
            assert ids == {row["id"] for row in zendesk.account.truth(table)}
    options = {row["account"] for row in whole_rows(pipeline, "ticket_field_options")}
    assert options == {"acme"}


@pytest.mark.long
def test_versions_of_an_account_are_closed_by_its_own_list_only(two):
    one, other = two
    pipeline = duckdb_pipeline()
    pipeline.run(one.source("macros"))
    for zendesk in two:  # one's table was there before its history
        pipeline.run(zendesk.source("macros", history=True))
    changed = one.account.truth("macros")[0]["id"]
    one.account.edit_row("macros", changed, title="Second title")
    pipeline.run(one.source("macros", history=True))

    def open_versions(zendesk: Zendesk) -> list[bool]:
        rows = [row for row in whole_rows(pipeline, "macros") if row["account"] == zendesk.name]
        return sorted(row["_zendesk_valid_to"] is None for row in rows)

    count = len(other.account.truth("macros"))
    assert open_versions(one) == [False] + [True] * count
    assert open_versions(other) == [True] * count
    for row in one.account.truth("macros"):
        one.account.remove_row("macros", row["id"])
    pipeline.run(one.source("macros", history=True))
    assert open_versions(one) == [False] * (count + 1)
    assert open_versions(other) == [True] * count


def test_an_account_whose_table_was_dropped_begins_its_history_anew(two):
    pipeline = duckdb_pipeline()
    for zendesk in two:
        pipeline.run(zendesk.source("macros", history=True))
    reset_stream(pipeline, "macros", drop_tables=True)
    for history in (False, True):  # each account's rows were there before its history
        for zendesk in two:
            pipeline.run(zendesk.source("macros", history=history))
    for zendesk in two:
        rows = [row for row in whole_rows(pipeline, "macros") if row["account"] == zendesk.name]
        assert len(rows) == len(zendesk.account.truth("macros"))
        assert all(row["_zendesk_valid_from"] and not row["_zendesk_valid_to"] for row in rows)


@pytest.mark.long
def test_fields_of_one_title_share_a_column_and_each_account_has_its_own_labels(two):
    pipeline = duckdb_pipeline()
    for zendesk, label, kind, size in zip(
        two, ("Dark red", "Bordeaux"), ("integer", "text"), (7, "large"), strict=True
    ):
        account = zendesk.account
        if zendesk is two[1]:
            account.add_field("ticket", "text", "So that ids differ from here on")
        color = account.add_field("ticket", "tagger", "Color", options=["Red"])
        (option,) = color["custom_field_options"]
        account.edit_row(
            "ticket_fields", color["id"], custom_field_options=[{**option, "name": label}]
        )
        ticket = next(row["id"] for row in account.truth("tickets") if row["status"] == "open")
        account.set_custom_field(ticket, color["id"], option["value"])
        sized = account.add_field("ticket", kind, "Size")
        account.set_custom_field(ticket, sized["id"], size)
        account.clock.advance(3_600)
        sync(pipeline, zendesk.source("tickets", "ticket_fields"))
    with pipeline.sql_client() as client:
        found = client.execute_sql(
            "SELECT account, cf_color__label, cf_size, cf_size__v_text FROM tickets_labeled"
            " WHERE cf_color IS NOT NULL ORDER BY account"
        )
    assert found == [("acme", "Dark red", 7, None), ("acme-emea", "Bordeaux", None, "large")]


@pytest.mark.long
def test_the_dataset_is_shared_from_its_first_load_or_not_at_all(two, tmp_path):
    one, other = two
    pipeline = duckdb_pipeline()
    sync(pipeline, one.source("tags", account_column=False))
    with pytest.raises(ConfigurationError, match=r"without the column .* Load into a new one"):
        sync(pipeline, other.source("tags"))
    shared = dlt.pipeline("shared", destination="duckdb", dataset_name="shared_data")
    sync(shared, one.source("tags"))
    with pytest.raises(ConfigurationError, match=r"several accounts: acme\. Set account_column"):
        sync(shared, other.source("tags", account_column=False))
    place = dlt.destinations.filesystem(str(tmp_path / "files"))
    files = dlt.pipeline("files", destination=place, dataset_name="zendesk_data")
    with pytest.raises(ConfigurationError, match="filesystem cannot merge"):
        sync(files, one.source("tags"))


@pytest.mark.long
def test_the_command_line_tells_accounts_apart(two, monkeypatch, capsys):
    monkeypatch.setenv("SOURCES__ZENDESK__ACCOUNT_COLUMN", "true")

    def load(zendesk: Zendesk) -> dict[str, int]:
        log_in(monkeypatch, zendesk.simulator.base_url, subdomain=zendesk.name)
        assert main(["load", "--streams", "users", "--json"]) == 0
        streams = json.loads(capsys.readouterr().out)["streams"]
        return {name: run["rows"] for name, run in streams.items()}

    assert [load(zendesk)["users"] for zendesk in two] == [12, 12]
    assert main(["status", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["streams"]) == [
        "acme/users",
        "acme-emea/users",
    ]
    assert main(["report"]) == 2
    assert "holds 2 accounts: acme, acme-emea. Name one" in capsys.readouterr().err
    assert main(["report", "--account", "acme-emea"]) == 0
    assert ">12<" in Path("zendesk_report.html").read_text()  # users
    capsys.readouterr()
    assert main(["reset", "users", "--account", "nobody"]) == 2
    assert "These do: acme, acme-emea." in capsys.readouterr().err
    assert main(["reset", "users", "--account", "acme-emea"]) == 0
    capsys.readouterr()
    assert [load(zendesk)["users"] for zendesk in two] == [0, 12]
