"""``load --every``: a process that keeps loading, is watched, and ends when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.support.simulated import duckdb_pipeline, log_in, served
from tests.support.tables import assert_table_equals
from tests.support.until import until
from zendesk_source.command_line import main
from zendesk_source.command_line.output import STOPPED
from zendesk_source.command_line.progress import Silent
from zendesk_source.simulator import Account, Simulator

HEALTH = Path("health.json")
LOAD = ["load", "--streams", "tickets,groups", "--every", "1s", "--health-file", str(HEALTH)]


@pytest.fixture
def account() -> Account:
    return Account.generate(tickets=30, users=10, organizations=2)


@pytest.fixture
def zendesk(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with served(account) as simulator:
        log_in(monkeypatch, simulator.base_url)
        yield simulator


def rounds_done() -> int:
    try:
        return sum(json.loads(HEALTH.read_text("utf-8"))["rounds"].values())
    except FileNotFoundError:
        return 0


@contextmanager
def ended_by_a_signal(is_so: Callable[[], object]) -> Iterator[list[float]]:
    """Send SIGTERM to this process as soon as something is so; the list gets the moment."""
    sent: list[float] = []

    def wait() -> None:
        until(is_so)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield sent
    thread.join()


def test_it_loads_again_and_again_until_a_signal_ends_it_at_once(
    account: Account, zendesk: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    edited: list[int] = []

    def is_time() -> bool:
        if rounds_done() == 1 and not edited:
            edited.append(account.truth("tickets")[0]["id"])
            account.edit_ticket(edited[0], subject="Edited between two rounds")
            account.clock.advance(600)
        return rounds_done() >= 3

    with ended_by_a_signal(is_time) as sent:
        assert main(LOAD) == 128 + signal.SIGTERM
        assert time.monotonic() - sent[0] < 2
    told = capfd.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert re.match(r"loading into .*zendesk\.duckdb every 1 s, lists every 1 h 0 min", lines[0])
    assert any(re.match(r"round 1: rows: tickets 30, groups \d+; in", line) for line in lines)
    assert any(re.match(r"round \d: rows: tickets 1; in", line) for line in lines)
    assert lines[-2:] == ["stopping", STOPPED]
    assert_table_equals(duckdb_pipeline(), "tickets", account.truth("tickets"))


def test_a_round_under_way_ends_at_a_signal_too(
    account: Account, zendesk: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    zendesk.latency_seconds = 0.0
    is_asked = threading.Event()
    held = threading.Event()

    def hold(request: object) -> None:
        if getattr(request, "stream", "") == "tickets":
            is_asked.set()
            held.wait(10)

    zendesk.before_answer(hold)
    with ended_by_a_signal(is_asked.is_set) as sent:
        assert main(LOAD) == 128 + signal.SIGTERM
        assert time.monotonic() - sent[0] < 2
    held.set()
    assert capfd.readouterr().err.splitlines()[-2:] == ["stopping", STOPPED]


def test_it_is_watched_over_http_and_its_file_is_free_in_between(zendesk: Simulator) -> None:
    command = [sys.executable, "-m", "zendesk_source", *LOAD[:-2], "--every", "30s"]
    command += ["--health-port", "0"]
    with subprocess.Popen(command, text=True, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        address = re.match(r"health at (http://127\.0\.0\.1:\d+)/healthz", first)
        assert address, first
        for line in process.stderr:
            if line.startswith("round 1: rows"):
                break
        with urllib.request.urlopen(f"{address[1]}/metrics", timeout=10) as answer:
            assert 'zendesk_source_rounds_total{outcome="ok"} 1\n' in answer.read().decode()
        with duckdb.connect("zendesk.duckdb", read_only=True) as reader:
            assert reader.sql("select count(*) from zendesk_data.tickets").fetchone() == (30,)
        begun_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
        assert time.monotonic() - begun_at < 2


def test_wrong_credentials_end_it_at_once(
    zendesk: Simulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log_in(monkeypatch, zendesk.base_url, oauth_token="wrong")
    assert main(LOAD) == 3
    assert "401" in capfd.readouterr().err


def test_an_interval_of_a_scheduler_has_an_end_and_is_refused(
    zendesk: Simulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DLT_INTERVAL_START", "2026-01-01T00:00:00Z")
    monkeypatch.setenv("DLT_INTERVAL_END", "2026-01-02T00:00:00Z")
    assert main(LOAD) == 2
    assert "--every has none" in capfd.readouterr().err


def test_waits_that_are_over_are_forgotten() -> None:
    now = [0.0]
    silent = Silent(stopwatch=lambda: now[0])
    for number in range(100):
        silent.on_wait(f"tickets/{number} answered 503", 60.0)
        now[0] += 61.0
    assert len(silent._told_until) == 1
