"""What a destination cannot do is refused before a row is read, or done in another way."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow.parquet as pq
import pytest
from dlt.destinations.exceptions import DestinationConnectionError

from tests.support.simulated import pipeline_into, source_of
from zendesk_source import ConfigurationError, sync
from zendesk_source.destination.failures import explained, explanation_of
from zendesk_source.errors import DestinationInUse

FILES = dlt.destinations.filesystem("file:///tmp/never-written")


@pytest.mark.parametrize(
    ("destination", "settings", "words"),
    [
        ("lancedb", {}, ["lancedb: it merges by a single column", "docs/destinations.md"]),
        ("lance", {}, ["lance: it merges by a single column"]),
        ("qdrant", {}, ["qdrant: it holds vectors"]),
        ("weaviate", {}, ["weaviate: it holds vectors"]),
        (FILES, {"account_column": True}, ["filesystem cannot merge", "a dataset of its own"]),
        (FILES, {"account_column": True, "table_format": "delta"}, ["filesystem cannot merge"]),
        (FILES, {"erase": True}, ["filesystem cannot be erased there", "Set erase to false"]),
        ("duckdb", {"table_format": "delta"}, ["duckdb has no tables in the format delta"]),
        ("athena", {"table_format": "delta"}, ["the format delta", "Set table_format to iceberg."]),
        ("sqlalchemy", {"item_format": "arrow"}, ["Arrow tables cannot be loaded into sqlalchemy"]),
        ("bigquery", {"item_format": "arrow"}, ["Arrow tables cannot be loaded into bigquery"]),
    ],
)
def test_what_cannot_be_loaded_is_refused_before_a_row_is_read(
    zendesk, destination, settings: dict[str, Any], words: list[str]
) -> None:
    pipeline = pipeline_into(destination)
    with pytest.raises(ConfigurationError) as refused, explained(pipeline):
        pipeline.extract(source_of(zendesk, "groups", **settings))
    assert [word for word in words if word not in str(refused.value)] == []
    assert [request.path for request in zendesk.requests] == ["/api/v2/users/me.json"]


def test_json_is_json_on_sqlite(zendesk, account, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    pipeline = pipeline_into(dlt.destinations.sqlalchemy(f"sqlite:///{tmp_path}/loaded.db"))
    report = sync(pipeline, source_of(zendesk, "tickets", "macros"))
    assert report.exit_code == 0
    with closing(sqlite3.connect(tmp_path / "loaded__zendesk_data.db")) as database:
        channels = dict(database.execute("select id, json_extract(via, '$.channel') from tickets"))
        fields = database.execute("select json_extract(actions, '$[0].field') from macros")
        found = {field for (field,) in fields}
    assert channels == {row["id"]: row["via"]["channel"] for row in account.truth("tickets")}
    assert found == {row["actions"][0]["field"] for row in account.truth("macros")}


def test_files_say_that_a_parent_has_no_rows_any_more(
    zendesk, account, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dlt_log = logging.getLogger("dlt")
    dlt_log.addHandler(caplog.handler)
    pipeline = pipeline_into(dlt.destinations.filesystem(f"file://{tmp_path}/files"))
    ticket = next(row for row in account.truth("tickets") if row["tags"])
    for _ in range(2):
        assert sync(pipeline, source_of(zendesk, "tickets")).exit_code == 0
        account.clock.advance(60)
        account.edit_ticket(ticket["id"], tags=[])
        account.clock.advance(600)
    dlt_log.removeHandler(caplog.handler)
    told = [
        (row["ticket_id"], row["tag"])
        for file in (tmp_path / "files" / "zendesk_data" / "ticket_tags").glob("*.parquet")
        for row in pq.read_table(file).to_pylist()
        if row.get("_zendesk_removed")
    ]
    assert told == [(ticket["id"], "")]
    assert caplog.text == ""  # dlt has nothing to warn of


def test_a_catalogue_in_a_duckdb_file_that_another_load_has_open_is_named(tmp_path: Path) -> None:
    attach = f"attach '{tmp_path}/catalog.duckdb' as lake"
    with duckdb.connect() as one, duckdb.connect() as other:
        one.execute(attach)
        with pytest.raises(DestinationInUse, match="Keep the catalogue in Postgres"), explained():
            other.execute(attach)


def test_a_catalogue_that_two_loads_make_at_once_is_worth_another_attempt() -> None:
    said = (
        'Failed to initialize DuckLake: Failed to execute query "CREATE SCHEMA IF NOT EXISTS lake":'
        " ERROR: duplicate key value violates unique constraint"
    )
    found = explanation_of(
        DestinationConnectionError("ducklake", "zendesk_acme", said, Exception())
    )
    assert found is not None
    assert "at the same moment" in str(found)
    assert found.exit_code == 1  # as of what may pass
