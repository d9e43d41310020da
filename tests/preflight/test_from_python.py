"""A scheduler asks the questions before a load as Python functions: values in, dataclasses out."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.command_line.conftest import account, zendesk
from tests.support.scripted_zendesk import TOKEN, Reply, ScriptedZendesk, cursored
from zendesk_source import ConfigurationError, StreamRefused
from zendesk_source.destination.place import Place
from zendesk_source.preflight.check import StreamCheck, check
from zendesk_source.preflight.plan import plan
from zendesk_source.preflight.preview import preview
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Simulator

__all__ = ["account", "zendesk"]


def credentials_for(base_url: str, token: str) -> ZendeskOAuthToken:
    credentials = ZendeskOAuthToken()
    credentials.subdomain, credentials.oauth_token = "given", token
    credentials.base_url = base_url
    return credentials


def test_a_check_returns_what_it_found_and_prints_nothing(
    zendesk: Simulator, capfd: pytest.CaptureFixture[str], own_dlt: Path
) -> None:
    zendesk.refuse("groups", 403)
    report = check(["tickets", "groups"], place=Place("zendesk", "duckdb", "zendesk_data"))
    assert report.streams["tickets"] == StreamCheck("open")
    assert list(report.closed) == ["groups"]
    assert "403" in report.closed["groups"].reason
    assert report.user is not None
    assert report.user.role == "admin"
    assert report.destination.endswith("zendesk.duckdb, which the first load makes")
    assert set(report.other_products) == {"help_center", "talk", "chat", "custom_objects"}
    assert capfd.readouterr() == ("", "")
    assert list(own_dlt.glob("*.duckdb")) == []


def test_a_check_without_a_place_leaves_the_destination_alone(zendesk: Simulator) -> None:
    assert check(["groups"]).destination == ""


def test_credentials_can_be_given_in_place_of_the_configured_ones(zendesk: Simulator) -> None:
    given = credentials_for(zendesk.base_url, TOKEN)
    report = check(["groups"], credentials=given)
    assert (report.account, report.credentials) == ("given", "ZendeskOAuthToken")


def test_a_missing_setting_is_explained_as_the_command_line_does(own_dlt: Path) -> None:
    for question in (check, plan, lambda: preview("tickets")):
        with pytest.raises(ConfigurationError, match="No Zendesk account is configured"):
            question()


def test_a_plan_takes_dates_as_python_has_them(zendesk: Simulator) -> None:
    tickets = sorted(row["generated_timestamp"] for row in zendesk.account.truth("tickets"))
    since = datetime.fromtimestamp(tickets[-5], timezone.utc)
    estimate = plan(["tickets"], start_date=since)
    rows = estimate.streams["tickets"].rows
    assert rows is not None
    assert 0 < rows <= 10
    assert estimate.requests == estimate.streams["tickets"].requests >= 1
    assert plan(["tickets"]).streams["tickets"].rows == len(tickets)


def test_a_stream_by_itself_takes_as_long_as_the_slowest_of_its_rate_limits(
    zendesk: Simulator,
) -> None:
    minutes = {}
    for name in ("tickets", "hc_articles", "talk_calls", "chat_chats"):
        estimate = plan([name])
        minutes[name] = estimate.minutes
        assert estimate.minutes == estimate.streams[name].minutes, name
    assert minutes["chat_chats"] > 0  # its limit is known before Zendesk names one


def test_a_preview_returns_the_rows_of_every_table_of_a_stream(zendesk: Simulator) -> None:
    tables = preview("tickets", rows=3)
    truth = {row["id"]: row["subject"] for row in zendesk.account.truth("tickets")}
    assert len(tables["tickets"]) == 3
    assert all(truth[row["id"]] == row["subject"] for row in tables["tickets"])
    assert "ticket_tags" in tables
    zendesk.refuse("groups", 403)
    with pytest.raises(StreamRefused):
        preview("groups")


def test_a_wait_is_told_to_who_asks() -> None:
    told: list[tuple[str, float]] = []
    answers = iter(
        [Reply(429, b"", {"Retry-After": "45"}), cursored("groups", [{"id": 7, "name": "g"}])]
    )
    with ScriptedZendesk({"/api/v2/groups": lambda seen: next(answers)}) as scripted:
        rows = preview(
            "groups",
            credentials=credentials_for(scripted.base_url, TOKEN),
            clock=scripted.clock,
            on_wait=lambda reason, seconds: told.append((reason, seconds)),
        )
    assert [row["id"] for row in rows["groups"]] == [7]
    assert [round(seconds) for _, seconds in told] == [45]


def test_the_questions_need_nothing_of_the_command_line() -> None:
    code = (
        "import sys, zendesk_source.preflight.check, zendesk_source.preflight.plan;"
        "found = [name for name in sys.modules if name.startswith('zendesk_source.command')];"
        "sys.exit(', '.join(found) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
