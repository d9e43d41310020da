"""A stream that the catalogue gains is served without a change of the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.simulator.walks import cursor_pages, page
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.catalogue.stream import columns
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.state import STREAM_BY_NAME

Serve = Callable[[Stream], tuple[Account, Simulator]]


def a_stream(**values: Any) -> Stream:
    defaults: dict[str, Any] = {
        "product": "support",
        "primary_key": ("id",),
        "cursor_field": None,
        "write": "replace",
        "page_size": 100,
        "columns": columns(bigint="id", text="url name", timestamp="created_at updated_at"),
        "access": "agent",
        "docs": "",
    }
    return Stream(**{**defaults, **values})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, start: Callable[..., Simulator]) -> Serve:
    def serve_one(stream: Stream) -> tuple[Account, Simulator]:
        monkeypatch.setitem(STREAM_BY_NAME, stream.name, stream)
        account = Account.generate(tickets=0, users=1, organizations=0)
        return account, start(account)

    return serve_one


def test_a_new_list_is_served_with_the_rows_that_are_added(
    serve: Serve, session: requests.Session
) -> None:
    stream = a_stream(name="gadgets", path="/api/v2/gadgets.json", paging=Paging.CURSOR)
    account, zendesk = serve(stream)
    row = account.add_row("gadgets", name="Mine")
    assert row["url"] == f"https://example.zendesk.com/api/v2/gadgets/{row['id']}.json"
    assert page(session, zendesk, "gadgets", page_size=10)["gadgets"] == [row]
    assert page(session, zendesk, "gadgets")["count"] == 1


def test_a_new_cursor_export_with_text_ids_is_walked(
    serve: Serve, session: requests.Session
) -> None:
    stream = a_stream(
        name="records",
        path="/api/v2/incremental/records/cursor.json",
        paging=Paging.CURSOR_EXPORT,
        cursor_field="updated_at",
        columns=columns(text="id name", timestamp="updated_at"),
    )
    account, zendesk = serve(stream)
    rows = [account.add_row("records", id=f"01J{letter}") for letter in "ABCDE"]
    account.clock.sleep(600)
    walk = cursor_pages(session, zendesk, "incremental/records/cursor", start_time=0, per_page=2)
    assert [row for each in walk for row in each["records"]] == rows


def test_talk_has_no_end_of_stream(serve: Serve, session: requests.Session) -> None:
    stream = a_stream(
        name="talk_gadgets",
        product="talk",
        path="/api/v2/channels/voice/stats/incremental/gadgets.json",
        records_key="gadgets",
        paging=Paging.TIME_EXPORT,
        cursor_field="updated_at",
    )
    account, zendesk = serve(stream)
    call = account.add_row("talk_gadgets")
    path = "channels/voice/stats/incremental/gadgets"
    body = page(session, zendesk, path, start_time=0)
    assert list(body) == ["gadgets", "count", "next_page", "end_time"]
    assert body["gadgets"] == [call]
    assert body["end_time"] == account.now_second()


def test_help_center_has_no_next_link_on_its_last_page(
    serve: Serve, session: requests.Session
) -> None:
    stream = a_stream(
        name="hc_gadgets",
        product="help_center",
        path="/api/v2/help_center/articles/gadgets.json",
        records_key="gadgets",
        paging=Paging.CURSOR,
    )
    account, zendesk = serve(stream)
    account.add_row("hc_gadgets", name="a")
    body = page(session, zendesk, "help_center/articles/gadgets", page_size=10)
    assert list(body) == ["meta", "links", "gadgets"]
    assert body["links"]["next"] is None


@pytest.mark.parametrize("paging", [Paging.OFFSET, Paging.SINGLE])
def test_other_lists_are_served_as_they_page(
    serve: Serve, session: requests.Session, paging: Paging
) -> None:
    stream = a_stream(name="gadgets", path="/api/v2/gadgets.json", paging=paging)
    account, zendesk = serve(stream)
    rows = [account.add_row("gadgets", name=str(number)) for number in range(3)]
    body = page(session, zendesk, "gadgets", per_page=2)
    shown = rows[:2] if paging is Paging.OFFSET else rows
    assert body["gadgets"] == shown
    assert body["count"] == 3
    assert bool(body["next_page"]) is (paging is Paging.OFFSET)
