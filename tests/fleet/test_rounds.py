"""Many accounts that are loaded again and again by one process."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.support.many_accounts import accounts_file, accounts_served, stored_ids
from tests.support.until import until
from zendesk_source import keep_accounts
from zendesk_source.command_line import main
from zendesk_source.continuous.rounds import Round
from zendesk_source.errors import ConfigurationError

STREAMS = 'streams = ["tickets", "groups"]'


def test_each_account_has_its_rounds_whatever_is_wrong_with_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATE_TOKEN", "wrong")
    stop, rounds, errors = threading.Event(), Counter[str](), Counter[str]()
    created: dict[str, int] = {}
    with accounts_served(["acme", "beta", "gamma"]) as simulators:
        own = {"beta": 'oauth_token = "env:LATE_TOKEN"'}
        file = accounts_file(tmp_path / "accounts.toml", simulators, STREAMS, **own)

        def on_round(name: str, done: Round) -> None:
            errors[name] += done.error is not None
            rounds[name] += done.is_good
            account = simulators[name].account
            if rounds[name] == 1 and done.is_good:
                created[name] = account.create_ticket()["id"]
                account.clock.advance(600)
            if min(rounds["acme"], rounds["gamma"]) >= 3:
                monkeypatch.setenv("LATE_TOKEN", "a-token")  # right from now on
            if min(rounds[each] for each in simulators) >= 3:
                stop.set()

        keep_accounts(file, threads=2, every_seconds=0.2, stop=stop, on_round=on_round)
        for name, simulator in simulators.items():
            ids = sorted(row["id"] for row in simulator.account.truth("tickets"))
            assert stored_ids(file, name, "tickets") == ids, name
            assert created[name] in ids
            asked = Counter(request.stream for request in simulator.requests)
            assert asked["groups"] == 1, name  # a list is not asked again within the hour
    assert errors["beta"] > 0
    assert (errors["acme"], errors["gamma"]) == (0, 0)


def test_it_is_watched_and_ends_at_a_signal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    health = tmp_path / "health.json"
    sent: list[float] = []
    metrics: list[str] = []

    def document() -> dict[str, dict[str, dict[str, dict[str, int]]]]:
        return json.loads(health.read_text("utf-8")) if health.exists() else {"accounts": {}}

    def watch() -> None:
        until(lambda: sum(e["rounds"]["ok"] > 0 for e in document()["accounts"].values()) >= 2)
        address = capfd.readouterr().err.partition("health at ")[2].partition("/healthz")[0]
        with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
            metrics.extend(answer.read().decode().splitlines())
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    with accounts_served(["acme", "beta"]) as simulators:
        file = accounts_file(tmp_path / "accounts.toml", simulators, STREAMS)
        threading.Thread(target=watch, daemon=True).start()
        command = ["load", "--accounts", str(file), "--every", "60s", "--health-port", "0"]
        assert main([*command, "--health-file", str(health)]) == 143
        assert time.monotonic() - sent[0] < 2
    for name in ("acme", "beta"):
        assert f'zendesk_source_rounds_total{{account="{name}",outcome="ok"}} 1' in metrics


def test_a_file_that_is_wrong_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text("[accounts.acme]")
    with pytest.raises(ConfigurationError):
        keep_accounts(file)


def test_rounds_are_of_one_process(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = str(tmp_path / "accounts.toml")
    assert main(["load", "--accounts", file, "--every", "60s", "--workers", "2"]) == 2
    assert "--every takes no --workers" in capfd.readouterr().err
