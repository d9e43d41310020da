"""Rounds: what they ask, when changes arrive, which errors end them, and who may read between."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from tests.support.edits import eventful_day
from tests.support.rounds import rounds_of
from tests.support.simulated import TOKEN, served, source_of
from tests.support.tables import assert_equals_truth, assert_table_equals, stored_rows
from zendesk_source import keep_syncing
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import STREAMS
from zendesk_source.continuous.rounds import Round
from zendesk_source.errors import AuthenticationError, ConfigurationError, DestinationInUse
from zendesk_source.file_lock import file_lock
from zendesk_source.runs.one_at_a_time import LOCK_FILE
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, Fault, RateLimits

FOLLOWED = [stream.name for stream in STREAMS if stream.is_core and stream.is_followed]


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=40, users=12, organizations=3)


OPEN = """
import duckdb, sys
with duckdb.connect("zendesk.duckdb", read_only=sys.argv[1] == "reads"):
    print("open", flush=True)
    sys.stdin.readline()
"""


def opened_elsewhere(how: str) -> subprocess.Popen[str]:
    """Open the DuckDB file in another process, which keeps it open until a line is sent."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", OPEN, how], text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def wait_for(reader: subprocess.Popen[str]) -> str:
    """Return the line that says that the file is open; empty if it could not be opened."""
    assert reader.stdout is not None
    return reader.stdout.readline()


def runs_of(done: Round) -> dict[str, StreamRun]:
    """Return what a round did with its streams."""
    assert done.report is not None, done.error
    return done.report.runs


def asked(zendesk) -> Counter[str]:
    return Counter(request.stream for request in zendesk.requests)


def open_tickets(account: Account) -> list[int]:
    closed = ("closed", "deleted")
    return [row["id"] for row in account.truth("tickets") if row["status"] not in closed]


@pytest.mark.long
def test_the_tables_equal_the_account_after_rounds_with_edits(pipeline):
    account = Account.generate(seed=3, tickets=300, users=60, organizations=15)
    with served(account) as zendesk:
        days = iter((eventful_day, eventful_day))
        rounds = rounds_of(
            pipeline,
            zendesk,
            count=4,
            between=lambda done: next(days, lambda account: None)(account),
            lists_every_seconds=60,
        )
    assert [done.report and done.report.exit_code for done in rounds] == [0, 0, 0, 0]
    assert_equals_truth(pipeline, account)


def test_a_round_without_news_costs_one_request_a_followed_stream(zendesk, pipeline):
    rounds = rounds_of(pipeline, zendesk, count=3, between=lambda done: zendesk.forget_requests())
    assert asked(zendesk) == Counter(FOLLOWED)
    assert set(FOLLOWED) < set(runs_of(rounds[0]))  # lists are asked, too, by the first


def test_what_every_sync_reads_from_its_beginning_is_not_asked_in_every_round():
    assert [each.name for each in STREAMS if each.is_followed and each.begins_anew] == []


def test_what_one_or_two_requests_bring_up_to_now_is_followed():
    followed = {stream.name for stream in STREAMS if stream.is_followed}
    assert {"tickets", "ticket_events", "users", "talk_calls", "hc_articles"} <= followed
    read_again = {"satisfaction_ratings", "csat_survey_responses", "chat_agent_timeline"}
    read_again |= {"ticket_audits", "email_notifications", "groups", "custom_object_records"}
    assert not followed & read_again


@pytest.mark.long
def test_a_change_is_in_the_table_within_two_minutes_of_its_showing(account, zendesk, pipeline):
    shown_after_seconds = 60  # exports leave the last minute out
    changed_at = {}

    def change(done: Round) -> None:
        ticket_id = open_tickets(account)[done.number]
        account.edit_ticket(ticket_id, subject=f"of round {done.number}")
        changed_at[done.number] = account.clock.monotonic()

    late: list[int] = []

    def look(done: Round) -> None:
        subjects = {row.get("subject") for row in stored_rows(pipeline, "tickets")}
        now = account.clock.monotonic()
        late.extend(
            number
            for number, at in changed_at.items()
            if f"of round {number}" not in subjects and now - at > shown_after_seconds + 120
        )
        if done.number in (1, 4):
            change(done)

    rounds = rounds_of(pipeline, zendesk, "tickets", count=7, between=look)
    assert len(changed_at) == 2
    assert late == []
    assert {done.pause_seconds for done in rounds} == {60}
    subjects = {row.get("subject") for row in stored_rows(pipeline, "tickets")}
    assert {f"of round {number}" for number in changed_at} <= subjects


def test_a_changed_stream_costs_one_request(account, zendesk, pipeline):
    field = account.truth("ticket_fields")[-1]

    def change(done: Round) -> None:
        account.set_custom_field(open_tickets(account)[done.number], field["id"], "7")
        account.clock.advance(600)
        zendesk.forget_requests()

    rounds = rounds_of(pipeline, zendesk, "tickets", "users", count=3, between=change)
    assert runs_of(rounds[-1])["tickets"].own_rows("tickets") == 1
    assert asked(zendesk) == {"tickets": 1, "users": 1}
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))


@pytest.mark.long
def test_lists_are_asked_every_hour(zendesk, pipeline):
    rounds = rounds_of(pipeline, zendesk, "users", "groups", count=5, every_seconds=1_200)
    with_lists = [done.number for done in rounds if "groups" in runs_of(done)]
    assert with_lists == [1, 4]
    assert (asked(zendesk)["users"], asked(zendesk)["groups"]) == (5, 2)


def test_rounds_of_lists_alone_come_as_often_as_lists(zendesk, pipeline):
    rounds = rounds_of(pipeline, zendesk, "groups", count=3, lists_every_seconds=600)
    assert [done.pause_seconds for done in rounds] == [600] * 3


@pytest.mark.parametrize("how", ["reads", "writes"])
def test_between_two_rounds_the_file_is_free(how, zendesk, pipeline):
    found = []

    def open_it(done: Round) -> None:
        with opened_elsewhere(how) as other:
            found.append(wait_for(other))
            other.communicate("\n")

    rounds = rounds_of(pipeline, zendesk, "groups", "users", count=3, between=open_it)
    assert found == ["open\n"] * 2
    assert all(done.is_good for done in rounds)


def test_a_file_that_is_read_when_a_round_begins_costs_that_round_alone(account, zendesk, pipeline):
    with ExitStack() as readers:
        held: list[subprocess.Popen[str]] = []

        def hold(done: Round) -> None:
            for reader in held:
                reader.communicate("\n")
            if done.number == 1:
                held.append(readers.enter_context(opened_elsewhere("reads")))
                wait_for(held[0])
                account.edit_ticket(open_tickets(account)[0], priority="urgent")
                account.clock.advance(600)

        rounds = rounds_of(pipeline, zendesk, "tickets", count=3, between=hold)
    assert [type(done.error) for done in rounds] == [type(None), DestinationInUse, type(None)]
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))


def test_a_file_that_is_read_at_the_very_first_does_not_end_it(zendesk, pipeline):
    duckdb.connect("zendesk.duckdb").close()
    with opened_elsewhere("reads") as reader:
        wait_for(reader)
        rounds = rounds_of(
            pipeline, zendesk, "groups", count=2, between=lambda done: reader.communicate("\n")
        )
    assert [done.is_good for done in rounds] == [False, True]


def test_credentials_that_are_refused_at_first_end_it(zendesk, pipeline):
    wrong = ZendeskOAuthToken(oauth_token="wrong")
    with pytest.raises(AuthenticationError):
        rounds_of(
            pipeline,
            zendesk,
            count=1,
            make_source=lambda: source_of(zendesk, "groups", credentials=wrong),
        )


def test_a_setting_that_is_wrong_at_first_ends_it(zendesk, pipeline):
    with pytest.raises(ConfigurationError, match="rate_limit_share"):
        rounds_of(
            pipeline,
            zendesk,
            count=1,
            make_source=lambda: source_of(zendesk, "groups", rate_limit_share=2),
        )


def test_credentials_that_are_refused_later_are_told_and_looked_up_again(
    account, zendesk, pipeline
):
    tokens = [TOKEN]

    def make_source():
        credentials = ZendeskOAuthToken(oauth_token=tokens[-1])
        return source_of(zendesk, "users", credentials=credentials)

    def change(done: Round) -> None:
        if done.number == 1:  # revoked at Zendesk; the new one is set three rounds later
            zendesk.credentials.oauth_token = "another"
        if done.number == 4:
            tokens.append("another")

    rounds = rounds_of(pipeline, zendesk, count=5, between=change, make_source=make_source)
    errors = [type(done.error) for done in rounds]
    assert errors == [type(None), *[AuthenticationError] * 3, type(None)]
    assert [done.pause_seconds for done in rounds] == [60, 60, 120, 240, 60]


@pytest.mark.long
def test_a_stream_that_fails_is_asked_less_and_less_and_keeps_no_other_waiting(zendesk, pipeline):
    zendesk.fail_next(Fault.SERVER_ERROR, "users", times=16)
    rounds = rounds_of(pipeline, zendesk, "tickets", "users", count=6, every_seconds=300)
    asked_in = [done.number for done in rounds if "users" in runs_of(done)]
    status = [runs_of(rounds[number - 1])["users"].status for number in asked_in]
    assert (asked_in[:2], status[:3]) == ([1, 2], ["failed", "failed", "ok"])
    assert 3 not in asked_in
    assert all(runs_of(done)["tickets"].status == "ok" for done in rounds)


def test_a_stream_that_is_refused_is_asked_as_often_as_a_list(zendesk, pipeline):
    zendesk.refuse("talk_calls", 403)
    rounds_of(pipeline, zendesk, "users", "talk_calls", count=5, every_seconds=1_200)
    assert (asked(zendesk)["users"], asked(zendesk)["talk_calls"]) == (5, 2)


@pytest.mark.long
def test_rounds_keep_to_the_rate_limit(account, pipeline):
    with served(account, rate_limits=RateLimits(buckets={"incremental-exports": 10})) as zendesk:
        rounds = rounds_of(pipeline, zendesk, *FOLLOWED, count=6, every_seconds=5)
        assert all(done.is_good for done in rounds)
        assert len(zendesk.requests) > 20
        assert all(request.status == 200 for request in zendesk.requests)


def test_it_ends_between_two_rounds(zendesk, pipeline):
    stop, seen = threading.Event(), []

    def on_round(done: Round) -> None:
        seen.append(done.number)
        if done.number == 2:
            stop.set()

    keep_syncing(
        pipeline,
        lambda: source_of(zendesk, "groups"),
        stop=stop,
        on_round=on_round,
        clock=zendesk.account.clock,
    )
    assert seen == [1, 2]


def test_it_ends_in_mid_round_with_what_was_read(account, zendesk, pipeline):
    stop = threading.Event()
    zendesk.before_answer(lambda request: stop.set() if request.stream == "users" else None)
    keep_syncing(
        pipeline,
        lambda: source_of(zendesk, "users", "tickets"),
        stop=stop,
        clock=account.clock,
    )
    zendesk.leave_answers_alone()
    rounds_of(pipeline, zendesk, "users", "tickets", count=1)
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))


def test_another_load_of_the_pipeline_is_refused_between_two_rounds(zendesk, pipeline):
    folder = Path(pipeline.working_dir)
    path = folder.parent / f"{folder.name}.{LOCK_FILE}"

    def take(done: Round) -> None:
        def give_up() -> None:
            raise TimeoutError

        with pytest.raises(TimeoutError), file_lock(path, give_up):
            pass

    assert len(rounds_of(pipeline, zendesk, "groups", count=2, between=take)) == 2


def test_a_time_between_rounds_must_be_one(zendesk, pipeline):
    with pytest.raises(ConfigurationError, match="above 0"):
        rounds_of(pipeline, zendesk, "groups", count=1, every_seconds=0)
