"""Read tables that are files: parquet, Delta and Iceberg, where a folder or a bucket has them.

dlt asks such tables by DuckDB, which may have to fetch an extension from its own server first. A
load must not depend on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations.fs_client import FSClientBase

from zendesk_source.names import SYNCED_AT

Condition = Callable[[Callable[[str], str]], str]
"""Returns a condition in SQL; is given what quotes the name of a column."""


def are_files(pipeline: dlt.Pipeline) -> bool:
    """Whether the tables of a pipeline are files.

    Args:
        pipeline: The pipeline that loads them.
    """
    return issubclass(pipeline.destination.client_class, FSClientBase)


def rows_in_files(
    pipeline: dlt.Pipeline, table: str, columns: Sequence[str], condition: Condition | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows of a table, of several versions of a row the newest.

    Args:
        pipeline: The pipeline that loads it.
        table: Name of the table; one that was never loaded has no rows.
        columns: Columns of the values.
        condition: Which rows are wanted; all when left out.

    Returns:
        Values as DuckDB gives them: JSON as text, times as ``datetime``, nulls as None.
    """
    declared = pipeline.default_schema.tables.get(table, {}).get("columns", {})
    key = [_quoted(name) for name, hints in declared.items() if hints.get("primary_key")]
    try:
        loaded = _whole(pipeline, table)
    except DestinationUndefinedEntity:
        return []
    if loaded is None:
        return []
    for name in (*columns, SYNCED_AT):  # files that were written before a column came
        if name not in loaded.column_names:
            loaded = loaded.append_column(name, pa.nulls(loaded.num_rows))
    newest = (
        f"{SYNCED_AT} IS NOT DISTINCT FROM max({SYNCED_AT}) OVER (PARTITION BY {', '.join(key)})"
    )
    query = f"SELECT * FROM loaded{f' QUALIFY {newest}' if key else ''}"  # noqa: S608
    wanted = f" WHERE {condition(_quoted)}" if condition is not None else ""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("loaded", loaded)
        names = ", ".join(map(_quoted, columns))
        return database.execute(f"SELECT {names} FROM ({query}){wanted}").fetchall()  # noqa: S608


def _whole(pipeline: dlt.Pipeline, table: str) -> pa.Table | None:
    """Return a table as it is in its files; None if it has none.

    Raises:
        DestinationUndefinedEntity: It was never loaded.
    """
    table_format = pipeline.default_schema.tables.get(table, {}).get("table_format")
    with pipeline.destination_client() as client:
        files: Any = client
        if table_format is not None:
            found = files.load_open_table(table_format, table)
            is_iceberg = table_format == "iceberg"
            return found.scan().to_arrow() if is_iceberg else found.to_pyarrow_table()
        parts = list(_parts(files, table))
        return pa.concat_tables(parts, promote_options="permissive") if parts else None


def _parts(files: Any, table: str) -> Iterator[pa.Table]:
    for path in files.list_table_files(table):
        with files.fs_client.open(path, "rb") as opened:
            yield pq.read_table(opened)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
