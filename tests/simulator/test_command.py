"""The command serves until it is interrupted, and says how to use it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
import requests

from zendesk_source.simulator.__main__ import main


def test_the_command_prints_credentials_that_work_and_stops_on_interrupt() -> None:
    command = [sys.executable, "-m", "zendesk_source.simulator", "--port", "0", "--tickets", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        greeting = "".join(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
        base_url = re.search(r"http://127\.0\.0\.1:\d+", greeting)[0]  # type: ignore[index]
        user, token = re.search(r"API token +(\S+) : (\S+)", greeting).groups()  # type: ignore[union-attr]
        me = requests.get(f"{base_url}/api/v2/users/me.json", auth=(user, token), timeout=10)
        assert me.json()["user"]["role"] == "admin"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    for option in ("--port", "--tickets", "--seed", "--plan", "--fault-rate", "--refuse"):
        assert option in out
