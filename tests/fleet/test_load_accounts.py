"""Many accounts in threads of one process, and the commands over all of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.many_accounts import accounts_file, accounts_served, stored_ids
from zendesk_source import load_account, load_accounts, read_accounts
from zendesk_source.command_line import main
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.simulator import Fault, Simulator

STREAMS = 'streams = ["tickets", "groups"]'
WRONG = "marker-wrong-token"


@pytest.fixture
def three() -> Iterator[dict[str, Simulator]]:
    with accounts_served(["acme", "beta", "gamma"]) as simulators:
        yield simulators


def ids_of(simulator: Simulator, table: str) -> list[int]:
    return sorted(row["id"] for row in simulator.account.truth(table))


def test_accounts_are_loaded_side_by_side_each_into_its_own_place(three, tmp_path):
    file = accounts_file(tmp_path / "accounts.toml", three, STREAMS)
    at_once = threading.Barrier(3, timeout=60)  # breaks unless all three ask at the same time
    for simulator in three.values():
        waits = iter([at_once.wait])
        simulator.before_answer(lambda _, waits=waits: next(waits, int)())
    report = load_accounts(file)
    assert [(each.account, each.exit_code, each.reason) for each in report.accounts] == [
        (name, 0, "") for name in three
    ]
    for name, simulator in three.items():
        assert stored_ids(file, name, "tickets") == ids_of(simulator, "tickets")
    simulator = three["beta"]
    simulator.account.clock.advance(3_600)
    ticket = simulator.account.create_ticket()["id"]
    simulator.account.clock.advance(3_600)
    again = load_accounts(file, only=["beta"], threads=1)  # in the same process
    assert [each.account for each in again.accounts] == ["beta"]
    assert ticket in stored_ids(file, "beta", "tickets")
    assert ticket not in stored_ids(file, "acme", "tickets")


def test_a_refused_account_is_named_and_the_others_are_loaded(three, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WRONG_TOKEN", WRONG)
    own = {"beta": 'oauth_token = "env:WRONG_TOKEN"', "gamma": 'oauth_token = "env:NOT_THERE"'}
    file = accounts_file(tmp_path / "accounts.toml", three, STREAMS, **own)
    three["acme"].fail_next(Fault.RESET, "tickets")
    assert main(["load", "--accounts", str(file), "--json", "--verbose"]) == 5
    written = capsys.readouterr()
    document = json.loads(written.out)
    assert document["exit_code"] == 5
    found = [(each["account"], each["exit_code"]) for each in document["accounts"]]
    assert found == [("gamma", 2), ("beta", 3), ("acme", 0)]
    gamma, _, acme = document["accounts"]
    assert "account gamma: oauth_token: there is nothing at env:NOT_THERE" in gamma["reason"]
    assert set(acme) == {
        *("account", "exit_code", "reason", "rows", "requests", "seconds", "worker"),
        *("attempts", "is_at_end"),
    }
    assert acme["rows"] >= len(ids_of(three["acme"], "tickets"))
    assert WRONG not in written.out + written.err

    assert main(["load", "--accounts", str(file), "--only", "acme,gamma"]) == 5
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["gamma", "acme"]
    assert lines[2].split()[1:3] == ["wrong", "setting"]
    assert "gamma: account gamma: oauth_token: there is nothing" in lines[-1]

    assert main(["status", "--accounts", str(file), "--json", "--max-age", "1h"]) == 4
    status = json.loads(capsys.readouterr().out)
    assert list(status["streams"]) == ["acme/tickets", "acme/groups"]
    assert sorted(status["unseen"]) == ["beta", "gamma"]
    assert main(["status", "--accounts", str(file), "--only", "acme", "--max-age", "1h"]) == 0
    assert main(["status", "--accounts", str(file)]) == 0
    assert "not seen: beta: There is no DuckDB file" in capsys.readouterr().out

    folder = tmp_path / "reports"
    assert main(["report", "--accounts", str(file), "--out", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["acme.html", "index.html"]
    index = (folder / "index.html").read_text()
    assert '<a href="acme.html">acme</a>' in index
    assert "<li>beta: " in index
    assert WRONG not in capsys.readouterr().out


def test_a_unit_says_what_became_of_it_and_never_raises(three, tmp_path):
    file = accounts_file(tmp_path / "accounts.toml", three, STREAMS)
    unit, *_ = read_accounts(file, ["acme"])
    json.dumps(unit)  # so that any scheduler can carry it
    done = json.loads(json.dumps(load_account(unit)))
    assert (done["account"], done["exit_code"], done["is_at_end"]) == ("acme", 0, True)
    broken = load_account({**unit, "streams": 7})
    assert (broken["exit_code"], broken["may_pass"]) == (1, True)
    assert "TypeError in zendesk_source." in broken["reason"]


def test_an_account_that_is_being_loaded_is_not_loaded_twice(three, tmp_path):
    file = accounts_file(tmp_path / "accounts.toml", three, STREAMS)
    unit, *_ = read_accounts(file, ["acme"])
    with only_sync_in(tmp_path / "dlt-data" / "pipelines" / "zendesk_acme"):
        done: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: done.append(load_account(unit)))
        thread.start()
        thread.join()
    assert (done[0]["exit_code"], done[0]["may_pass"]) == (1, False)
    assert "Another sync of pipeline 'zendesk_acme' is running" in done[0]["reason"]
    assert not Path(unit["database"]).exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "acme"], "--only goes with --accounts"),
        (["--workers", "0"], "--workers goes with --accounts"),
        (["--health-port", "0"], "--health-port belongs to --every"),
        (["--accounts", "a.toml", "--streams", "core"], "--accounts takes no --streams"),
        (["--accounts", "a.toml", "--destination", "postgres"], "takes no --destination"),
        (["--accounts", "a.toml", "--demo"], "takes no --demo"),
        (["--accounts", "a.toml", "--threads", "0"], "must be 1 or more"),
        (["--accounts", "a.toml", "--workers", "2", "--scheduler", "tls://h:1"], "Leave one of"),
        (["--accounts", "a.toml", "--threads", "2", "--scheduler", "tls://h:1"], "Leave it out"),
        (["--accounts", "a.toml"], "a.toml cannot be read: No such file"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(options, said, capsys):
    assert main(["load", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "ws://127.0.0.1:1"])
def test_a_scheduler_without_tls_is_refused_before_it_is_asked(address, tmp_path, capsys):
    file = tmp_path / "accounts.toml"
    file.write_text('[accounts.acme]\noauth_token = "env:TOKEN"')
    assert main(["load", "--accounts", str(file), "--scheduler", address]) == 2
    assert "is no address of TLS" in capsys.readouterr().err
