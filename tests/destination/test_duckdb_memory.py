"""What a sync takes of the machine."""

from __future__ import annotations

import json
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.destinations.exceptions import DatabaseTransientException
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from tests.support.simulated import duckdb_pipeline, pipeline_into, source_of
from tests.support.tables import assert_equals_truth
from zendesk_source import sync
from zendesk_source.destination import duckdb_memory as memory
from zendesk_source.destination import duckdb_row_groups as row_groups
from zendesk_source.destination.duckdb_file import STORAGE_VERSION
from zendesk_source.resources.run import SliceLimits

STREAMS = ("tickets", "users")


def shown(megabytes: int) -> str:
    """Return a setting of DuckDB as it shows it, cut after one digit."""
    return f"{megabytes * 10**7 // 2**20 / 10} MiB"


OURS = shown(memory.DUCKDB_MEMORY_MB)


def settings_of(pipeline: dlt.Pipeline) -> tuple[str, int]:
    with pipeline.sql_client() as client:
        rows = client.execute_sql(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        )
    assert rows is not None
    return str(rows[0][0]), int(rows[0][1])


def test_duckdb_gets_one_thread_and_little_memory_only_while_a_sync_runs(zendesk):
    pipeline, seen = duckdb_pipeline(), []
    with pipeline.sql_client():  # somebody else's connection to the same file
        before = settings_of(pipeline)
        sync(
            pipeline,
            source_of(zendesk, *STREAMS),
            on_slice=lambda _: seen.append((*settings_of(pipeline), pa.default_memory_pool())),
        )
        assert settings_of(pipeline) == before
    assert {limits[:2] for limits in seen} == {(OURS, 1)}
    assert {limits[2].backend_name for limits in seen} == {"system"}


def test_what_the_user_has_set_for_duckdb_stays(zendesk, monkeypatch):
    configured = '{"memory_limit": "600MB", "threads": 2}'
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", configured)
    pipeline, seen = duckdb_pipeline(), set()
    sync(
        pipeline,
        source_of(zendesk, *STREAMS),
        on_slice=lambda _: seen.add(settings_of(pipeline)),
    )
    assert seen == {("572.2 MiB", 2)}


@pytest.mark.long
def test_a_package_that_needs_more_memory_gets_it(account, zendesk, monkeypatch):
    monkeypatch.setattr(memory, "DUCKDB_MEMORY_MB", 3)
    pipeline, seen = duckdb_pipeline(), []
    report = sync(
        pipeline,
        source_of(zendesk, *STREAMS),
        on_slice=lambda _: seen.append(settings_of(pipeline)[0]),
    )
    assert report.exit_code == 0
    assert seen[-1] != "2.8 MiB"
    assert_equals_truth(pipeline, account, STREAMS)


@pytest.mark.long
def test_a_checkpoint_that_runs_out_of_memory_gets_more_of_it(account, zendesk, monkeypatch):
    execute = DuckDbSqlClient.execute_sql
    checkpoints: list[str] = []

    def run_out_once(client: DuckDbSqlClient, sql: str, *args: object, **kwargs: object) -> object:
        if sql == "CHECKPOINT":
            checkpoints.append(sql)
        if sql == "CHECKPOINT" and len(checkpoints) == 2:
            raise DatabaseTransientException(MemoryError("(152.1 MiB/152.5 MiB used)"))
        return execute(client, sql, *args, **kwargs)

    monkeypatch.setattr(row_groups, "LOG_BYTES", 0)
    monkeypatch.setattr(DuckDbSqlClient, "execute_sql", run_out_once)
    pipeline, seen = duckdb_pipeline(), []
    sync(
        pipeline,
        source_of(zendesk, *STREAMS),
        on_slice=lambda _: seen.append(settings_of(pipeline)),
    )
    assert seen[0] == (OURS, 1)
    assert seen[-1] == (shown(2 * memory.DUCKDB_MEMORY_MB), 1)
    assert_equals_truth(pipeline, account, STREAMS)


@pytest.mark.long
@pytest.mark.parametrize(("log_bytes", "is_written"), [(0, True), (row_groups.LOG_BYTES, False)])
def test_what_was_loaded_is_written_while_the_sync_goes_on_before_the_log_grows_too_large(
    zendesk, monkeypatch, log_bytes, is_written
):
    monkeypatch.setattr(row_groups, "LOG_BYTES", log_bytes)
    pipeline, waiting = duckdb_pipeline(), []

    def look(_: object) -> None:
        with pipeline.sql_client() as client:
            rows = client.execute_sql("SELECT path FROM duckdb_databases() WHERE NOT internal")
        assert rows is not None
        log = Path(f"{rows[0][0]}.wal")
        waiting.append(log.stat().st_size if log.exists() else 0)

    streams = (*STREAMS, "organizations", "ticket_events")
    source = source_of(zendesk, *streams)
    sync(pipeline, source, limits=SliceLimits(max_pages=1), on_slice=look)
    assert len(waiting) > 3
    assert not any(waiting) if is_written else all(waiting)


def test_a_database_that_can_hold_no_less_goes_on(account, zendesk, monkeypatch):
    monkeypatch.setattr(memory, "RESTING_MEMORY_MB", 0)
    pipeline, seen = duckdb_pipeline(), set()
    sync(
        pipeline,
        source_of(zendesk, *STREAMS),
        on_slice=lambda _: seen.add(settings_of(pipeline)[0]),
    )
    assert seen == {OURS}
    assert_equals_truth(pipeline, account, STREAMS)


def storage_version(pipeline: dlt.Pipeline) -> str:
    with pipeline.sql_client() as client:
        rows = client.execute_sql("SELECT tags FROM duckdb_databases() WHERE NOT internal")
    assert rows is not None
    return str(rows[0][0]["storage_version"])


@pytest.mark.parametrize("asked", [None, "v1.4.0"])
def test_a_new_duckdb_file_is_in_a_format_of_today(account, zendesk, monkeypatch, asked):
    if asked is not None:
        configured = json.dumps({"storage_compatibility_version": asked})
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", configured)
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, *STREAMS))
    assert storage_version(pipeline).startswith(asked or STORAGE_VERSION)
    assert_equals_truth(pipeline, account, STREAMS)


def test_a_duckdb_file_that_is_there_keeps_its_format(account, zendesk):
    pipeline = duckdb_pipeline()
    pipeline.run([{"id": 1}], table_name="somebody_elses")
    before = storage_version(pipeline)
    assert not before.startswith(STORAGE_VERSION)
    sync(pipeline, source_of(zendesk, *STREAMS))
    assert storage_version(pipeline) == before
    assert_equals_truth(pipeline, account, STREAMS)


def test_a_connection_of_the_users_own_is_loaded_into(account, zendesk):
    with duckdb.connect(":memory:") as connection:
        destination = dlt.destinations.duckdb(connection)
        pipeline = pipeline_into(destination)
        sync(pipeline, source_of(zendesk, "users"))
        assert_equals_truth(pipeline, account, ("users",))
    assert not list(Path().glob("*.duckdb"))


@pytest.mark.parametrize("said", [None, "parallel"])
def test_tables_are_loaded_one_after_the_other_unless_the_user_says_otherwise(zendesk, said):
    pipeline, seen = duckdb_pipeline(), set()
    parameters = pipeline.destination.caps_params
    if said is not None:
        parameters["loader_parallelism_strategy"] = said
    before = dict(parameters)
    sync(
        pipeline,
        source_of(zendesk, "tickets"),
        on_slice=lambda _: seen.add(
            pipeline.destination.capabilities().loader_parallelism_strategy
        ),
    )
    assert seen == {said or "sequential"}
    assert parameters == before
