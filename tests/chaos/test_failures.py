"""What goes wrong for good: said with the remedy, and the remedy is tried."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import orjson
import pytest

from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import sync
from zendesk_source.runs.reasons import notes_of
from zendesk_source.settings.dlt_credentials import ZendeskOAuthClient
from zendesk_source.simulator import Account, Fault, RateLimits, Simulator

pytestmark = pytest.mark.long

OAUTH_CLIENT = ("client", "secret")
DLT = Path(sys.executable).parent / "dlt"
FOR_GOOD = 8  # attempts of one page


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=3, tickets=60, users=20, organizations=5)


@pytest.fixture
def zendesk(account) -> Iterator[Simulator]:
    limits = RateLimits.plan("enterprise")
    with served(account, rate_limits=limits, oauth_client=OAUTH_CLIENT) as simulator:
        yield simulator


def synced(zendesk: Simulator, *names: str, **settings):
    source = source_of(zendesk, *names, **settings)
    return sync(duckdb_pipeline(), source, clock=zendesk.account.clock)


def log_of(stream: str) -> list[tuple[str, str]]:
    with duckdb_pipeline().sql_client() as client:
        table = client.make_qualified_table_name("_zendesk_sync_log")
        rows = client.execute_sql(f"SELECT status, reason FROM {table} WHERE stream = %s", stream)
    return [(row[0], row[1]) for row in rows or ()]


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.SLOW])
def test_every_fault_is_survived_in_the_middle_of_a_sync(zendesk, account, fault):
    zendesk.fail_next(fault, times=3, skip=1)
    report = synced(zendesk, "tickets", "groups")
    assert report.exit_code == 0
    assert_table_equals(duckdb_pipeline(), "tickets", account.truth("tickets"))
    assert_table_equals(duckdb_pipeline(), "groups", account.truth("groups"))


def test_a_stream_that_stays_unreadable_fails_and_the_others_are_loaded(zendesk, account):
    zendesk.fail_next(Fault.SERVER_ERROR, stream="organizations", times=FOR_GOOD)
    report = synced(zendesk, "tickets", "organizations", "groups")
    assert report.exit_code == 5
    assert report.runs["organizations"].status == "failed"
    for table in ("tickets", "groups"):
        assert_table_equals(duckdb_pipeline(), table, account.truth(table))
    ((status, reason),) = log_of("organizations")
    assert status == "failed"
    assert "status.zendesk.com" in reason
    assert synced(zendesk, "organizations").exit_code == 0
    assert_table_equals(duckdb_pipeline(), "organizations", account.truth("organizations"))


def test_field_definitions_that_cannot_be_read_fail_only_the_streams_that_need_them(
    zendesk, account
):
    zendesk.fail_next(Fault.SERVER_ERROR, stream="ticket_fields", times=FOR_GOOD)
    report = synced(zendesk, "users", "tickets")
    assert report.exit_code == 5
    assert report.runs["tickets"].status == "failed"
    assert_table_equals(duckdb_pipeline(), "users", account.truth("users"))
    assert synced(zendesk, "tickets").exit_code == 0
    assert_table_equals(duckdb_pipeline(), "tickets", account.truth("tickets"))


def test_a_refused_stream_is_logged_with_the_reason_and_tried_again(zendesk, account):
    zendesk.refuse("macros", 403)
    assert synced(zendesk, "groups", "macros").exit_code == 5
    ((status, reason),) = log_of("macros")
    assert status == "skipped"
    assert "403" in reason
    assert "admin" in reason
    zendesk.allow("macros")
    assert synced(zendesk, "groups", "macros").exit_code == 0
    assert_table_equals(duckdb_pipeline(), "macros", account.truth("macros"))


def test_a_token_that_expires_in_mid_run_is_renewed_once(zendesk, account):
    seen: list[str] = []

    def revoke(request):
        seen.append(request.stream)
        if len(seen) == 2:
            zendesk.credentials.revoke_all()

    zendesk.before_answer(revoke)
    credentials = ZendeskOAuthClient()
    credentials.client_id, credentials.client_secret = OAUTH_CLIENT
    report = synced(zendesk, "tickets", "groups", "macros", credentials=credentials)
    assert report.exit_code == 0
    assert sum(request.method == "POST" for request in zendesk.requests) == 2
    assert_table_equals(duckdb_pipeline(), "macros", account.truth("macros"))


def test_a_row_without_a_key_is_kept_beside_its_table(zendesk, account, item_format):
    keyless = {"id": None, "name": "Nobody knows my id", "a_new_key": [1, {"deep": 2**53 + 1}]}
    put_keyless(account, "user_fields", keyless)
    put_keyless(account, "users", keyless)
    report = synced(zendesk, "user_fields", "users", item_format=item_format)
    assert report.exit_code == 5
    assert [line[:11] for line in notes_of(report.runs)] == ["incomplete:"] * 2
    kept = stored_rows(duckdb_pipeline(), "_zendesk_rejected_rows")
    assert {row["stream"] for row in kept} == {"user_fields", "users"}
    for row in kept:
        assert keyless.items() <= row["row"].items()
    for stream in ("user_fields", "users"):
        ((status, reason),) = log_of(stream)
        assert status == "incomplete"
        assert "_zendesk_rejected_rows" in reason
        truth = [row for row in account.truth(stream) if row["id"] is not None]
        assert_table_equals(duckdb_pipeline(), stream, truth)


def put_keyless(account: Account, stream: str, changes) -> None:
    """Let Zendesk answer with a row whose key is null, which it never should."""
    store = account.stores[stream]
    template = next(iter(store))
    store.put({**template, "id": 10**14})
    store._encoded[10**14] = orjson.dumps({**template, **changes})


def test_large_ids_new_keys_and_other_types_arrive_as_they_were_sent(zendesk, account):
    synced(zendesk, "users")
    account.clock.advance(600)
    user = account.truth("users")[0]
    strange = {"id": 2**53 + 1, "a_new_key": {"n": 2**60 + 1}, "time_zone": 5, "suspended": "no"}
    account.load_rows("users", [{**user, **strange}], second=account.now_second())
    account.clock.advance(600)
    assert synced(zendesk, "users").exit_code == 0
    assert_table_equals(duckdb_pipeline(), "users", account.truth("users"))


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE zendesk_data.tickets",
        "DROP TABLE zendesk_data.ticket_tags",
        "ALTER TABLE zendesk_data.tickets ALTER subject TYPE INTEGER USING 1",
    ],
)
def test_a_damaged_table_fails_its_stream_and_the_command_it_names_heals_it(
    zendesk, account, damage
):
    synced(zendesk, "tickets", "users")
    with duckdb.connect("zendesk.duckdb") as connection:
        connection.execute(damage)
    account.clock.advance(600)
    account.edit_ticket(account.truth("tickets")[0]["id"], priority="urgent")
    account.clock.advance(600)
    for _ in range(2):
        account.create_user(name="Somebody new")
        account.clock.advance(600)
        report = synced(zendesk, "tickets", "users")
        assert report.exit_code == 5
        assert report.runs["tickets"].status == "failed"
        assert_table_equals(duckdb_pipeline(), "users", account.truth("users"))
    assert "dlt -y pipeline zendesk drop tickets" in report.runs["tickets"].reason
    arguments = [str(DLT), "-y", "pipeline", "zendesk", "drop", "tickets"]
    done = subprocess.run(
        arguments, capture_output=True, env=os.environ.copy(), text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert synced(zendesk, "tickets", "users").exit_code == 0
    for table in ("tickets", "ticket_tags", "users"):
        assert_table_equals(duckdb_pipeline(), table, account.truth(table))
