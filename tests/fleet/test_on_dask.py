"""Many accounts on Dask: a scheduler and workers of their own processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra `distributed` is not installed")

from tests.support.dask_cluster import ROOT, cluster
from tests.support.many_accounts import CLIENT, SECRET, accounts_file, accounts_served
from tests.support.simulated import TOKEN
from tests.support.tables import assert_equals_truth
from tests.support.until import until
from zendesk_source import read_accounts
from zendesk_source.fleet.accounts_file import place_of
from zendesk_source.simulator import Account, Fault

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

STREAMS = 'streams = ["tickets", "users", "organizations", "macros"]'
OF_ALL = (f'client_id = "{CLIENT}"', 'client_secret = "env:OF_ALL"')
TABLES = ("tickets", "ticket_tags", "users", "user_identities", "organizations", "macros")
WRONG = "marker-wrong-secret"


def assert_account_equals(file: Path, name: str, account: Account, scratch: Path) -> None:
    (unit,) = read_accounts(file, [name])
    pipeline = place_of(unit).opened(pipelines_dir=str(scratch / name))
    pipeline.sync_destination()
    assert_equals_truth(pipeline, account, TABLES)


def test_a_killed_worker_wrong_credentials_and_an_outage_cost_no_other_account_a_row(tmp_path):
    names = [f"a{number:02}" for number in range(24)]
    secrets = {"OF_ALL": SECRET, "OF_A05": WRONG}
    with (
        accounts_served(names) as simulators,
        cluster(tmp_path, threads=6, environment=secrets) as dask,
    ):
        simulators["a07"].fail_next(Fault.UNAVAILABLE_WITHOUT_RETRY_AFTER, times=3)
        own = {"a05": 'client_secret = "env:OF_A05"'}
        file = accounts_file(tmp_path / "accounts.toml", simulators, *OF_ALL, STREAMS, **own)
        killed = threading.Event()

        def kill_one() -> None:
            until(lambda: sum(len(each.requests) for each in simulators.values()) >= 60)
            dask.look()
            dask.workers[0].popen.send_signal(signal.SIGKILL)
            killed.set()

        threading.Thread(target=kill_one, daemon=True).start()
        command = [sys.executable, "-m", "zendesk_source", "load", "--accounts", str(file)]
        done = subprocess.run(
            [*command, "--scheduler", dask.address, "--json", "--verbose"],
            env=dask.environment,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        dask.look()
        written = [done.stdout, done.stderr, *dask.pages.values(), *dask.scheduler.written]
        for worker in dask.workers:
            written += worker.written
    assert killed.is_set()
    assert done.returncode == 5, done.stderr
    accounts = json.loads(done.stdout)["accounts"]
    assert [each["account"] for each in accounts] == ["a05", *(n for n in names if n != "a05")]
    assert [each["exit_code"] for each in accounts] == [3] + [0] * 23
    assert "Check `client_id` and `client_secret`" in accounts[0]["reason"]
    for name in set(names) - {"a05"}:
        assert_account_equals(file, name, simulators[name].account, tmp_path)
    text = "\n".join(written)
    address = dask.workers[0].found(r"Start worker at:\s+tls://(\S+)")[1].replace(":", "%3A")
    assert "zendesk-a" in dask.pages[f"info/worker/tls%3A%2F%2F{address}.html"]  # it had loads
    assert [secret for secret in (SECRET, WRONG) if secret in text] == []
    assert os.environ.keys().isdisjoint(secrets)


def test_a_killed_scheduler_leaves_a_summary_that_says_what_is_known(tmp_path):
    names = ["acme", "beta", "gamma", "last"]
    goes_on = threading.Event()
    with (
        accounts_served(names) as simulators,
        cluster(tmp_path, threads=3, workers=1, environment={"OF_ALL": SECRET}) as dask,
    ):
        for name in ("beta", "gamma"):
            simulators[name].before_answer(lambda _: goes_on.wait(300))
        file = accounts_file(tmp_path / "accounts.toml", simulators, *OF_ALL, STREAMS)
        command = [sys.executable, "-m", "zendesk_source", "load", "--accounts", str(file)]
        command += ["--scheduler", dask.address, "--json", "--progress", "lines"]
        with subprocess.Popen(
            command,
            env=dask.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as load:
            assert load.stderr is not None
            told: list[str] = []
            while not {"acme: loaded", "last: loaded"} <= {line.split(",")[0] for line in told}:
                told.append(load.stderr.readline())
                assert told[-1], told
            dask.scheduler.popen.send_signal(signal.SIGKILL)
            written, _ = load.communicate(timeout=300)
        goes_on.set()
    accounts = {each["account"]: each for each in json.loads(written)["accounts"]}
    assert load.returncode == 5
    assert {name: each["exit_code"] for name, each in accounts.items()} == {
        "acme": 0,
        "beta": 1,
        "gamma": 1,
        "last": 0,
    }
    for name in ("beta", "gamma"):
        assert "The scheduler does not answer any more" in accounts[name]["reason"]
        assert "is not known" in accounts[name]["reason"]
    assert_account_equals(file, "acme", simulators["acme"].account, tmp_path)


def test_a_scheduler_without_tls_loads_into_a_database_where_that_is_allowed(
    tmp_path, postgres_url, monkeypatch
):
    names = ["acme", "beta", "gamma"]
    secrets = {"OF_ALL": SECRET, "DESTINATION__POSTGRES__CREDENTIALS": postgres_url}
    with (
        accounts_served(names) as simulators,
        cluster(tmp_path, threads=2, environment=secrets, protocol="tcp") as dask,
    ):
        lines = (*OF_ALL, 'destination = "postgres"', STREAMS)
        file = accounts_file(tmp_path / "accounts.toml", simulators, *lines)
        file.write_text(file.read_text().partition("\n")[2])  # Postgres takes no `database`
        command = [sys.executable, "-m", "zendesk_source", "load", "--accounts", str(file)]
        command += ["--scheduler", dask.address, "--json"]
        refused = subprocess.run(command, env=dask.environment, capture_output=True, check=False)
        done = subprocess.run(
            [*command, "--allow-tcp"],
            env=dask.environment,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert refused.returncode == 2
        assert b"is no address of TLS" in refused.stderr
        assert done.returncode == 0, done.stderr + done.stdout
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres_url)
        for name, simulator in simulators.items():
            assert_account_equals(file, name, simulator.account, tmp_path)
    assert [
        secret for secret in (SECRET, postgres_url) if secret in done.stdout + done.stderr
    ] == []


def test_processes_of_this_machine_find_a_secret_that_stands_in_the_file(tmp_path):
    with accounts_served(["acme", "beta", "gamma"]) as simulators:
        file = accounts_file(tmp_path / "accounts.toml", simulators, STREAMS)
        command = [sys.executable, "-m", "zendesk_source", "load", "--accounts", str(file)]
        done = subprocess.run(
            [*command, "--workers", "2", "--threads", "2", "--json", "--progress", "lines"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    accounts = json.loads(done.stdout)["accounts"]
    assert [each["account"] for each in accounts] == ["acme", "beta", "gamma"]
    assert len({each["worker"] for each in accounts}) == 2
    assert "beta: loaded, " in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    for name, simulator in simulators.items():
        assert_account_equals(file, name, simulator.account, tmp_path)


def test_ctrl_c_ends_the_command_at_once_and_the_next_one_goes_on(tmp_path):
    with accounts_served(["acme", "beta"]) as simulators:
        asked, goes_on = threading.Event(), threading.Event()

        def hang(_: object) -> None:
            asked.set()
            goes_on.wait(60)

        simulators["acme"].before_answer(hang)
        file = accounts_file(tmp_path / "accounts.toml", simulators, STREAMS)
        command = [sys.executable, "-m", "zendesk_source", "load", "--accounts", str(file)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as load:
            assert asked.wait(60)
            begun = time.monotonic()
            load.send_signal(signal.SIGINT)
            _, told = load.communicate(timeout=60)
            seconds = time.monotonic() - begun
        goes_on.set()
        assert load.returncode == 130
        assert "Stopped. What was loaded is complete" in told
        assert seconds < 5
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, simulator in simulators.items():
        assert_account_equals(file, name, simulator.account, tmp_path)
