"""The tap over a real socket: what a target would hold equals what the simulated account has."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.support.edits import eventful_day
from tests.support.simulated import served
from tests.support.singer import Target, lines_until, run_tap, selected, tap_command
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.catalog import default_selection
from zendesk_source.singer.tables import RECORDS, STREAM_OF

CORE = [table for table in default_selection().tables if not table.startswith("_zendesk")]


@pytest.fixture
def account() -> Account:
    """Return an account with enough open tickets for an eventful day."""
    return Account.generate(seed=6, tickets=300, users=40, organizations=6)


def test_every_table_equals_the_truth_after_a_first_run_edits_and_a_second(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    first = run_tap(tmp_path, zendesk)
    assert first.exit_code == 0, first.told
    target = first.target
    target.assert_equals(account, CORE)
    eventful_day(account)
    second = run_tap(tmp_path, zendesk, state=target.state)
    assert second.exit_code == 0, second.told
    target.take(second.lines).assert_equals(account, CORE)
    third = run_tap(tmp_path, zendesk, state=target.state).target
    assert set(third.counts) <= {table for table in CORE if not STREAM_OF[table].is_incremental}


def test_every_stream_that_the_tap_offers_equals_the_truth(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    tables = list(STREAM_OF)
    ended = run_tap(tmp_path, zendesk, catalog=selected(*tables))
    assert ended.exit_code == 0, ended.told
    target = ended.target
    assert set(target.schemas) >= set(tables)
    snapshots = {stream.name for stream in STREAMS if stream.write == "append"}
    target.assert_equals(account, [table for table in tables if table not in snapshots])
    assert all(target.rows[table] for table in snapshots)


def test_the_tap_reads_every_stream_of_the_catalogue() -> None:
    read = {stream.name for stream in STREAM_OF.values()}
    assert {RECORDS.name, *read} == {stream.name for stream in STREAMS}


def test_a_custom_field_that_appears_in_mid_run_gets_a_column_and_a_new_schema(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    edits: list[int] = []

    def add_field(request: Any) -> None:
        if "/incremental/tickets" in request.path and not edits:
            field = account.add_field("ticket", "integer", "In mid-run")
            account.set_custom_field(account.truth("tickets")[0]["id"], field["id"], 7)
            account.clock.advance(120)  # the export holds the last minute back
            edits.append(field["id"])

    zendesk.before_answer(add_field)
    target = run_tap(tmp_path, zendesk, catalog=selected("tickets", "users")).target
    assert edits
    assert target.schema_counts["tickets"] == 2
    assert target.schemas["tickets"]["cf_in_mid_run"] == {"type": ["integer", "null"]}
    target.assert_equals(account, ["tickets", "users"])
    again = run_tap(tmp_path, zendesk, state=target.state, catalog=selected("tickets")).target
    assert again.schema_counts["tickets"] == 1  # the state knows the column
    assert "cf_in_mid_run" in again.schemas["tickets"]


def test_a_stream_goes_on_from_the_oldest_bookmark_of_its_tables(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    catalog = selected("tickets", "ticket_metrics")
    first = run_tap(tmp_path, zendesk, catalog=catalog).target
    assert first.state is not None
    eventful_day(account)
    second = run_tap(tmp_path, zendesk, state=first.state, catalog=catalog).target
    assert second.state is not None
    # As a target hands it back that has loaded the second run's tickets, and not their metrics.
    mixed = {**second.state, "bookmarks": {**second.state["bookmarks"]}}
    mixed["bookmarks"]["ticket_metrics"] = first.state["bookmarks"]["ticket_metrics"]
    third = run_tap(tmp_path, zendesk, state=mixed, catalog=catalog).target
    assert set(second.rows["ticket_metrics"]) <= set(third.rows["ticket_metrics"])


@pytest.mark.parametrize("states", [1, 4, 12])
def test_a_tap_that_is_killed_goes_on_from_its_last_state(tmp_path: Path, states: int) -> None:
    account = Account.generate(seed=6, tickets=300, users=60, organizations=8)
    with served(account) as zendesk:
        command = tap_command(tmp_path, zendesk, is_small=True)
        target = Target()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
            target.take(lines_until(tap, states))
            tap.kill()
            target.take(tap.stdout or ())
        assert target.state is not None
        account.clock.advance(600)
        for ticket in account.truth("tickets")[:5]:
            account.comment(ticket["id"], body="While it was down.", public=True)
        account.clock.advance(600)
        ended = run_tap(tmp_path, zendesk, state=target.state, is_small=True)
        assert ended.exit_code == 0, ended.told
        target.take(ended.lines).assert_equals(account, CORE)


def test_a_tap_that_is_asked_to_end_writes_whole_lines_and_a_last_state(tmp_path: Path) -> None:
    account = Account.generate(seed=6, tickets=300, users=60, organizations=8)
    with served(account) as zendesk:
        command = tap_command(tmp_path, zendesk, is_small=True)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
            lines = list(lines_until(tap, 2))
            tap.send_signal(signal.SIGTERM)
            assert tap.stdout is not None
            lines += tap.stdout
            assert tap.wait(timeout=60) == 128 + signal.SIGTERM
        assert lines[-1].startswith(b'{"type":"STATE"')
        assert lines[-1].endswith(b"\n")
        target = Target().take(lines)
        ended = run_tap(tmp_path, zendesk, state=target.state, is_small=True)
        target.take(ended.lines).assert_equals(account, CORE)


def test_a_target_that_ends_ends_the_tap_which_calls_it_no_bug(tmp_path: Path) -> None:
    account = Account.generate(seed=6, tickets=300, users=60, organizations=8)
    with served(account) as zendesk:
        command = tap_command(tmp_path, zendesk, is_small=True)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tap:
            assert tap.stdout is not None
            assert tap.stderr is not None
            tap.stdout.readline()
            tap.stdout.close()
            told = tap.stderr.read().decode()
        assert tap.returncode == 1
        assert "The lines cannot be written: the target has ended." in told
        assert "bug" not in told
        assert "Traceback" not in told


def test_a_refused_stream_is_skipped_and_its_version_is_not_activated(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    zendesk.refuse("macros")
    ended = run_tap(tmp_path, zendesk)
    assert ended.exit_code == 0
    assert "WARNING skipped macros" in ended.told
    target = ended.target
    assert "macros" not in target.activated
    assert "groups" in target.activated
    target.assert_equals(account, set(CORE) - {"macros"})


def test_an_account_of_which_nothing_can_be_read_ends_the_tap_with_one(
    zendesk: Simulator, tmp_path: Path
) -> None:
    zendesk.refuse("macros")
    ended = run_tap(tmp_path, zendesk, catalog=selected("macros"))
    assert ended.exit_code == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"access_token": None}, "No way to log in is complete"),
        ({"base_url": None, "subdomain": None}, "`subdomain` is missing"),
        ({"start_date": "yesterday"}, "start_date is not a date"),
        ({"start_date": "2024-02-01", "end_date": "2024-01-01"}, "is not before"),
        ({"custom_fields": "rows"}, "custom_fields is neither"),
        ({"rate_limit_share": 3}, "rate_limit_share is 3"),
        ({"subdomain": 5}, "`subdomain` is no text"),
    ],
)
def test_a_bad_setting_is_named_and_ends_the_tap_with_two(
    zendesk: Simulator, tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    ended = run_tap(tmp_path, zendesk, **settings)
    assert (ended.exit_code, ended.lines) == (2, [])
    assert told in ended.told


def test_a_wrong_token_ends_the_tap_with_three_and_is_not_shown(
    zendesk: Simulator, tmp_path: Path
) -> None:
    ended = run_tap(tmp_path, zendesk, access_token="not-the-right-one")
    assert (ended.exit_code, ended.lines) == (3, [])
    assert "not-the-right-one" not in ended.told


@pytest.mark.parametrize("state", ["text", {"bookmarks": []}, {"account": "another"}])
def test_a_state_that_is_none_or_of_another_account_is_refused(
    zendesk: Simulator, tmp_path: Path, state: Any
) -> None:
    ended = run_tap(tmp_path, zendesk, state=state)
    assert (ended.exit_code, ended.lines) == (2, [])


def test_only_what_is_selected_is_asked_for_and_written(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    catalog = selected("ticket_metrics", "groups", without={"groups": ["name", "id"]})
    target = run_tap(tmp_path, zendesk, catalog=catalog).target
    assert set(target.counts) == {"ticket_metrics", "groups"}
    target.assert_equals(account, ["ticket_metrics"])
    assert "name" not in target.schemas["groups"]
    rows = target.rows["groups"].values()
    assert all("id" in row and "name" not in row for row in rows)  # a key is never left out
    paths = {request.path.removesuffix(".json").rpartition("/")[2] for request in zendesk.requests}
    assert paths == {"me", "ticket_fields", "cursor", "groups"}


def test_a_table_that_is_selected_later_is_read_from_the_start(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    first = run_tap(tmp_path, zendesk, catalog=selected("tickets")).target
    catalog = selected("tickets", "ticket_metrics")
    second = run_tap(tmp_path, zendesk, state=first.state, catalog=catalog)
    assert "read from its start" in second.told
    second.target.assert_equals(account, ["tickets", "ticket_metrics"])


def test_a_catalogue_that_selects_what_the_tap_does_not_read_is_refused(
    zendesk: Simulator, tmp_path: Path
) -> None:
    catalog = selected("tickets")
    catalog["streams"][0]["tap_stream_id"] = "custom_object_records"
    ended = run_tap(tmp_path, zendesk, catalog=catalog)
    assert ended.exit_code == 2
    assert "a table of its own" in ended.told


def test_the_discovered_catalogue_can_be_handed_back_and_has_the_custom_fields(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    found = json.loads(b"".join(run_tap(tmp_path, zendesk, "--discover").lines))
    entries = {entry["tap_stream_id"]: entry for entry in found["streams"]}
    tickets = entries["tickets"]
    assert "cf_order_number" in tickets["schema"]["properties"]
    told = {tuple(each["breadcrumb"]): each["metadata"] for each in tickets["metadata"]}
    assert told[()]["valid-replication-keys"] == ["generated_timestamp"]
    assert told["properties", "id"]["inclusion"] == "automatic"
    assert entries["ticket_metrics"]["metadata"][0]["metadata"]["parent-tap-stream-id"] == "tickets"
    target = run_tap(tmp_path, zendesk, catalog=found).target
    target.assert_equals(account, CORE)
    sent = {table: set(properties) for table, properties in target.schemas.items()}
    assert sent["tickets"] <= set(tickets["schema"]["properties"])


def test_nothing_is_written_by_a_test_and_by_questions_about_the_tap(
    zendesk: Simulator, tmp_path: Path
) -> None:
    tried = run_tap(tmp_path, zendesk, "--test", catalog=selected("tickets", "groups"))
    assert (tried.exit_code, tried.lines) == (0, [])
    assert "tickets can be read" in tried.told
    about = json.loads(b"".join(run_tap(tmp_path, zendesk, "--about", "--format=json").lines))
    assert {"discover", "state"} <= set(about["capabilities"])
    assert "client_secret" in about["settings"]["properties"]


def test_a_window_is_read_without_moving_the_open_position(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    times = sorted(row["generated_timestamp"] for row in account.truth("tickets"))
    middle = times[len(times) // 2]
    target = run_tap(
        tmp_path, zendesk, catalog=selected("tickets"), start_date="2020-01-01T00:00:00Z"
    ).target
    assert len(target.rows["tickets"]) == len(times)
    end = datetime.fromtimestamp(middle, timezone.utc).isoformat()
    window = run_tap(tmp_path, zendesk, catalog=selected("tickets"), end_date=end).target
    seen = [row["generated_timestamp"] for row in window.rows["tickets"].values()]
    assert sorted(seen) == [time for time in times if time < middle]


def test_versions_are_left_out_where_a_target_dies_of_them(
    zendesk: Simulator, tmp_path: Path
) -> None:
    ended = run_tap(
        tmp_path, zendesk, catalog=selected("groups"), emit_activate_version_messages=False
    )
    assert not ended.target.activated
    assert b'"version"' not in b"".join(line for line in ended.lines if b'"RECORD"' in line)


def test_a_character_that_ends_some_targets_is_replaced_and_told_of(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    account.clock.advance(600)
    ticket = account.create_ticket(subject="before\x00behind")
    account.clock.advance(600)
    ended = run_tap(tmp_path, zendesk, catalog=selected("tickets"))
    rows = ended.target.rows["tickets"].values()
    assert [row["subject"] for row in rows if row["id"] == ticket["id"]] == ["before\ufffdbehind"]
    assert "U+0000, which many a target cannot hold, became U+FFFD" in ended.told
