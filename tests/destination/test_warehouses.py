"""Warehouses that no machine of ours has: what dlt would be asked to do there, without a server."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import dlt
import pytest
import sqlglot
from dlt.common.exceptions import MissingDependencyException
from sqlglot import expressions

from tests.support.simulated import pipeline_into, served, source_of
from zendesk_source.simulator import Account

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

ODBC = "driver=ODBC+Driver+18+for+SQL+Server"
CREDENTIALS: dict[str, Any] = {
    "bigquery": {"project_id": "p", "private_key": "k", "client_email": "a@example.com"},
    "snowflake": "snowflake://user:word@host/base?warehouse=w&role=r",
    "redshift": "redshift://user:word@127.0.0.1:1/base",
    "databricks": {
        "catalog": "c",
        "server_hostname": "host",
        "http_path": "/path",
        "access_token": "t",
    },
    "clickhouse": "clickhouse://user:word@127.0.0.1:1/base",
    "mssql": f"mssql://user:word@127.0.0.1:1/base?{ODBC}",
    "synapse": f"synapse://user:word@127.0.0.1:1/base?{ODBC}",
    "motherduck": "md:base?motherduck_token=t",
}
FILES = {
    "bigquery": "jsonl",
    "snowflake": "jsonl",
    "redshift": "insert_values",
    "databricks": "parquet",
    "clickhouse": "parquet",
    "mssql": "insert_values",
    "synapse": "insert_values",
    "motherduck": "parquet",
}
JSON_TYPES = {
    "bigquery": "JSON",
    "snowflake": "VARIANT",
    "redshift": "super",
    "databricks": "STRING",
    "clickhouse": "String",
    "mssql": "nvarchar(max)",
    "synapse": "nvarchar(max)",
    "motherduck": "JSON",
}
Waiting = tuple[dlt.Pipeline, list[Path]]


@pytest.fixture(params=CREDENTIALS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def waiting(kind: str) -> Waiting:
    """Return a pipeline with a package that waits to be loaded, and the files of its tables."""
    account = Account.generate(tickets=20, users=10, organizations=3)
    destination = getattr(dlt.destinations, kind)(credentials=CREDENTIALS[kind])
    pipeline = pipeline_into(destination)
    with served(account) as zendesk:
        pipeline.extract(source_of(zendesk))
        pipeline.normalize()
    files = Path(pipeline.working_dir).glob("load/normalized/*/new_jobs/*")
    return pipeline, [file for file in files if not file.name.startswith("_dlt")]


def test_rows_wait_in_files_that_keep_json_and_names_are_short_enough(
    kind: str, waiting: Waiting
) -> None:
    pipeline, files = waiting
    formats = {file.name.removesuffix(".gz").rpartition(".")[2] for file in files}
    assert formats == {FILES[kind]}
    if FILES[kind] == "jsonl":
        (tickets,) = (file for file in files if file.name.startswith("tickets."))
        rows = [json.loads(line) for line in gzip.decompress(tickets.read_bytes()).splitlines()]
        assert {type(row["via"]) for row in rows} == {dict}
    with pipeline._maybe_destination_capabilities() as capabilities:  # dlt has no other way
        assert capabilities is not None
        longest = capabilities.max_identifier_length
        longest_of_column = capabilities.max_column_identifier_length or longest
    tables = pipeline.default_schema.data_tables()
    assert len(tables) > 30
    assert [each["name"] for each in tables if len(str(each["name"])) > longest] == []
    names = [name for table in tables for name in table["columns"]]
    assert [name for name in names if len(name) > longest_of_column] == []
    assert max(len(table["columns"]) for table in tables) < 950


def test_tables_are_made_and_merged_in_sql_of_the_warehouse(kind: str, waiting: Waiting) -> None:
    pipeline, _ = waiting
    schema = pipeline.default_schema
    try:
        client: Any = pipeline._get_destination_clients(schema)[0]  # opens no connection
    except (MissingDependencyException, ImportError) as missing:
        pytest.skip(f"the driver of {kind} is not installed ({type(missing).__name__})")
    dialect = str(client.capabilities.sqlglot_dialect)
    names = [str(table["name"]) for table in schema.data_tables()]
    made, _ = client._build_schema_update_sql([(name, {}) for name in names])
    assert len(made) >= len(names)
    for statement in made:
        assert_sql(statement, dialect)
    types = client.type_mapper
    for name in names:
        table = client.prepare_load_table(name)
        for column in table["columns"].values():
            types.ensure_supported_type(column, table, FILES[kind])
            if column.get("data_type") == "json":
                assert types.to_destination_type(column, table) == JSON_TYPES[kind]
        if table["write_disposition"] == "merge":
            for job in client._create_merge_followup_jobs([table]):
                for statement in Path(job.new_file_path()).read_text().splitlines():
                    assert_sql(statement, dialect)


def assert_sql(statement: str, dialect: str) -> None:
    """Check that a statement is understood in a dialect, and not only passed on."""
    for parsed in sqlglot.parse(statement, dialect=dialect):
        assert parsed is None or not isinstance(parsed, expressions.Command), statement[:200]
