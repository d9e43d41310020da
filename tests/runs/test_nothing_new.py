"""A sync that finds nothing new touches nothing, and is remembered all the same."""

from __future__ import annotations

import gc
import hashlib
import html
import json
import re
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from tests.support.edits import eventful_day
from tests.support.simulated import duckdb_pipeline, log_in, served, source_of
from tests.support.tables import assert_equals_truth, assert_table_equals, stored_rows
from zendesk_source import SyncReport, sync
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.command_line import main
from zendesk_source.names import SYNC_LOG_TABLE
from zendesk_source.resources.run import SliceLimits
from zendesk_source.runs import asking
from zendesk_source.runs.log_reader import logged_runs
from zendesk_source.runs.waiting_log import LONGEST_WAIT
from zendesk_source.simulator import Account, Fault

DATABASE = Path("zendesk.duckdb")
STREAMS = ("tickets", "users", "groups", "macros", "ticket_events")


def synced(pipeline: dlt.Pipeline, zendesk: Any, *streams: str) -> SyncReport:
    return sync(pipeline, source_of(zendesk, *streams), clock=zendesk.account.clock)


def at_rest(zendesk: Any, *streams: str) -> dlt.Pipeline:
    """Return a pipeline whose last sync found nothing new."""
    pipeline = duckdb_pipeline()
    while synced(pipeline, zendesk, *streams).slices:
        zendesk.account.clock.advance(1)
    return pipeline


def alive(account: Account) -> int:
    """Return the id of a ticket that can be edited."""
    rows = account.truth("tickets")
    return next(int(row["id"]) for row in rows if row["status"] not in ("closed", "deleted"))


def looks() -> tuple[str, int]:
    return hashlib.sha256(DATABASE.read_bytes()).hexdigest(), DATABASE.stat().st_mtime_ns


def syncs_logged(pipeline: dlt.Pipeline, stream: str = "tickets") -> list[Any]:
    """Return when the syncs in the log began, each as often as it is there."""
    rows = stored_rows(pipeline, SYNC_LOG_TABLE)
    return sorted(row["started_at"] for row in rows if row["stream"] == stream)


def test_nothing_new_does_not_touch_the_file(zendesk: Any) -> None:
    pipeline = at_rest(zendesk)
    before, asked = looks(), len(zendesk.requests)
    report = synced(pipeline, zendesk)
    assert looks() == before
    assert (report.slices, report.exit_code) == (0, 0)
    assert all(run.is_at_end and run.status == "ok" for run in report.runs.values())
    assert {r.stream for r in zendesk.requests[asked:]} >= {"tickets", "users", "groups"}


def test_a_sync_asks_for_nothing_twice_whether_or_not_something_is_new(account, zendesk) -> None:
    pipeline = at_rest(zendesk)
    for is_new in (False, True):
        if is_new:
            account.edit_row("macros", account.truth("macros")[0]["id"], title="Another title")
            account.edit_ticket(alive(account), subject="Another subject")
            account.clock.advance(600)
        zendesk.forget_requests()
        assert bool(synced(pipeline, zendesk).slices) == is_new
        asked = Counter((request.stream, request.path) for request in zendesk.requests)
        assert {each: count for each, count in asked.items() if count > 1} == {}
    assert_equals_truth(pipeline, account)


def test_every_sync_is_in_the_log_once_with_the_next_package(account, zendesk) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    for _ in range(3):
        account.clock.advance(60)
        assert synced(pipeline, zendesk, *STREAMS).slices == 0
    before = syncs_logged(pipeline)
    account.edit_ticket(alive(account), subject="Another subject")
    account.clock.advance(120)  # the export holds back its last minute
    began = account.clock.now()
    assert synced(pipeline, zendesk, *STREAMS).slices == 1
    after = syncs_logged(pipeline)
    assert after[: len(before)] == before
    assert after[-4:] == [began - timedelta(seconds=back) for back in (240, 180, 120, 0)]
    assert len(after) == len(set(after))
    synced(pipeline, zendesk, *STREAMS)
    assert syncs_logged(pipeline) == after


def test_a_kill_behind_the_package_does_not_write_the_waiting_log_twice(
    account: Account, zendesk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows are at the destination, and still wait beside the working folder."""
    pipeline = at_rest(zendesk, *STREAMS)
    account.clock.advance(60)
    synced(pipeline, zendesk, *STREAMS)
    (waiting,) = Path(pipeline.working_dir).parent.glob("*sync_log.jsonl")
    rows = waiting.read_bytes()
    for _ in range(2):
        account.edit_ticket(alive(account), subject=f"Another {account.clock.now()}")
        account.clock.advance(120)
        synced(pipeline, zendesk, *STREAMS)
        logged = syncs_logged(pipeline)
        assert len(logged) == len(set(logged))
        waiting.write_bytes(rows)  # what a kill before it is forgotten leaves
        runs = logged_runs(pipeline, account.clock.now())
        assert runs is not None
        began = [run.started_at for run in runs["tickets"]]
        assert len(began) == len(set(began))


def test_the_log_waits_for_an_hour_at_most(account, zendesk) -> None:
    pipeline, clock = at_rest(zendesk, *STREAMS), account.clock
    clock.advance(LONGEST_WAIT.total_seconds() * 2)
    synced(pipeline, zendesk, *STREAMS)
    before, began = syncs_logged(pipeline), clock.now()
    synced(pipeline, zendesk, *STREAMS)
    clock.advance(LONGEST_WAIT.total_seconds() - 60)
    synced(pipeline, zendesk, *STREAMS)
    assert syncs_logged(pipeline) == before
    clock.advance(61)
    synced(pipeline, zendesk, *STREAMS)
    assert began in syncs_logged(pipeline)
    assert syncs_logged(pipeline)[-1] == clock.now()


def test_a_stream_that_failed_is_in_the_log_at_once(account, zendesk) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    zendesk.fail_next(Fault.SERVER_ERROR, "groups", times=RetryPolicy().attempts)
    report = synced(pipeline, zendesk, *STREAMS)
    assert (report.slices, report.runs["groups"].status) == (0, "failed")
    rows = stored_rows(pipeline, SYNC_LOG_TABLE)
    assert [row["stream"] for row in rows if row["status"] == "failed"] == ["groups"]


def test_status_tells_of_syncs_that_found_nothing(zendesk, capsys, monkeypatch) -> None:
    log_in(monkeypatch, zendesk.base_url)

    def last_syncs() -> list[str]:
        assert main(["status", "--json"]) == 0
        streams = json.loads(capsys.readouterr().out)["streams"]
        assert set(streams) == {"tickets", "groups"}
        return [each["last_sync"] for each in streams.values()]

    seen = []
    for _ in range(4):
        assert main(["load", "--streams", "tickets,groups", "--quiet"]) == 0
        before = looks()
        seen.append(last_syncs())
        assert looks() == before
    assert seen == sorted(seen)
    assert len({tuple(each) for each in seen}) == 4


def test_the_report_says_what_status_says_after_a_sync_that_found_nothing(
    zendesk, capsys, monkeypatch
) -> None:
    log_in(monkeypatch, zendesk.base_url)
    for _ in range(3):
        assert main(["load", "--streams", "tickets,groups", "--quiet"]) == 0
    with duckdb.connect(str(DATABASE)) as database:  # the sync before the last one failed, say
        database.execute(
            "update zendesk_data._zendesk_sync_log set status = 'failed', reason = 'Why & how',"
            " started_at = started_at - interval 3 day"
        )
    assert main(["status", "--json"]) == 0
    streams = json.loads(capsys.readouterr().out)["streams"]
    assert {each["status"] for each in streams.values()} == {"ok"}
    assert main(["report", "--out", "page.html"]) == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "Why & how" not in html.unescape(page)
    assert re.search(r"The last sync began (just now|\d+ minutes? ago)\.", page)


def test_syncs_that_find_nothing_keep_nothing_in_memory(zendesk: Any) -> None:
    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    pipeline, clock = at_rest(zendesk, *STREAMS), zendesk.account.clock
    source = source_of(zendesk, *STREAMS)
    kept = []
    for _ in range(3):
        for _ in range(3):
            assert sync(pipeline, source, clock=clock).slices == 0
        kept.append(objects())
    assert kept[-1] - kept[-2] < 1_000  # a single such sync once kept 4,000


def test_only_what_has_news_is_written(account, zendesk) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    account.clock.advance(600)
    account.edit_row("macros", account.truth("macros")[0]["id"], title="Another title")
    report = synced(pipeline, zendesk, *STREAMS)
    assert report.slices == 1
    trace: Any = pipeline.last_trace
    (package,) = trace.last_load_info.load_packages
    written = {job.job_file_info.table_name for job in package.jobs["completed_jobs"]}
    assert {name for name in written if not name.startswith("_")} == {"macros"}
    assert_equals_truth(pipeline, account, ("tickets", "users", "groups", "macros"))


def test_a_file_restored_from_a_backup_gets_what_came_since(account, zendesk) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    shutil.copy2(DATABASE, "backup.duckdb")
    account.edit_ticket(alive(account), subject="Another subject")
    account.edit_row("macros", account.truth("macros")[0]["id"], title="Another title")
    account.clock.advance(600)
    at_rest(zendesk, *STREAMS)
    shutil.copy2("backup.duckdb", DATABASE)
    assert synced(pipeline, zendesk, *STREAMS).slices == 1
    assert_equals_truth(pipeline, account, ("tickets", "macros", "ticket_tags"))


def test_a_table_that_was_dropped_by_hand_is_missed_though_nothing_is_new(zendesk) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    with pipeline.sql_client() as client:
        client.execute_sql("DROP TABLE users")
    for _ in range(3):
        run = synced(pipeline, zendesk, *STREAMS).runs["users"]
        assert (run.status, "no longer" in run.reason) == ("failed", True)


def drop(pipeline: dlt.Pipeline, table: str) -> None:
    with pipeline.sql_client() as client:
        client.execute_sql(f"DROP TABLE {table}")


def test_a_list_that_fails_after_its_table_was_dropped_is_written_once_it_can_be(
    account, zendesk
) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    drop(pipeline, "groups")
    zendesk.fail_next(Fault.SERVER_ERROR, "groups", times=RetryPolicy().attempts)
    assert synced(pipeline, zendesk, *STREAMS).runs["groups"].status == "failed"
    synced(pipeline, zendesk, *STREAMS)
    assert_table_equals(pipeline, "groups", account.truth("groups"))


def test_a_list_whose_table_is_dropped_while_streams_are_asked_is_written_again(
    account, zendesk, monkeypatch
) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    account.edit_ticket(alive(account), subject="Another subject")
    account.clock.advance(600)
    ask = asking.ask

    def ask_and_drop(*args: Any) -> None:
        monkeypatch.setattr(asking, "ask", ask)
        ask(*args)
        drop(pipeline, "groups")

    monkeypatch.setattr(asking, "ask", ask_and_drop)
    assert synced(pipeline, zendesk, *STREAMS).slices == 1
    assert_equals_truth(pipeline, account, ("tickets", "groups"))


def test_a_side_table_of_a_list_that_was_dropped_is_written_again(account, zendesk) -> None:
    pipeline = at_rest(zendesk, "tickets", "ticket_fields")
    before = len(stored_rows(pipeline, "ticket_field_options"))
    drop(pipeline, "ticket_field_options")
    synced(pipeline, zendesk, "tickets", "ticket_fields")
    assert len(stored_rows(pipeline, "ticket_field_options")) == before > 0


def test_a_package_that_waits_brings_the_log_once(account, zendesk, monkeypatch) -> None:
    pipeline = at_rest(zendesk, *STREAMS)
    account.edit_ticket(alive(account), subject="Another subject")
    account.clock.advance(600)
    with monkeypatch.context() as patch:
        patch.setattr(dlt.Pipeline, "load", _killed)
        with pytest.raises(KeyboardInterrupt):
            synced(pipeline, zendesk, *STREAMS)
    for _ in range(2):
        account.clock.advance(7_200)
        synced(pipeline, zendesk, *STREAMS)
    logged = syncs_logged(pipeline)
    assert len(logged) == len(set(logged))


def _killed(*_args: Any, **_settings: Any) -> None:
    raise KeyboardInterrupt


def test_a_stream_that_is_chosen_for_the_first_time_is_loaded(account, zendesk) -> None:
    at_rest(zendesk, "groups")
    pipeline = at_rest(zendesk, *STREAMS)
    assert_equals_truth(pipeline, account, ("tickets", "users", "groups", "macros"))


@pytest.mark.long
@pytest.mark.parametrize("pages", [1, 2, 100])
def test_whatever_is_new_arrives(pages: int) -> None:
    account = Account.generate(seed=3, tickets=300, users=60, organizations=15)
    with served(account) as zendesk:
        pipeline = at_rest(zendesk)
        eventful_day(account)
        sync(pipeline, source_of(zendesk), limits=SliceLimits(max_pages=pages))
        assert_equals_truth(pipeline, account)


def test_postgres_gets_no_package_for_nothing(zendesk, postgres_url) -> None:
    pipeline = dlt.pipeline(
        "in_postgres",
        destination=dlt.destinations.postgres(postgres_url),
        dataset_name="zendesk_data",
    )
    for _ in range(3):
        synced(pipeline, zendesk, *STREAMS)
    with pipeline.sql_client() as client:
        before = client.execute_sql("SELECT count(*) FROM _dlt_loads")
        assert synced(pipeline, zendesk, *STREAMS).slices == 0
        assert client.execute_sql("SELECT count(*) FROM _dlt_loads") == before
