"""Rows merged straight from a package's file: as dlt merges them by way of its staging tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from random import Random
from threading import BoundedSemaphore
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.job_client_impl import SqlLoadJob
from dlt.load import Load
from dlt.pipeline.exceptions import PipelineStepFailed

from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.destination.duckdb_merge import MergeJob, merge_sql, merging_from_files
from zendesk_source.runs.reset import reset_stream

COLUMNS: Any = {
    "parent_id": {"data_type": "bigint"},
    "name": {"data_type": "text", "nullable": True},
    "read_at": {"data_type": "bigint", "dedup_sort": "desc"},
    "value": {"data_type": "json"},
    "is_gone": {"data_type": "bool", "hard_delete": True},
}
KEYS: dict[str, dict[str, Any]] = {
    "primary key": {"primary_key": ("parent_id", "name")},
    "set": {"primary_key": ("parent_id", "name"), "merge_key": "parent_id"},
    "other set": {"primary_key": "name", "merge_key": "parent_id"},
    "no key": {},
}
NAMES = ("a", "b", 'it\'s; "c" \\ %s', "*[d]?\nnew")
VALUES = (None, {"k": ["v", "Z\u0308"]}, {"k": "it's"})
MARKS = (None, None, False, True)


def pipeline_in(folder: Path, name: str = "merge") -> dlt.Pipeline:
    database = dlt.destinations.duckdb(str(folder / f"{name}.duckdb"))
    return dlt.pipeline(
        name, pipelines_dir=str(folder / name), destination=database, dataset_name="data"
    )


def rows_of(package: list[Any], number: int) -> list[dict[str, Any]]:
    """Return rows of one package, of which none was read at the same time as another."""
    names = ("parent_id", "name", "value", "is_gone")
    return [
        {**dict(zip(names, row, strict=True)), "read_at": 100 * number + place}
        for place, row in enumerate(package)
    ]


def resource_of(rows: list[dict[str, Any]], keys: dict[str, Any]) -> Any:
    return dlt.resource(
        rows,
        name="things",
        columns=COLUMNS,
        write_disposition="merge",
        file_format="parquet",
        max_table_nesting=0,
        **keys,
    )


def table_of(pipeline: dlt.Pipeline) -> list[Any]:
    query = "select parent_id, name, value::varchar, is_gone, read_at from things order by all"
    with pipeline.sql_client() as client:
        return list(client.execute_sql(query) or ())


def tables_in(file: Path) -> set[tuple[str, str]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute("select table_schema, table_name from information_schema.tables")
        return set(found.fetchall())


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_the_table_is_the_one_that_dlt_would_make(keys, tmp_path):
    random = Random(7)
    packages = [
        [
            (random.randrange(30), *map(random.choice, (NAMES, VALUES, MARKS)))
            for _ in range(random.choice((3, 40, 120)))
        ]
        for _ in range(4)
    ]
    tables: list[Any] = []
    for merging in (merging_from_files, lambda _: nullcontext()):
        pipeline = pipeline_in(tmp_path, f"merge{len(tables)}")
        with merging(pipeline):
            for number, package in enumerate(packages):
                pipeline.run(resource_of(rows_of(package, number), keys))
        tables.append(table_of(pipeline))
    assert len(tables[0]) > 1
    assert tables[0] == tables[1]


def test_nothing_is_staged_and_the_destination_is_given_back(tmp_path):
    pipeline = pipeline_in(tmp_path)
    before = pipeline.destination
    with merging_from_files(pipeline):
        pipeline.run(resource_of(rows_of([(1, "a", None, None)], 0), KEYS["set"]))
    assert pipeline.destination is before
    assert {schema for schema, _ in tables_in(tmp_path / "merge.duckdb")} == {"data"}


def test_of_two_rows_that_were_read_at_once_the_later_one_stays(tmp_path):
    pipeline = pipeline_in(tmp_path)
    rows = [{"parent_id": 1, "name": "a", "read_at": 5, "value": {"n": n}} for n in range(40)]
    with merging_from_files(pipeline):
        pipeline.run(resource_of(rows, KEYS["primary key"]))
    assert table_of(pipeline) == [(1, "a", '{"n":39}', None, 5)]


@pytest.mark.parametrize("mark", ["2026-11-29T00:00:00Z", "gone"])
def test_a_row_is_gone_that_says_when_or_why(mark, tmp_path):
    gone = {"data_type": "text" if mark == "gone" else "timestamp", "hard_delete": True}
    pipeline = pipeline_in(tmp_path)
    with merging_from_files(pipeline):
        for is_gone in (None, mark):
            rows = rows_of([(1, "a", None, is_gone), (1, "b", None, None)], 0)
            things = resource_of(rows, KEYS["primary key"])
            things.apply_hints(columns={"is_gone": gone})
            pipeline.run(things)
    assert [row[1] for row in table_of(pipeline)] == ["b"]


@pytest.mark.parametrize("key", [["parent_id"], ["parent_id", "name"]])
def test_a_merge_reads_only_the_parts_of_a_table_that_may_hold_its_keys(key, tmp_path):
    columns: Any = {
        name: {**COLUMNS[name], "name": name, "primary_key": name in key}
        for name in ("parent_id", "name")
    }
    file = tmp_path / "new.parquet"
    with duckdb.connect(str(tmp_path / "merge.duckdb")) as connection:
        numbered = "select range as parent_id, 'a' as name from"
        connection.execute(f"create table things as {numbered} range(400_000)")
        connection.execute(f"copy ({numbered} range(399_990, 400_010)) to '{file}'")
        delete, insert = merge_sql({"columns": columns}, "things", file, {"parent_id", "name"})
        plan = connection.execute(f"explain (analyze, format json) {delete}").fetchall()[0][1]
        connection.execute(insert)
        found = connection.execute("select count(*), count(distinct parent_id) from things")
        assert found.fetchall() == [(400_010, 400_010)]
    assert 0 < rows_read_from("things", json.loads(plan)) < 200_000


def rows_read_from(table: str, plan: dict[str, Any]) -> int:
    """Return how many rows the scans of a table have read, in a profile of DuckDB 1 or 2."""
    is_scan = table in str(plan.get("extra_info", {}).get("Table", ""))
    rows = int(plan.get("rows_scanned") or plan["operator_cardinality"]) if is_scan else 0
    below = plan.get("children") or plan.get("operator") or ()
    return rows + sum(rows_read_from(table, child) for child in below)


def test_a_column_that_only_the_table_has_is_left_empty(tmp_path):
    pipeline = pipeline_in(tmp_path)
    rows = rows_of([(1, "a", None, None), (2, "b", None, True)], 0)
    with merging_from_files(pipeline):
        pipeline.run(resource_of(rows, KEYS["set"]))
        columns = {"parent_id": [2], "name": ["c"], "read_at": [7], "_dlt_id": ["1"]}
        narrow: Any = [pa.table({**columns, "_dlt_load_id": ["1"]})]
        pipeline.run(resource_of(narrow, KEYS["set"]))
    assert table_of(pipeline) == [(1, "a", None, None, 0), (2, "c", None, None, 7)]


def test_a_table_of_several_files_is_staged_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_WRITER__FILE_MAX_ITEMS", "2")
    monkeypatch.setenv("DATA_WRITER__BUFFER_MAX_ITEMS", "1")
    pipeline = pipeline_in(tmp_path)
    rows = rows_of([(1, name, None, None) for name in "abcdef"], 0)
    with merging_from_files(pipeline):
        pipeline.run(resource_of(rows, KEYS["set"]))
    assert [row[1] for row in table_of(pipeline)] == list("abcdef")
    assert ("data_staging", "things") in tables_in(tmp_path / "merge.duckdb")


@pytest.fixture(params=["with staging tables", "before the merge", "after the merge"])
def broken_merge(request, monkeypatch) -> Any:
    """Let a merge fail while this lasts, before its rows were written or after."""
    is_ours = request.param != "with staging tables"
    job = MergeJob if is_ours else SqlLoadJob
    merge = job.run

    def fail(self: Any) -> None:
        if request.param == "after the merge":
            merge(self)
        raise DatabaseException(OSError("the process was killed"))

    monkeypatch.setattr(job, "run", fail)
    return merging_from_files if is_ours else lambda _: nullcontext()


def test_a_package_that_broke_off_is_ended_from_its_file(tmp_path, broken_merge, monkeypatch):
    pipeline = pipeline_in(tmp_path)
    rows = rows_of([(1, "a", {"k": 1}, None), (1, "b", None, True)], 0)
    with broken_merge(pipeline), pytest.raises(PipelineStepFailed):
        pipeline.run(resource_of(rows, KEYS["set"]))
    monkeypatch.undo()
    again = pipeline_in(tmp_path)
    assert again.has_pending_data
    with merging_from_files(again):
        again.load()
    assert table_of(again) == [(1, "a", '{"k":1}', None, 0)]


@pytest.mark.parametrize("write", ["merge", "replace", "append"])
@pytest.mark.parametrize("name", ["a;b'c", "parent_id=5", "env=prod"])
def test_a_name_in_the_path_of_the_working_folder_changes_no_row(name, write, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    pipeline = pipeline_in(folder)
    with merging_from_files(pipeline):
        for number in range(2):
            rows = rows_of([(1, "a", None, None), (2, "b", None, None)], number)
            pipeline.run(resource_of(rows, KEYS["set"]), write_disposition=write)
    first = [(1, "a", None, None, 0), (2, "b", None, None, 1)] if write == "append" else []
    second = [(1, "a", None, None, 100), (2, "b", None, None, 101)]
    assert table_of(pipeline) == sorted([*first, *second], key=lambda row: row[0])


@pytest.mark.parametrize("keys", [KEYS["primary key"], KEYS["set"]], ids=["primary key", "set"])
def test_a_key_whose_column_somebody_made_text_is_merged_all_the_same(keys, tmp_path):
    pipeline = pipeline_in(tmp_path)
    with merging_from_files(pipeline):
        for number in range(2):
            rows = rows_of([(1, "a", None, None), (2, "b", None, None)], number)
            pipeline.run(resource_of(rows, keys))
            with pipeline.sql_client() as client:
                client.execute_sql("alter table things alter parent_id type varchar")
    assert [row[:2] for row in table_of(pipeline)] == [("1", "a"), ("2", "b")]


class _Bell(BoundedSemaphore):
    """What dlt waits for while jobs are running; a second later it looks without being told."""

    unheard = 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        is_told = super().acquire(blocking, None if timeout is None else 20)
        _Bell.unheard += not is_told
        return is_told


def test_dlt_is_told_of_every_job_that_has_ended(zendesk, pipeline, monkeypatch):
    monkeypatch.setattr("dlt.load.load.BoundedSemaphore", _Bell)
    monkeypatch.setattr(_Bell, "unheard", 0)
    assert sync(pipeline, source_of(zendesk, "tickets", "users", "macros")).exit_code == 0
    assert _Bell.unheard == 0


def test_a_sync_writes_nothing_twice(account, zendesk, pipeline, tmp_path):
    sync(pipeline, source_of(zendesk, "tickets", "users"))
    with pipeline.sql_client() as client:
        schemas = client.execute_sql("select schema_name from duckdb_schemas() where not internal")
    assert f"{pipeline.dataset_name}_staging" not in {row[0] for row in schemas or ()}


@contextmanager
def killed_in(owner: type, method: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Break a load off where it calls a method; nobody tidies up, as after a kill."""
    load = dlt.Pipeline.load

    def end(*_: Any, **__: Any) -> None:
        raise OSError

    def killed(self: dlt.Pipeline, *_: Any, **__: Any) -> None:
        with suppress(PipelineStepFailed):
            load(self)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, method, end)
        patched.setattr(dlt.Pipeline, "load", killed)
        with suppress(KeyboardInterrupt):
            yield


@pytest.mark.filterwarnings("ignore:The .warn. method")  # of dlt's own logger
def test_rows_that_a_plain_run_has_staged_never_come_back(
    account, zendesk, pipeline, monkeypatch, caplog
):
    source = source_of(zendesk, "tickets")
    with killed_in(Load, "create_followup_jobs", monkeypatch):
        pipeline.run(source)
    assert pipeline.has_pending_data
    sync(pipeline, source)
    assert "dropped" not in caplog.text  # what was begun has been ended
    first, second = (row["id"] for row in account.truth("tickets")[:2])
    account.edit_ticket(first, subject="newer than what is staged")
    account.clock.advance(600)
    sync(pipeline, source)
    account.edit_ticket(second, subject="in the package that broke off")
    account.clock.advance(600)
    with killed_in(Load, "submit_job", monkeypatch):
        sync(pipeline, source)
    assert pipeline.has_pending_data
    with suppress(PipelineStepFailed):
        pipeline.run(source)
    sync(pipeline, source)
    with pipeline.sql_client() as client:
        loaded = client.execute_sql("select id, subject from tickets")
    assert dict(loaded or ()) == {row["id"]: row["subject"] for row in account.truth("tickets")}


@pytest.mark.parametrize("has_staged", [False, True])
def test_what_others_keep_in_the_schema_of_the_staging_tables_stays(
    account, zendesk, pipeline, has_staged
):
    source = source_of(zendesk, "tickets")
    (pipeline.run if has_staged else partial(sync, pipeline))(source)
    with pipeline.sql_client() as client:
        theirs = f"{client.dataset_name}_staging"
        client.execute_sql(f"create schema if not exists {theirs}")
        client.execute_sql(f"create table {theirs}.stg_tickets as select 1 as id")
        client.execute_sql(f"create view {theirs}.users as select 1 as id")

    def found_there() -> set[str]:
        query = "select table_name from information_schema.tables where table_schema = %s"
        with pipeline.sql_client() as client:
            return {name for (name,) in client.execute_sql(query, theirs) or ()}

    account.edit_ticket(account.truth("tickets")[0]["id"], subject="new")
    account.clock.advance(600)
    sync(pipeline, source)
    assert found_there() >= {"stg_tickets", "users"}
    assert reset_stream(pipeline, "tickets", drop_tables=True)
    assert found_there() == {"stg_tickets", "users", "_dlt_version"}
    sync(pipeline, source)
    with pipeline.sql_client() as client:
        assert len(client.execute_sql("select id from tickets") or ()) == len(
            account.truth("tickets")
        )


def test_history_that_is_staged_goes_on_beside_what_others_keep_there(account, zendesk, pipeline):
    source = source_of(zendesk, "macros", "tickets", history=["macros"])
    for title in ("", "second", "third", "fourth"):
        if title:
            account.edit_row("macros", account.truth("macros")[0]["id"], title=title)
            account.clock.advance(3_600)
        assert sync(pipeline, source).exit_code == 0
        with pipeline.sql_client() as client:
            theirs = f"{client.dataset_name}_staging"
            client.execute_sql(f"create table if not exists {theirs}.stg_tickets as select 1 as id")
            titles = client.execute_sql("select title from macros where _zendesk_valid_to is null")
        assert sorted(titles or ()) == sorted((row["title"],) for row in account.truth("macros"))
