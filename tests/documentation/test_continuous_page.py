"""The page on a sync that keeps running, and the service that its examples start."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # dlt brings it

from tests.support.simulated import log_in, served
from zendesk_source.catalogue import STREAMS
from zendesk_source.continuous.figures import Figures
from zendesk_source.continuous.metrics import metrics_text
from zendesk_source.simulator import Account, Simulator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "continuous.md").read_text(encoding="utf-8")
SERVICE = ROOT / "examples" / "service"
COMPOSE: dict[str, Any] = yaml.safe_load((SERVICE / "compose.yaml").read_text(encoding="utf-8"))
UNIT = (SERVICE / "zendesk.service").read_text(encoding="utf-8")
DOCKERFILE = (SERVICE / "Dockerfile").read_text(encoding="utf-8")
PROGRAM = "zendesk-source"


@pytest.fixture
def zendesk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with served(Account.generate(tickets=20, users=10, organizations=2)) as simulator:
        log_in(monkeypatch, simulator.base_url)
        yield simulator


def test_the_page_names_the_streams_of_every_round() -> None:
    listed = PAGE.partition("<!-- followed -->")[2].partition("<!-- /followed -->")[0]
    assert re.findall(r"`(\w+)`", listed) == [one.name for one in STREAMS if one.is_followed]


def test_the_page_names_every_metric() -> None:
    now = datetime(2026, 1, 15, tzinfo=timezone.utc)
    text = metrics_text({"": Figures(now, 60.0).snapshot()}, now)
    names = re.findall(r"^# TYPE zendesk_source_(\w+) ", text, re.MULTILINE)
    assert len(names) > 15
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def commands() -> dict[str, list[str]]:
    """Return what the service's examples run, without the program."""
    of_unit = re.search(r"^ExecStart=\S+/zendesk-source (.+)$", UNIT, re.MULTILINE)
    of_image = re.search(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert of_unit is not None
    assert of_image is not None
    return {
        "systemd": shlex.split(of_unit[1]),
        "image": list(map(str, yaml.safe_load(of_image[1]))),
        "compose": list(map(str, COMPOSE["services"]["zendesk"]["command"])),
    }


@pytest.mark.long
@pytest.mark.parametrize("kind", commands())
def test_what_the_examples_start_loads_and_ends_as_they_expect(
    kind: str, zendesk: Simulator
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [str(port) if each == "9464" else each for each in commands()[kind]]
    arguments = ["127.0.0.1" if each == "0.0.0.0" else each for each in arguments]
    command = [sys.executable, "-m", "zendesk_source", *arguments]
    with subprocess.Popen(command, text=True, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "round 1: rows" in line:
                break
        check = re.search(r'CMD \["python", "-c", "(.+)"\]$', DOCKERFILE, re.MULTILINE)
        assert check is not None
        healthy = [sys.executable, "-c", check[1].replace("9464", str(port))]
        assert subprocess.run(healthy, check=False, timeout=20).returncode == 0
        begun_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
        assert time.monotonic() - begun_at < 2
    assert code in map(int, re.findall(r"^SuccessExitStatus=(\d+)$", UNIT, re.MULTILINE))


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("there is no systemd-analyze")
    program = tmp_path / PROGRAM
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = re.sub(r"ExecStart=\S+", f"ExecStart={program}", UNIT)
    unit = re.sub(r"User=\w+", "User=root", unit).replace("/srv/zendesk", str(tmp_path))
    (tmp_path / "zendesk.service").write_text(re.sub(r"^OnFailure=.*$", "", unit, flags=re.M))
    ended = subprocess.run(
        [verify, "verify", str(tmp_path / "zendesk.service")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    about_ours = [line for line in ended.stderr.splitlines() if "zendesk.service" in line]
    assert about_ours == []


def test_the_figures_of_the_image_are_published_on_loopback_alone() -> None:
    assert COMPOSE["services"]["zendesk"]["ports"] == ["127.0.0.1:9464:9464"]
