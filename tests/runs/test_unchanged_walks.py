"""Lists that every sync reads from their beginning are written when something in them is new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import dlt
import pytest

from tests.support.simulated import duckdb_pipeline, pipeline_into, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import SyncReport, sync
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.resources.run import SliceLimits
from zendesk_source.runs.reset import reset_stream
from zendesk_source.simulator import Fault

WALKED = ("ticket_audits", "email_notifications", "engagements")
NOTIFICATIONS = "email_notifications"


def synced(pipeline: dlt.Pipeline, zendesk: Any, **options: Any) -> SyncReport:
    return sync(pipeline, source_of(zendesk, *WALKED), clock=zendesk.account.clock, **options)


def at_rest(pipeline: dlt.Pipeline, zendesk: Any) -> dlt.Pipeline:
    """Sync until nothing is new."""
    for _ in range(5):
        if not synced(pipeline, zendesk).slices:
            return pipeline
    raise AssertionError("something is always new")


def assert_loaded(pipeline: dlt.Pipeline, account: Any) -> None:
    for name in WALKED:
        assert_table_equals(pipeline, name, account.truth(name))


def edited(account: Any, number: int = 0, **changes: Any) -> dict[str, Any]:
    """Change a notification without moving it in its list; return it as it was."""
    row = dict(account.truth(NOTIFICATIONS)[number])
    kept = {name: row[name] for name in ("created_at", "updated_at")}
    account.edit_row(NOTIFICATIONS, row["notification_id"], **{**kept, **changes})
    return row


def test_nothing_new_is_read_to_the_end_and_not_written(account, zendesk) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    zendesk.forget_requests()
    account.clock.advance(600)
    report = synced(pipeline, zendesk)
    assert report.slices == 0
    assert all(run.is_at_end and run.status == "ok" for run in report.runs.values())
    assert {request.stream for request in zendesk.requests} >= set(WALKED)
    assert_loaded(pipeline, account)


def test_a_row_that_changed_where_it_stands_is_loaded_and_so_is_the_way_back(
    account, zendesk
) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    before = edited(account, message_id="<another@example.com>")
    assert synced(pipeline, zendesk).slices == 1
    assert_loaded(pipeline, account)
    edited(account, message_id=before["message_id"])
    assert synced(pipeline, zendesk).slices == 1
    assert_loaded(pipeline, account)


def test_a_row_that_is_no_longer_shown_stays_and_those_beside_it_are_right(
    account, zendesk
) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    gone, *_ = account.truth(NOTIFICATIONS)
    count = len(account.truth(NOTIFICATIONS))
    account.remove_row(NOTIFICATIONS, gone["notification_id"])
    edited(account, message_id="<another@example.com>")
    at_rest(pipeline, zendesk)
    stored = {row["notification_id"]: row for row in stored_rows(pipeline, NOTIFICATIONS)}
    assert len(stored) == count
    assert gone["notification_id"] in stored
    for row in account.truth(NOTIFICATIONS):
        assert stored[row["notification_id"]]["message_id"] == row["message_id"]


def killed(*_args: Any, **_settings: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["extract", "load"])
def test_a_change_whose_package_is_killed_is_loaded_by_the_next_sync(
    account, zendesk, monkeypatch, step
) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    edited(account, message_id="<another@example.com>")
    with monkeypatch.context() as patch:
        patch.setattr(dlt.Pipeline, step, killed)
        with pytest.raises(KeyboardInterrupt):
            synced(pipeline, zendesk)
    at_rest(pipeline, zendesk)
    assert_loaded(pipeline, account)


def test_a_table_that_was_dropped_by_hand_is_missed(zendesk) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    with pipeline.sql_client() as client:
        client.execute_sql(f"DROP TABLE {NOTIFICATIONS}")
    run = synced(pipeline, zendesk).runs[NOTIFICATIONS]
    assert (run.status, "no longer" in run.reason) == ("failed", True)


@pytest.mark.parametrize("drop_tables", [True, False])
def test_a_stream_that_is_reset_is_loaded_again(account, zendesk, drop_tables) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    with pipeline.sql_client() as client:
        client.execute_sql(f"UPDATE {NOTIFICATIONS} SET message_id = 'by hand'")
    assert reset_stream(pipeline, NOTIFICATIONS, drop_tables=drop_tables) is not None
    at_rest(pipeline, zendesk)
    assert_loaded(pipeline, account)


def test_each_of_two_destinations_gets_what_is_new_to_it(account, zendesk) -> None:
    def into(name: str) -> dlt.Pipeline:
        return pipeline_into(dlt.destinations.duckdb(f"{name}.duckdb"))

    at_rest(into("one"), zendesk)
    edited(account, message_id="<another@example.com>")
    at_rest(into("two"), zendesk)
    assert_loaded(at_rest(into("one"), zendesk), account)
    assert_loaded(into("two"), account)


def test_a_plain_run_writes_all_of_it_and_the_next_sync_does_so_too(account, zendesk) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    before = edited(account, message_id="<another@example.com>")
    pipeline.run(source_of(zendesk, *WALKED))
    assert_loaded(pipeline, account)
    edited(account, message_id=before["message_id"])
    at_rest(pipeline, zendesk)
    assert_loaded(pipeline, account)


def test_a_window_in_between_does_not_hide_the_way_back(account, zendesk) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    before = edited(account, message_id="<another@example.com>")
    end: datetime = account.clock.now() + timedelta(days=1)
    sync(pipeline, source_of(zendesk, *WALKED, end_date=end), clock=account.clock)
    edited(account, message_id=before["message_id"])
    at_rest(pipeline, zendesk)
    assert_loaded(pipeline, account)


@pytest.mark.parametrize("number", [0, -1])
def test_a_change_on_any_page_arrives_however_small_the_packages(account, zendesk, number) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    edited(account, number, message_id="<another@example.com>")
    synced(pipeline, zendesk, limits=SliceLimits(max_pages=1))
    assert_loaded(pipeline, account)
    at_rest(pipeline, zendesk)


def _change_before(account: Any) -> None:
    edited(account, 0, message_id="<first@example.com>")


def _change_behind(account: Any) -> None:
    edited(account, -1, message_id="<last@example.com>")


@pytest.mark.parametrize("change", [_change_before, _change_behind])
def test_a_walk_that_failed_halfway_loses_no_change(
    account, zendesk, change: Callable[[Any], None]
) -> None:
    pipeline = at_rest(duckdb_pipeline(), zendesk)
    edited(account, 10, message_id="<another@example.com>")
    attempts = RetryPolicy().attempts
    zendesk.fail_next(Fault.SERVER_ERROR, NOTIFICATIONS, times=attempts, skip=1)
    assert synced(pipeline, zendesk).runs[NOTIFICATIONS].status == "failed"
    change(account)
    at_rest(pipeline, zendesk)
    assert_loaded(pipeline, account)
