"""Merge rows into a DuckDB file straight from the parquet file of a load package.

dlt copies the rows of a package into staging tables of the same file, sorts them with all their
columns to find two rows of one key, and copies them again. DuckDB reads parquet by itself, so here
only the keys are compared, and the rows are written once.

A file is one job of the package and one transaction: done again after a kill, it leaves the same
rows. A package that was begun with staging tables is ended without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq
from dlt.common.configuration.container import Container
from dlt.common.data_writers.escape import escape_duckdb_literal, escape_postgres_identifier
from dlt.common.destination.client import LoadJob, RunnableLoadJob, TLoadJobState
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.schema import Schema, TTableSchema
from dlt.common.schema.utils import (
    get_columns_names_with_prop,
    get_dedup_sort_tuple,
    get_first_column_name_with_prop,
    get_nested_tables,
)
from dlt.common.storages.load_package import (
    LoadPackageStateInjectableContext,
    PackageStorage,
    ParsedLoadJobFileName,
)
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob

from zendesk_source.destination.own_copy import own_destination

_ROW_NUMBER = "file_row_number"
"""DuckDB's name for the place of a row in a parquet file."""

_TABLES_WITH_ROWS = (
    "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
    " AND schema_name = %s AND estimated_size > 0"
)


@contextmanager
def merging_from_files(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Let a pipeline merge straight from its files while this lasts, if it loads into DuckDB."""
    if type(pipeline.destination) is not duckdb:
        yield
        return
    with own_destination(pipeline) as destination:
        destination.__class__ = _MergingDuckDB
        yield


def empty_staging(pipeline: dlt.Pipeline) -> None:
    """Delete the rows that dlt has left in staging tables of a pipeline's DuckDB file.

    Those of a plain ``pipeline.run`` would be merged once more, over newer rows, if one had to end
    a package whose own rows were never staged. What others keep in that schema stays: dbt calls
    one of its own so, too.
    """
    ours = {name for schema in pipeline.schemas.values() for name in schema.data_table_names()}
    with pipeline.destination_client() as opened:
        client: Any = opened
        with client.with_staging_dataset():
            found = client.sql_client.execute_sql(_TABLES_WITH_ROWS, client.sql_client.dataset_name)
            names = {name for (name,) in found or ()}
            # Where dlt has never staged anything it has no versions.
            if client.schema.version_table_name in names and names & ours:
                client.sql_client.truncate_tables(*(names & ours))


class _MergingClient(DuckDbClient):
    """dlt's client of DuckDB, without staging for tables that do not need it."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        if self._is_merged_by_keys(table_name) and _has_one_file().get(table_name, True):
            return False
        return bool(super().should_load_data_to_staging_dataset(table_name))

    def initialize_storage(self, truncate_tables: Iterable[str] | None = None) -> None:
        # After each package dlt empties what was staged, and makes a staging dataset for that.
        tables = None if truncate_tables is None else list(truncate_tables)
        if tables != []:
            super().initialize_storage(tables)  # type: ignore[arg-type]

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        is_rows = ParsedLoadJobFileName.parse(file_path).file_format == "parquet"
        if is_rows and self._is_read_from_file(str(table["name"])) and not _is_staged(file_path):
            return MergeJob(file_path)
        job = super().create_load_job(table, file_path, load_id, restore)
        return _CopyJob(file_path) if is_rows and type(job) is DuckDbCopyJob else job

    def _is_read_from_file(self, name: str) -> bool:
        return self._is_merged_by_keys(name) and _has_one_file().get(name, False)

    def _is_merged_by_keys(self, name: str) -> bool:
        """Whether nothing but the keys of a table says which of its rows go."""
        table = self.schema.tables.get(name)
        return (
            table is not None
            and table.get("write_disposition") == "merge"
            and not any(hint.startswith("x-merge-") for hint in table)
            and _ROW_NUMBER not in table["columns"]
            and len(get_nested_tables(self.schema.tables, name)) == 1
        )


class MergeJob(RunnableLoadJob):
    """Merges one file. dlt polls once a second for jobs that end by themselves; this one tells."""

    def set_run_vars(
        self,
        load_id: str,
        schema: Schema,
        load_table: PreparedTableSchema,
        on_completed: Callable[[TLoadJobState, str | None], None] | None = None,
    ) -> None:
        """Take what is needed to run, without noting the end: only a staged file has a note."""
        super().set_run_vars(load_id, schema, load_table)

    def run(self) -> None:
        """Merge the file's rows into its table."""
        client: Any = self._job_client
        target = client.sql_client.make_qualified_table_name(self.load_table_name)
        file = Path(self._file_path)
        table, columns = self._schema.tables[self.load_table_name], set(pq.read_schema(file).names)
        with client.sql_client.begin_transaction():
            client.sql_client.execute_many(merge_sql(table, target, file, columns))


class _CopyJob(DuckDbCopyJob):
    """Copies one file as dlt does, whatever the folders above it are called."""

    def run(self) -> None:
        client: Any = self._job_client
        target = client.sql_client.make_qualified_table_name(self.load_table_name)
        rows = _read_parquet(Path(self._file_path), "union_by_name")
        client.sql_client.execute_sql(f"INSERT INTO {target} BY NAME SELECT * FROM {rows}")  # noqa: S608


class _MergingDuckDB(duckdb):
    @property
    def client_class(self) -> type[DuckDbClient]:
        return _MergingClient

    @property
    def destination_type(self) -> str:
        return "dlt.destinations.duckdb"


def merge_sql(table: TTableSchema, target: str, file: Path, columns: Set[str]) -> list[str]:
    """Return the statements that merge a parquet file into a table, in one transaction.

    Rows that are there and have one of the keys go. Of several rows with one primary key in the
    file the one that was read last is written, unless it says that the row is gone.

    Args:
        table: The table with its keys.
        target: Its name in SQL.
        file: The file.
        columns: Names of the columns of the file.
    """
    primary_key = get_columns_names_with_prop(table, "primary_key")
    merge_key = get_columns_names_with_prop(table, "merge_key")
    rows = _read_parquet(file, _ROW_NUMBER)
    statements = [
        f"DELETE FROM {target} AS d {_coming_again(rows, key)}"  # noqa: S608
        for key in _keys_of_what_goes(primary_key, merge_key)
        if columns >= set(key)
    ]
    insert = f"INSERT INTO {target} BY NAME SELECT * EXCLUDE ({_ROW_NUMBER}) FROM {rows}"  # noqa: S608
    if key := [name for name in primary_key if name in columns]:
        insert += f" ANTI JOIN ({_older(rows, key, table)})"
        insert += f" USING ({_ROW_NUMBER})"
    removed = get_first_column_name_with_prop(table, "hard_delete")
    if removed is not None and removed in columns:
        is_yes_or_no = table["columns"][removed].get("data_type") == "bool"
        insert += f" WHERE {_quoted(removed)} IS {'NOT TRUE' if is_yes_or_no else 'NULL'}"
    return [*statements, insert]


def _read_parquet(file: Path, setting: str) -> str:
    # Otherwise a folder `id=5` in the path of the file is every row's id.
    settings = f"{setting} = true, hive_partitioning = false"
    return f"read_parquet({escape_duckdb_literal(str(file))}, {settings})"


def _keys_of_what_goes(primary_key: list[str], merge_key: list[str]) -> list[list[str]]:
    """Return the keys by which rows go; all rows of a set go with its merge key."""
    has_set = merge_key and set(merge_key) <= set(primary_key)
    return [merge_key] if has_set else [key for key in (primary_key, merge_key) if key]


def _coming_again(rows: str, key: Sequence[str]) -> str:
    """Return what chooses the rows of a table ``d`` whose key is in the file.

    For ``USING`` DuckDB compares the least and the greatest key with those of each part of the
    table, and reads only the parts that may hold one; for ``EXISTS`` alone it reads them all, and
    ``IN`` refuses a number where the table has texts.
    """
    first, *further = map(_quoted, key)
    chosen = f"USING (SELECT DISTINCT {first} FROM {rows}) AS k WHERE k.{first} = d.{first}"  # noqa: S608
    if further:
        same = " AND ".join(f"s.{name} = d.{name}" for name in (first, *further))
        chosen += f" AND EXISTS (SELECT 1 FROM {rows} AS s WHERE {same})"  # noqa: S608
    return chosen


def _older(rows: str, key: Sequence[str], table: TTableSchema) -> str:
    """Return a query for the numbers of those rows of a file that came again later."""
    order = [f"{_ROW_NUMBER} DESC"]
    if (sort := get_dedup_sort_tuple(table)) is not None:
        order.insert(0, f"{_quoted(sort[0])} {sort[1]}")
    return (
        f"SELECT {_ROW_NUMBER} FROM {rows} QUALIFY row_number() OVER (PARTITION BY"  # noqa: S608
        f" {', '.join(map(_quoted, key))} ORDER BY {', '.join(order)}) > 1"
    )


def _quoted(name: str) -> str:
    return str(escape_postgres_identifier(name))


def _is_staged(file_path: str) -> bool:
    """Whether dlt has noted, right before a kill, that it had copied a file to a staging table."""
    path = Path(file_path)
    return (path.parent.parent / PackageStorage.PENDING_TRANSITIONS_FOLDER / path.name).exists()


def _has_one_file() -> Mapping[str, bool]:
    """Return by table whether the package that is being loaded has one parquet file of it alone."""
    package = Container()[LoadPackageStateInjectableContext]
    root = Path(package.storage.storage.storage_path)
    return _has_one_file_in(root / package.storage.get_package_path(package.load_id))


@lru_cache(maxsize=64)  # dlt asks for every table again and again
def _has_one_file_in(package: Path) -> Mapping[str, bool]:
    paths = (path for path in package.glob("*_jobs/*") if path.suffix not in (".sql", ".exception"))
    jobs = [ParsedLoadJobFileName.parse(path.name) for path in paths]
    count = Counter(job.table_name for job in jobs)
    return {
        job.table_name: job.file_format == "parquet" and count[job.table_name] == 1 for job in jobs
    }
