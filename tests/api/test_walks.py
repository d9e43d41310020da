"""Whole walks: every row at least once, an end, and nothing lost by stopping anywhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.stub import START, FakeClock, Reply, Seen, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.api.standing import whoami
from zendesk_source.catalogue import STREAMS, Paging, Stream
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    SATISFACTION_RATINGS,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)
from zendesk_source.errors import NotOnThisPlan, PaginationStuck, UnexpectedAnswer, ZendeskError
from zendesk_source.login.auth import StaticAuth, auth_for
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskCredentials,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
)
from zendesk_source.simulator import Account, RateLimits, Simulator
from zendesk_source.simulator.state import shown_key

FIRST_SECOND = int(START.timestamp()) - 100_000


@dataclass
class Export:
    """Zendesk's exports, page by page as recorded (reference B.4, C.1): rows are (ts, id)."""

    rows: list[tuple[int, int]]
    key: str
    says_end_of_stream: bool = True

    def reply(self, seen: Seen) -> Reply:
        if "page[size]" in seen.params:
            return Reply(200, self._by_page(seen.params, int(seen.params["page[size]"])))
        size = int(seen.params["per_page"])
        is_cursor = seen.path.endswith("/cursor.json")
        by = self._by_cursor if is_cursor else self._by_time
        return Reply(200, by(seen.params, size))

    def _by_cursor(self, params: dict[str, str], size: int) -> dict[str, Any]:
        found = self._after(params["cursor"]) if "cursor" in params else self._since(params)
        page = found[:size]
        cursor = self._cursor(page[-1]) if page else None
        is_end = len(page) < size
        return {self.key: _shown(page), "after_cursor": cursor, "end_of_stream": is_end}

    def _by_time(self, params: dict[str, str], size: int) -> dict[str, Any]:
        found = self._since(params)
        page = found[:size]
        is_end = len(page) < size
        end_time = page[-1][0] if page else None
        if page and page[0][0] == end_time and not is_end:
            page = [row for row in found if row[0] == end_time]
            end_time = page[0][0] + 1
        body = {self.key: _shown(page), "count": len(page), "end_time": end_time}
        if self.says_end_of_stream:
            body["end_of_stream"] = is_end
        return {**body, "next_page": "for ever"}

    def _by_page(self, params: dict[str, str], size: int) -> dict[str, Any]:
        after = params.get("page[after]")
        found = self._after(after) if after else self._since(params)
        page = found[:size]
        cursor = self._cursor(page[-1]) if page else None
        meta = {"has_more": len(found) > size, "after_cursor": cursor}
        return {self.key: _shown(page), "meta": meta}

    def _since(self, params: dict[str, str]) -> list[tuple[int, int]]:
        return [row for row in sorted(self.rows) if row[0] >= int(params.get("start_time", 0))]

    def _cursor(self, row: tuple[int, int]) -> str:
        return base64.b64encode(f"{row[0]}.0||{row[1]}|".encode()).decode()

    def _after(self, cursor: str) -> list[tuple[int, int]]:
        ts, _, number = base64.b64decode(cursor).decode().rstrip("|").partition(".0||")
        return [row for row in sorted(self.rows) if row > (int(ts), int(number))]


def _shown(page: list[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"id": number, "ts": ts} for ts, number in page]


def ids(walked: list[Page]) -> set[int]:
    return {row["id"] for page in walked for row in page.rows}


seconds_with_rows = st.lists(st.integers(0, 9), max_size=12)


def rows_of(per_second: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for second, how_many in enumerate(per_second):
        found += [(FIRST_SECOND + second, 1000 - len(found) - n) for n in range(how_many)]
    return found


families = st.sampled_from([TICKETS, ORGANIZATIONS, TICKET_METRIC_EVENTS, SATISFACTION_RATINGS])
no_matter = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@no_matter
@given(families, seconds_with_rows, st.integers(1, 12))
def test_a_walk_returns_every_row_and_ends(
    stub: Stub, client: ZendeskClient, stream: Stream, per_second: list[int], page_size: int
):
    export = _served(stub, stream, per_second)
    walked = list(pages(client, request_of(stream, page_size=page_size), Position()))
    assert ids(walked) == {number for _, number in export.rows}
    assert [page.is_last for page in walked] == [False] * (len(walked) - 1) + [True]


@no_matter
@given(families, seconds_with_rows, st.integers(1, 12), st.data())
def test_going_on_from_after_any_page_loses_nothing(
    stub: Stub,
    client: ZendeskClient,
    stream: Stream,
    per_second: list[int],
    page_size: int,
    data: st.DataObject,
):
    export = _served(stub, stream, per_second)
    walked = list(pages(client, request_of(stream, page_size=page_size), Position()))
    stop = data.draw(st.integers(0, len(walked) - 1))
    before = walked[: stop + 1]
    resumed = list(pages(client, request_of(stream, page_size=page_size), before[-1].after))
    assert ids(before) | ids(resumed) == {number for _, number in export.rows}


@no_matter
@given(families, seconds_with_rows, st.lists(st.integers(0, 9), min_size=1, max_size=4), st.data())
def test_a_later_walk_brings_what_changed_since(
    stub: Stub,
    client: ZendeskClient,
    stream: Stream,
    per_second: list[int],
    later: list[int],
    data: st.DataObject,
):
    export = _served(stub, stream, per_second)
    page_size = data.draw(st.integers(1, 12))
    *_, last = pages(client, request_of(stream, page_size=page_size), Position())
    if stream.paging is Paging.CURSOR:
        newest = last.after.start_time or 0
    else:
        newest = FIRST_SECOND + len(per_second)
    added = [
        (newest + second, 5000 + 10 * second + n)
        for second, many in enumerate(later)
        for n in range(many)
    ]
    export.rows += added
    walked = list(pages(client, request_of(stream, page_size=page_size), last.after))
    assert ids(walked) >= {number for _, number in added}


def _served(stub: Stub, stream: Stream, per_second: list[int]) -> Export:
    says_end = stream is not TICKET_METRIC_EVENTS
    export = Export(rows_of(per_second), stream.rows_key, says_end)
    stub.handle = export.reply
    return export


OAUTH_CLIENT = ("etl", "client-secret")
API_TOKEN = ("agent@acme.com", "api-token")
BEARER = "bearer-token"


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.generate(seed=7, tickets=230, users=120, organizations=25)


@pytest.fixture
def zendesk(account: Account) -> Iterator[Simulator]:
    with Simulator(
        account,
        rate_limits=RateLimits.plan("professional"),
        api_token=API_TOKEN,
        oauth_client=OAUTH_CLIENT,
        oauth_token=BEARER,
    ) as simulator:
        yield simulator


@pytest.fixture
def simulated(zendesk: Simulator) -> ZendeskClient:
    auth = StaticAuth(f"Bearer {BEARER}", remedy="")
    return ZendeskClient(zendesk.base_url, auth, clock=zendesk.account.clock)


def keys(stream: Stream, found: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {tuple(row[name] for name in shown_key(stream)) for row in found}


def test_a_walk_through_the_simulator_finds_the_truth(zendesk: Simulator, simulated: ZendeskClient):
    missed: dict[str, Any] = {}
    for stream in STREAMS:
        if stream.parent or "{" in stream.path:
            continue
        try:
            request = request_of(stream, page_size=37 if stream.page_size else None)
            walked = list(pages(simulated, request, Position()))
        except ZendeskError as error:
            missed[stream.name] = error
            continue
        truth = keys(stream, zendesk.account.truth(stream.name))
        if lost := truth - keys(stream, [row for page in walked for row in page.rows]):
            missed[stream.name] = lost
        if simulated.usage_of(stream.name).rate_limited:
            missed[stream.name] = "was asked too fast"
    assert missed == {}


@pytest.mark.parametrize(
    "credentials",
    [
        ZendeskOAuthClient(
            subdomain="acme", client_id=OAUTH_CLIENT[0], client_secret=OAUTH_CLIENT[1]
        ),
        ZendeskOAuthToken(subdomain="acme", oauth_token=BEARER),
        ZendeskApiToken(subdomain="acme", email=API_TOKEN[0], token=API_TOKEN[1]),
    ],
    ids=lambda credentials: type(credentials).__name__,
)
def test_each_way_to_log_in_works(zendesk: Simulator, credentials: ZendeskCredentials):
    clock = zendesk.account.clock
    auth = auth_for(credentials, zendesk.base_url, clock)
    assert whoami(ZendeskClient(zendesk.base_url, auth, clock=clock)).role == "admin"


def test_a_refused_stream_is_told_from_an_empty_one(zendesk: Simulator, simulated: ZendeskClient):
    zendesk.refuse("sla_policies", 404)
    stream = next(stream for stream in STREAMS if stream.name == "sla_policies")
    with pytest.raises(NotOnThisPlan):
        list(pages(simulated, request_of(stream), Position()))


def test_a_flood_in_one_second_passes_when_the_server_expands_the_page(
    stub: Stub, client: ZendeskClient
):
    stub.handle = Export([(FIRST_SECOND, n) for n in range(3000)], "organizations").reply
    walked = list(pages(client, request_of(ORGANIZATIONS), Position()))
    assert len(ids(walked)) == 3000


def test_a_flood_that_the_server_does_not_expand_is_stuck_and_not_a_loop(
    stub: Stub, client: ZendeskClient, clock: FakeClock
):
    flood = [{"id": n} for n in range(1000)]
    body = {"organizations": flood, "end_time": FIRST_SECOND, "end_of_stream": False}
    stub.handle = lambda seen: Reply(200, body)
    with pytest.raises(PaginationStuck):
        list(pages(client, request_of(replace(ORGANIZATIONS)), Position()))
    assert len(stub.requests) == 2


@pytest.mark.parametrize("identities", [None, "x", 7, {}], ids=repr)
def test_a_page_without_the_list_that_comes_beside_its_rows_is_not_taken_for_whole(
    client: ZendeskClient, stub: Stub, identities: Any
):
    stub.handle = lambda seen: Reply(
        200,
        {
            "users": [{"id": 1}],
            "identities": identities,
            "after_cursor": "c",
            "end_of_stream": True,
        },
    )
    with pytest.raises(UnexpectedAnswer, match=r"`identities` is .*, not a list"):
        list(pages(client, request_of(USERS), Position()))
