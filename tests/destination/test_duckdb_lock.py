"""Who reads a DuckDB file and who loads into it wait for each other, and neither fails for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line.conftest import account, zendesk
from tests.support.simulated import duckdb_pipeline
from tests.support.until import until
from zendesk_source.api.clock import SystemClock
from zendesk_source.command_line import main
from zendesk_source.destination.duckdb_lock import ASKED_LATELY_SECONDS, OpenFile

__all__ = ["account", "zendesk"]

LOAD = ["load", "--streams", "groups"]
FILE = Path("zendesk.duckdb")
WANTED = Path("zendesk.duckdb.wanted")
HOLD = """
import duckdb, sys
with duckdb.connect("zendesk.duckdb", read_only=sys.argv[1] == "reads"):
    print("open", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(how: str) -> Iterator[Callable[[], object]]:
    """Let another process have the file open; what is yielded ends it."""
    command = [sys.executable, "-c", HOLD, how]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as holder:  # type: ignore[call-overload]
        assert holder.stdout.readline() == "open\n"

        def end() -> None:
            if holder.poll() is None:
                holder.communicate("\n")

        yield end
        end()


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is done where a command would sleep."""
    actions: list[Callable[[], object]] = []

    def sleep(self: SystemClock, wait_seconds: float) -> None:
        for action in actions:
            action()

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    return actions


def test_a_load_waits_until_who_reads_has_ended(zendesk, asleep, capsys) -> None:
    assert main(LOAD) == 0
    with held("reads") as end:
        asleep.append(end)
        assert main(LOAD) == 0


@pytest.mark.parametrize("command", [["status"], ["report"], ["check", "--streams", "groups"]])
def test_who_reads_waits_until_the_load_lets_go_and_asks_it_to(
    zendesk, asleep, capsys, command: list[str]
) -> None:
    assert main(LOAD) == 0
    seen = []
    with held("writes") as end:
        asleep += [lambda: seen.append(WANTED.exists()), end]
        assert main(command) == 0
    assert seen == [True]
    assert not WANTED.exists()
    assert "another process has" in capsys.readouterr().err


def test_who_reads_gives_up_after_a_while_and_says_why(zendesk, asleep, capsys) -> None:
    assert main(LOAD) == 0
    with held("writes"):
        assert main(["status"]) == 1
    told = capsys.readouterr().err
    assert "zendesk.duckdb is open in another process" in told
    assert "--wait" in told
    assert not WANTED.exists()


def test_readers_read_beside_each_other_and_change_nothing(zendesk, capsys) -> None:
    assert main(LOAD) == 0
    before = FILE.stat().st_mtime_ns
    with held("reads"):
        assert main(["status"]) == 0
        assert main(["report"]) == 0
    assert FILE.stat().st_mtime_ns == before


def test_a_load_lets_go_of_the_file_while_it_reads_from_zendesk_when_asked(zendesk) -> None:
    assert main(LOAD) == 0
    file = OpenFile(duckdb_pipeline().sql_client(), FILE, SystemClock(), 20)
    events: list[str] = []
    file.on_open = lambda: events.append("opened")
    file.before_closing = lambda: events.append("closed")
    file.open()
    with file.lent():
        WANTED.touch()
        os.utime(WANTED, (0, WANTED.stat().st_mtime - 2 * ASKED_LATELY_SECONDS))
        with file.used():  # somebody asked long ago, and was killed
            assert events == ["opened"]
        WANTED.touch()
        until(lambda: not file.is_open, 20)
        with held("reads"):
            pass
    assert events == ["opened", "closed", "opened"]
    file.close()
