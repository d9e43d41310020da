"""One request: what is sent, what is retried, and what a refusal turns into."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import orjson
import pytest

from tests.api.conftest import SECRET
from tests.support.stub import START, FakeClock, Reply, Stub
from zendesk_source.api.client import Answer, ZendeskClient
from zendesk_source.api.refusals import (
    PageTooHeavy,
    RequestRefused,
    StartTimeTooRecent,
    error_name,
)
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.api.standing import whoami
from zendesk_source.api.usage import Usage
from zendesk_source.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    NotOnThisPlan,
    ServerUnavailable,
    UnexpectedAnswer,
    ZendeskError,
)
from zendesk_source.login.auth import StaticAuth

PATH = "/api/v2/groups.json"
EXPORT = "/api/v2/incremental/tickets/cursor.json"
GOOD = Reply(200, {"groups": []})
PRIVATE = "jane@customer.example bought pills"


def test_a_good_answer_carries_value_times_and_size(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {"groups": [1]}))
    answer: Answer[object] = client.get(
        PATH, {"page[size]": 100, "cursor": "a+b="}, stream="groups"
    )
    assert answer.value == {"groups": [1]}
    assert answer.server_time == answer.received_at == START
    assert answer.body_bytes == len(b'{"groups": [1]}')
    assert stub.targets == [f"{PATH}?page%5Bsize%5D=100&cursor=a%2Bb%3D"]


def test_the_request_says_who_asks_and_takes_gzip(client: ZendeskClient, stub: Stub):
    packed = gzip.compress(b'{"groups": [1, 2]}')
    stub.script(Reply(200, packed, {"Content-Encoding": "gzip"}))
    assert client.get(PATH).value == {"groups": [1, 2]}
    sent = stub.requests[0].headers
    assert sent["Authorization"] == f"Bearer {SECRET}"
    assert sent["Accept-Encoding"] == "gzip"
    assert sent["User-Agent"].startswith("zendesk_source/")


def test_one_connection_serves_many_requests(client: ZendeskClient, stub: Stub):
    stub.script(GOOD, GOOD, Reply(500, b""), GOOD)
    for _ in range(3):
        client.get(PATH)
    assert len({seen.connection for seen in stub.requests}) == 1


def test_a_netrc_does_not_replace_the_credentials(
    client: ZendeskClient, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    stub.script(GOOD)
    client.get(PATH)
    assert stub.requests[0].headers["Authorization"] == f"Bearer {SECRET}"


def test_cookies_are_not_kept(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {}, {"Set-Cookie": "_zendesk_session=x; path=/"}), GOOD)
    client.get(PATH)
    client.get(PATH)
    assert "Cookie" not in stub.requests[1].headers


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, *range(520, 531)])
def test_a_server_that_fails_is_asked_again(
    client: ZendeskClient, stub: Stub, clock: FakeClock, status: int
):
    stub.script(Reply(status, "upstream request timeout"), Reply(status, b""), GOOD)
    client.get(PATH, stream="groups")
    assert clock.slept == [1.0, 2.0]
    assert client.usage["groups"] == Usage(3, 2, 0, 3.0, len(GOOD.bytes))


def test_retry_after_of_a_503_is_honoured(client: ZendeskClient, stub: Stub, clock: FakeClock):
    stub.script(Reply(503, {"error": "ServiceUnavailable"}, {"Retry-After": "30"}), GOOD)
    client.get(PATH)
    assert clock.slept == [30.0]


def test_attempts_are_counted_for_each_page_anew(client: ZendeskClient, stub: Stub):
    stub.script(*[Reply(500, b"")] * 7, GOOD, *[Reply(500, b"")] * 7, GOOD)
    client.get(PATH)
    client.get(PATH)
    assert len(stub.requests) == 16


def test_a_server_that_stays_down_is_given_up(client: ZendeskClient, stub: Stub):
    stub.script(*[Reply(500, {"status": 500, "error": "Internal Server Error"})] * 8)
    with pytest.raises(ServerUnavailable, match=r"groups \(/api/v2/groups.json\) failed 8 times"):
        client.get(PATH, {"page[size]": 1}, stream="groups")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(Reply(200, {"groups": [1, 2, 3]}, cut_at=5), id="connection cut"),
        pytest.param(Reply(200, b'{"groups": [1,'), id="JSON cut"),
        pytest.param(Reply(200, b"<html>maintenance</html>"), id="HTML with 200"),
        pytest.param(Reply(200, b""), id="empty"),
        pytest.param(
            Reply(200, gzip.compress(b'{"groups": []}')[:12], {"Content-Encoding": "gzip"}),
            id="gzip cut",
        ),
        pytest.param(Reply(200, b"not gzip", {"Content-Encoding": "gzip"}), id="no gzip"),
        pytest.param(Reply(200, b"x", cut_at=0), id="no body"),
    ],
)
def test_an_answer_that_did_not_arrive_whole_is_asked_for_again(
    client: ZendeskClient, stub: Stub, broken: Reply
):
    stub.script(broken, GOOD)
    assert client.get(PATH, stream="groups").value == {"groups": []}
    assert client.usage_of("groups").retries == 1


def test_a_silence_is_asked_for_again(impatient_client: ZendeskClient, stub: Stub):
    stub.script(Reply(silent=True), GOOD)
    assert impatient_client.get(PATH, stream="groups").value == {"groups": []}
    assert impatient_client.usage_of("groups").retries == 1


def test_html_on_every_attempt_is_not_taken_for_empty(client: ZendeskClient, stub: Stub):
    stub.script(*[Reply(200, b"<html>")] * 8)
    with pytest.raises(UnexpectedAnswer, match="not JSON 8 times in a row"):
        client.get(PATH)


def test_a_decoder_that_does_not_fit_fails_at_once(client: ZendeskClient, stub: Stub):
    def parse(body: bytes) -> object:
        raise KeyError("a bug of ours")

    stub.script(GOOD)
    with pytest.raises(KeyError):
        client.get(PATH, parse=parse)


# What follows a 204 belongs to the next answer, so it has no body here.
@pytest.mark.parametrize(
    "part", [Reply(202, {"groups": []}), Reply(204, b""), Reply(206, {"groups": []})]
)
def test_a_part_of_an_answer_is_not_taken_for_all_of_it(
    client: ZendeskClient, stub: Stub, part: Reply
):
    stub.script(part, GOOD)
    client.get(PATH, stream="groups")
    assert client.usage_of("groups").retries == 1


@pytest.mark.parametrize(
    "broken", [Reply(524, "<html>"), Reply(504, "upstream request timeout"), Reply(silent=True)]
)
def test_a_heavy_page_is_reported_after_one_attempt_when_asked(
    impatient_client: ZendeskClient, stub: Stub, broken: Reply
):
    stub.script(broken)
    with pytest.raises(PageTooHeavy):
        impatient_client.get(PATH, halve_on_timeout=True)


def test_403_means_access_denied(client: ZendeskClient, stub: Stub):
    stub.script(Reply(403, {"error": {"title": "Forbidden", "message": PRIVATE}}))
    with pytest.raises(AccessDenied, match=r"audit_logs \(/api/v2/groups.json\).*403 Forbidden"):
        client.get(PATH, {"secret": "query"}, stream="audit_logs")


def test_404_means_not_on_this_plan(client: ZendeskClient, stub: Stub):
    stub.script(Reply(404, {"error": "InvalidEndpoint", "description": "Not found"}))
    with pytest.raises(NotOnThisPlan, match="404 InvalidEndpoint"):
        client.get(PATH)


@pytest.mark.parametrize(
    ("status", "expected"), [(403, AccessDenied), (404, NotOnThisPlan), (410, NotOnThisPlan)]
)
def test_a_refused_export_may_have_been_closed(
    client: ZendeskClient, stub: Stub, status: int, expected: type[ZendeskError]
):
    stub.script(Reply(status, b""))
    with pytest.raises(expected, match="closes incremental exports to third-party apps"):
        client.get(EXPORT)


def test_an_unknown_subdomain_is_a_matter_of_configuration(client: ZendeskClient, stub: Stub):
    stub.script(Reply(404, "<html>No help desk at acmee.zendesk.com</html>"))
    with pytest.raises(ConfigurationError, match="subdomain"):
        client.get(PATH)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "body",
    [
        {"error": "StartTimeTooRecent", "description": "Too recent start_time. Use a …"},
        "Too recent start_time. Use a start_time older than 5 minutes",
    ],
)
def test_a_start_time_in_the_last_minute_has_an_exception_of_its_own(
    client: ZendeskClient, stub: Stub, status: int, body: object
):
    stub.script(Reply(status, body))
    with pytest.raises(StartTimeTooRecent):
        client.get(EXPORT)


def test_a_list_deeper_than_offset_paging_says_what_to_do(client: ZendeskClient, stub: Stub):
    stub.script(Reply(400, {"errors": [{"code": "InvalidPaginationDepth", "title": PRIVATE}]}))
    with pytest.raises(UnexpectedAnswer, match="10,000 rows"):
        client.get(PATH)


def test_messages_hold_no_query_no_secret_and_no_row_text(client: ZendeskClient, stub: Stub):
    body = {"error": "RecordInvalid", "description": PRIVATE, "details": {"name": [PRIVATE]}}
    stub.script(Reply(422, body))
    with pytest.raises(RequestRefused) as caught:
        client.get(PATH, {"cursor": "c-u-r-s-o-r"}, stream="groups")
    assert str(caught.value) == "groups (/api/v2/groups.json) answered 422 RecordInvalid."
    assert SECRET not in repr(caught.value) + repr(vars(client))


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"error": "RecordNotFound", "description": PRIVATE}, "RecordNotFound"),
        ({"error": {"title": "Forbidden", "message": PRIVATE}}, "Forbidden"),
        ({"errors": [{"code": "InvalidPaginationDepth"}]}, "InvalidPaginationDepth"),
        ({"errors": ["bad"]}, "bad"),
        ({"error": "Couldn't authenticate you"}, "Couldn't authenticate you"),
        ({"error": "invalid_token", "error_description": PRIVATE}, "invalid_token"),
        ({"status": 500, "error": "Internal Server Error"}, "Internal Server Error"),
        ({"message": "ElasticSearch is down"}, ""),
        ({"error": PRIVATE}, ""),
        ({"error": {"title": PRIVATE}, "errors": [{"code": PRIVATE}, 3]}, ""),
        (["a list"], ""),
        ("upstream request timeout", ""),
        (b"", ""),
        (b"<html>", ""),
    ],
)
def test_every_shape_of_an_error_body_gives_its_name_and_nothing_else(body: object, name: str):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert error_name(raw) == name


def test_401_says_what_to_do(client: ZendeskClient, stub: Stub):
    stub.script(Reply(401, {"error": "Couldn't authenticate you"}))
    with pytest.raises(AuthenticationError, match="Make a new token"):
        client.get(PATH)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v2/groups.json",
        "//evil.example/api/v2/groups.json",
        "http://127.0.0.1.evil.example/api",
        "http://127.0.0.1:1/api/v2/groups.json",
        "http://user@127.0.0.1/api",
        "http://127.0.0.1\\@evil.example/api",
        "http://[evil/api",
        "http://127.0.0.1:port/api",
        "javascript:alert(1)",
        "@evil.example/api",
        "",
    ],
)
def test_a_link_to_another_host_is_refused_before_anything_is_sent(
    client: ZendeskClient, stub: Stub, link: str
):
    with pytest.raises(UnexpectedAnswer):
        client.get(link)
    assert stub.requests == []


def test_a_link_to_the_account_is_followed(client: ZendeskClient, stub: Stub):
    stub.script(GOOD)
    client.get(f"{stub.base_url}{PATH}?page=2")
    assert stub.targets == [f"{PATH}?page=2"]


def test_a_redirect_on_the_same_host_is_followed(client: ZendeskClient, stub: Stub):
    stub.script(Reply(302, b"", {"Location": "/api/v2/teams.json?x=1"}), GOOD)
    assert client.get(PATH).value == {"groups": []}
    assert stub.targets == [PATH, "/api/v2/teams.json?x=1"]


def test_a_redirect_to_another_host_names_it_and_sends_nothing(client: ZendeskClient, stub: Stub):
    stub.script(Reply(301, b"", {"Location": "https://new-name.zendesk.com/api/v2/groups"}))
    with pytest.raises(ConfigurationError, match=r"moved to new-name\.zendesk\.com"):
        client.get(PATH)


def test_redirects_in_a_circle_end(client: ZendeskClient, stub: Stub):
    stub.handle = lambda seen: Reply(302, b"", {"Location": PATH})
    with pytest.raises(UnexpectedAnswer, match="in a circle"):
        client.get(PATH)


def test_waiting_is_announced_with_its_reason(stub: Stub, clock: FakeClock):
    heard: list[tuple[str, float]] = []
    client = ZendeskClient(
        stub.base_url,
        StaticAuth("x", remedy=""),
        clock=clock,
        retry=RetryPolicy(random=lambda: 1.0),
        on_wait=lambda reason, seconds: heard.append((reason, seconds)),
    )
    limit = {"Zendesk-RateLimit-incremental-exports": "total=10; remaining=0; resets=9"}
    stub.script(Reply(200, {}, limit), Reply(502, b""), Reply(200, {}))
    client.get(EXPORT, bucket="incremental-exports", stream="tickets")
    client.get(EXPORT, bucket="incremental-exports", stream="tickets")
    assert heard == [
        ("the rate limit incremental-exports (10 in 60 s) is used up; that is normal", 9.0),
        (f"tickets ({EXPORT}): 502", 1.0),
    ]


def test_usage_is_kept_for_each_stream(client: ZendeskClient, stub: Stub):
    stub.script(GOOD, Reply(429, b"", {"Retry-After": "5"}), GOOD)
    client.get(PATH, stream="groups")
    client.get(PATH, stream="macros")
    assert client.usage == {
        "groups": Usage(requests=1, body_bytes=len(GOOD.bytes)),
        "macros": Usage(requests=2, rate_limited=1, waited_seconds=5.0, body_bytes=len(GOOD.bytes)),
    }
    assert client.usage_of("tags") == Usage()


def test_a_missing_date_falls_back_to_our_clock(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {}, {"Date": "yesterday"}))
    assert client.get(PATH).server_time == START


def test_whoami_returns_id_and_role(client: ZendeskClient, stub: Stub):
    stub.script(Reply(200, {"user": {"id": 7, "role": "admin", "name": PRIVATE}}))
    identity = whoami(client)
    assert (identity.id, identity.role) == (7, "admin")


@pytest.mark.parametrize("body", [{"user": {"id": None, "role": "end-user"}}, {}, []])
def test_the_anonymous_user_is_not_a_login(client: ZendeskClient, stub: Stub, body: object):
    stub.script(Reply(200, body))
    with pytest.raises(AuthenticationError, match="anonymous"):
        whoami(client)


def test_bytes_reach_the_decoder_untouched(client: ZendeskClient, stub: Stub):
    body = orjson.dumps({"groups": ["é" * 50_000]})
    stub.script(Reply(200, body))
    assert client.get(PATH, parse=bytes).value == body
