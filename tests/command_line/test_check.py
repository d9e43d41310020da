"""``check`` and ``sample`` ask Zendesk a little and change nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support.scripted_zendesk import Reply, ScriptedZendesk
from tests.support.simulated import log_in, served
from zendesk_source.api.clock import SystemClock
from zendesk_source.catalogue import STREAMS
from zendesk_source.command_line import main
from zendesk_source.simulator import Account, Fault, SimulatedClock


def test_a_check_says_who_we_are_and_what_is_open(zendesk, capsys, own_dlt: Path) -> None:
    assert main(["check", "--streams", "tickets,groups"]) == 0
    printed = capsys.readouterr()
    facts = dict(line.split("  ", 1) for line in printed.out.splitlines())
    assert facts["user"].endswith(", admin")
    assert facts["log-in"].strip() == "an OAuth token"
    assert facts["streams"].strip() == "2 of 2 open"
    assert "talk open" in facts["other products"]
    assert facts["help centers"].strip() == "1: example"
    assert facts["destination"].endswith("zendesk.duckdb, which the first load makes")
    assert printed.err.startswith("warning: This machine's clock is ")  # the simulator's is set
    assert list(own_dlt.glob("*.duckdb")) == []


def test_a_clock_that_is_wrong_is_told(monkeypatch, capsys) -> None:
    clock = SimulatedClock(start=datetime.now(timezone.utc) - timedelta(minutes=10))
    account = Account.generate(tickets=1, users=2, organizations=1, clock=clock)
    with served(account) as simulator:
        log_in(monkeypatch, simulator.base_url)
        assert main(["check", "--streams", "groups", "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert 595 <= found["clock_skew_seconds"] <= 660
    assert "s ahead of Zendesk's" in found["warnings"][0]


def test_a_check_costs_a_request_for_each_stream_and_other_product(zendesk, capsys) -> None:
    assert main(["check", "--streams", "tickets,groups,talk_calls", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    asked = [request.stream for request in zendesk.requests if request.stream]
    assert asked.count("brands") == 1  # to know which Help Centers there are
    assert len(asked) - 1 == len(found["streams"]) + len(found["other_products"])


EXPORTS = "tickets,ticket_events,ticket_metric_events,users,organizations,side_conversations"


def test_a_check_leaves_the_exports_of_the_minute_to_the_load(zendesk, capsys) -> None:
    assert main(["check", "--streams", EXPORTS]) == 0
    facts = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert facts["streams"].strip() == "3 of 6 open"
    assert facts["not asked"].strip() == (
        "ticket_events, ticket_metric_events, organizations: tickets is asked for all that share"
        " the rate limit incremental-exports."
    )
    exports = [
        each.path for each in zendesk.requests if each.path.startswith("/api/v2/incremental")
    ]
    assert exports
    assert [path for path in exports if not path.endswith("/sample")] == []


def test_where_there_is_no_sample_a_check_costs_one_export(zendesk, capsys) -> None:
    streams = "ticket_metric_events,incremental_routing_attributes"
    assert main(["check", "--streams", streams, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["streams"]
    assert [one["status"] for one in found.values()] == ["open", "not asked"]
    assert sum(each.path.startswith("/api/v2/incremental") for each in zendesk.requests) == 1


def test_an_export_that_is_closed_is_told_though_its_sample_was_asked(zendesk, capsys) -> None:
    zendesk.refuse("tickets", 403)
    assert main(["check", "--streams", "tickets,organizations", "--json"]) == 4
    found = json.loads(capsys.readouterr().out)["streams"]
    assert [one["status"] for one in found.values()] == ["closed", "not asked"]


def test_a_check_does_not_wait_for_long_and_says_what_it_did_not_ask(
    capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    later = Reply(429, b"", {"Retry-After": "900"})
    routes = {"/api/v2/groups": later}
    with ScriptedZendesk(routes) as zendesk:
        log_in(monkeypatch, zendesk.base_url)
        assert main(["check", "--streams", "groups", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["streams"]
    assert found["groups"]["status"] == "not asked"
    assert "would have to wait 15 min" in found["groups"]["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check"], "20 of 23 open"),
        (["plan", "--streams", "ticket_metric_events"], "rate limit incremental-exports"),
        (["sample", "groups", "-n", "1"], "-- groups, row 1"),
    ],
)
def test_the_demos_account_can_be_asked_without_any_settings(
    arguments: list[str], words: str, capsys, own_dlt: Path
) -> None:
    assert main([*arguments, "--demo"]) == 0
    assert words in capsys.readouterr().out
    assert list(own_dlt.glob("*.duckdb")) == []


def test_a_closed_stream_ends_the_check_with_4_and_says_why(zendesk, capsys) -> None:
    zendesk.refuse("groups", 403)
    zendesk.fail_next(Fault.CUT_JSON, "tags", times=99)
    assert main(["check", "--streams", "tickets,groups", "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    assert {name: one["status"] for name, one in found["streams"].items()} == {
        "tickets": "open",
        "groups": "closed",
    }
    assert "403" in found["streams"]["groups"]["reason"]
    assert found["exit_code"] == 4


def test_a_closed_product_that_nobody_wants_is_no_failure(zendesk, capsys) -> None:
    for stream in STREAMS:
        if stream.product == "talk":
            zendesk.refuse(stream.name, 404)
    assert main(["check", "--streams", "groups"]) == 0
    assert "talk closed" in capsys.readouterr().out


def test_a_sample_is_what_a_load_would_bring_and_touches_nothing(zendesk, capsys, own_dlt) -> None:
    assert main(["sample", "tickets", "-n", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    truth = {row["id"]: row for row in zendesk.account.truth("tickets")}
    assert len(rows) == 3
    assert {row["id"] for row in rows} <= set(truth)
    assert all(row["subject"] == truth[row["id"]]["subject"] for row in rows)
    assert any(name.startswith("cf_") for row in rows for name in row)
    paths = {request.path for request in zendesk.requests if request.stream == "tickets"}
    assert paths == {"/api/v2/incremental/tickets/sample"}
    assert list(own_dlt.glob("*.duckdb")) == []


def test_a_sample_of_a_side_table_shows_its_rows(zendesk, capsys) -> None:
    assert main(["sample", "ticket_tags", "-n", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line[:2] == "--"] == [
        "-- ticket_tags, row 1",
        "-- ticket_tags, row 2",
    ]
    assert [line.split()[0] for line in lines[1:4]] == ["ticket_id", "tag", "_zendesk_synced_at"]


def test_where_there_is_no_sample_the_export_is_read(zendesk, capsys) -> None:
    assert main(["sample", "tickets", "-n", "55", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 55
    paths = {request.path for request in zendesk.requests if request.stream == "tickets"}
    assert "/api/v2/incremental/tickets/sample" not in paths


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sample", "tickts"], "Did you mean tickets"),
        (["sample", "talk"], "names"),
        (["sample", "tickets", "-n", "0"], "-n must be"),
        (["sample", "tickets", "--start-date", "soon"], "--start-date is not a date"),
        (["check", "--streams", ","], "--streams names no stream"),
        (["check", "--dataset", "my data"], "--dataset cannot be"),
        (["check", "--destination", "postgras"], "Did you mean postgres"),
    ],
)
def test_a_mistake_is_explained(zendesk, capsys, arguments: list[str], words: str) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_credentials_that_are_refused_end_the_check_with_3(zendesk, capsys, monkeypatch) -> None:
    monkeypatch.setenv("SOURCES__ZENDESK__CREDENTIALS__OAUTH_TOKEN", "s3cr3t")
    assert main(["check"]) == 3
    printed = capsys.readouterr().err
    assert "401" in printed
    assert "s3cr3t" not in printed


def test_a_check_with_an_api_token_says_the_day_it_ends(zendesk, capsys, monkeypatch) -> None:
    monkeypatch.delenv("SOURCES__ZENDESK__CREDENTIALS__OAUTH_TOKEN")
    monkeypatch.setenv("ZENDESK_EMAIL", "agent@example.com")
    monkeypatch.setenv("ZENDESK_API_TOKEN", "token")
    assert main(["check", "--streams", "groups"]) == 0
    assert "an API token, until 30 April 2027" in capsys.readouterr().out
    assert main(["check", "--streams", "groups", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["credentials_end"] == "2027-04-30"
