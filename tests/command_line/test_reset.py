"""``reset`` lets a stream be read anew; ``plan`` says what that would take."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from io import StringIO

import duckdb
import pytest

from zendesk_source.command_line import main


def ids() -> list[int]:
    with duckdb.connect("zendesk.duckdb") as connection:
        rows = connection.sql("select id from zendesk_data.tickets order by 1").fetchall()
    return [row[0] for row in rows]


def rows_of_next_load(capsys: pytest.CaptureFixture[str], *streams: str) -> dict[str, int]:
    assert main(["load", "--streams", ",".join(streams), "--json"]) == 0
    loaded = json.loads(capsys.readouterr().out)["streams"]
    return {name: one["rows"] for name, one in loaded.items()}


@pytest.mark.long
def test_a_stream_that_is_reset_is_read_again_and_the_others_are_not(zendesk, capsys) -> None:
    rows_of_next_load(capsys, "tickets", "users")
    before = ids()
    assert main(["reset", "tickets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["was_reset"] is True
    assert ids() == before
    assert rows_of_next_load(capsys, "tickets", "users") == {"tickets": 60, "users": 0}
    assert ids() == before


@pytest.mark.long
def test_tables_are_dropped_when_that_is_said_twice(zendesk, capsys) -> None:
    rows_of_next_load(capsys, "tickets")
    assert main(["reset", "tickets", "--drop-tables"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert len(ids()) == 60
    assert main(["reset", "tickets", "--drop-tables", "--yes", "--json"]) == 0
    assert "ticket_tags" in json.loads(capsys.readouterr().out)["dropped"]
    with pytest.raises(duckdb.CatalogException):
        ids()
    assert rows_of_next_load(capsys, "tickets") == {"tickets": 60}
    assert len(ids()) == 60


@pytest.mark.parametrize("answer", ["\n", "n\n", ""], ids=["enter", "no", "ctrl_d"])
def test_nothing_is_dropped_without_a_yes(answer: str, capsys, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(answer))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert main(["reset", "tickets", "--drop-tables"]) == 2
    assert capsys.readouterr().err.startswith("Drop tickets, ticket_metrics, ")


def test_a_list_that_was_changed_by_hand_is_written_again(zendesk, capsys) -> None:
    rows_of_next_load(capsys, "groups")
    with duckdb.connect("zendesk.duckdb") as connection:
        connection.execute("update zendesk_data.groups set name = 'by hand'")
    assert main(["reset", "groups"]) == 0
    rows_of_next_load(capsys, "groups")
    with duckdb.connect("zendesk.duckdb") as connection:
        names = connection.sql("select name from zendesk_data.groups").fetchall()
    assert sorted(names) == sorted((row["name"],) for row in zendesk.account.truth("groups"))


def test_tables_are_dropped_on_postgres_too(zendesk, capsys, postgres_url, monkeypatch) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres_url)
    there = ["--destination", "postgres"]
    assert main(["load", "--streams", "groups", "--quiet", *there]) == 0
    assert main(["reset", "groups", "--drop-tables", "--yes", "--json", *there]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == ["groups"]
    assert main(["load", "--streams", "groups", "--json", *there]) == 0
    rows = json.loads(capsys.readouterr().out)["streams"]["groups"]["rows"]
    assert rows == len(zendesk.account.truth("groups"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reset", "tickts"], "Did you mean tickets"),
        (["reset", "talk"], "streams. Name one"),
        (["reset", "tickets"], "There is no DuckDB file"),
        (["plan", "--streams", "tickts"], "Did you mean tickets"),
        (["plan", "--start-date", "soon"], "is not a date"),
        (["load", "--demo", "--dry-run"], "--demo takes no --dry-run"),
    ],
)
def test_a_mistake_is_explained(zendesk, arguments: list[str], words: str, capsys) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_plan_counts_what_can_be_counted_and_loads_nothing(zendesk, capsys, own_dlt) -> None:
    zendesk.refuse("tags")
    streams = "tickets,users,ticket_events,groups,tags"
    assert main(["plan", "--streams", streams, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    planned = plan["streams"]
    truth = {name: len(zendesk.account.truth(name)) for name in planned}
    assert planned["groups"]["rows"] == truth["groups"]
    assert (planned["tickets"]["rows"], planned["tickets"]["is_exact"]) == (60, True)
    events = planned["ticket_events"]
    assert truth["ticket_events"] / 3 < events["rows"] < truth["ticket_events"] * 3
    assert planned["tickets"]["disk_bytes"] > 1_000
    assert "403" in planned["tags"]["reason"]
    assert plan["requests"] == sum(one["requests"] for one in planned.values())
    assert list(own_dlt.glob("*.duckdb")) == []


def test_a_dry_run_is_a_plan(zendesk, capsys) -> None:
    assert main(["load", "--dry-run", "--streams", "groups,users"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["users", "groups", "total"]


def test_a_plan_of_a_window_does_not_use_counts_of_all_times(zendesk, capsys) -> None:
    tickets = sorted(row["generated_timestamp"] for row in zendesk.account.truth("tickets"))
    moment = datetime.fromtimestamp(tickets[-5], timezone.utc).isoformat()
    assert main(["plan", "--streams", "tickets", "--start-date", moment, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["streams"]["tickets"]["rows"]
    assert rows <= 10
