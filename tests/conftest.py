"""What every test has: no network but this machine, a dlt of its own; and what many ask for."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from random import Random

import dlt
import psycopg2
import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.pipeline import PipelineContext

from tests.support.simulated import duckdb_pipeline, pipeline_into, served
from zendesk_source.settings.options import ItemFormat
from zendesk_source.simulator import Account, Simulator

SHIPPED_CONFIG = Path(__file__).parent.parent / ".dlt" / "config.toml"
POSTGRES = "postgresql://postgres:any@127.0.0.1:5432"


# A test file that holds one of these names makes pipelines, or processes that may.
MAKES_PIPELINES = {"dlt", "duckdb_pipeline", "main", "pipeline_into", "subprocess", "sync"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in another order")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that may run a pipeline, by what their files import; shuffle if asked to."""
    for item in items:
        if isinstance(item, pytest.Function) and MAKES_PIPELINES & vars(item.module).keys():
            item.add_marker("pipeline")
    if (seed := config.getoption("--shuffle")) is not None:
        Random(seed).shuffle(items)


def pytest_collection_finish() -> None:
    """Let Python collect garbage among what tests make alone, as the command does."""
    gc.collect()
    gc.freeze()


class OutsideWorldError(RuntimeError):
    """A test reached for an address that is not this machine's."""


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        return ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _only_loopback(event: str, args: tuple[object, ...]) -> None:
    """Refuse name look-ups and connections that leave the machine (an audit hook)."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host = args[1][0]  # other families (Unix sockets) have no such tuple
    else:
        return
    if not _is_loopback(host):
        raise OutsideWorldError(f"a test reached for {host!r}: only loopback is allowed")


sys.addaudithook(_only_loopback)


@pytest.fixture(autouse=True)
def own_dlt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run the test in an empty dlt project with the shipped settings; nothing of the user's."""
    for name in list(os.environ):
        if "__" in name.strip("_") or name.startswith(("DLT_", "ZENDESK_")):
            monkeypatch.delenv(name)
    project = tmp_path / "project"
    (project / ".dlt").mkdir(parents=True)
    shutil.copy(SHIPPED_CONFIG, project / ".dlt")
    monkeypatch.chdir(project)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt-data"))
    # Where dlt looks for the user's own settings, such as ~/.dlt/secrets.toml.
    monkeypatch.setattr("dlt.common.runtime.run_context.global_dir", lambda: str(tmp_path / "home"))
    # Secrets of earlier tests, which are words, would be dots in what this one reads.
    monkeypatch.setattr("zendesk_source.login.redaction._kept_out", set())
    Container()[PluggableRunContext].reload(str(project))
    yield project
    Container()[PipelineContext].deactivate()


@pytest.fixture
def account() -> Account:
    """Return a small account for the test alone; time stands still in it until it is moved."""
    return Account.generate(seed=6, tickets=20, users=12, organizations=3)


@pytest.fixture
def zendesk(account: Account) -> Iterator[Simulator]:
    with served(account) as simulator:
        yield simulator


@pytest.fixture
def pipeline() -> dlt.Pipeline:
    """Return a pipeline into a DuckDB file of the test's own."""
    return duckdb_pipeline()


@pytest.fixture(params=["arrow", pytest.param("object", marks=pytest.mark.long)])
def item_format(request: pytest.FixtureRequest) -> ItemFormat:
    """Return each way in which pages become tables; `make test` takes the usual one alone."""
    chosen: ItemFormat = request.param
    return chosen


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.long)])
def either_pipeline(request: pytest.FixtureRequest) -> dlt.Pipeline:
    """Return a pipeline into DuckDB; `make test-all` tries one into Postgres, too."""
    if request.param == "duckdb":
        return duckdb_pipeline()
    return pipeline_into(dlt.destinations.postgres(request.getfixturevalue("postgres_url")))


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Return the credentials of a new, empty Postgres database, dropped after the test."""
    try:
        server = psycopg2.connect(f"{POSTGRES}/postgres", connect_timeout=5)
    except psycopg2.OperationalError as refused:
        reason = f"no Postgres answers on 127.0.0.1:5432 ({refused})"
        if os.environ.get("TESTS_SKIP_NOTHING"):
            pytest.fail(reason)
        pytest.skip(reason)
    server.autocommit = True
    database = f"zendesk_test_{uuid.uuid4().hex[:12]}"
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database}")
    try:
        yield f"{POSTGRES}/{database}"
    finally:
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")
        server.close()
