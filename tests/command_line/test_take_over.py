"""``load --take-over``: streams go on where another connector stood, and no change is lost.

The tables of the other connector are the truth at the moment of its last run.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from dlt.common.json import json as dlt_json

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import moment, stored_rows
from tests.support.take_over import assert_nothing_is_lost, edit
from zendesk_source import ConfigurationError, sync, taken_over
from zendesk_source.catalogue import STREAMS
from zendesk_source.command_line import main
from zendesk_source.command_line.commands import load
from zendesk_source.extract.taken_over import CONNECTORS, Connector, TakenOver
from zendesk_source.simulator import Account, Simulator

_BOTH = ("tickets", "users", "organizations", "satisfaction_ratings", "ticket_events")
GOES_ON = {
    "singer": (*_BOTH, "ticket_metric_events"),
    "airbyte": _BOTH,
    "dlt": ("ticket_events", "ticket_metric_events"),
}
STARTS = {"singer": ("groups",), "airbyte": ("ticket_metric_events",), "dlt": ("tickets", "users")}


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=200, users=40, organizations=6)


def newest(account: Account, stream: str, key: str) -> Any:
    return max(row[key] for row in account.truth(stream))


def singer_state(account: Account) -> Any:
    marks = {
        "tickets": "generated_timestamp",
        "users": "updated_at",
        "organizations": "updated_at",
        "ticket_metric_events": "time",
        "satisfaction_ratings": "updated_at",
        "groups": "updated_at",
    }
    found = {name: {key: newest(account, name, key)} for name, key in marks.items()}
    return json.dumps({"bookmarks": found, "currently_syncing": None})


def airbyte_state(account: Account) -> Any:
    comments = str(newest(account, "ticket_comments", "created_at"))
    marks: dict[str, Any] = {
        "tickets": {"generated_timestamp": str(newest(account, "tickets", "generated_timestamp"))},
        "users": {"updated_at": newest(account, "users", "updated_at")},
        "organizations": {"updated_at": newest(account, "organizations", "updated_at")},
        "satisfaction_ratings": {
            "updated_at": newest(account, "satisfaction_ratings", "updated_at")
        },
        "ticket_comments": {"created_at": comments},
        "ticket_metric_events": {"time": newest(account, "ticket_metric_events", "time")},
        "brands": {},
    }
    return json.dumps(
        [
            {"type": "STREAM", "stream": {"stream_descriptor": {"name": n}, "stream_state": mark}}
            for n, mark in marks.items()
        ]
    )


def dlt_state(account: Account) -> Any:
    """As dlt writes ``state.json``: a moment is no plain text there."""
    updated = datetime.fromisoformat(
        newest(account, "tickets", "updated_at").replace("Z", "+00:00")
    )
    times = {
        "tickets": ("updated_at", updated),
        "ticket_events": ("timestamp", newest(account, "ticket_events", "timestamp")),
        "ticket_metric_events": ("time", moment(newest(account, "ticket_metric_events", "time"))),
    }
    resources = {
        name: {"incremental": {key: {"initial_value": None, "last_value": time}}}
        for name, (key, time) in times.items()
    }
    state = {"pipeline_name": "zendesk", "sources": {"zendesk_support": {"resources": resources}}}
    return dlt_json.typed_dumps(state)


STATES: dict[str, Callable[[Account], Any]] = {
    "singer": singer_state,
    "airbyte": airbyte_state,
    "dlt": dlt_state,
}


@pytest.mark.parametrize("connector", STATES)
def test_every_change_since_the_other_connector_arrives(
    account: Account, zendesk: Simulator, tmp_path: Path, capsys: Any, connector: str
) -> None:
    streams = [*GOES_ON[connector], *STARTS[connector]]
    old = {name: [dict(row) for row in account.truth(name)] for name in streams}
    file = tmp_path / "state.json"
    file.write_text(STATES[connector](account), "utf-8")
    edit(account)
    arguments = ["load", "--streams", ",".join(streams)]
    assert main([*arguments, "--take-over", str(file), "--from", connector]) == 0
    plan = capsys.readouterr().out.partition("\n\n")[0]
    told = {line.split()[0]: line for line in plan.splitlines()}
    assert_nothing_is_lost(old, account, streams)
    pipeline = duckdb_pipeline()
    pipeline.sync_destination()
    for name in STARTS[connector]:
        assert len(stored_rows(pipeline, name)) == len(account.truth(name)), name
        assert "its start" in told[name], told
    old = {name: [dict(row) for row in account.truth(name)] for name in streams}
    edit(account)
    assert main(arguments) == 0
    assert_nothing_is_lost(old, account, streams)


@pytest.mark.parametrize("connector", STATES)
def test_what_lies_well_before_the_bookmark_is_not_read_again(
    account: Account, zendesk: Simulator, tmp_path: Path, capsys: Any, connector: str
) -> None:
    file = tmp_path / "state.json"
    file.write_text(STATES[connector](account), "utf-8")
    edit(account)
    name = GOES_ON[connector][0]
    arguments = ["--take-over", str(file), "--from", connector, "--streams", f"{name},groups"]
    assert main(["load", *arguments]) == 0
    told = capsys.readouterr().out
    assert "it is read whole every time" in told
    pipeline = duckdb_pipeline()
    pipeline.sync_destination()
    assert 0 < len(stored_rows(pipeline, name)) < len(account.truth(name)) / 2
    # The places belong to the dataset now: asking once more is refused, and changes nothing.
    assert main(["load", *arguments]) == 2
    assert "has positions already" in capsys.readouterr().err
    assert main(["load", "--streams", name]) == 0
    # Read anew means from the start.
    assert main(["reset", name, "--json"]) == 0
    assert main(["load", "--streams", name]) == 0
    assert len(stored_rows(pipeline, name)) == len(account.truth(name))


def test_places_that_wait_for_their_stream_survive_a_crash(
    account: Account, zendesk: Simulator
) -> None:
    place = newest(account, "tickets", "generated_timestamp") - 61
    found = taken_over({"bookmarks": {"tickets": {"generated_timestamp": place + 61}}}, "singer")
    edit(account)

    def crash(runs: Any) -> None:
        raise KeyboardInterrupt

    source = source_of(zendesk, "tickets", "groups")
    with pytest.raises(KeyboardInterrupt):  # behind the first package, which has one stream
        sync(duckdb_pipeline(), source, take_over=found, on_slice=crash)
    with pytest.raises(ConfigurationError, match="has positions already"):
        sync(duckdb_pipeline(), source_of(zendesk, "tickets", "groups"), take_over=found)
    sync(duckdb_pipeline(), source_of(zendesk, "tickets", "groups"))
    pipeline = duckdb_pipeline()
    changed = [row for row in account.truth("tickets") if row["generated_timestamp"] >= place]
    ids = {row["id"] for row in stored_rows(pipeline, "tickets")}
    assert ids == {row["id"] for row in changed}
    assert {row["id"] for row in stored_rows(pipeline, "groups")} == {
        row["id"] for row in account.truth("groups")
    }


def test_a_place_waits_for_its_stream_in_a_later_run(account: Account, zendesk: Simulator) -> None:
    place = newest(account, "users", "updated_at")
    found = taken_over({"bookmarks": {"users": {"updated_at": place}}}, "singer")
    sync(duckdb_pipeline(), source_of(zendesk, "groups"), take_over=found)
    edit(account)
    sync(duckdb_pipeline(), source_of(zendesk, "users"))
    assert 0 < len(stored_rows(duckdb_pipeline(), "users")) < len(account.truth("users"))


def test_an_account_that_joins_a_shared_dataset_takes_over_for_itself(
    account: Account, zendesk: Simulator
) -> None:
    place = newest(account, "users", "updated_at")
    found = taken_over({"bookmarks": {"users": {"updated_at": place}}}, "singer")
    here, there = (
        source_of(zendesk, "users", subdomain=name, account_column=True)
        for name in ("acme", "emea")
    )
    sync(duckdb_pipeline(), here)
    whole = len(account.truth("users"))
    edit(account)
    sync(duckdb_pipeline(), there, take_over=found)
    assert whole < len(stored_rows(duckdb_pipeline(), "users")) < 2 * whole
    again = source_of(zendesk, "users", subdomain="emea", account_column=True)
    with pytest.raises(ConfigurationError, match="has positions already"):
        sync(duckdb_pipeline(), again, take_over=found)


def test_a_reset_before_the_first_reading_forgets_the_place(
    account: Account, zendesk: Simulator
) -> None:
    found = taken_over(
        {"bookmarks": {"users": {"updated_at": newest(account, "users", "updated_at")}}}, "singer"
    )
    sync(duckdb_pipeline(), source_of(zendesk, "groups"), take_over=found)
    assert main(["reset", "users", "--json"]) == 0
    sync(duckdb_pipeline(), source_of(zendesk, "users"))
    assert len(stored_rows(duckdb_pipeline(), "users")) == len(account.truth("users"))


REFUSED = [
    ("singer", '{"bookmarks": {"tick', "holds no JSON"),
    ("singer", "[]", "is no state of tap-zendesk"),
    ("singer", '{"bookmarks": {"issues": {"since": "2024-01-01"}}}', "tells of no stream"),
    ("singer", '{"bookmarks": {"users": {"updated_at": "soon"}}}', "damaged"),
    ("airbyte", '{"bookmarks": {}}', "is no state of Airbyte's connector"),
    ("airbyte", '[7, {"stream": {"stream_descriptor": 1}}]', "tells of no stream"),
    ("dlt", '{"sources": {"github": {"resources": {}}}}', "tells of no stream"),
    ("dlt", '{"sources": []}', "is no state of dlt's verified source"),
]


@pytest.mark.parametrize(("connector", "text", "words"), REFUSED)
def test_a_damaged_or_foreign_file_is_refused_before_anything_is_loaded(
    zendesk: Simulator, tmp_path: Path, capsys: Any, connector: str, text: str, words: str
) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    assert main(["load", "--take-over", str(file), "--from", connector, "--streams", "groups"]) == 2
    assert words in capsys.readouterr().err
    assert not Path("zendesk.duckdb").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--take-over", "no.json"], "belong together"),
        (["--from", "dlt"], "belong together"),
        (["--take-over", "no.json", "--from", "dlt"], "no.json cannot be read"),
        (["--take-over", "x", "--from", "dlt", "--end-date", "2024-01-01"], "takes no --end-date"),
        (["--take-over", "x", "--from", "dlt", "--dry-run"], "takes no --dry-run"),
        (["--take-over", "x", "--from", "dlt", "--demo"], "takes no --take-over"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    zendesk: Simulator, capsys: Any, arguments: list[str], words: str
) -> None:
    assert main(["load", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_window_with_an_end_is_no_place_to_take_over(
    zendesk: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "state.json").write_text('{"bookmarks": {"users": {"updated_at": "2024-01-01"}}}')
    monkeypatch.setenv("SOURCES__ZENDESK__END_DATE", "2025-01-01")
    file = str(tmp_path / "state.json")
    assert main(["load", "--take-over", file, "--from", "singer"]) == 2
    assert "end_date` sets an end" in capsys.readouterr().err


def test_the_command_offers_the_connectors_whose_states_are_known() -> None:
    assert load.CONNECTORS == tuple(CONNECTORS) == get_args(Connector)
    incremental = {stream.name for stream in STREAMS if stream.is_incremental}
    for connector in CONNECTORS.values():
        assert {rule.ours for rule in connector.rules if not rule.loses} <= incremental
        assert {rule.ours for rule in connector.rules} <= {stream.name for stream in STREAMS}
    assert isinstance(taken_over({"bookmarks": {"users": {"updated_at": 1}}}, "singer"), TakenOver)


KILLED_AT = {
    "its first page": "zendesk_source.resources.handing.Handing.tables",
    "its rows extracted": "dlt.Pipeline.normalize",
    "its files written": "dlt.Pipeline.load",
    "a table loaded": "zendesk_source.destination.duckdb_merge.MergeJob.run",
    "all tables loaded": "dlt.load.Load.complete_package",
}
CHILD = """
import os, signal, sys
from importlib import import_module

from zendesk_source.command_line import main

place, calls, *arguments = sys.argv[1:]
owner, name = place.rsplit(".", 1)
module, of_class = owner.rsplit(".", 1)
holder = getattr(import_module(module), of_class)
works, left = getattr(holder, name), [int(calls)]

def killed(*given, **named):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return works(*given, **named)

setattr(holder, name, killed)
main(arguments)
"""


@pytest.mark.long
@pytest.mark.parametrize("moment_of_kill", KILLED_AT)
def test_a_kill_in_the_very_first_package_loses_neither_rows_nor_places(
    account: Account, zendesk: Simulator, tmp_path: Path, capsys: Any, moment_of_kill: str
) -> None:
    streams = ["users", "tickets", "organizations"]
    old = {name: [dict(row) for row in account.truth(name)] for name in streams}
    file = tmp_path / "state.json"
    file.write_text(singer_state(account))
    edit(account)
    load = ["load", "--streams", ",".join(streams)]
    take_over = [*load, "--take-over", str(file), "--from", "singer"]
    calls = "1" if moment_of_kill == "a table loaded" else "0"
    child = [sys.executable, "-c", CHILD, KILLED_AT[moment_of_kill], calls, *take_over]
    assert subprocess.run(child, capture_output=True, check=False).returncode == -signal.SIGKILL
    # What the killed package held is loaded first; then the places are those of the dataset.
    again = main(take_over)
    if again == 2:
        assert "has positions already" in capsys.readouterr().err
        assert main(load) == 0
    else:
        assert again == 0
    assert_nothing_is_lost(old, account, streams)
    stored = stored_rows(duckdb_pipeline(), "tickets")
    assert 0 < len(stored) < len(account.truth("tickets")) / 2
    # A package that the destination has not seen is dropped, and its places with it.
    assert (again == 2) == (moment_of_kill in ("a table loaded", "all tables loaded"))
