"""The script as people run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import dlt
import duckdb
import pytest

from pipelines.zendesk_pipeline import main
from tests.support.until import until
from zendesk_source.command_line import main as command

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "pipelines" / "zendesk_pipeline.py"


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, capture_output=True, text=True, check=False, **options
    )


def test_a_second_run_fetches_only_what_changed(zendesk, capsys) -> None:
    assert main(["--streams", "tickets,ticket_comments", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["--streams", "tickets,ticket_comments", "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert first["streams"]["tickets"]["rows"] == 60
    assert list(first["streams"]) == ["tickets", "ticket_events"]
    assert second["streams"]["tickets"]["rows"] == 0


@pytest.mark.parametrize("progress", ["none", "lines", "log"])
def test_with_json_stdout_is_one_document(zendesk, progress: str, capfd) -> None:
    assert main(["--streams", "groups", "--json", "--progress", progress]) == 0
    assert json.loads(capfd.readouterr().out)["exit_code"] == 0


@pytest.mark.long
def test_a_quiet_run_says_nothing_on_stderr(zendesk) -> None:
    ended = run()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "zendesk.duckdb, dataset zendesk_data." in ended.stdout


def test_the_file_and_the_dataset_are_those_of_the_settings(zendesk, monkeypatch, tmp_path) -> None:
    file = tmp_path / "elsewhere.duckdb"
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(file))
    assert main(["--streams", "groups", "--dataset", "mine"]) == 0
    with duckdb.connect(str(file)) as connection:
        assert connection.sql("select count(*) from mine.groups").fetchall()[0][0] > 0


def test_postgres_by_its_settings_alone(zendesk, monkeypatch, postgres_url, capsys) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres_url)
    assert main(["--streams", "groups", "--destination", "postgres"]) == 0
    assert "any@" not in capsys.readouterr().out


def test_credentials_from_the_secrets_file(zendesk, own_dlt, monkeypatch) -> None:
    for name in ("SUBDOMAIN", "OAUTH_TOKEN", "BASE_URL"):
        monkeypatch.delenv(f"SOURCES__ZENDESK__CREDENTIALS__{name}")
    (own_dlt / ".dlt" / "secrets.toml").write_text(
        '[sources.zendesk.credentials]\nsubdomain = "acme"\noauth_token = "a-token"\n'
        f'base_url = "{zendesk.base_url}"\n'
    )
    assert run("--streams", "groups").returncode == 0


SHOW_TELEMETRY = f"""
import runpy, sys
sys.argv = ["zendesk_pipeline.py", "--streams", "groups"]
try:
    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
except SystemExit:
    from dlt.common.runtime import anon_tracker
    print(anon_tracker._ANON_TRACKER_ENDPOINT)
"""


def test_from_another_folder_nothing_is_reported_to_dlthub(zendesk, own_dlt) -> None:
    (own_dlt / ".dlt" / "config.toml").unlink()
    command = [sys.executable, "-c", SHOW_TELEMETRY]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1] == "None", ended.stderr


def test_a_reader_that_stops_reading_is_no_error(zendesk) -> None:
    shell = f"{sys.executable} {SCRIPT} --streams groups | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("0\n", "")


@pytest.mark.long
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_ends_soon_and_goes_on_later(zendesk, sent: int, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: zendesk.requests or process.poll() is not None)
        assert process.poll() is None
        os.kill(process.pid, sent)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert errors == "stopping\nStopped. What was loaded is complete; start again to go on.\n"
    assert main([]) == 0


@pytest.mark.long
def test_the_demo_leaves_other_data_alone(zendesk, monkeypatch, capsys) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", "shared.duckdb")
    assert main(["--streams", "groups"]) == 0
    assert main(["--demo"]) == 0
    assert "Who answers the most" in capsys.readouterr().out
    assert command(["status", "--demo", "--streams", "tickets"]) == 0
    assert "tickets  ok" in capsys.readouterr().out
    with duckdb.connect("shared.duckdb") as connection:
        assert connection.sql("select count(*) from zendesk_data.groups").fetchall()[0][0] > 0


@pytest.mark.long
def test_the_demo_lies_where_it_is_run(own_dlt, tmp_path) -> None:
    earlier = dlt.pipeline("zendesk_demo", destination="duckdb", dataset_name="demo_data")
    assert earlier.get_local_state_val("initial_cwd") == str(own_dlt)
    ended = run("--demo", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "zendesk_demo.duckdb").exists()
