"""How Chat pages: exports by time and id, lists by the id they begin at, bare lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.walking import ids, rows, walk
from tests.support.stub import START, Reply, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.chat import (
    CHAT_AGENT_TIMELINE,
    CHAT_AGENTS,
    CHAT_BANS,
    CHAT_CHATS,
    CHAT_SKILLS,
)
from zendesk_source.errors import NotOnThisPlan, PaginationStuck, UnexpectedAnswer

NOW = int(START.timestamp())
LONG_AGO = NOW - 100_000


def walk_by_two(
    client: ZendeskClient, stream: Stream, position: Position | None = None
) -> list[Page]:
    return list(pages(client, request_of(stream, page_size=2), position or Position()))


def chats(found: list[Any], end_time: float | None, end_id: str | None, link: str = "") -> Reply:
    body = {"chats": found, "count": len(found), "end_time": end_time, "end_id": end_id}
    return Reply(200, body | ({"next_page": link} if link else {}))


def test_an_export_goes_on_from_the_last_time_and_id(client: ZendeskClient, stub: Stub):
    stub.script(
        chats(rows(1, 2), LONG_AGO, "b"),
        chats(rows(2, 3), LONG_AGO, "c"),
        chats(rows(3), LONG_AGO + 5, "c"),
        chats(rows(3), LONG_AGO + 5, "c"),
    )
    walked = walk_by_two(client, CHAT_CHATS, Position(start_time=70))
    assert ids(walked) == [1, 2, 2, 3, 3, 3]
    assert [seen.params for seen in stub.requests] == [
        {"fields": "chats(*)", "limit": "2", "start_time": "70"},
        {"fields": "chats(*)", "limit": "2", "start_time": str(LONG_AGO), "start_id": "b"},
        {"fields": "chats(*)", "limit": "2", "start_time": str(LONG_AGO), "start_id": "c"},
        {"fields": "chats(*)", "limit": "2", "start_time": str(LONG_AGO + 5), "start_id": "c"},
    ]
    assert [page.is_last for page in walked] == [False, False, False, True]
    assert walked[-1].after.start_time == LONG_AGO + 5


def test_an_interrupted_export_is_taken_up_where_it_was(client: ZendeskClient, stub: Stub):
    stub.script(chats(rows(1, 2), LONG_AGO, "b"), chats(rows(2), LONG_AGO, "b"))
    first = next(iter(pages(client, request_of(CHAT_CHATS, page_size=2), Position())))
    (last,) = walk_by_two(client, CHAT_CHATS, first.after)
    assert stub.requests[1].params["start_id"] == "b"
    assert last.is_last


def test_the_place_in_the_link_goes_back_as_it_came(client: ZendeskClient, stub: Stub):
    link = f"{stub.base_url}/any?start_time={LONG_AGO}.25&start_id=x%2By"
    stub.script(chats(rows(1, 2), LONG_AGO + 0.25, None, link), chats([], None, None))
    walked = walk_by_two(client, CHAT_CHATS)
    assert stub.requests[1].params["start_time"] == f"{LONG_AGO}.25"
    assert stub.requests[1].params["start_id"] == "x+y"
    assert walked[-1].after == walked[0].after == Position(LONG_AGO, f"{LONG_AGO}.25|x+y")


def test_the_timeline_is_asked_in_microseconds(client: ZendeskClient, stub: Stub):
    moment = LONG_AGO * 1_000_000 + 123_456
    rows_ = [{"agent_id": 1}, {"agent_id": 2}]
    stub.script(
        Reply(200, {"agent_timeline": rows_, "count": 2, "end_time": moment}),
        Reply(200, {"agent_timeline": [], "count": 0}),
    )
    first, last = walk_by_two(client, CHAT_AGENT_TIMELINE, Position(start_time=70))
    asked = [seen.params for seen in stub.requests]
    assert [params["start_time"] for params in asked] == ["70000000", str(moment)]
    assert "start_id" not in asked[1]
    assert first.after == last.after == Position(LONG_AGO, f"{moment}|")


def test_a_full_page_that_ends_where_it_began_is_stuck(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: chats(rows(1, 2), LONG_AGO, "b")
    with pytest.raises(PaginationStuck):
        walk_by_two(client, CHAT_CHATS)
    assert len(stub.requests) == 2


def test_a_full_page_that_does_not_say_where_it_ends_is_stuck(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: chats(rows(1, 2), None, None)
    with pytest.raises(PaginationStuck):
        walk_by_two(client, CHAT_CHATS)


NO_TIMES = ["soon", [1], True, {}, -1, NOW + 86_400, 32_503_680_000, 10**12 * 3, 1e300, 2**63]


@pytest.mark.parametrize("end_time", NO_TIMES, ids=str)
@pytest.mark.parametrize("stream", [CHAT_CHATS, CHAT_AGENT_TIMELINE], ids=lambda s: s.name)
def test_an_end_that_is_no_time_is_refused(
    client: ZendeskClient, stub: Stub, end_time: Any, stream: Stream
):
    stub.script(Reply(200, {stream.rows_key: rows(1), "end_time": end_time}))
    with pytest.raises(UnexpectedAnswer, match="`end_time` that is no"):
        walk_by_two(client, stream)


@pytest.mark.parametrize("end_id", [["a"], {"a": 1}, 7, "x" * 100_000], ids=repr)
def test_an_end_whose_id_is_no_text_is_refused(client: ZendeskClient, stub: Stub, end_id: Any):
    stub.script(Reply(200, {"chats": rows(1), "end_time": LONG_AGO, "end_id": end_id}))
    with pytest.raises(UnexpectedAnswer, match="`end_id` that is no cursor"):
        walk_by_two(client, CHAT_CHATS)


def test_a_short_page_of_an_export_is_not_its_end_and_no_link_is(client: ZendeskClient, stub: Stub):
    link = f"{stub.base_url}/any?start_time={LONG_AGO + 9}&start_id=z"
    last = {"chats": rows(3), "end_time": LONG_AGO + 9, "end_id": "z", "next_page": None}
    stub.script(chats(rows(1), LONG_AGO, "a"), chats([], LONG_AGO + 9, "z", link), Reply(200, last))
    assert ids(walk_by_two(client, CHAT_CHATS)) == [1, 3]


def test_the_last_five_minutes_are_not_asked_for(client: ZendeskClient, stub: Stub):
    stub.script(chats(rows(1, 2), NOW - 299, "b"))
    walked = walk_by_two(client, CHAT_CHATS)
    assert ids(walked) == [1, 2]
    assert walked[-1].is_last
    assert walked[-1].after == Position(NOW - 299, f"{NOW - 299}|b")


def test_a_start_that_chat_finds_too_young_means_nothing_new(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: Reply(400, {"error": "bad_request"})
    young = Position(start_time=NOW - 200)
    (page,) = walk_by_two(client, CHAT_CHATS, young)
    assert (page.rows, page.after, page.is_last) == ([], young, True)
    with pytest.raises(RequestRefused):
        walk_by_two(client, CHAT_CHATS, Position(start_time=LONG_AGO))


def test_a_list_by_id_ends_with_an_empty_answer(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, rows(3, 8)), Reply(200, rows(9)), Reply(200, []))
    walked = walk_by_two(client, CHAT_AGENTS)
    assert ids(walked) == [3, 8, 9]
    assert [seen.params["since_id"] for seen in stub.requests] == ["0", "9", "10"]
    assert [page.is_last for page in walked] == [False, False, True]


def test_no_row_of_a_list_cut_short_is_lost_behind_a_longer_one(client: ZendeskClient, stub: Stub):
    visitors, addresses = [1, 2, 5, 7], [100]

    def since(ids_: list[int], since_id: int) -> list[dict[str, int]]:
        return rows(*[each for each in ids_ if each >= since_id][:2])

    def handle(seen: Any) -> Reply:
        since_id = int(seen.params["since_id"])
        shown = {"visitor": since(visitors, since_id), "ip_address": since(addresses, since_id)}
        return Reply(200, shown)

    stub.handle = handle
    assert sorted(ids(walk_by_two(client, CHAT_BANS))) == [*visitors, *addresses]


def test_lists_that_come_in_pages_smaller_than_asked_are_read_to_their_ends(
    client: ZendeskClient, stub: Stub
):
    def since(ids_: range, since_id: int) -> list[dict[str, int]]:
        return rows(*[each for each in ids_ if each >= since_id][:3])

    def handle(seen: Any) -> Reply:
        since_id = int(seen.params["since_id"])
        visitors, addresses = range(1, 12), range(100, 110)
        shown = {"visitor": since(visitors, since_id), "ip_address": since(addresses, since_id)}
        return Reply(200, shown)

    stub.handle = handle
    found = list(pages(client, request_of(CHAT_BANS, page_size=100), Position()))
    assert sorted(ids(found)) == [*range(1, 12), *range(100, 110)]


@pytest.mark.parametrize("odd", ["x", None, [1], {"a": 1}, True, -4, 2**63, 1.5], ids=repr)
def test_an_id_that_is_none_is_no_place_to_go_on_from(client: ZendeskClient, stub: Stub, odd: Any):
    stub.script(Reply(200, [{"id": 3}, {"id": odd}, None, "row"]), Reply(200, rows(9)))
    stub.handle = lambda seen: Reply(200, [])
    walked = walk_by_two(client, CHAT_AGENTS)
    assert [seen.params["since_id"] for seen in stub.requests] == ["0", "4", "10"]
    shown = [*walked[0].rows, *(each.row for each in walked[0].rejected)]
    assert shown == [{"id": 3}, {"id": odd}, None, "row"]


def test_a_list_by_id_that_does_not_advance_is_stuck(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: Reply(200, rows(3, 4))
    with pytest.raises(PaginationStuck):
        walk_by_two(client, CHAT_AGENTS)


def test_rows_without_a_number_to_go_on_from_are_refused(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, [{"id": "a"}]))
    with pytest.raises(UnexpectedAnswer, match="number as `id`"):
        walk_by_two(client, CHAT_AGENTS)


def test_a_list_may_come_without_an_envelope_where_that_is_known(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, rows(1, 2)), Reply(200, {"skills": []}), Reply(200, rows(1)))
    assert ids(walk(client, CHAT_SKILLS)) == [1, 2]
    with pytest.raises(UnexpectedAnswer, match="without a list"):
        walk(client, CHAT_SKILLS)
    with pytest.raises(UnexpectedAnswer, match="not an object"):
        walk(client, CHAT_CHATS)


def test_a_refused_export_of_chat_is_not_taken_for_one_that_closes(
    client: ZendeskClient, stub: Stub
):
    stub.script(Reply(404, {"error": "InvalidEndpoint"}))
    with pytest.raises(NotOnThisPlan) as caught:
        walk(client, CHAT_CHATS)
    assert "feature or plan" in str(caught.value)
    assert "December 2026" not in str(caught.value)
