"""Lists page by cursor, by offset, or not at all (reference C.1, C.2)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.simulator.walks import by_id, list_pages, page
from zendesk_source.catalogue import STREAMS, WHOLE_ANSWER, Paging, Stream
from zendesk_source.simulator import Account, Simulator

MEMBERSHIPS = "organization_memberships"


def rows_of(body: Any, stream: Stream) -> Any:
    if stream.rows_key == WHOLE_ANSWER:
        return body
    keys = stream.rows_key.split()
    return body[keys[0]] if len(keys) == 1 else [row for key in keys for row in body[key]]


def place_of_next(body: Any, stream: Stream) -> Mapping[str, Any] | None:
    """Return the parameters that the next page differs in; None behind the last one."""
    if stream.paging is Paging.SINCE_ID:
        rows = rows_of(body, stream)
        return {"since_id": max(row["id"] for row in rows) + 1} if rows else None
    if stream.paging is Paging.CURSOR:
        meta = body["meta"]
        return {"page[after]": meta["after_cursor"]} if meta["has_more"] else None
    if stream.paging is Paging.TIME_EXPORT and body["count"] < 1000:
        return None
    links = {
        Paging.OFFSET: "next_page",
        Paging.NEXT_PAGE_URL: "next_page_url",
        Paging.TIME_EXPORT: "next_page",
    }
    link = body[links[stream.paging]] if stream.paging in links else None
    return dict(parse_qsl(urlsplit(link).query)) if link else None


def test_every_stream_of_the_catalogue_shows_the_truth(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    unlike = []
    for stream in STREAMS:
        if stream.parent or stream.each_of:
            continue
        # A time export shows the last second of a page again on the next one.
        shown = sorted(set(map(json.dumps, shown_rows(zendesk, session, stream))))
        if not shown or shown != sorted(map(json.dumps, account.truth(stream.name))):
            unlike.append(stream.name)
        if zendesk.requests[-1].stream != stream.name:
            unlike.append(f"{stream.name}, known as {zendesk.requests[-1].stream}")
    assert unlike == []


def shown_rows(zendesk: Simulator, session: requests.Session, stream: Stream) -> list[Any]:
    """Return all rows of a stream, page by page."""
    query = dict(stream.params)
    if stream.paging in (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT):
        query["start_time"] = "0"
    if stream.paging is Paging.CURSOR:
        query["page[size]"] = "100"
    body = session.get(zendesk.base_url + stream.path, params=query).json()
    found = rows_of(body, stream)
    while (place := place_of_next(body, stream)) is not None:
        body = session.get(zendesk.base_url + stream.path, params={**query, **place}).json()
        found = [*found, *rows_of(body, stream)]
    return [
        {name: value for name, value in row.items() if name != "metric_set"}
        for row in ([found] if isinstance(found, dict) else found)
    ]


def test_links_are_set_on_the_last_page_and_only_has_more_ends_the_walk(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    pages = list(list_pages(session, zendesk, MEMBERSHIPS, page_size=4))
    rows = [row for each in pages for row in each[MEMBERSHIPS]]
    assert rows == sorted(account.truth(MEMBERSHIPS), key=lambda row: row["id"])
    assert all(each["links"]["next"] and each["links"]["prev"] for each in pages)
    assert "page%5Bafter%5D=" in pages[-1]["links"]["next"]
    assert "count" not in pages[0]


def test_the_page_after_the_last_one_is_empty_with_nulls(
    zendesk: Simulator, session: requests.Session
) -> None:
    last = list(list_pages(session, zendesk, MEMBERSHIPS, page_size=5))[-1]
    body = session.get(last["links"]["next"]).json()
    assert body[MEMBERSHIPS] == []
    assert body["meta"] == {"has_more": False, "after_cursor": None, "before_cursor": None}
    assert body["links"] == {"prev": None, "next": None}


def test_the_link_to_the_page_before_leads_back(
    zendesk: Simulator, session: requests.Session
) -> None:
    first, second = list(list_pages(session, zendesk, MEMBERSHIPS, page_size=4))[:2]
    assert session.get(second["links"]["prev"]).json()[MEMBERSHIPS] == first[MEMBERSHIPS]


def test_a_list_cursor_wraps_its_order_and_packed_values_as_recorded(
    zendesk: Simulator, session: requests.Session
) -> None:
    body = page(session, zendesk, "groups", page_size=1)
    wrapped = json.loads(base64.b64decode(body["meta"]["after_cursor"]))
    name, group_id = body["groups"][0]["name"].encode(), body["groups"][0]["id"]
    packed = b"s" + len(name).to_bytes(4, "little") + name + b"i" + group_id.to_bytes(8, "little")
    assert wrapped == {"o": "name,id", "v": base64.b64encode(packed).decode()}


@pytest.mark.parametrize(("name", "largest"), [("groups", 100), ("tags", 1000)])
def test_a_page_size_above_the_largest_is_refused(
    zendesk: Simulator, session: requests.Session, name: str, largest: int
) -> None:
    url = f"{zendesk.base_url}/api/v2/{name}.json"
    assert session.get(url, params={"page[size]": largest}).status_code == 200
    answer = session.get(url, params={"page[size]": largest + 1})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidPaginationParameter"


def test_a_cursor_that_was_never_given_out_is_refused(
    zendesk: Simulator, session: requests.Session
) -> None:
    params = {"page[size]": "5", "page[after]": "nonsense"}
    answer = session.get(f"{zendesk.base_url}/api/v2/groups.json", params=params)
    assert answer.status_code == 400


def test_without_page_size_a_list_pages_by_offset(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    body = page(session, zendesk, MEMBERSHIPS, per_page=4)
    assert body["count"] == len(account.truth(MEMBERSHIPS))
    assert body["previous_page"] is None
    assert "meta" not in body
    second = session.get(body["next_page"]).json()
    assert second["previous_page"]
    assert not set(by_id(second[MEMBERSHIPS])) & set(by_id(body[MEMBERSHIPS]))


@pytest.mark.parametrize("params", [{"page": 101}, {"page": 101, "per_page": 1}])
def test_offsets_end_at_page_100(
    zendesk: Simulator, session: requests.Session, params: dict[str, int]
) -> None:
    url = f"{zendesk.base_url}/api/v2/users.json"
    assert session.get(url, params={**params, "page": 100}).status_code == 200
    answer = session.get(url, params=params)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidPaginationDepth"


def test_ticket_fields_without_a_page_size_come_in_one_answer(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    body = page(session, zendesk, "ticket_fields")
    assert body["count"] == len(body["ticket_fields"]) == len(account.truth("ticket_fields"))
    assert body["next_page"] is None


@pytest.mark.parametrize("looks_at", ["created_at", "updated_at"])
def test_ratings_are_filtered_by_whichever_time_the_account_looks_at(
    empty: Account,
    start: Callable[..., Simulator],
    session: requests.Session,
    looks_at: str,
) -> None:
    empty.ratings_filter = looks_at  # type: ignore[assignment]
    ticket = empty.create_ticket()
    rating = empty.rate(ticket["id"], "bad")
    empty.clock.advance(500)
    cut = empty.now_second()
    empty.rate(ticket["id"], "good")
    body = page(session, start(empty), "satisfaction_ratings", page_size=100, start_time=cut)
    shown = {row["id"] for row in body["satisfaction_ratings"]}
    assert shown == ({rating["id"]} if looks_at == "updated_at" else set())


def test_counts_leave_deleted_rows_out(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    live = [row for row in account.truth("tickets") if row["status"] != "deleted"]
    body = page(session, zendesk, "tickets/count")
    assert body["count"]["value"] == len(live) < len(account.truth("tickets"))
    assert page(session, zendesk, "users/count")["count"]["value"] <= 40
    assert page(session, zendesk, "organizations/count")["count"]["value"] <= 6


def test_the_ticket_list_has_no_deleted_tickets_and_no_generated_timestamp(
    zendesk: Simulator, session: requests.Session
) -> None:
    rows = [r for p in list_pages(session, zendesk, "tickets", page_size=50) for r in p["tickets"]]
    assert "deleted" not in {row["status"] for row in rows}
    assert not any("generated_timestamp" in row for row in rows)


def test_an_unknown_path_is_an_invalid_endpoint(
    zendesk: Simulator, session: requests.Session
) -> None:
    answer = session.get(f"{zendesk.base_url}/api/v2/incremental/requests.json")
    assert answer.status_code == 404
    assert answer.json() == {"error": "InvalidEndpoint", "description": "Not found"}
