"""Several accounts in one DuckLake, each in a dataset of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.destinations import opened_place
from tests.support.many_accounts import accounts_file, accounts_served
from tests.support.tables import assert_equals_truth
from zendesk_source import load_accounts, read_accounts
from zendesk_source.fleet.accounts_file import place_of
from zendesk_source.html_report import write_report

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
LINES = ('destination = "ducklake"', 'streams = ["tickets", "groups"]')
TABLES = ("tickets", "ticket_tags", "groups")


def test_accounts_go_into_one_lake_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    settings = {
        "DUCKLAKE_NAME": "lake",
        "CATALOG": f"duckdb:///{tmp_path}/catalog.duckdb",
        "STORAGE": str(tmp_path / "storage"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"DESTINATION__DUCKLAKE__CREDENTIALS__{name}", value)
    with (
        opened_place("ducklake", tmp_path, request),
        accounts_served(["acme", "beta"]) as simulators,
    ):
        file = accounts_file(tmp_path / "accounts.toml", simulators, *LINES)
        file.write_text(file.read_text().partition("\n")[2])  # without `database`
        for _ in range(2):
            report = load_accounts(file, threads=1)
            assert [(each.exit_code, each.reason) for each in report.accounts] == [(0, "")] * 2
            for unit in read_accounts(file):
                pipeline = place_of(unit).opened(pipelines_dir=str(tmp_path / unit["account"]))
                pipeline.sync_destination()
                account = simulators[unit["account"]].account
                assert_equals_truth(pipeline, account, TABLES)
                write_report(pipeline, tmp_path / "report.html")
                account.clock.advance(3_600)
                account.create_ticket()
                account.clock.advance(3_600)
