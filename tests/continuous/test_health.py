"""What a monitor is told: the health file, /healthz and /metrics."""

from __future__ import annotations

import json
import re
import socket
import stat
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.budget import LimitInUse
from zendesk_source.api.usage import Usage
from zendesk_source.continuous.figures import Figures
from zendesk_source.continuous.health import health_document, health_served, write_health_file
from zendesk_source.continuous.metrics import metrics_text
from zendesk_source.continuous.rounds import Round
from zendesk_source.errors import ConfigurationError, ServerUnavailable
from zendesk_source.runs.loop import SyncReport

NOON = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\})? (-?[0-9.e+-]+)')


def tickets(**changed: Any) -> StreamRun:
    usage = Usage(requests=2, retries=1, rate_limited=1, waited_seconds=2.5)
    return StreamRun(
        **{"rows": {"tickets": 3, "ticket_tags": 5}, "is_at_end": True, "usage": usage, **changed}
    )


def done(number: int, at: datetime, *runs: tuple[str, StreamRun], **changed: Any) -> Round:
    """Return a round of two seconds."""
    limits = {"account": LimitInUse(700, 60.0, 12)}
    report = SyncReport(dict(runs), at, 2.0, 1, limits)
    return Round(**{
        "number": number, "started_at": at, "seconds": 2.0, "report": report, "error": None,
        "pause_seconds": 58.0, **changed,
    })  # fmt: skip


def failed(number: int, at: datetime) -> Round:
    return done(number, at, report=None, error=ServerUnavailable("Zendesk is down."))


@pytest.fixture
def figures() -> Figures:
    return Figures(NOON, 60.0)


def samples(figures: Figures, now: datetime = NOON) -> dict[tuple[str, str], float]:
    """Return every value of the metrics by name and labels; fails on a line that is none."""
    found = {}
    for line in metrics_text({"": figures.snapshot()}, now).splitlines():
        if not line.startswith(("# HELP zendesk_source_", "# TYPE zendesk_source_")):
            matched = SAMPLE.fullmatch(line)
            assert matched, line
            found[matched[1].removeprefix("zendesk_source_"), matched[2] or ""] = float(matched[3])
    return found


def test_the_rounds_add_up(figures: Figures) -> None:
    figures.count_round(done(1, NOON, ("tickets", tickets(newest=1_768_000_000))))
    figures.count_round(done(2, NOON + timedelta(minutes=1), ("tickets", tickets())))
    found = samples(figures, NOON + timedelta(minutes=2))
    of_tickets = 'stream="tickets"'
    assert found["rows_total", f'{of_tickets},table="tickets"'] == 6
    assert found["rows_total", f'{of_tickets},table="ticket_tags"'] == 10
    assert found["requests_total", of_tickets] == 4
    assert found["waited_seconds_total", of_tickets] == 5
    assert found["rate_limited_total", of_tickets] == 2
    assert found["lag_seconds", of_tickets] == 60
    assert found["newest_row_timestamp_seconds", of_tickets] == 1_768_000_000
    assert found["rounds_total", 'outcome="ok"'] == 2
    assert found["last_success_timestamp_seconds", ""] == NOON.timestamp() + 62
    assert found["rate_limit_requests", 'limit="account"'] == 700
    assert found["rate_limit_used", 'limit="account"'] == 12


def test_a_failure_counts_for_its_stream_and_ages_it_alone(figures: Figures) -> None:
    users = StreamRun(is_at_end=True, status="failed", reason="503")
    figures.count_round(done(1, NOON, ("tickets", tickets()), ("users", StreamRun(is_at_end=True))))
    later = NOON + timedelta(minutes=10)
    figures.count_round(done(2, later, ("tickets", tickets()), ("users", users)))
    found = samples(figures, later)
    assert found["failures_total", 'stream="users"'] == 1
    assert found["failures_total", 'stream="tickets"'] == 0
    assert found["stream_up", 'stream="users"'] == 0
    assert found["lag_seconds", 'stream="users"'] == 600
    assert found["lag_seconds", 'stream="tickets"'] == 0
    assert found["rounds_total", 'outcome="incomplete"'] == 1


def test_rows_of_a_list_that_has_not_changed_are_not_written(figures: Figures) -> None:
    same = StreamRun(rows={"groups": 7}, is_at_end=True, is_unchanged=True)
    figures.count_round(done(1, NOON, ("groups", same)))
    assert not [key for key in samples(figures) if key[0] == "rows_total"]


def test_a_round_under_way_shows_what_it_has_loaded_and_counts_it_once(figures: Figures) -> None:
    runs = {"tickets": tickets(is_at_end=False)}
    figures.begin(runs, NOON)
    figures.count_package(runs, NOON + timedelta(minutes=5))
    key = ("rows_total", 'stream="tickets",table="tickets"')
    assert samples(figures)[key] == 3
    runs["tickets"].rows["tickets"] = 9
    figures.count_package(runs, NOON + timedelta(minutes=6))
    assert samples(figures)[key] == 9
    figures.count_round(done(1, NOON, *runs.items()))
    assert samples(figures)[key] == 9


def test_what_a_round_has_loaded_before_it_failed_counts(figures: Figures) -> None:
    figures.count_package({"tickets": tickets()}, NOON)
    figures.count_round(failed(1, NOON))
    figures.begin({"tickets": StreamRun()}, NOON)
    assert samples(figures)["rows_total", 'stream="tickets",table="tickets"'] == 3


def test_a_label_may_hold_anything(figures: Figures) -> None:
    figures.count_round(done(1, NOON, ('a "b"\\\nc', StreamRun(is_at_end=True))))
    assert ("stream_up", r'stream="a \"b\"\\\nc"') in samples(figures)


def test_it_is_stale_after_a_quarter_of_an_hour_without_a_sign(figures: Figures) -> None:
    def status(minutes: float) -> str:
        return figures.snapshot().status(NOON + timedelta(minutes=minutes))

    assert (status(0), status(14), status(16)) == ("starting", "starting", "stale")
    figures.count_package({}, NOON + timedelta(minutes=20))
    assert (status(34), status(36)) == ("starting", "stale")
    figures.count_round(done(1, NOON + timedelta(minutes=40), ("tickets", tickets())))
    assert (status(41), status(56)) == ("ok", "stale")
    figures.count_round(failed(2, NOON + timedelta(minutes=42)))
    assert (status(43), status(56)) == ("failing", "stale")


def test_rounds_that_are_far_apart_have_more_patience() -> None:
    figures = Figures(NOON, 3_600.0)
    assert figures.snapshot().status(NOON + timedelta(hours=4)) == "starting"
    assert figures.snapshot().status(NOON + timedelta(hours=6)) == "stale"


def test_an_account_that_waits_for_its_turn_is_not_stale_and_one_that_hangs_in_it_is() -> None:
    figures = Figures(NOON, 60.0, takes_turns=True)
    hours = timedelta(hours=3)
    assert figures.snapshot().status(NOON + hours) == "starting"
    begun = NOON + hours
    figures.begin({"tickets": StreamRun()}, begun)
    assert figures.snapshot().status(begun + timedelta(minutes=15)) == "starting"
    assert figures.snapshot().status(begun + timedelta(minutes=16)) == "stale"
    figures.count_round(done(1, begun, ("tickets", tickets())))
    assert figures.snapshot().status(begun + hours) == "ok"
    document = health_document({"acme": figures.snapshot()}, begun + hours)
    assert document["accounts"]["acme"]["stale_at"] > (begun + hours).isoformat()


def test_the_document_says_what_failed_and_when_the_next_round_is(figures: Figures) -> None:
    figures.count_round(done(1, NOON, ("tickets", tickets())))
    figures.count_round(failed(2, NOON + timedelta(minutes=1)))
    document = health_document({"": figures.snapshot()}, NOON + timedelta(minutes=2))
    assert document["status"] == "failing"
    assert document["error"] == "Zendesk is down."
    assert document["next_round_at"] == "2026-01-15T12:02:00+00:00"
    assert document["streams"]["tickets"]["lag_seconds"] == 120
    assert json.loads(json.dumps(document)) == document


def test_the_file_is_replaced_and_may_be_read_by_all(figures: Figures, tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    path.write_text("{")
    write_health_file(path, {"": figures.snapshot()}, NOON)
    assert json.loads(path.read_text("utf-8"))["status"] == "starting"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert not list(tmp_path.glob("health.json.*"))


def test_a_file_that_cannot_be_written_is_named(figures: Figures, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"nowhere/health\.json cannot be written: No such"
    ):
        write_health_file(tmp_path / "nowhere" / "health.json", {"": figures.snapshot()}, NOON)


def fetched(address: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def test_the_server_answers_on_loopback(figures: Figures) -> None:
    now = [NOON]
    with health_served(lambda: {"": figures.snapshot()}, lambda: now[0], 0) as address:
        assert address.startswith("http://127.0.0.1:")
        assert fetched(f"{address}/healthz")[:2] == (200, "application/json")
        status, kind, text = fetched(f"{address}/metrics")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert text == metrics_text({"": figures.snapshot()}, NOON)
        assert fetched(f"{address}/")[0] == 404
        now[0] = NOON + timedelta(hours=1)
        status, _, text = fetched(f"{address}/healthz?verbose")
        assert (status, json.loads(text)["status"]) == (503, "stale")
        assert "zendesk_source_healthy 0\n" in fetched(f"{address}/metrics")[2]
    with pytest.raises(urllib.error.URLError):
        fetched(f"{address}/healthz")


def test_a_client_that_says_nothing_keeps_nobody_waiting(figures: Figures) -> None:
    with health_served(lambda: {"": figures.snapshot()}, lambda: NOON, 0) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            assert fetched(f"{address}/healthz")[0] == 200
            begun_at = time.monotonic()
    assert time.monotonic() - begun_at < 2


def test_a_port_that_is_taken_is_named(figures: Figures) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match=rf"listen at 127.0.0.1:{port}.*--health-port"),
            health_served(lambda: {"": figures.snapshot()}, lambda: NOON, port),
        ):
            pass


def test_figures_of_several_accounts_stand_side_by_side() -> None:
    accounts = {name: Figures(NOON, 60.0) for name in ("acme", "beta")}
    accounts["acme"].count_round(done(1, NOON, ("tickets", tickets())))
    accounts["beta"].count_round(failed(1, NOON))
    shown = {name: figures.snapshot() for name, figures in accounts.items()}
    lines = metrics_text(shown, NOON).splitlines()
    assert 'zendesk_source_rounds_total{account="acme",outcome="ok"} 1' in lines
    assert 'zendesk_source_rounds_total{account="beta",outcome="failed"} 1' in lines
    assert 'zendesk_source_lag_seconds{account="acme",stream="tickets"} 0' in lines
    assert len(lines) == len(set(lines))
    document = health_document(shown, NOON)
    assert document["status"] == "failing"
    assert document["accounts"]["acme"]["status"] == "ok"
    assert document["accounts"]["beta"]["error"] == "Zendesk is down."
