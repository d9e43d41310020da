"""How long Zendesk may make a page wait, whatever it asks for."""

from __future__ import annotations

from email.utils import format_datetime

import pytest

from tests.support.stub import START, FakeClock, Reply, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.errors import RateLimited, ServerUnavailable

PATH = "/api/v2/groups.json"
GOOD = Reply(200, {"groups": []})


@pytest.mark.parametrize(
    ("header", "waited"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "899"}, 899.0),
        ({"Retry-After": "999999"}, 900.0),
        ({"Retry-After": "1e18"}, 900.0),
        ({"Retry-After": format_datetime(START.replace(year=2027), usegmt=True)}, 900.0),
        ({"Retry-After": "9" * 5_000}, 900.0),
        ({"Retry-After": "nan"}, 60.0),
        ({"Retry-After": "-1e18"}, 1.0),
        ({"Retry-After": format_datetime(START.replace(minute=2), usegmt=True)}, 120.0),
        ({}, 60.0),
        ({"Retry-After": "soon"}, 60.0),
        ({"Retry-After": "0"}, 1.0),
    ],
)
def test_a_429_waits_as_long_as_zendesk_asks(
    client: ZendeskClient, stub: Stub, clock: FakeClock, header: dict[str, str], waited: float
):
    text = "Number of allowed API requests per minute exceeded"
    stub.script(Reply(429, text, header), GOOD)
    client.get(PATH, stream="groups")
    assert clock.monotonic() == pytest.approx(waited)
    usage = client.usage["groups"]
    assert (usage.requests, usage.rate_limited, usage.retries) == (2, 1, 0)
    assert usage.waited_seconds == pytest.approx(waited)


def test_429s_do_not_spend_the_attempts(client: ZendeskClient, stub: Stub):
    refused = Reply(429, b"", {"Retry-After": "1"})
    stub.script(*[refused] * 20, Reply(500, b""), *[refused] * 20, GOOD)
    assert client.get(PATH).value == {"groups": []}


def test_429_without_end_is_given_up(client: ZendeskClient, stub: Stub):
    stub.script(*[Reply(429, b"", {"Retry-After": "1"})] * 21)
    with pytest.raises(RateLimited, match="21 times in a row"):
        client.get(PATH)


@pytest.mark.parametrize("asked", ["999999", "400", "Fri, 15 Jan 2027 12:00:00 GMT"])
def test_zendesk_makes_a_page_wait_a_quarter_of_an_hour_in_all(
    client: ZendeskClient, stub: Stub, clock: FakeClock, asked: str
):
    stub.handle = lambda seen: Reply(429, b"", {"Retry-After": asked})
    with pytest.raises(RateLimited, match=r"groups .* made us wait 900 s, and asks for \d"):
        client.get(PATH, stream="groups")
    assert clock.monotonic() == pytest.approx(900, abs=1)


def test_a_server_that_fails_chooses_no_longer_waits_either(
    client: ZendeskClient, stub: Stub, clock: FakeClock
):
    stub.handle = lambda seen: Reply(503, b"", {"Retry-After": "999999"})
    with pytest.raises(ServerUnavailable, match="8 times in a row"):
        client.get(PATH)
    assert clock.monotonic() < 900 + 2 * 64
