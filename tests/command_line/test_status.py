"""``status`` reads the log of syncs: what is old, what failed, and what is oddly little."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from zendesk_source.command_line import main
from zendesk_source.runs.log_reader import LoggedRun, state_of, too_old

NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def logged(
    *rows: int, hours_apart: float = 1, status: str = "ok", is_at_end: bool = True
) -> list[LoggedRun]:
    """Return runs at equal distances, the last one at noon."""
    first = NOON - timedelta(hours=hours_apart * (len(rows) - 1))
    moments = [first + timedelta(hours=hours_apart * number) for number in range(len(rows))]
    return [
        LoggedRun(moment, status, "", count, moment, is_at_end)
        for moment, count in zip(moments, rows, strict=True)
    ]


def test_what_was_loaded_is_told_from_the_destination(zendesk, capsys) -> None:
    zendesk.refuse("tags")
    assert main(["load", "--streams", "tickets,groups,tags", "--quiet"]) == 5
    capsys.readouterr()
    assert main(["status", "--max-age", "2h"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[2:5]] == [
        ["tickets", "ok"],
        ["groups", "ok"],
        ["tags", "skipped"],
    ]
    assert lines[-1].startswith("skipped: tags: ")
    assert main(["status", "--streams", "groups,tags", "--max-age", "0.0001s", "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    assert (found["too_old"], set(found["streams"])) == (["groups"], {"groups", "tags"})
    assert found["streams"]["groups"]["rows"] == len(zendesk.account.truth("groups"))


def test_the_rows_are_those_that_the_load_told(zendesk, capsys) -> None:
    assert main(["load", "--streams", "tickets,ticket_fields", "--json"]) == 0
    loaded = json.loads(capsys.readouterr().out)["streams"]
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["streams"]
    assert {name: one["rows"] for name, one in told.items()} == {
        name: one["rows"] for name, one in loaded.items()
    }
    assert loaded["tickets"]["rows"] == len(zendesk.account.truth("tickets"))
    with duckdb.connect("zendesk.duckdb") as connection:
        ((rows, side_rows),) = connection.sql(
            "select rows, side_rows from zendesk_data._zendesk_sync_log where stream = 'tickets'"
        ).fetchall()
    tables = loaded["tickets"]["tables"]
    assert (rows, side_rows) == (tables.pop("tickets"), sum(tables.values()))


def test_a_log_from_before_side_tables_were_told_apart_is_read(zendesk, capsys) -> None:
    assert main(["load", "--streams", "tickets,groups", "--quiet"]) == 0
    with duckdb.connect("zendesk.duckdb") as connection:
        connection.execute("alter table zendesk_data._zendesk_sync_log drop column side_rows")
    assert main(["status", "--max-age", "1h"]) == 0
    assert "tickets  ok" in capsys.readouterr().out


def test_sums_of_an_old_log_are_not_compared_with_rows() -> None:
    old = [replace(run, is_sum=True) for run in logged(*[4_000] * 9)]
    new = [replace(run, started_at=run.started_at + timedelta(hours=12)) for run in logged(3, 4, 5)]
    assert state_of("tickets", [*old, *new], new[-1].started_at).usual_rows is None


def test_a_sync_that_began_in_the_future_is_not_fresh(zendesk, capsys) -> None:
    assert main(["load", "--streams", "groups,tags", "--quiet"]) == 0
    with duckdb.connect("zendesk.duckdb") as connection:
        connection.execute(
            "update zendesk_data._zendesk_sync_log set started_at = started_at + interval 1 year"
            " where stream = 'groups'"
        )
    assert main(["status", "--max-age", "1h"]) == 4
    printed = capsys.readouterr().out
    assert "wrong clock: groups: its last sync began in the future" in printed
    assert "too old: groups" in printed
    assert "too old: tags" not in printed
    assert main(["load", "--streams", "groups", "--quiet"]) == 0
    assert main(["status", "--max-age", "1h"]) == 0  # the one since then counts


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_names_are_whole_and_a_stream_takes_a_line_on_any_terminal(
    columns: int, zendesk, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["organization_memberships", "organizations", "satisfaction_ratings"]
    assert main(["load", "--streams", ",".join(names), "--quiet"]) == 0
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    assert main(["status"]) == 0
    heading, *lines = terminal.getvalue().splitlines()
    assert sorted(line.split()[0] for line in lines) == names
    assert ("last sync" in heading, "age" in heading) == (columns > 40, True)
    assert max(map(len, lines)) <= max(columns, 60)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "There is no DuckDB file"),
        (["--max-age", "2 weeks"], "--max-age cannot be '2 weeks'"),
        (["--max-age", "0h"], "--max-age cannot be"),
        (["--destination", "postgres"], "`database`"),
    ],
)
def test_a_mistake_is_explained_and_makes_no_file(
    arguments: list[str], words: str, capsys, own_dlt: Path
) -> None:
    assert main(["status", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert list(own_dlt.glob("*.duckdb")) == []


def test_age_counts_from_the_last_sync_that_read_all() -> None:
    runs = [
        *logged(5, 5)[:1],
        *logged(3, status="failed"),
        *logged(3, is_at_end=False),
    ]
    state = state_of("tickets", runs, NOON)
    assert state.complete_at == NOON - timedelta(hours=1)
    later = NOON + timedelta(minutes=30)
    assert dict(too_old({"tickets": state}, later, timedelta(hours=1))) == {
        "tickets": timedelta(minutes=90)
    }
    assert dict(too_old({"tickets": state}, later, timedelta(hours=2))) == {}


def test_a_stream_that_was_never_read_to_its_end_is_too_old_and_a_refused_one_is_not() -> None:
    states = {
        "tickets": state_of("tickets", logged(3, status="failed"), NOON),
        "tags": state_of("tags", logged(0, status="skipped"), NOON),
    }
    assert dict(too_old(states, NOON, timedelta(days=1))) == {"tickets": None}


@pytest.mark.parametrize(
    ("stream", "rows", "is_suspicious"),
    [
        ("groups", [40] * 9 + [2], True),
        ("groups", [40] * 9 + [30], False),
        ("groups", [40] * 3 + [2], False),
        ("groups", [5] * 9 + [0], False),
        ("tickets", [90_000, *[400] * 9, 3], True),
        ("tickets", [90_000, *[400] * 8, 2, 3], False),
        ("tickets", [90_000, *[400] * 9, 100], False),
    ],
    ids=[
        "a list that nearly vanished",
        "a list that shrank",
        "too few runs to tell",
        "so few rows that nothing follows",
        "changes that nearly stopped",
        "as quiet as a night before",
        "a quiet hour",
    ],
)
def test_far_fewer_rows_than_usual_are_pointed_out(
    stream: str, rows: list[int], is_suspicious: bool
) -> None:
    assert state_of(stream, logged(*rows), NOON).is_suspicious is is_suspicious


def test_a_sync_soon_after_another_is_expected_to_bring_little() -> None:
    runs = logged(90_000, *[400] * 9)
    soon = LoggedRun(NOON + timedelta(seconds=20), "ok", "", 0, None, True)
    assert not state_of("tickets", [*runs, soon], soon.started_at).is_suspicious
    much_later = LoggedRun(NOON + timedelta(hours=5), "ok", "", 0, None, True)
    assert state_of("tickets", [*runs, much_later], much_later.started_at).is_suspicious
