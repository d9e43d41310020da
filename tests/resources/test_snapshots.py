"""A snapshot is taken when something changed, and in every hour."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import stored_rows
from zendesk_source import SyncReport, sync
from zendesk_source.catalogue import STREAMS, TAKEN_AT
from zendesk_source.resources.lists.unchanged import SAME_FOR
from zendesk_source.runs.reset import reset_stream

AGENTS = "talk_agents_activity"
QUEUE = "talk_current_queue_activity"
SNAPSHOTS = [stream.name for stream in STREAMS if stream.write == "append"]


def synced(pipeline: dlt.Pipeline, zendesk: Any, *streams: str) -> SyncReport:
    streams = streams or (AGENTS, QUEUE)
    return sync(pipeline, source_of(zendesk, *streams), clock=zendesk.account.clock)


def waiting(pipeline: dlt.Pipeline) -> list[int]:
    """Return how many calls waited, by snapshot, oldest first."""
    rows = sorted(stored_rows(pipeline, QUEUE), key=lambda row: row[TAKEN_AT])
    return [row["calls_waiting"] for row in rows]


def begin_an_hour(account: Any) -> None:
    account.clock.advance(3_600 - account.clock.now().timestamp() % 3_600)


def let_wait(account: Any, calls: int) -> None:
    account.edit_row(QUEUE, (), calls_waiting=calls)


def test_the_same_again_within_the_hour_is_not_written(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    begin_an_hour(account)
    assert synced(pipeline, zendesk, *SNAPSHOTS).slices > 0
    account.clock.advance(SAME_FOR.total_seconds() - 60)
    zendesk.forget_requests()
    report = synced(pipeline, zendesk, *SNAPSHOTS)
    assert report.slices == 0
    assert all(run.is_at_end and run.status == "ok" for run in report.runs.values())
    assert {request.stream for request in zendesk.requests} >= set(SNAPSHOTS)


def test_every_hour_has_its_snapshot(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    let_wait(account, 3)
    for _ in range(3):
        synced(pipeline, zendesk)
        account.clock.advance(3_600 - 5)
    assert waiting(pipeline) == [3, 3, 3]


@pytest.mark.parametrize("minutes", [15, 40, 45])
def test_every_hour_has_its_snapshot_however_often_somebody_syncs(
    account, zendesk, minutes
) -> None:
    pipeline = duckdb_pipeline()
    begin_an_hour(account)
    hours = set()
    for _ in range(240 // minutes):
        hours.add(account.clock.now().hour)
        synced(pipeline, zendesk, QUEUE)
        account.clock.advance(minutes * 60)
    assert {row[TAKEN_AT].hour for row in stored_rows(pipeline, QUEUE)} == hours


def test_a_snapshot_that_a_long_sync_took_late_does_not_stand_for_the_next_hour(
    account, zendesk
) -> None:
    pipeline = duckdb_pipeline()
    let_wait(account, 3)
    begin_an_hour(account)
    account.clock.advance(15 * 60)
    synced(pipeline, zendesk)
    begin_an_hour(account)
    synced(pipeline, zendesk)
    assert waiting(pipeline) == [3, 3]


def test_what_changed_is_written_at_once_and_so_is_the_way_back(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    begin_an_hour(account)
    seen = [3, 4, 4, 3]
    for calls in seen:
        let_wait(account, calls)
        synced(pipeline, zendesk)
        account.clock.advance(60)
    assert waiting(pipeline) == [3, 4, 3]


def test_a_snapshot_is_written_whole_though_one_row_of_it_changed(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    begin_an_hour(account)
    synced(pipeline, zendesk)
    before = stored_rows(pipeline, AGENTS)
    account.clock.advance(60)
    account.edit_row(AGENTS, before[0]["agent_id"], calls_missed=77)
    synced(pipeline, zendesk)
    newest = max(row[TAKEN_AT] for row in stored_rows(pipeline, AGENTS))
    taken = [row for row in stored_rows(pipeline, AGENTS) if row[TAKEN_AT] == newest]
    assert len(taken) == len(before)
    assert waiting(pipeline) == waiting(pipeline)[:1]


def test_a_list_that_was_empty_in_between_is_taken_again(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    synced(pipeline, zendesk)
    rows = account.truth(AGENTS)
    account.clock.advance(60)
    for row in rows:
        account.remove_row(AGENTS, row["agent_id"])
    synced(pipeline, zendesk)
    assert len(stored_rows(pipeline, AGENTS)) == len(rows)
    account.clock.advance(60)
    for row in rows:
        account.add_row(AGENTS, **row)
    synced(pipeline, zendesk)
    assert len(stored_rows(pipeline, AGENTS)) == 2 * len(rows)
    assert synced(pipeline, zendesk).slices == 0


def killed(*_args: Any, **_settings: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["extract", "load"])
def test_a_snapshot_whose_package_is_killed_is_taken_once_by_the_next_sync(
    account, zendesk, monkeypatch, step
) -> None:
    pipeline = duckdb_pipeline()
    let_wait(account, 3)
    synced(pipeline, zendesk)
    let_wait(account, 4)
    account.clock.advance(60)
    with monkeypatch.context() as patch:
        patch.setattr(dlt.Pipeline, step, killed)
        with pytest.raises(KeyboardInterrupt):
            synced(pipeline, zendesk)
    synced(pipeline, zendesk)
    assert waiting(pipeline) == [3, 4]


def test_after_its_table_was_dropped_or_it_was_reset_it_is_taken_again(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    let_wait(account, 3)
    synced(pipeline, zendesk)
    with pipeline.sql_client() as client:
        client.execute_sql(f"DROP TABLE {QUEUE}")
    account.clock.advance(60)
    synced(pipeline, zendesk)
    assert waiting(pipeline) == [3]
    assert reset_stream(pipeline, QUEUE, drop_tables=False) is not None
    account.clock.advance(60)
    synced(pipeline, zendesk)
    assert waiting(pipeline) == [3, 3]


def test_a_plain_run_adds_a_snapshot_each_time(account, zendesk) -> None:
    pipeline = duckdb_pipeline()
    let_wait(account, 3)
    for _ in range(2):
        pipeline.run(source_of(zendesk, QUEUE))
        account.clock.advance(60)
    assert waiting(pipeline) == [3, 3]
