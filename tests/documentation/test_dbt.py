"""dbt_zendesk runs on what was loaded, by the project in examples/dbt.

Needs dbt with its adapter for DuckDB, on the path or named by DBT, and the packages in the folder
that DBT_ZENDESK_DIR names, as ``zendesk``, ``fivetran_utils`` and ``dbt_utils``: no hub is asked.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import dlt
import duckdb
import pytest

from tests.support.simulated import pipeline_into, served, source_of
from zendesk_source import make_views, sync
from zendesk_source.settings.selection import select_streams
from zendesk_source.simulator import Account

EXAMPLE = Path(__file__).parents[2] / "examples" / "dbt"
NEEDED_BY = {"zendesk": "fivetran_utils", "fivetran_utils": "dbt_utils"}
GOOD = {"success", "pass"}


@pytest.fixture
def dbt(tmp_path: Path) -> Path:
    """Return a copy of the example in which its packages are files."""
    checkouts = os.environ.get("DBT_ZENDESK_DIR")
    if not checkouts:
        pytest.skip("DBT_ZENDESK_DIR does not name the packages of dbt_zendesk")
    if shutil.which(os.environ.get("DBT", "dbt")) is None:
        pytest.skip("there is no dbt; DBT may name one")
    project = tmp_path / "dbt"
    shutil.copytree(EXAMPLE, project)
    for name in ("zendesk", "fivetran_utils", "dbt_utils"):
        shutil.copytree(Path(checkouts) / name, project / name)
    (project / "packages.yml").write_text("packages:\n  - local: zendesk\n")
    for name, needed in NEEDED_BY.items():
        (project / name / "packages.yml").write_text(f"packages:\n  - local: {needed}\n")
    shutil.copy(
        Path(__file__).with_name("newer_fivetran_utils.sql"), project / "fivetran_utils" / "macros"
    )
    return project


def run(project: Path, *arguments: str, database: Path) -> None:
    environment = {
        **os.environ,
        "ZENDESK_DUCKDB": str(database),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [os.environ.get("DBT", "dbt"), "--no-use-colors", *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_node_of_dbt_zendesk_passes_first_and_again(dbt, tmp_path):
    database = tmp_path / "zendesk.duckdb"
    account = Account.generate(seed=3, tickets=200, users=60, organizations=15)
    pipeline = pipeline_into(dlt.destinations.duckdb(str(database)))
    names = select_streams(["core", "schedule_holidays", "audit_logs"])
    with served(account) as zendesk:
        assert sync(pipeline, source_of(zendesk, *names, history=True)).exit_code == 0
    report = make_views(pipeline)
    assert report.schemas[0].left_out == ()
    variables = json.dumps({**report.dbt_vars, "using_holidays": True})
    run(dbt, "deps", database=database)
    for _ in ("new", "incremental"):
        run(dbt, "build", "--vars", variables, database=database)
        results = json.loads((dbt / "target" / "run_results.json").read_text())["results"]
        ended = Counter(result["status"] for result in results)
        assert set(ended) <= GOOD, ended
        assert len(results) > 90
    with duckdb.connect(str(database), read_only=True) as loaded:
        ((tickets, measured),) = loaded.sql(
            "select (select count(*) from zendesk_data.tickets),"
            " (select count(distinct ticket_id) from analytics_zendesk.zendesk__ticket_metrics)"
        ).fetchall()
    assert tickets == measured == len(account.truth("tickets"))
