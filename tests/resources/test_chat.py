"""Chat loaded: floods of one second, a token of its own, histories that go, quiet syncs."""

from __future__ import annotations

from collections.abc import Iterator

import dlt
import pytest

from tests.support.simulated import TOKEN, served, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import SyncReport, sync
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Position, pages, request_of
from zendesk_source.catalogue.chat import CHAT_CHATS
from zendesk_source.login.auth import StaticAuth
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.settings.options import ItemFormat
from zendesk_source.simulator import Account, Simulator

OF_CHAT = "a-token-of-chat"


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=3, tickets=0, users=3, organizations=0)


@pytest.fixture
def zendesk(account: Account) -> Iterator[Simulator]:
    with served(account, chat_token=OF_CHAT) as simulator:
        yield simulator


def load(
    pipeline: dlt.Pipeline,
    zendesk: Simulator,
    *streams: str,
    chat_token: str | None = OF_CHAT,
    item_format: ItemFormat = "auto",
) -> SyncReport:
    credentials = ZendeskOAuthToken(oauth_token=TOKEN, chat_token=chat_token)
    source = source_of(zendesk, *streams, credentials=credentials, item_format=item_format)
    return sync(pipeline, source)


def test_a_flood_of_one_second_comes_whole_from_every_place(account: Account, zendesk: Simulator):
    moment = account.truth("chat_chats")[-1]["update_timestamp"]
    for chat in account.truth("chat_chats"):
        account.load_rows("chat_chats", [{**chat, "update_timestamp": moment}])
    every = sorted(chat["id"] for chat in account.truth("chat_chats"))
    auth = StaticAuth(f"Bearer {OF_CHAT}", remedy="")
    client = ZendeskClient(zendesk.base_url, auth, clock=account.clock)
    walked = list(pages(client, request_of(CHAT_CHATS, page_size=7), Position()))
    assert len(walked) > 5
    assert sorted({row["id"] for page in walked for row in page.rows}) == every
    for number, page in enumerate(walked[:-1]):
        rest = pages(client, request_of(CHAT_CHATS, page_size=7), page.after)
        found = {row["id"] for each in (*walked[: number + 1], *rest) for row in each.rows}
        assert sorted(found) == every


def test_without_its_token_chat_is_skipped_and_says_what_it_wants(
    pipeline: dlt.Pipeline, account: Account, zendesk: Simulator
):
    report = load(pipeline, zendesk, "chat_conversions", "chat_skills", chat_token=None)
    assert report.exit_code == 1  # not one stream was loaded
    for run in report.runs.values():
        assert run.status == "skipped"
        assert "set `chat_token`" in run.reason
    assert load(pipeline, zendesk, "chat_conversions", "chat_skills").exit_code == 0
    for table in ("chat_conversions", "chat_skills"):
        assert_table_equals(pipeline, table, account.truth(table))


def test_what_is_deleted_from_a_history_leaves_the_table(
    pipeline: dlt.Pipeline, account: Account, zendesk: Simulator
):
    load(pipeline, zendesk, "chat_chats")
    assert len(stored_rows(pipeline, "chat_history")) == 120
    first, second, third = [chat["id"] for chat in account.truth("chat_chats")[:3]]
    account.clock.advance(3_600)
    account.edit_row("chat_chats", first, history=[], deleted=True)
    account.edit_row("chat_chats", second, history=account.truth("chat_history")[:1])
    account.edit_row("chat_chats", third, history=None, deleted=True)
    account.clock.advance(3_600)
    load(pipeline, zendesk, "chat_chats")
    assert_table_equals(pipeline, "chat_history", account.truth("chat_history"))
    assert len(stored_rows(pipeline, "chat_history")) == 120 - 3 - 2 - 3


def test_quiet_syncs_do_not_drift_into_the_past(
    pipeline: dlt.Pipeline, account: Account, zendesk: Simulator
):
    load(pipeline, zendesk, "chat_conversions")
    zendesk.forget_requests()
    for _ in range(2):
        account.clock.advance(60)
        assert load(pipeline, zendesk, "chat_conversions").exit_code == 0
    asked = [(seen.stream, seen.query["start_time"]) for seen in zendesk.requests if seen.stream]
    assert len(asked) == 4
    assert asked[:2] == asked[2:]  # the same places both times; the second finds the end


def test_a_chat_changed_twice_while_it_is_young_arrives_in_its_last_state(
    pipeline: dlt.Pipeline, account: Account, zendesk: Simulator
):
    chat_id = account.truth("chat_chats")[0]["id"]
    for rating in ("bad", "good"):
        account.edit_row("chat_chats", chat_id, rating=rating, comment=f"it was {rating}")
        account.clock.advance(200)
        load(pipeline, zendesk, "chat_chats")
    assert_table_equals(pipeline, "chat_chats", account.truth("chat_chats"))


def test_a_text_where_objects_are_expected_is_loaded_as_json(
    pipeline: dlt.Pipeline, account: Account, zendesk: Simulator, item_format: ItemFormat
):
    for value in ("busy", 'a "quoted" text', "", "{}", {"size": 1}, [1], 5, True):
        account.add_row("chat_department_events", value=value, field_name="any")
    account.clock.advance(3_600)
    load(pipeline, zendesk, "chat_department_events", item_format=item_format)
    assert_table_equals(pipeline, "chat_department_events", account.truth("chat_department_events"))
