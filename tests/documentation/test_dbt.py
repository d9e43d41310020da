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
from typing import Any

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
Row = dict[str, Any]

# What the package calls a figure, and what the simulator does.
FIGURES = {
    "first_reply_time_calendar_minutes": "first_reply_minutes",
    "first_reply_time_business_minutes": "first_reply_business_minutes",
    "first_resolution_calendar_minutes": "first_resolution_minutes",
    "first_resolution_business_minutes": "first_resolution_business_minutes",
    "final_resolution_calendar_minutes": "full_resolution_minutes",
    "full_resolution_business_minutes": "full_resolution_business_minutes",
    "total_agent_replies": "replies",
    "group_stations_count": "group_stations",
    "assignee_stations_count": "assignee_stations",
}
# Of a ticket that is open the package counts these up to now.
FIGURES_OF_SOLVED = {
    "requester_wait_time_in_calendar_minutes": "requester_wait_minutes",
    "requester_wait_time_in_business_minutes": "requester_wait_business_minutes",
    "agent_wait_time_in_calendar_minutes": "agent_wait_minutes",
    "agent_wait_time_in_business_minutes": "agent_wait_business_minutes",
    "on_hold_time_in_calendar_minutes": "on_hold_minutes",
    "on_hold_time_in_business_minutes": "on_hold_business_minutes",
    "count_reopens": "reopens",
}
MINUTES_OFF = 3
"""The package counts the borders of minutes: each interval may be one off."""


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


def different(figures: Row, row: Row, began_in_private: bool) -> list[tuple[str, Any, Any]]:
    """Return the figures of a ticket that the package has otherwise, without a known cause."""
    is_solved = figures["status"] in ("solved", "closed")
    names = {**FIGURES, **(FIGURES_OF_SOLVED if is_solved else {})}
    if began_in_private:
        del names["total_agent_replies"]  # the package takes the first public comment for no reply
    found = [(column, row[column] or 0, figures[name] or 0) for column, name in names.items()]
    return [(column, here, truth) for column, here, truth in found if not near(column, here, truth)]


def near(column: str, here: float, truth: float) -> bool:
    return abs(float(here) - truth) <= (MINUTES_OFF if "minutes" in column else 0)


def begun_in_private(account: Account) -> set[int]:
    """Return the tickets whose first comment is private."""
    comments = sorted(account.truth("ticket_comments"), key=lambda c: (c["created_at"], c["id"]))
    is_public: dict[int, bool] = {}
    for comment in comments:
        is_public.setdefault(comment["ticket_id"], comment["public"])
    return {ticket_id for ticket_id in is_public if not is_public[ticket_id]}


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
        metrics = loaded.sql("select * from analytics_zendesk.zendesk__ticket_metrics")
        found = [dict(zip(metrics.columns, row, strict=True)) for row in metrics.fetchall()]
    assert tickets == measured == len(account.truth("tickets"))
    by_id = {row["ticket_id"]: row for row in found}
    private = begun_in_private(account)
    wrong = {}
    for figures in account.truth_of_tickets():
        ticket_id = figures["ticket_id"]
        wrong[ticket_id] = different(figures, by_id[ticket_id], ticket_id in private)
    assert {ticket_id: names for ticket_id, names in wrong.items() if names} == {}
