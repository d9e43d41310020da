"""How exports page: what is asked, what ends a walk, what may not be taken for an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import orjson
import pytest

from tests.api.walking import ids, rows, walk
from tests.support.stub import START, Reply, Seen, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Position, pages, request_of
from zendesk_source.api.paging import walk as walk_of_pages
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.catalogue.help_center import HC_ARTICLES
from zendesk_source.catalogue.support.activity import SIDE_CONVERSATION_EVENTS
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    TICKET_METRIC_EVENTS,
    TICKETS,
)
from zendesk_source.catalogue.support.lists import GROUPS, TICKET_FORMS
from zendesk_source.catalogue.talk import TALK_CALLS
from zendesk_source.errors import PaginationStuck, UnexpectedAnswer

LISTS = [GROUPS, TICKET_FORMS, replace(GROUPS, paging=Paging.OFFSET, page_size=100)]
NOW = int(START.timestamp())


def cursor_page(
    found: list[dict[str, int]], cursor: str | None, is_end: bool | None, **more: object
) -> Reply:
    body = {"tickets": found, "after_cursor": cursor, "after_url": None, **more}
    return Reply(200, body if is_end is None else {**body, "end_of_stream": is_end})


def test_a_cursor_export_sends_start_time_once_and_its_own_parameters_always(
    client: ZendeskClient, stub: Stub
):
    stub.script(cursor_page(rows(1), "a+b=", False), cursor_page(rows(2), "c", True))
    walked = walk(client, TICKETS, Position(start_time=77))
    own = {"include": "metric_sets", "support_type_scope": "all", "per_page": "1000"}
    assert [seen.params for seen in stub.requests] == [
        {**own, "start_time": "77"},
        {**own, "cursor": "a+b="},
    ]
    assert [page.after for page in walked] == [Position(cursor="a+b="), Position(cursor="c")]
    assert [page.is_last for page in walked] == [False, True]


def test_a_cursor_export_begins_at_zero(client: ZendeskClient, stub: Stub):
    stub.script(cursor_page([], None, True))
    walk(client, TICKETS)
    assert stub.requests[0].params["start_time"] == "0"


@pytest.mark.parametrize("position", [Position(cursor="kept"), Position(start_time=5)])
def test_an_empty_page_with_a_null_cursor_keeps_the_position(
    client: ZendeskClient, stub: Stub, position: Position
):
    stub.script(cursor_page([], None, True))
    (page,) = walk(client, TICKETS, position)
    assert (page.after, page.is_last, page.rows) == (position, True, [])


def test_has_more_ends_a_cursor_export_without_end_of_stream(client: ZendeskClient, stub: Stub):
    stub.script(
        cursor_page(rows(1), "a", None, meta={"has_more": True}),
        cursor_page(rows(2), "b", None, meta={"has_more": False}),
    )
    assert ids(walk(client, TICKETS)) == [1, 2]


def test_an_export_that_never_says_when_it_ends_ends_with_its_rows(
    client: ZendeskClient, stub: Stub
):
    stub.script(cursor_page(rows(1), "a", None), cursor_page([], None, None))
    assert ids(walk(client, TICKETS)) == [1]


@pytest.mark.parametrize("found", [rows(1), []])
def test_the_same_cursor_twice_before_the_end_is_stuck(
    client: ZendeskClient, stub: Stub, found: list[dict[str, int]]
):
    stub.script(cursor_page(rows(0), "a", False), cursor_page(found, "a", False))
    with pytest.raises(PaginationStuck, match=r"tickets \(/api/v2/incremental"):
        walk(client, TICKETS)


def test_cursors_that_go_round_in_a_circle_are_stuck(client: ZendeskClient, stub: Stub):
    around = iter("abcabcabc")
    stub.handle = lambda seen: cursor_page(rows(1), next(around), False)
    with pytest.raises(PaginationStuck):
        walk(client, TICKETS)
    assert len(stub.requests) == 4


def test_a_page_that_is_not_the_last_without_a_cursor_is_stuck(client: ZendeskClient, stub: Stub):
    stub.script(cursor_page(rows(1), None, False), cursor_page(rows(1), None, False))
    with pytest.raises(PaginationStuck):
        walk(client, TICKETS)


def test_a_refused_cursor_says_what_to_do(client: ZendeskClient, stub: Stub):
    stub.script(Reply(400, {"error": "InvalidCursor", "description": "cursor c-u-r is bad"}))
    with pytest.raises(UnexpectedAnswer, match="reset this stream's state") as caught:
        walk(client, TICKETS, Position(cursor="c-u-r"))
    assert "c-u-r" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("stream", [TICKETS, ORGANIZATIONS])
def test_a_start_time_of_the_last_minute_means_nothing_new(
    client: ZendeskClient, stub: Stub, stream: Stream, status: int
):
    stub.script(Reply(status, {"error": "StartTimeTooRecent"}))
    position = Position(start_time=NOW)
    (page,) = walk(client, stream, position)
    assert (page.rows, page.after, page.is_last) == ([], position, True)
    assert page.server_time == START


@pytest.mark.parametrize("stream", [TICKETS, ORGANIZATIONS, *LISTS])
@pytest.mark.parametrize("body", [{"data": [1], "end_of_stream": True}, {}])
def test_a_missing_rows_key_is_not_an_empty_page(
    client: ZendeskClient, stub: Stub, stream: Stream, body: Mapping[str, object]
):
    stub.script(Reply(200, body))
    with pytest.raises(UnexpectedAnswer, match=f"without a list `{stream.rows_key}`"):
        walk(client, stream)


@pytest.mark.parametrize("value", [None, "text", {"id": 1}, 3])
def test_rows_that_are_no_list_are_not_an_empty_page(
    client: ZendeskClient, stub: Stub, value: object
):
    stub.script(Reply(200, {"tickets": value, "end_of_stream": True, "jane@acme.com": 1}))
    with pytest.raises(UnexpectedAnswer, match="it has end_of_stream, tickets") as caught:
        walk(client, TICKETS)
    assert "jane" not in str(caught.value)


def test_json_that_is_no_object_is_unexpected(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, [1]))
    with pytest.raises(UnexpectedAnswer, match="not an object"):
        walk(client, TICKETS)


def time_page(stream: Stream, found: list[dict[str, int]], end_time: Any, **more: object) -> Reply:
    return Reply(200, {stream.rows_key: found, "end_time": end_time, **more})


def test_a_time_export_goes_on_from_end_time(client: ZendeskClient, stub: Stub):
    stub.script(
        time_page(ORGANIZATIONS, rows(1, 2), 50, end_of_stream=False),
        time_page(ORGANIZATIONS, rows(2, 3), 60, end_of_stream=True, next_page="for ever"),
    )
    walked = walk(client, ORGANIZATIONS)
    assert ids(walked) == [1, 2, 3]
    assert [seen.params["start_time"] for seen in stub.requests] == ["0", "50"]
    assert [page.after for page in walked] == [Position(start_time=50), Position(start_time=60)]


def test_an_empty_time_export_keeps_its_position(client: ZendeskClient, stub: Stub):
    stub.script(time_page(ORGANIZATIONS, [], None, next_page=None, end_of_stream=True))
    (page,) = walk(client, ORGANIZATIONS, Position(start_time=9))
    assert page.after == Position(start_time=9)


@pytest.mark.parametrize("end_time", [50, 49, None])
def test_end_time_that_does_not_advance_is_stuck(
    client: ZendeskClient, stub: Stub, end_time: int | None
):
    stub.script(time_page(ORGANIZATIONS, rows(1), end_time, end_of_stream=False))
    with pytest.raises(PaginationStuck, match="end_time stayed at 50"):
        walk(client, ORGANIZATIONS, Position(start_time=50))


def test_an_end_time_that_is_no_number_is_unexpected(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {"organizations": [], "end_time": "later", "end_of_stream": True}))
    with pytest.raises(UnexpectedAnswer, match="end_time"):
        walk(client, ORGANIZATIONS)


def test_a_position_never_goes_back(client: ZendeskClient, stub: Stub):
    stub.script(time_page(ORGANIZATIONS, rows(1), 40, end_of_stream=True))
    (page,) = walk(client, ORGANIZATIONS, Position(start_time=50))
    assert page.after == Position(start_time=50)


METRIC_EVENTS_ENDS = {
    "no next page": time_page(
        TICKET_METRIC_EVENTS, rows(*range(1000)), 90, next_page=None, count=1000
    ),
    "no next page, and no rows": time_page(TICKET_METRIC_EVENTS, [], 1, next_page=None, count=0),
    "no rows and the same second": time_page(TICKET_METRIC_EVENTS, [], 7, next_page="on"),
    "no end time": time_page(TICKET_METRIC_EVENTS, rows(1), None, next_page="on"),
    "the same second again": time_page(TICKET_METRIC_EVENTS, rows(1), 7, next_page="on"),
}


@pytest.mark.parametrize("last", METRIC_EVENTS_ENDS.values(), ids=METRIC_EVENTS_ENDS)
def test_without_end_of_stream_a_walk_ends_at(client: ZendeskClient, stub: Stub, last: Reply):
    stub.script(last)
    (page,) = walk(client, TICKET_METRIC_EVENTS, Position(start_time=7))
    assert page.is_last


WITHOUT_END_OF_STREAM = [TICKET_METRIC_EVENTS, HC_ARTICLES, TALK_CALLS, SIDE_CONVERSATION_EVENTS]


@pytest.mark.parametrize("stream", WITHOUT_END_OF_STREAM, ids=lambda stream: stream.name)
@pytest.mark.parametrize(
    "sizes", [(30, 30, 7), (2, 0, 1), (100, 3), (0, 0, 0, 5), (1000, 1)], ids=str
)
@pytest.mark.parametrize("is_linked_for_ever", [True, False])
def test_a_page_that_is_short_or_empty_is_not_the_end(
    client: ZendeskClient,
    stub: Stub,
    stream: Stream,
    sizes: tuple[int, ...],
    is_linked_for_ever: bool,
):
    first = NOW - 10_000

    def handle(seen: Seen) -> Reply:
        index = max(0, int(seen.params["start_time"]) - first)
        is_last = index + 1 >= len(sizes)
        end, index = min(index + 1, len(sizes)), min(index, len(sizes) - 1)
        found = [{"id": index * 1000 + number} for number in range(sizes[index])]
        linked = f"{stub.base_url}/any?start_time={first + end}"
        next_page = linked if is_linked_for_ever or not is_last else None
        return time_page(stream, found, first + end, count=len(found), next_page=next_page)

    stub.handle = handle
    assert len(set(ids(walk(client, stream)))) == sum(sizes)
    assert len(stub.requests) == len(sizes) + is_linked_for_ever


def test_a_place_that_only_the_link_says_is_gone_to(client: ZendeskClient, stub: Stub):
    link = f"{stub.base_url}/any?start_time=90"
    stub.script(
        time_page(TALK_CALLS, rows(1), None, next_page=link),
        time_page(TALK_CALLS, rows(2), None, next_page=None),
    )
    assert ids(walk(client, TALK_CALLS)) == [1, 2]


def test_pages_that_hold_nothing_and_lead_on_for_ever_are_given_up(
    client: ZendeskClient, stub: Stub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(walk_of_pages, "MOST_EMPTY_PAGES", 20)
    number = count(1)
    ever_new = {
        TICKETS: lambda: cursor_page([], f"c{next(number)}", False),
        ORGANIZATIONS: lambda: time_page(ORGANIZATIONS, [], next(number), end_of_stream=False),
        TALK_CALLS: lambda: time_page(TALK_CALLS, [], next(number), next_page="on"),
        GROUPS: lambda: Reply(
            200, {"groups": [], "meta": {"has_more": True, "after_cursor": f"c{next(number)}"}}
        ),
    }
    for stream, answer in ever_new.items():
        stub.handle = lambda seen, answer=answer: answer()
        before = len(stub.requests)
        with pytest.raises(PaginationStuck, match="20 pages in a row held nothing"):
            walk(client, stream)
        assert len(stub.requests) - before == 21


def test_many_empty_pages_with_a_row_between_them_are_gone_through(
    client: ZendeskClient, stub: Stub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(walk_of_pages, "MOST_EMPTY_PAGES", 3)
    pages_ = [cursor_page(rows(n) if n % 3 == 0 else [], f"c{n}", n == 30) for n in range(31)]
    stub.script(*pages_)
    assert ids(walk(client, TICKETS)) == list(range(0, 31, 3))


NO_TIMES = [True, "1700000000", [], {}, -5, NOW + 86_400, 32_503_680_000, NOW * 1000, 2**63, 1e300]


@pytest.mark.parametrize("end_time", NO_TIMES, ids=str)
@pytest.mark.parametrize("stream", [ORGANIZATIONS, TALK_CALLS], ids=lambda stream: stream.name)
def test_an_end_time_that_has_not_been_is_no_position(
    client: ZendeskClient, stub: Stub, stream: Stream, end_time: Any
):
    stub.script(time_page(stream, rows(1), end_time, next_page="on"))
    with pytest.raises(UnexpectedAnswer, match="`end_time` that is no"):
        walk(client, stream)


# The last three stand for half a letter and for numbers that are none, once they are mended.
NO_CURSORS = [["a"], {"a": 1}, 7, True, 1.5, "c" * 1_000_000, "c\ufffd", "NaN", "1e400"]


@pytest.mark.parametrize("cursor", NO_CURSORS, ids=lambda cursor: repr(cursor)[:20])
def test_a_cursor_that_is_no_text_or_a_million_letters_is_no_position(
    client: ZendeskClient, stub: Stub, cursor: Any
):
    stub.handle = lambda seen: cursor_page(rows(1), cursor, False)
    with pytest.raises(UnexpectedAnswer, match="`after_cursor` that is no cursor"):
        walk(client, TICKETS)
    meta = {"has_more": True, "after_cursor": cursor}
    stub.handle = lambda seen: Reply(200, {"groups": rows(1), "meta": meta})
    with pytest.raises(UnexpectedAnswer, match="`after_cursor` that is no cursor"):
        walk(client, GROUPS)


def test_without_end_of_stream_a_full_page_of_one_second_is_stuck_and_not_the_end(
    client: ZendeskClient, stub: Stub
):
    stub.script(time_page(TICKET_METRIC_EVENTS, rows(*range(1000)), 7, next_page="on"))
    with pytest.raises(PaginationStuck):
        walk(client, TICKET_METRIC_EVENTS, Position(start_time=7))


def test_a_server_that_gives_smaller_pages_than_asked_is_read_to_the_end(
    client: ZendeskClient, stub: Stub
):
    stub.script(
        time_page(TICKET_METRIC_EVENTS, rows(*range(100)), 90, next_page="on"),
        time_page(TICKET_METRIC_EVENTS, rows(*range(100, 200)), 95, next_page="on"),
        time_page(TICKET_METRIC_EVENTS, rows(199), 95, next_page="on"),
    )
    assert set(ids(walk(client, TICKET_METRIC_EVENTS))) == set(range(200))


def test_the_last_minute_is_not_asked_for_in_the_middle_of_a_walk(
    client: ZendeskClient, stub: Stub
):
    stub.script(time_page(ORGANIZATIONS, rows(1), NOW - 60, end_of_stream=False))
    first, last = walk(client, ORGANIZATIONS)
    assert len(stub.requests) == 1
    assert last.is_last
    assert last.after == first.after == Position(start_time=NOW - 60)


def test_a_heavy_page_is_halved_and_grows_back(client: ZendeskClient, stub: Stub):
    asked: list[int] = []

    def handle(seen: Seen) -> Reply:
        size = int(seen.params["per_page"])
        asked.append(size)
        if len(asked) <= 2:
            return Reply(504, "upstream request timeout")
        return cursor_page(rows(1), f"c{len(asked)}", len(asked) == 12)

    stub.handle = handle
    walk(client, TICKETS)
    assert asked == [1000, 500, 250, 250, 250, 500, 500, 500, 1000, 1000, 1000, 1000]


def test_halving_ends_at_a_small_page_that_is_retried_like_any_other(
    client: ZendeskClient, stub: Stub
):
    sizes: list[str] = []

    def handle(seen: Seen) -> Reply:
        sizes.append(seen.params["page[size]"])
        return (
            Reply(504, b"")
            if len(sizes) < 6
            else Reply(200, {"groups": [], "meta": {"has_more": False}})
        )

    stub.handle = handle
    walk(client, GROUPS)
    assert sizes == ["100", "50", "25", "25", "25", "25"]


def test_the_caller_can_decode_the_page(client: ZendeskClient, stub: Stub):
    decoded: list[bytes] = []

    def parse(body: bytes) -> Mapping[str, Any]:
        decoded.append(body)
        return {**orjson.loads(body), "tickets": [{"id": 7}]}

    stub.script(cursor_page(rows(1), "a", True))
    (page,) = pages(client, request_of(TICKETS), Position(), parse=parse)
    assert page.rows == [{"id": 7}]
    assert len(decoded) == 1
    assert page.body_bytes == len(decoded[0])
