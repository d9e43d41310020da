"""``zendesk-source load``: the pipeline script's own tests hold for it; here is what it adds."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import datetime, timezone

import duckdb
import pytest
import tomlkit
from dlt.common.configuration.container import Container
from dlt.extract.incremental.context import TimeIntervalContext

from tests.conftest import SHIPPED_CONFIG
from tests.support.simulated import duckdb_pipeline
from zendesk_source import zendesk_support
from zendesk_source.account.stream_run import StreamRun, Timeline
from zendesk_source.api.budget import Budget
from zendesk_source.api.rate_headers import RateState
from zendesk_source.command_line import main
from zendesk_source.command_line.loading import window_of
from zendesk_source.command_line.progress import (
    Lines,
    LiveTable,
    Silent,
    progress_fields,
    progress_line,
)
from zendesk_source.runs.dlt_process import SETTINGS
from zendesk_source.simulator import SimulatedClock
from zendesk_source.times import duration_text

JANUARY = 1_735_689_600  # 2025-01-01
DAY = 86_400


def test_the_settings_that_are_asked_last_are_those_of_the_project() -> None:
    shipped = tomlkit.parse(SHIPPED_CONFIG.read_text("utf-8"))
    assert shipped.unwrap() == SETTINGS


def test_a_log_of_json_lines_says_how_far_each_stream_is(zendesk, capsys) -> None:
    arguments = ["--streams", "tickets,groups", "--progress", "lines", "--log-format", "json"]
    assert main(["load", *arguments, "--json"]) == 0
    printed = capsys.readouterr()
    last = [json.loads(line) for line in printed.err.splitlines() if '"streams"' in line][-1]
    tickets = last["streams"]["tickets"]
    assert (tickets["rows"], tickets["is_at_end"], tickets["share"]) == (60, True, 1.0)
    newest = json.loads(printed.out)["streams"]["tickets"]["newest"]
    assert tickets["up_to"] == newest


def test_quiet_says_nothing_but_what_is_wrong(zendesk, capfd) -> None:
    zendesk.refuse("groups")
    assert main(["load", "--streams", "groups,tags", "--quiet", "--progress", "lines"]) == 5
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: skipped: groups: ")
    assert len(printed.err.splitlines()) == 1


def test_what_the_destination_refuses_is_told_without_dlts_traceback(zendesk, capfd) -> None:
    assert main(["load", "--streams", "users,groups", "--quiet"]) == 0
    with duckdb.connect("zendesk.duckdb") as connection:
        connection.execute("alter table zendesk_data.users drop column name")
    zendesk.account.clock.advance(3_600)
    zendesk.account.create_user(name="Somebody new")
    zendesk.account.clock.advance(3_600)
    capfd.readouterr()
    assert main(["load", "--streams", "users,groups", "--quiet"]) == 5
    printed = capfd.readouterr().err
    assert printed.startswith("error: failed: users: The load step failed on table users")
    assert len(printed.splitlines()) == 1, printed
    assert main(["load", "--streams", "users,groups", "--verbose"]) == 5
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("how", ["command", "script of a user"])
def test_the_interval_of_a_scheduler_is_what_is_read(zendesk, monkeypatch, how: str) -> None:
    rows = zendesk.account.truth("tickets")
    times = sorted(row["generated_timestamp"] for row in rows)
    start, end = times[20], times[40]
    for name, second in (("START", start), ("END", end)):
        moment = datetime.fromtimestamp(second, timezone.utc).isoformat()
        monkeypatch.setenv(f"DLT_INTERVAL_{name}", moment)
    if how == "command":
        assert main(["load", "--streams", "tickets"]) == 0
    else:
        pipeline = duckdb_pipeline()
        # What DLT_ALLOW_EXTERNAL_SCHEDULERS does in a new process.
        with Container().injectable_context(TimeIntervalContext(allow_external_schedulers=True)):
            pipeline.run(zendesk_support().with_resources("tickets"))
    with duckdb.connect("zendesk.duckdb") as connection:
        query = "select id from zendesk_data.tickets order by 1"
        loaded = [row[0] for row in connection.sql(query).fetchall()]
    wanted = {row["id"] for row in rows if start <= row["generated_timestamp"] < end}
    assert wanted <= set(loaded)
    assert len(loaded) < len(rows)


@pytest.mark.parametrize(
    ("interval", "options", "window"),
    [
        (("2025-01-01", "2025-01-02"), {}, ("2025-01-01", "2025-01-02")),
        (("2025-01-01", "2025-01-02"), {"start_date": "2024-12-01"}, ("2024-12-01", "None")),
        (("2025-01-01", "2025-01-01"), {}, ("None", "None")),
        ((), {"end_date": "2024-12-01"}, ("None", "2024-12-01")),
    ],
    ids=["scheduled", "dates win", "empty interval", "no scheduler"],
)
def test_the_window_is_what_was_asked_for_else_the_schedulers(
    interval: tuple[str, ...], options: dict[str, str], window, monkeypatch
) -> None:
    for name, moment in zip(("START", "END"), interval, strict=False):
        monkeypatch.setenv(f"DLT_INTERVAL_{name}", moment)
    asked = Namespace(**{"start_date": None, "end_date": None, **options})
    assert tuple(str(moment)[:10] for moment in window_of(asked)) == window


def under_way() -> dict[str, StreamRun]:
    timeline = Timeline(
        begins=JANUARY,
        ends=JANUARY + 40 * DAY,
        through=JANUARY + 10 * DAY,
        seconds_to_read=40 * DAY,
        seconds_left=30 * DAY,
    )
    return {
        "tickets": StreamRun({"tickets": 5_000, "ticket_tags": 7_000}, pages=5, timeline=timeline),
        "groups": StreamRun({"groups": 3}, pages=1, is_at_end=True),
        "macros": StreamRun({"macros": 40}, pages=1),
        "views": StreamRun(),
    }


def test_the_live_table_says_how_far_how_long_and_why_it_waits() -> None:
    now = [100.0]
    table = LiveTable(lambda: now[0])
    table.on_start(under_way())
    table.rows()
    now[0] += 60
    table.on_wait("incremental-exports 10/10 used", 23)
    assert table.rows() == [
        ("tickets", "5,000", "5", "2025-01-11 00:00", "25%", "3 min 0 s"),
        ("macros", "40", "1", "", "", ""),
    ]
    assert table.footer()[0].startswith("connecting · ")
    table.on_step("Extract zendesk")
    footer = "reading · 1 of 4 streams at the end · 12,043 rows read · 1 min 0 s"
    wait = "waiting 23 s: incremental-exports 10/10 used"
    assert table.footer() == [footer, wait, "not begun: views"]
    now[0] += 23
    assert table.footer() == [footer.replace("1 min 0 s", "1 min 23 s"), "not begun: views"]


def test_every_stream_that_is_not_at_its_end_is_named_also_before_its_first_page() -> None:
    runs = under_way()
    table = LiveTable()
    table.on_start(runs)
    shown = [row[0] for row in table.rows()] + table.footer()[-1].split(": ")[1].split(", ")
    assert sorted(shown) == sorted(name for name, run in runs.items() if not run.is_at_end)


@pytest.mark.parametrize(("watch", "seconds"), [(Silent, 60), (Lines, 3)])
def test_a_long_wait_is_a_line_and_one_for_all_that_wait_for_the_same(
    watch: type[Silent], seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    now = [100.0]
    watching = watch(lambda: now[0])
    with caplog.at_level("INFO", "zendesk_source"):
        watching.on_wait("a short one", seconds - 1)
        for left in range(3):
            watching.on_wait("the rate limit", 80.0 - left)
            now[0] += 1
        now[0] += 80
        watching.on_wait("the rate limit", 65.0)
    lines = ["waiting 1 min 20 s: the rate limit", "waiting 1 min 5 s: the rate limit"]
    assert caplog.messages == lines


@pytest.mark.parametrize(("refusals", "words"), [(0, "(2 in 60 s)"), (1, "says Zendesk")])
def test_a_wait_for_a_rate_limit_says_that_it_is_normal(refusals: int, words: str) -> None:
    clock, told = SimulatedClock(), []
    budget = Budget(clock)
    grant = budget.acquire(["exports"])
    state = RateState("exports", 2, 0, 60)
    if refusals:
        budget.refuse(grant, [state], retry_after_seconds=30)
    else:
        budget.settle(grant, [state])
    budget.acquire(["exports"], on_wait=lambda reason, seconds: told.append(reason))
    assert words in told[0]
    assert told[0].startswith("the rate limit exports ")
    assert told[0].endswith("that is normal")


def test_a_line_says_how_far_in_one_line() -> None:
    runs = under_way()
    line = "1 of 4 streams at the end, tickets 5,000 up to 2025-01-11 00:00, macros 40"
    assert progress_line(runs) == line
    assert progress_fields(runs)["tickets"]["share"] == 0.25


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.6, "1 min 0 s"),
        (754, "12 min"),
        (4_800, "1 h 20 min"),
        (1e6, "277 h 46 min"),
    ],
)
def test_a_duration_has_the_units_that_matter(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
