"""What a request says beside its stream: where, for whom, how much at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.api.walking import rows
from tests.support.stub import Reply, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Position, pages, request_of, sample_of
from zendesk_source.api.paging.request import MOST_SAMPLED_ROWS
from zendesk_source.catalogue.support.exports import TICKET_METRIC_EVENTS, TICKETS, USERS
from zendesk_source.catalogue.support.lists import GROUPS
from zendesk_source.errors import UnexpectedAnswer


def test_a_list_that_another_stream_needs_is_counted_and_told_of_for_that_stream(
    client: ZendeskClient, stub: Stub
):
    stub.script(
        Reply(200, {"groups": [{"id": 1}, {"name": "no id"}], "meta": {"has_more": False}}),
        Reply(200, {"teams": []}),
    )
    of_brand = replace(GROUPS, path="/api/v2/brands/{key}/groups")
    request = request_of(of_brand, parent={"key": "a/b"}, counted_for="macros")
    (page,) = pages(client, request, Position())
    assert page.rows == [{"id": 1}]
    assert [(each.table, each.reason) for each in page.rejected] == [("macros", "no id")]
    with pytest.raises(UnexpectedAnswer, match=r"^macros \(/api/v2/brands/a%2Fb/groups\)"):
        list(pages(client, request, Position()))
    assert {seen.path for seen in stub.requests} == {"/api/v2/brands/a%2Fb/groups"}
    assert (client.usage_of("macros").requests, client.usage_of("groups").requests) == (2, 0)


def test_a_smaller_page_can_be_asked_for_but_no_larger_one(client: ZendeskClient, stub: Stub):
    nothing: dict[str, object] = {"tickets": [], "after_cursor": None, "end_of_stream": True}
    stub.handle = lambda seen: Reply(200, nothing)
    list(pages(client, request_of(TICKETS, page_size=10), Position()))
    list(pages(client, request_of(TICKETS, page_size=5000), Position()))
    assert [seen.params["per_page"] for seen in stub.requests] == ["10", "1000"]


def test_a_sample_is_asked_for_by_time_and_has_few_rows(client: ZendeskClient, stub: Stub):
    body = {"users": rows(1, 2), "end_time": 5, "next_page": None}
    stub.script(Reply(200, body))
    sample = sample_of(USERS, 2)
    assert sample is not None
    (page,) = pages(client, sample, Position(start_time=3))
    (seen,) = stub.requests
    assert seen.path == "/api/v2/incremental/users/sample"
    assert (seen.params["start_time"], seen.params["per_page"]) == ("3", "2")
    assert page.rows == rows(1, 2)
    assert sample_of(USERS, MOST_SAMPLED_ROWS + 1) is None
    assert sample_of(TICKET_METRIC_EVENTS, 1) is None
