"""``reconcile``: what it prints, and how it ends."""

from __future__ import annotations

import json

import dlt
import pytest

from tests.support.damage import column, execute
from tests.support.simulated import duckdb_pipeline
from zendesk_source.command_line import main
from zendesk_source.simulator import Simulator

STREAMS = ("--streams", "users,groups,ticket_metric_events")


@pytest.fixture
def loaded(zendesk: Simulator) -> dlt.Pipeline:
    assert main(["load", *STREAMS, "--quiet"]) == 0
    return duckdb_pipeline()


def damage(pipeline: dlt.Pipeline) -> str:
    """Delete a group, and return its id."""
    group_id = column(pipeline, "select min(id) from groups")[0]
    execute(pipeline, f"delete from groups where id = {group_id}")
    return str(group_id)


def test_equal_tables_end_with_0_and_say_what_was_checked(loaded, capsys) -> None:
    capsys.readouterr()
    assert main(["reconcile", *STREAMS]) == 0
    printed = capsys.readouterr()
    assert "comparing takes about" in printed.err
    assert "users                 equal" in printed.out
    assert "not checked: ticket_metric_events: " in printed.out


def test_a_difference_ends_with_6_and_is_named(loaded, capsys) -> None:
    group_id = damage(loaded)
    capsys.readouterr()
    assert main(["reconcile", "--quiet"]) == 6
    assert capsys.readouterr().err == f"error: missing: groups: {group_id}\n"
    assert main(["reconcile", "--json", "--repair"]) == 6
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 6
    assert document["streams"]["groups"]["tables"][0]["missing"] == [int(group_id)]
    assert document["streams"]["groups"]["repaired"] == 1
    assert main(["reconcile", "--quiet"]) == 0


CANNOT_BE_MEANT = {
    ("--sample", "0"): "--sample must be at least 1",
    ("--streams", "macros"): "None of these streams is loaded",
    ("--streams", "no_such"): "no_such",
    ("--dataset", "elsewhere"): "Nothing is loaded",
}


def test_what_cannot_be_meant_is_refused(loaded, capsys) -> None:
    told = {}
    for options in CANNOT_BE_MEANT:
        assert main(["reconcile", *options]) == 2, options
        told[options] = capsys.readouterr().err
    assert [each for each, message in CANNOT_BE_MEANT.items() if message not in told[each]] == []


def test_nothing_is_made_where_nothing_was_loaded(zendesk, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["reconcile"]) == 2
    assert "There is no DuckDB file" in capsys.readouterr().err
    assert list(tmp_path.glob("*.duckdb")) == []


@pytest.mark.long
def test_the_demo_finds_its_damage(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["reconcile", "--demo", "--streams", "tickets"]) == 6
    assert "missing: tickets: 7, 700" in capsys.readouterr().out
