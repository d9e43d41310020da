"""What dlt asks again and again in a sync is found out once, and again when it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import dlt
import duckdb
import pytest
from dlt.common import validation
from dlt.common.destination.reference import Destination
from dlt.common.exceptions import DictValidationException
from dlt.common.pipeline import TPipelineLocalState
from dlt.common.storages import LiveSchemaStorage
from dlt.common.storages.schema_storage import SchemaStorage

from tests.support.simulated import duckdb_pipeline, served, source_of
from zendesk_source import sync
from zendesk_source.runs import known
from zendesk_source.runs.known import schemas_known, settings_known
from zendesk_source.simulator import Account, Simulator


@pytest.fixture
def zendesk() -> Iterator[Simulator]:
    with served(Account.generate(tickets=20)) as simulator:
        yield simulator


@pytest.fixture
def looked_up(monkeypatch) -> list[bool]:
    """Fill a list with whether dlt left out credentials, each time it looks settings up."""
    resolve: Any = Destination.configuration
    resolved: list[bool] = []

    def counted(self: Any, initial: Any, accept_partial: bool = False) -> Any:
        if initial is None or not initial.is_resolved():
            resolved.append(accept_partial)
        return resolve(self, initial, accept_partial)

    monkeypatch.setattr(Destination, "configuration", counted)
    return resolved


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Fill a list with the names of schemas that are read from their files."""
    load: Any = SchemaStorage.load_schema
    names: list[str] = []

    def counted(self: Any, name: str) -> Any:
        names.append(name)
        return load(self, name)

    monkeypatch.setattr(SchemaStorage, "load_schema", counted)
    return names


def change(zendesk: Simulator) -> None:
    account = zendesk.account
    account.edit_ticket(account.truth("tickets")[0]["id"], subject=f"At {account.clock.now()}")
    account.clock.advance(600)


def test_a_sync_looks_settings_up_once_and_leaves_the_pipeline_as_it_was(zendesk, looked_up):
    pipeline = duckdb_pipeline()
    looked_up.clear()
    before = dict(vars(pipeline.destination))
    for _ in range(2):
        change(zendesk)
        report = sync(pipeline, source_of(zendesk, "tickets"), clock=zendesk.account.clock)
        assert report.exit_code == 0
        assert report.slices >= 1
        assert sorted(looked_up) == [False, True]
        looked_up.clear()
        assert vars(pipeline.destination) == before
        assert type(pipeline.schemas) is LiveSchemaStorage


def test_other_settings_are_looked_up_anew(looked_up, tmp_path):
    pipeline = duckdb_pipeline()
    with settings_known(pipeline):
        files = set()
        for name in ("one", "one", "two"):
            pipeline.destination.config_params["credentials"] = str(tmp_path / name)
            files.add(Path(str(pipeline.sql_client().credentials.database)).name)
        assert files == {"one", "two"}
        pipeline.dataset_name = "elsewhere"
        assert pipeline.sql_client().dataset_name == "elsewhere"
        assert looked_up.count(False) == 3


def test_pipelines_that_share_a_destination_keep_their_own_settings(zendesk, monkeypatch, tmp_path):
    shared = dlt.destinations.duckdb()
    pipelines = {}
    for name in ("one", "two"):
        place = str(tmp_path / f"{name}.duckdb")
        monkeypatch.setenv(f"{name.upper()}__DESTINATION__DUCKDB__CREDENTIALS", place)
        pipelines[name] = dlt.pipeline(name, destination=shared, dataset_name="data")

    def load_the_other(_: Any) -> None:
        def run() -> None:
            pipelines["two"].activate()
            pipelines["two"].run([{"id": 1}], table_name="of_two")

        other = Thread(target=run)
        other.start()
        other.join()
        pipelines["one"].activate()

    pipelines["one"].activate()
    source = source_of(zendesk, "macros")
    sync(pipelines["one"], source, clock=zendesk.account.clock, on_slice=load_the_other)
    for name, table in (("one", "macros"), ("two", "of_two")):
        assert pipelines[name].destination is shared
        with duckdb.connect(str(tmp_path / f"{name}.duckdb"), read_only=True) as file:
            found = {
                row[0] for row in file.execute("select table_name from duckdb_tables()").fetchall()
            }
        assert {"macros", "of_two"} & found == {table}


def test_credentials_are_looked_up_anew_in_time(looked_up, monkeypatch):
    pipeline = duckdb_pipeline()
    now = 1_000.0
    monkeypatch.setattr(known, "monotonic", lambda: now)
    with settings_known(pipeline):
        first, second = pipeline.sql_client(), pipeline.sql_client()
        now += known.KNOWN_SECONDS + 1
        third = pipeline.sql_client()
    assert first.credentials is second.credentials
    assert first.credentials is not third.credentials


def test_a_schema_is_read_when_its_file_has_changed(zendesk, read):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "tickets"), clock=zendesk.account.clock)
    with schemas_known(pipeline):
        schema = pipeline.default_schema
        read.clear()
        assert pipeline.default_schema is schema
        assert read == []

        others: Any = dlt.attach("zendesk").schemas
        others["zendesk"].tables["tickets"]["description"] = "Changed by others."
        others.commit_live_schema("zendesk")
        read.clear()
        assert pipeline.default_schema.tables["tickets"]["description"] == "Changed by others."
        assert pipeline.default_schema is schema, "who holds it has the change"
        assert read == ["zendesk"]

        schema.tables["tickets"]["description"] = "Changed here, and not saved."
        assert pipeline.default_schema.tables["tickets"]["description"].startswith("Changed here")

        others["zendesk"].tables["tickets"]["description"] = "Changed again by others."
        others.commit_live_schema("zendesk")
        assert pipeline.default_schema.tables["tickets"]["description"].startswith("Changed here")
        schema.tables["tickets"]["description"] = "Changed by others."  # as it was
        assert pipeline.default_schema.tables["tickets"]["description"].startswith("Changed again")


def test_a_sync_that_leaves_its_schema_as_it_is_reads_it_once(zendesk, read):
    pipeline, source = duckdb_pipeline(), source_of(zendesk, "tickets")
    for _ in range(3):
        read.clear()
        assert sync(pipeline, source, clock=zendesk.account.clock).slices >= 1
        change(zendesk)
    assert read == ["zendesk"]


def test_a_schema_of_the_users_own_is_compared_each_time(zendesk, read, tmp_path):
    pipeline = dlt.pipeline(
        "zendesk", destination="duckdb", dataset_name="data", import_schema_path=str(tmp_path)
    )
    sync(pipeline, source_of(zendesk, "tickets"), clock=zendesk.account.clock)
    with schemas_known(pipeline):
        read.clear()
        assert pipeline.default_schema is pipeline.default_schema
        assert len(read) == 2


def test_which_keys_dlts_own_dicts_may_have_is_found_out_once(zendesk, monkeypatch):
    of_dlt: Any = validation
    before, asked = of_dlt.get_type_hints, []

    def counted(spec: Any, **settings: Any) -> Any:
        asked.append(spec)
        return before(spec, **settings)

    monkeypatch.setattr(known, "find_hints", counted)
    known.hints_of.cache_clear()
    for _ in range(2):
        sync(duckdb_pipeline(), source_of(zendesk, "tickets"), clock=zendesk.account.clock)
        change(zendesk)
    assert len(asked) == len(set(asked)) > 1
    assert of_dlt.get_type_hints is before, "given back"
    with known.hints_known():
        of_dlt.validate_dict(TPipelineLocalState, {"initial_cwd": "here"}, ".", lambda key: True)
        with pytest.raises(DictValidationException):
            of_dlt.validate_dict(TPipelineLocalState, {"initial_cwd": 5}, ".")
