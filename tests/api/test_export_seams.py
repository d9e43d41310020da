"""The second at which a page of an export by time ends: the next page shows it again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.api.walking import rows
from tests.support.stub import Reply, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Position, pages, request_of
from zendesk_source.catalogue.support.exports import TICKET_METRIC_EVENTS
from zendesk_source.shape.arrow import ArrowShaper

KEY = TICKET_METRIC_EVENTS.rows_key
COLUMNS: dict[str, Any] = {table.name: {} for table in TICKET_METRIC_EVENTS.tables}
RECORDS = ArrowShaper(TICKET_METRIC_EVENTS, COLUMNS, None, str).parse


@pytest.mark.parametrize(
    ("second", "left"),
    [
        ([{"id": 2}, {"id": 3}, {"id": 4}], [4]),
        ([{"id": 3}, {"id": 4}], [4]),
        ([{"id": 3}], []),
        ([{"id": 3, "time": "later"}, {"id": 4}], [3, 4]),
        ([{"id": 4}, {"id": 3}], [4, 3]),
    ],
    ids=["two rows", "one row", "nothing else", "in another state", "not at its start"],
)
@pytest.mark.parametrize("parse", [orjson.loads, RECORDS], ids=["objects", "records"])
def test_what_both_pages_show_at_a_seam_comes_once_where_it_is_the_same(
    client: ZendeskClient, stub: Stub, second: list[Any], left: list[int], parse: Any
):
    first = {KEY: rows(1, 2, 3), "end_time": 30, "next_page": "x"}
    stub.script(Reply(200, first), Reply(200, {KEY: second, "end_time": 40, "next_page": None}))
    walked = list(
        pages(client, request_of(TICKET_METRIC_EVENTS), Position(start_time=0), parse=parse)
    )
    found = [[row.get("id") for row in page.rows] for page in walked]
    assert found == [[1, 2, 3], left]
    assert [row.get("id") for row in walked[1].envelope[KEY]] == left
    assert walked[1].after == Position(start_time=40)
