"""Every destination that this machine can have, and its tables as rows, read without dlt."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dlt.common.configuration.specs import AwsCredentials
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations.impl.ducklake.configuration import DuckLakeCredentials

from tests.support.tables import TABLES, Dataset, Row, opened, whole_rows
from tests.support.until import until

ROOT = Path(__file__).parent.parent.parent
DATASET = "zendesk_data"
Read = Callable[[dlt.Pipeline, str], list[Row]]


@dataclass(frozen=True)
class Place:
    """A destination, and how to read what was loaded there.

    Attributes:
        destination: As dlt takes it.
        read: Returns the rows of a table as they are now.
        settings: Settings of the source that it needs.
    """

    destination: Any
    read: Read
    settings: dict[str, Any] = field(default_factory=dict)


def dataset_of(place: Place, pipeline: dlt.Pipeline) -> Dataset:
    """Return what a pipeline has loaded, to be compared table by table."""
    schema, state = pipeline.default_schema, pipeline.state["sources"]
    return Dataset(None, schema.tables, state, lambda table: place.read(pipeline, table))


@contextmanager
def opened_place(name: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Make a destination ready; skip the test where a package or a server is not there."""
    for package in _NEEDED.get(name, ()):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: make destinations")
    with _PLACES[name](folder, request) as place:
        yield place


@contextmanager
def _duckdb(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    yield Place("duckdb", _by_sql)


@contextmanager
def _postgres(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    url = request.getfixturevalue("postgres_url")
    yield Place(dlt.destinations.postgres(url), _by_sql)


@contextmanager
def _ducklake(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    _extension("ducklake")
    catalog, storage = f"duckdb:///{folder}/catalog.duckdb", f"{folder}/storage"
    credentials = DuckLakeCredentials("lake", catalog=catalog, storage=storage)
    yield Place(dlt.destinations.ducklake(credentials=credentials), _by_sql)


@contextmanager
def _sqlite(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    def read(pipeline: dlt.Pipeline, table: str) -> list[Row]:
        with closing(sqlite3.connect(folder / f"loaded__{DATASET}.db")) as database:
            return _rows(database.execute(f'SELECT * FROM "{table}"'), pipeline, table)

    yield Place(dlt.destinations.sqlalchemy(f"sqlite:///{folder}/loaded.db"), read)


@contextmanager
def _mariadb(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    pymysql = import_module("pymysql")
    try:
        server = pymysql.connect(host="127.0.0.1", user="root", password="")
    except pymysql.Error as refused:
        pytest.skip(f"no MariaDB answers on 127.0.0.1:3306 ({refused})")
    name = f"zendesk_test_{uuid.uuid4().hex[:12]}"
    # dlt makes a database for the dataset, and needs another one to log in to.
    datasets = f"{name}_home", name
    with closing(server), server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {datasets[0]}")
        server.commit()

        def read(pipeline: dlt.Pipeline, table: str) -> list[Row]:
            with server.cursor() as reading:
                server.rollback()  # what it saw before is what it would see again
                reading.execute(f"SELECT * FROM `{name}`.`{table}`")
                return _rows(reading, pipeline, table)

        try:
            url = f"mysql+pymysql://root@127.0.0.1:3306/{datasets[0]}"
            yield Place(dlt.destinations.sqlalchemy(url), read, {"dataset_name": name})
        finally:
            for each in datasets:
                cursor.execute(f"DROP DATABASE IF EXISTS {each}")


@contextmanager
def _files(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    yield Place(dlt.destinations.filesystem(f"file://{folder}/files"), _by_documented_query)


@contextmanager
def _delta(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    there = dlt.destinations.filesystem(f"file://{folder}/delta")
    yield Place(there, _by_documented_query, {"table_format": "delta"})


@contextmanager
def _iceberg(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    there = dlt.destinations.filesystem(f"file://{folder}/iceberg")
    yield Place(there, _by_documented_query, {"table_format": "iceberg"})


@contextmanager
def _s3(folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    s3fs = import_module("s3fs")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _is_open(port), 20, lambda: "the S3 server did not start")
        s3fs.S3FileSystem(key="a", secret="b", client_kwargs={"endpoint_url": url}).mkdir("bucket")
        credentials = AwsCredentials("a", "b", endpoint_url=url, region_name="us-east-1")
        there = dlt.destinations.filesystem("s3://bucket/files", credentials=credentials)
        yield Place(there, _by_documented_query)
    finally:
        server.terminate()
        server.wait(20)


def _is_open(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def _extension(name: str) -> None:
    """Let DuckDB find an extension that came as a package, because there may be no network."""
    if find_spec("duckdb_extensions") is not None:
        import_module("duckdb_extensions").import_extension(name)


_PLACES: dict[str, Any] = {
    "duckdb": _duckdb,
    "postgres": _postgres,
    "ducklake": _ducklake,
    "sqlite": _sqlite,
    "mariadb": _mariadb,
    "files": _files,
    "s3": _s3,
    "delta": _delta,
    "iceberg": _iceberg,
}
_NEEDED = {
    "ducklake": ("duckdb_extension_ducklake",),
    "sqlite": ("sqlalchemy",),
    "mariadb": ("sqlalchemy", "pymysql"),
    "s3": ("moto", "flask", "s3fs"),
    "delta": ("deltalake",),
    "iceberg": ("pyiceberg", "sqlalchemy"),
}
PLACES = tuple(_PLACES)


def _by_sql(pipeline: dlt.Pipeline, table: str) -> list[Row]:
    with opened(pipeline) as dataset:
        return whole_rows(dataset, table)


def _rows(cursor: Any, pipeline: dlt.Pipeline, table: str) -> list[Row]:
    """Return rows of a database without types of its own for times, truth and JSON."""
    names = [column[0] for column in cursor.description]
    types = pipeline.default_schema.tables[table]["columns"]
    kinds = [types[name].get("data_type") for name in names]
    return [
        {
            name: None if value is None else _READ.get(str(kind), _as_it_is)(value)
            for name, kind, value in zip(names, kinds, values, strict=True)
        }
        for values in cursor.fetchall()
    ]


def _as_it_is(value: Any) -> Any:
    return value


def _time(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(found, datetime)
    return found.replace(tzinfo=found.tzinfo or timezone.utc)


def _date(value: Any) -> Any:
    return datetime.fromisoformat(value).date() if isinstance(value, str) else value


_READ: dict[str, Callable[[Any], Any]] = {
    "timestamp": _time,
    "date": _date,
    "bool": bool,
    "decimal": lambda value: Decimal(str(value)),
}


def _by_documented_query(pipeline: dlt.Pipeline, table: str) -> list[Row]:
    """Return the rows that are valid now, by the query that docs/destinations.md gives."""
    with pipeline.destination_client() as client:
        files: Any = client
        table_format = pipeline.default_schema.tables[table].get("table_format")
        try:
            if table_format is not None:
                opened_table = files.load_open_table(table_format, table)
                is_delta = table_format == "delta"
                loaded = (
                    opened_table.to_pyarrow_table() if is_delta else opened_table.scan().to_arrow()
                )
            else:
                parts = [_parquet(files.fs_client, path) for path in files.list_table_files(table)]
                loaded = pa.concat_tables(parts, promote_options="default")
        except DestinationUndefinedEntity:
            return []
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("loaded", loaded)
        cursor = database.execute(_current(table, loaded.column_names))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _parquet(files: Any, path: str) -> pa.Table:
    with files.open(path, "rb") as opened_file:
        return pq.read_table(opened_file)


def documented_queries() -> tuple[str, str]:
    """Return the queries of the page: for rows with a key of their own, and for whole sets."""
    page = (ROOT / "docs" / "destinations.md").read_text(encoding="utf-8")
    single, of_sets = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)[:2]
    return single, of_sets


def _current(table: str, columns: list[str]) -> str:
    declared = TABLES.get(table)
    if declared is None or "_zendesk_synced_at" not in columns:
        return "SELECT * FROM loaded"
    single, of_sets = documented_queries()
    key = ", ".join(declared.primary_key)
    if declared.set_column:
        query = of_sets.replace("user_identities", "loaded").replace(
            "by user_id", f"by {declared.set_column}"
        )
        query = query.replace("by id", f"by {key}")
    else:
        query = single.replace("tickets", "loaded").replace("by id", f"by {key}")
    if "_zendesk_removed" not in columns:
        query = query.replace("_zendesk_removed", "null")
    return query


def versions() -> str:
    """Return the versions of the packages that the destinations need, for a report."""
    needed = {"dlt", "duckdb", "pyarrow", *(name for names in _NEEDED.values() for name in names)}
    found = {each.name: each.version for each in distributions() if each.name.lower() in needed}
    return ", ".join(f"{name} {found[name]}" for name in sorted(found))
