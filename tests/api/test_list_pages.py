"""How lists page: by cursor, by number, or whole in one answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.api.walking import ids, rows, walk
from tests.support.stub import START, FakeClock, Reply, Seen, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.catalogue.support.exports import (
    SATISFACTION_RATINGS,
)
from zendesk_source.catalogue.support.lists import GROUPS, TICKET_FORMS
from zendesk_source.errors import PaginationStuck, UnexpectedAnswer

OFFSET_GROUPS = replace(GROUPS, paging=Paging.OFFSET, page_size=100)
NOW = int(START.timestamp())


def list_page(found: list[dict[str, int]], has_more: bool, cursor: str | None) -> Reply:
    link = f"https://x.zendesk.com/api/v2/groups.json?page%5Bafter%5D={cursor}"
    meta = {"has_more": has_more, "after_cursor": cursor, "before_cursor": None}
    return Reply(200, {"groups": found, "meta": meta, "links": {"next": link, "prev": None}})


def test_has_more_alone_ends_a_list_by_cursor(client: ZendeskClient, stub: Stub):
    stub.script(list_page(rows(1), True, "a=="), list_page(rows(2), False, "b"))
    walked = walk(client, GROUPS)
    assert ids(walked) == [1, 2]
    assert [seen.params for seen in stub.requests] == [
        {"page[size]": "100"},
        {"page[size]": "100", "page[after]": "a=="},
    ]
    assert walked[-1].after == Position()


def test_an_empty_page_after_a_full_last_one_ends_it(client: ZendeskClient, stub: Stub):
    stub.script(list_page(rows(1), True, "a"), list_page([], False, None))
    assert ids(walk(client, GROUPS)) == [1]


def test_a_cursor_that_is_only_in_the_link_is_found(client: ZendeskClient, stub: Stub):
    linked = list_page(rows(1), True, "a%2Bb%3D").body
    linked["meta"]["after_cursor"] = None
    stub.script(Reply(200, linked), list_page(rows(2), False, None))
    assert ids(walk(client, GROUPS)) == [1, 2]
    assert stub.requests[1].params["page[after]"] == "a+b="


@pytest.mark.parametrize("cursor", ["a", None])
def test_a_list_that_does_not_advance_is_stuck(
    client: ZendeskClient, stub: Stub, cursor: str | None
):
    body = {"groups": rows(1), "meta": {"has_more": True, "after_cursor": cursor}}
    stub.handle = lambda seen: Reply(200, body)
    with pytest.raises(PaginationStuck):
        walk(client, GROUPS)


def test_ratings_keep_where_their_walk_began_and_when(
    client: ZendeskClient, stub: Stub, clock: FakeClock
):
    def handle(seen: Seen) -> Reply:
        clock.sleep(500)
        is_first = "page[after]" not in seen.params
        meta = {"has_more": is_first, "after_cursor": "a"}
        return Reply(200, {"satisfaction_ratings": rows(1), "meta": meta})

    stub.handle = handle
    first, last = walk(client, SATISFACTION_RATINGS, Position(start_time=70))
    began = NOW + 500
    assert first.after == Position(start_time=70, cursor="a", began=began)
    assert last.after == Position(start_time=70, began=began)
    assert [seen.params["start_time"] for seen in stub.requests] == ["70", "70"]

    (resumed,) = walk(client, SATISFACTION_RATINGS, first.after)
    assert resumed.after == last.after


def offset_page(stub: Stub, found: list[dict[str, int]], page: int | None) -> Reply:
    next_page = f"{stub.base_url}/api/v2/groups.json?page={page}&per_page=30" if page else None
    return Reply(200, {"groups": found, "count": 3, "next_page": next_page})


@pytest.mark.parametrize("stream", [GROUPS, OFFSET_GROUPS, replace(GROUPS, paging=Paging.SINGLE)])
def test_an_answer_in_offset_form_is_followed_by_its_own_links(
    client: ZendeskClient, stub: Stub, stream: Stream
):
    stub.script(offset_page(stub, rows(1, 2), 2), offset_page(stub, rows(3), None))
    walked = walk(client, stream)
    assert ids(walked) == [1, 2, 3]
    assert [page.is_last for page in walked] == [False, True]
    assert stub.targets[1] == "/api/v2/groups.json?page=2&per_page=30"


def test_offset_paging_asks_for_numbered_pages(client: ZendeskClient, stub: Stub):
    stub.script(offset_page(stub, [], None))
    walk(client, OFFSET_GROUPS)
    assert stub.requests[0].params == {"page": "1", "per_page": "100"}


def test_a_whole_list_is_asked_for_plainly(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {"ticket_forms": rows(1), "next_page": None}))
    assert ids(walk(client, TICKET_FORMS)) == [1]
    assert stub.targets == ["/api/v2/ticket_forms.json"]


def test_offset_paging_stops_before_the_page_that_zendesk_refuses(
    client: ZendeskClient, stub: Stub
):
    stub.handle = lambda seen: offset_page(stub, rows(1), int(seen.params["page"]) + 1)
    walked: list[Page] = []
    with pytest.raises(UnexpectedAnswer, match=r"more than 100 rows.*Paging\.CURSOR"):
        walked.extend(pages(client, request_of(OFFSET_GROUPS), Position()))
    assert len(stub.requests) == 100


def test_the_rows_before_the_depth_limit_arrive(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: offset_page(stub, rows(*range(5000)), int(seen.params["page"]) + 1)
    walked = pages(client, request_of(OFFSET_GROUPS), Position())
    assert [len(next(walked).rows) for _ in range(2)] == [5000, 5000]
    with pytest.raises(UnexpectedAnswer, match="more than 10000 rows"):
        next(walked)


def test_the_same_link_twice_is_stuck(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: offset_page(stub, rows(1), 2)
    with pytest.raises(PaginationStuck):
        walk(client, OFFSET_GROUPS)


def test_a_link_to_another_host_is_refused(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {"groups": [], "next_page": "https://evil.example/?page=2"}))
    with pytest.raises(UnexpectedAnswer, match=r"evil\.example"):
        walk(client, OFFSET_GROUPS)
