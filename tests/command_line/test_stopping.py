"""Ctrl-C and SIGTERM, wherever a load waits; and a time that is up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dlt.common.pipeline import get_dlt_pipelines_dir

from tests.support.scripted_zendesk import Reply, ScriptedZendesk, Seen, cursored, exported, ticket
from tests.support.simulated import duckdb_pipeline, log_in
from tests.support.until import until
from zendesk_source import sync
from zendesk_source.api.clock import SystemClock
from zendesk_source.command_line import main
from zendesk_source.command_line.output import STOPPED
from zendesk_source.errors import ConfigurationError, ServerUnavailable
from zendesk_source.file_lock import file_lock
from zendesk_source.runs.one_at_a_time import LOCK_FILE

CREDENTIALS = "SOURCES__ZENDESK__CREDENTIALS__"
GROUPS = cursored("groups", [{"id": 7, "name": "g"}])
BUSY = Reply(429, b"", {"Retry-After": "600"})
SILENT = Reply(silent=True)
TICKETS = "/api/v2/incremental/tickets/cursor"
NO_FIELDS = {"/api/v2/ticket_fields": cursored("ticket_fields", [])}

WAITS: dict[str, dict[str, Any]] = {
    "who we are, slow": {"/api/v2/users/me": SILENT},
    "who we are, refused": {"/api/v2/users/me": BUSY},
    "who we are, failing": {"/api/v2/users/me": Reply(503, b"", {"Retry-After": "600"})},
    "a list, slow": {"/api/v2/groups": SILENT},
    "an export, slow": {TICKETS: SILENT},
    "an export, refused": {TICKETS: BUSY},
    "definitions, slow": {
        "/api/v2/ticket_fields": SILENT,
        TICKETS: exported("tickets", [ticket(custom_fields=[{"id": 5, "value": "x"}])]),
    },
}


@pytest.fixture
def zendesk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedZendesk]:
    with ScriptedZendesk({"/api/v2/groups": GROUPS, **NO_FIELDS}) as zendesk:
        log_in(monkeypatch, zendesk.base_url)
        yield zendesk


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the sleeps that have begun by the machine's clock."""
    begun: list[float] = []

    def sleep(self: SystemClock, wait_seconds: float) -> None:
        begun.append(wait_seconds)
        time.sleep(wait_seconds)

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    return begun


def once(is_so: Callable[[], object], do: Callable[[], None]) -> None:
    """Do something on another thread as soon as something is so."""

    def wait() -> None:
        until(is_so)
        do()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("wait", WAITS)
def test_a_signal_ends_every_wait_at_once(
    wait: str,
    number: int,
    zendesk: ScriptedZendesk,
    naps: list[float],
    capfd: pytest.CaptureFixture[str],
) -> None:
    zendesk.routes.update(WAITS[wait])
    (path, answer), sent = next(iter(WAITS[wait].items())), []

    def is_waiting() -> object:
        return zendesk.asked(path) and (answer is SILENT or naps)

    def send() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    once(is_waiting, send)
    assert main(["load", "--streams", "groups,tickets"]) == 128 + number
    assert time.monotonic() - sent[0] < 2
    assert capfd.readouterr().err.splitlines()[-2:] == ["stopping", STOPPED]
    assert signal.getsignal(number) is before
    zendesk.routes.update({"/api/v2/users/me": {"user": {"id": 1}}, "/api/v2/groups": GROUPS})
    assert main(["load", "--streams", "groups"]) == 0


@contextmanager
def another_sync() -> Iterator[None]:
    """Hold the lock of the pipeline as another process does."""
    folder = Path(get_dlt_pipelines_dir())
    folder.mkdir(parents=True)
    with file_lock(folder / f"zendesk.{LOCK_FILE}", lambda: None):
        yield


def test_a_signal_ends_the_wait_for_another_sync(
    zendesk: ScriptedZendesk, naps: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    with another_sync():
        once(lambda: naps, lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert main(["load", "--streams", "groups", "--wait"]) == 143
    assert "stopping" in capfd.readouterr().err


CHILD = """
import sys, hashlib, socket
from zendesk_source.command_line import main
if "deaf" in sys.argv[1]:  # within a library that hears no signal
    def deaf(*_, **__):
        print("deaf", flush=True)
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
    socket.getaddrinfo = deaf
if "loading" in sys.argv[1]:
    import dlt.load.load, time
    def hang(*_):
        print("loading", flush=True)
        while True:
            time.sleep(0.1)
    dlt.load.load.Load.complete_jobs = hang
sys.exit(main(["check" if "checking" in sys.argv[1] else "load", "--streams", "groups"]))
"""


@pytest.mark.long
@pytest.mark.parametrize(("kind", "signals"), [("deaf", 1), ("loading", 2), ("checking", 1)])
def test_a_process_that_cannot_hear_ends_all_the_same(
    kind: str, signals: int, zendesk: ScriptedZendesk
) -> None:
    if kind == "checking":
        zendesk.routes["/api/v2/groups"] = SILENT
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        if kind == "checking":
            until(lambda: zendesk.asked("/api/v2/groups"))
        else:
            assert child.stdout.readline() == f"{kind}\n"
        begun_at = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stderr.readline().startswith("stopping")
        for _ in range(signals - 1):
            child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        assert time.monotonic() - begun_at < 2.5
    assert child.returncode == 130
    assert said.endswith("Stopped.\n" if kind == "checking" else STOPPED + "\n")
    zendesk.routes["/api/v2/groups"] = GROUPS
    assert main(["load", "--streams", "groups"]) == 0


SLOW_PARTS = [key for key in WAITS if not key.startswith("who")]


@pytest.mark.parametrize("wait", SLOW_PARTS)
def test_no_wait_outlives_the_time_of_a_sync(wait: str, zendesk: ScriptedZendesk) -> None:
    zendesk.clock = SystemClock()
    macros = cursored("macros", [{"id": 3, "title": "m"}])
    zendesk.routes.update({TICKETS: exported("tickets", [ticket()]), "/api/v2/macros": macros})
    assert sync(duckdb_pipeline(), zendesk.source("macros")).exit_code == 0
    zendesk.routes.update(WAITS[wait])
    begun_at = time.monotonic()
    report = sync(
        duckdb_pipeline(), zendesk.source("macros", "groups", "tickets"), max_minutes=0.05
    )
    assert report.exit_code == 0
    assert time.monotonic() - begun_at < 3 + 4
    late = "groups" if "list" in wait else "tickets"
    assert (report.runs[late].is_at_end, report.runs[late].status) == (False, "ok")
    if "definitions" not in wait:  # which the thread waits for that takes all streams' pages
        assert report.runs[{"groups": "tickets", "tickets": "groups"}[late]].is_at_end


def test_a_list_that_was_read_in_part_leaves_its_table(zendesk: ScriptedZendesk) -> None:
    zendesk.clock = SystemClock()
    assert sync(duckdb_pipeline(), zendesk.source("groups")).exit_code == 0

    def half(seen: Seen) -> Any:
        if "page[after]" in seen.params:
            return SILENT
        meta = {"has_more": True, "after_cursor": "c"}
        return {"groups": [{"id": 8, "name": "new"}], "meta": meta, "links": {"next": None}}

    zendesk.routes["/api/v2/groups"] = half
    report = sync(duckdb_pipeline(), zendesk.source("groups"), max_minutes=0.02)
    assert (report.exit_code, report.runs["groups"].is_at_end) == (0, False)
    with duckdb_pipeline().sql_client() as client:
        assert client.execute_sql("SELECT id FROM groups") == [(7,)]


@pytest.mark.parametrize("answer", [BUSY, Reply(503, b"", {"Retry-After": "600"})])
def test_a_wait_that_is_too_long_ends_with_the_time(
    answer: Reply, zendesk: ScriptedZendesk
) -> None:
    zendesk.routes[TICKETS] = answer
    clock = zendesk.clock
    report = sync(
        duckdb_pipeline(), zendesk.source("groups", "tickets"), max_minutes=2, clock=clock
    )
    assert report.exit_code == 0
    assert clock.monotonic() == pytest.approx(120, abs=2)
    assert not report.runs["tickets"].is_at_end
    zendesk.routes[TICKETS] = exported("tickets", [ticket()])
    assert sync(duckdb_pipeline(), zendesk.source("tickets"), clock=clock).runs["tickets"].is_at_end


def test_a_time_that_is_up_before_zendesk_knows_us_is_told(
    zendesk: ScriptedZendesk, own_dlt: Path
) -> None:
    zendesk.routes["/api/v2/users/me"] = BUSY
    with pytest.raises(ServerUnavailable, match="in the time there was"):
        sync(duckdb_pipeline(), zendesk.source("groups"), max_minutes=2, clock=zendesk.clock)
    assert zendesk.clock.monotonic() == pytest.approx(120, abs=2)
    assert list(own_dlt.glob("*.duckdb")) == []


def test_the_same_source_can_be_read_after_a_time_that_was_up(zendesk: ScriptedZendesk) -> None:
    source = zendesk.source("groups", "tickets")
    zendesk.routes[TICKETS] = BUSY
    assert (
        not sync(duckdb_pipeline(), source, max_minutes=1, clock=zendesk.clock)
        .runs["tickets"]
        .is_at_end
    )
    zendesk.routes[TICKETS] = exported("tickets", [ticket()])
    assert sync(duckdb_pipeline(), source, clock=zendesk.clock).runs["tickets"].is_at_end
    duckdb_pipeline().run(source)


def test_waiting_for_another_sync_ends_with_the_time(zendesk: ScriptedZendesk) -> None:
    clock = zendesk.clock
    with another_sync(), pytest.raises(ConfigurationError, match="is running"):
        sync(
            duckdb_pipeline(),
            zendesk.source("groups"),
            max_minutes=1,
            wait_for_other=True,
            clock=clock,
        )
    assert clock.monotonic() == pytest.approx(60, abs=2)
