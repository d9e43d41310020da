"""How lists page that go on at a link of their own making."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.api.walking import ids, rows, walk
from tests.support.stub import START, Reply, Stub
from zendesk_source.api.budget import ACCESS_LOGS, product_bucket
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Position, pages, request_of
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.catalogue.support.activity import ACCESS_LOGS as ACCESS_LOGS_STREAM
from zendesk_source.catalogue.support.activity import SIDE_CONVERSATION_EVENTS
from zendesk_source.catalogue.support.children import TRIGGER_REVISIONS
from zendesk_source.catalogue.support.routing import (
    AGENT_AVAILABILITIES,
    AGENT_STATUSES,
    ENGAGEMENTS,
    INCREMENTAL_ROUTING_ATTRIBUTES,
)
from zendesk_source.errors import PaginationStuck, UnexpectedAnswer

NOW = int(START.timestamp())
REVISIONS = "/api/v2/triggers/7/revisions"
TRIGGER_7 = replace(TRIGGER_REVISIONS, path=REVISIONS)
CHANGES = "/api/v2/incremental/routing/attributes.json"


def changes(found: list[Any], cursor: str | None) -> Reply:
    link = f"https://other.example{CHANGES}?cursor={cursor}" if cursor else None
    keyed = [{"time": "2026-01-01T00:00:00Z", "type": "create", **row} for row in found]
    return Reply(200, {"attributes": keyed, "count": len(found), "next_page": link})


def test_a_change_log_ends_with_an_answer_without_rows(client: ZendeskClient, stub: Stub):
    stub.script(changes(rows(1), "a%3D"), changes(rows(2), "b"), changes([], "b"))
    walked = walk(client, INCREMENTAL_ROUTING_ATTRIBUTES, Position(start_time=70))
    assert ids(walked) == [1, 2]
    assert [seen.params for seen in stub.requests] == [{}, {"cursor": "a="}, {"cursor": "b"}]
    assert [page.is_last for page in walked] == [False, False, True]
    assert walked[-1].after == Position(cursor="b")


def test_a_change_log_goes_on_from_its_last_cursor(client: ZendeskClient, stub: Stub):
    stub.script(changes([], None))
    (page,) = walk(client, INCREMENTAL_ROUTING_ATTRIBUTES, Position(cursor="b"))
    assert stub.requests[0].params == {"cursor": "b"}
    assert (page.after, page.is_last) == (Position(cursor="b"), True)


def test_a_change_log_that_goes_in_circles_is_stuck(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: changes(rows(1), "a")
    with pytest.raises(PaginationStuck):
        walk(client, INCREMENTAL_ROUTING_ATTRIBUTES)
    assert len(stub.requests) == 2


def engagements(found: list[Any], start_time: int | None) -> Reply:
    link = f"https://x.example/?start_time_cursor={start_time}&engagement_id_cursor=A&page_size=2"
    return Reply(
        200,
        {
            "agent_engagement_data": [{**row, "engagement_id": str(row["id"])} for row in found],
            "has_more": start_time is not None,
            "next_page_url": link if start_time is not None else None,
        },
    )


def test_engagements_follow_what_their_link_says(client: ZendeskClient, stub: Stub):
    stub.script(engagements(rows(1), 5), engagements(rows(2), None), engagements(rows(2), None))
    first, last = walk(client, ENGAGEMENTS)
    asked = [seen.params for seen in stub.requests]
    assert asked[0] == {"page_size": "100"}
    linked = {"start_time_cursor": "5", "engagement_id_cursor": "A", "page_size": "2"}
    assert asked[1] == linked
    assert last.after == Position()  # one that ends later may have begun before
    (resumed,) = walk(client, ENGAGEMENTS, first.after)
    assert stub.requests[2].params == linked
    assert resumed.is_last


def test_a_page_of_engagements_that_is_too_large_is_asked_for_without_a_size(
    client: ZendeskClient, stub: Stub
):
    stub.script(Reply(400, {"error": "bad"}), engagements(rows(1), None))
    assert ids(walk(client, ENGAGEMENTS)) == [1]
    assert stub.requests[1].params == {}
    stub.handle = lambda seen: Reply(422, {"error": "bad"})
    with pytest.raises(RequestRefused):
        walk(client, ENGAGEMENTS)


def test_engagements_that_link_nowhere_or_in_circles_are_stuck(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: engagements(rows(1), 5)
    with pytest.raises(PaginationStuck):
        walk(client, ENGAGEMENTS)
    body = {"agent_engagement_data": [], "has_more": True, "next_page_url": None}
    stub.handle = lambda seen: Reply(200, body)
    with pytest.raises(PaginationStuck):
        walk(client, ENGAGEMENTS)


def events(found: list[Any], end_time: int, *, is_linked: bool) -> Reply:
    link = "https://x.example/?start_time=1" if is_linked else None
    body = {"events": found, "count": len(found), "end_time": end_time, "next_page": link}
    return Reply(200, body)


@pytest.mark.parametrize("is_linked_at_the_end", [True, False])
def test_an_export_of_unknown_page_size_is_read_until_it_stands_still(
    client: ZendeskClient, stub: Stub, is_linked_at_the_end: bool
):
    stub.script(
        events(rows(*range(50)), NOW - 9_000, is_linked=True),
        events(rows(50), NOW - 8_000, is_linked=True),
        events(rows(50), NOW - 8_000, is_linked=is_linked_at_the_end),
    )
    walked = walk(client, SIDE_CONVERSATION_EVENTS, Position(start_time=70))
    assert set(ids(walked)) == set(range(51))
    assert [page.is_last for page in walked] == [False, False, True]
    assert stub.requests[0].params == {"start_time": "70"}


def test_a_list_in_the_style_of_jsonapi_ends_with_its_links(client: ZendeskClient, stub: Stub):
    link = "https://x.example/?page%5Bafter%5D=a"
    stub.script(
        Reply(200, {"data": rows(1), "links": {"next": link}}),
        Reply(200, {"data": rows(2), "links": {"next": None}}),
    )
    assert ids(walk(client, AGENT_AVAILABILITIES)) == [1, 2]
    assert stub.requests[1].params["page[after]"] == "a"


def test_rows_under_several_keys_are_one_list(client: ZendeskClient, stub: Stub):
    stub.script(
        Reply(200, {"default": rows(1), "custom": rows(2), "meta": {"has_more": False}}),
        Reply(200, {"custom": rows(3), "meta": {"has_more": False}}),
        Reply(200, {"statuses": rows(1), "meta": {"has_more": False}}),
    )
    assert ids(walk(client, AGENT_STATUSES)) == [1, 2]
    assert ids(walk(client, AGENT_STATUSES)) == [3]
    with pytest.raises(UnexpectedAnswer, match="without a list `default custom`"):
        walk(client, AGENT_STATUSES)


def test_access_logs_are_asked_since_a_time_and_paced_by_themselves(
    client: ZendeskClient, stub: Stub
):
    stub.handle = lambda seen: Reply(200, {"access_logs": [], "meta": {"has_more": False}})
    for start in (0, 86_400):
        list(pages(client, request_of(ACCESS_LOGS_STREAM), Position(start_time=start)))
    assert [seen.params for seen in stub.requests] == [
        {"page[size]": "2500"},
        {"page[size]": "2500", "filter[start]": "1970-01-02T00:00:00Z"},
    ]
    assert product_bucket(ACCESS_LOGS_STREAM.path) == ACCESS_LOGS


def revisions(found: list[Any], older: str | None) -> Reply:
    link = f"https://other.example{REVISIONS}?cursor={older}&limit=1000" if older else None
    return Reply(200, {"trigger_revisions": found, "before_url": link, "after_url": "not followed"})


@pytest.mark.parametrize("cursor", ["b", "c"])
def test_a_change_log_goes_on_behind_one_page_without_rows(
    client: ZendeskClient, stub: Stub, cursor: str
):
    stub.script(changes(rows(1), "a"), changes([], "b"), changes(rows(2), "c"), changes([], "d"))
    stub.handle = lambda seen: changes([], cursor)
    walked = walk(client, INCREMENTAL_ROUTING_ATTRIBUTES)
    assert ids(walked) == [1, 2]
    assert walked[-1].is_last
    assert len(stub.requests) == 5


def test_a_list_from_the_newest_row_on_goes_on_behind_a_page_without_rows(
    client: ZendeskClient, stub: Stub
):
    stub.script(revisions(rows(3), "b"), revisions([], "c"), revisions(rows(1), None))
    assert ids(walk(client, TRIGGER_7)) == [3, 1]


def test_a_list_from_the_newest_row_on_ends_without_a_link_to_older_ones(
    client: ZendeskClient, stub: Stub
):
    stub.script(revisions(rows(3, 2), "b"), revisions(rows(1), None))
    walked = walk(client, TRIGGER_7)
    assert ids(walked) == [3, 2, 1]
    assert [seen.params for seen in stub.requests] == [
        {"limit": "1000"},
        {"cursor": "b", "limit": "1000"},
    ]
    assert [page.is_last for page in walked] == [False, True]


def test_a_link_to_older_rows_that_comes_twice_is_no_loop(client: ZendeskClient, stub: Stub):
    stub.script(revisions(rows(2), "b"), revisions(rows(2), "b"))
    with pytest.raises(PaginationStuck, match="linked twice"):
        walk(client, TRIGGER_7)
