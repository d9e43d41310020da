"""The Authorization header: three kinds, and the renewal of the one that can be renewed."""

from __future__ import annotations

import base64
import json
import logging
import threading

import pytest

from tests.api.conftest import SECRET
from tests.support.stub import FakeClock, Reply, Seen, Stub
from zendesk_source.api.auth import Auth
from zendesk_source.api.client import ZendeskClient
from zendesk_source.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    ServerUnavailable,
)
from zendesk_source.login import auth as auth_module
from zendesk_source.login.auth import StaticAuth, auth_for, chat_auth_for
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
)

PATH = "/api/v2/groups.json"


@pytest.fixture
def oauth(stub: Stub, clock: FakeClock) -> Auth:
    credentials = ZendeskOAuthClient(
        subdomain="acme", client_id="etl", client_secret=SECRET, base_url=stub.base_url
    )
    return auth_for(credentials, clock=clock)


def token(number: int, expires_in: int | None = 7200) -> Reply:
    return Reply(
        200, {"access_token": f"t{number}", "token_type": "bearer"} | {"expires_in": expires_in}
    )


def test_an_api_token_is_basic_auth_with_token_after_the_address():
    credentials = ZendeskApiToken(subdomain="acme", email="a@acme.com", token=SECRET)
    auth = auth_for(credentials)
    kind, pair = auth.header().split()
    assert (kind, base64.b64decode(pair)) == ("Basic", f"a@acme.com/token:{SECRET}".encode())
    assert auth.renew(auth.header()) is False


def test_api_tokens_warn_once_a_process_of_the_day_they_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(auth_module, "_api_token_warning", threading.Lock())
    credentials = ZendeskApiToken(subdomain="acme", email="a@acme.com", token=SECRET)
    with caplog.at_level(logging.WARNING):
        auth_for(credentials)
        auth_for(credentials)
    (record,) = caplog.records
    assert "30 April 2027" in record.message
    assert "client_id" in record.message
    assert SECRET not in caplog.text


def test_an_oauth_token_is_sent_as_it_is():
    auth = auth_for(ZendeskOAuthToken(subdomain="acme", oauth_token=SECRET))
    assert auth.header() == f"Bearer {SECRET}"
    assert isinstance(auth, StaticAuth)
    assert SECRET not in repr(auth)


def test_an_oauth_client_asks_for_its_token_when_first_needed(oauth: Auth, stub: Stub):
    assert stub.requests == []
    stub.script(token(1))
    assert (oauth.header(), oauth.header()) == ("Bearer t1", "Bearer t1")
    (asked,) = stub.requests
    assert (asked.method, asked.target) == ("POST", "/oauth/tokens")
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == {
        "grant_type": "client_credentials",
        "client_id": "etl",
        "client_secret": SECRET,
        "scope": "read",
        "expires_in": 7200,
    }


def test_a_token_is_renewed_a_minute_before_it_expires(oauth: Auth, stub: Stub, clock: FakeClock):
    stub.script(token(1, expires_in=300), token(2))
    assert oauth.header() == "Bearer t1"
    clock.sleep(239)
    assert oauth.header() == "Bearer t1"
    clock.sleep(2)
    assert oauth.header() == "Bearer t2"


def test_a_token_without_expiry_is_kept(oauth: Auth, stub: Stub, clock: FakeClock):
    stub.script(token(1, expires_in=None))
    oauth.header()
    clock.sleep(10_000_000)
    assert oauth.header() == "Bearer t1"


def test_a_401_renews_the_token_and_asks_again(oauth: Auth, stub: Stub, clock: FakeClock):
    client = ZendeskClient(stub.base_url, oauth, clock=clock)
    stub.script(token(1), Reply(401, {"error": "invalid_token"}), token(2), Reply(200, {}))
    assert client.get(PATH).value == {}
    assert stub.requests[-1].headers["Authorization"] == "Bearer t2"


def test_a_second_401_ends_it(oauth: Auth, stub: Stub, clock: FakeClock):
    client = ZendeskClient(stub.base_url, oauth, clock=clock)
    refused = Reply(401, {"error": "invalid_token"})
    stub.script(token(1), refused, token(2), refused)
    with pytest.raises(AuthenticationError, match=r"401 \(invalid_token\)"):
        client.get(PATH)


def test_many_threads_that_are_refused_make_one_renewal(oauth: Auth, stub: Stub, clock: FakeClock):
    tokens = iter(range(1, 100))
    everybody_is_refused = threading.Barrier(8)

    def handle(seen: Seen) -> Reply:
        if seen.method == "POST":
            return token(next(tokens))
        is_good = seen.headers["Authorization"] == "Bearer t2"
        return Reply(200, {}) if is_good else Reply(401, {"error": "invalid_token"})

    stub.handle = handle
    client = ZendeskClient(stub.base_url, oauth, clock=clock)
    oauth.header()

    def work() -> None:
        everybody_is_refused.wait(5)
        client.get(PATH)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seen.method == "POST" for seen in stub.requests) == 2


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("invalid_client", "client_secret"),
        ("invalid_grant", "active admin"),
        ("invalid_scope", "scope"),
        ("something_new", "Admin Center"),
    ],
)
def test_a_refused_client_says_what_to_do(
    oauth: Auth, stub: Stub, status: int, error: str, remedy: str
):
    stub.script(Reply(status, {"error": error, "error_description": "private"}))
    with pytest.raises(AuthenticationError, match=remedy) as caught:
        oauth.header()
    assert error in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, "<html>No help desk at"),
        Reply(301, b"", {"Location": "https://renamed.zendesk.com/oauth/tokens"}),
    ],
)
def test_no_token_endpoint_is_a_matter_of_configuration(oauth: Auth, stub: Stub, reply: Reply):
    stub.script(reply)
    with pytest.raises(ConfigurationError, match="subdomain"):
        oauth.header()


NO_TOKENS = [
    *("<html>sign in</html>", b"", b"null", [], {}, {"access_token": None}, {"access_token": ""}),
    *({"access_token": 7}, {"access_token": "two\nlines"}, {"access_token": "a blank"}),
    *({"access_token": "caf\u00e9"}, {"access_token": "t", "refresh_token": ["r"]}),
]


@pytest.mark.parametrize("nonsense", NO_TOKENS, ids=str)
def test_a_200_without_a_token_is_asked_again_and_not_blamed_on_the_client(
    oauth: Auth, stub: Stub, nonsense: object
):
    stub.script(Reply(200, nonsense), token(1))
    assert oauth.header() == "Bearer t1"


def test_a_token_endpoint_that_only_talks_nonsense_is_given_up(oauth: Auth, stub: Stub):
    stub.handle = lambda seen: Reply(200, "<html>maintenance</html>")
    with pytest.raises(ServerUnavailable, match="200 and no token"):
        oauth.header()


@pytest.mark.parametrize("life", [1e300, -5, True, "7200", [], 10**30])
def test_a_life_that_is_no_time_makes_a_token_good_until_it_is_refused(
    oauth: Auth, stub: Stub, clock: FakeClock, life: object
):
    stub.script(Reply(200, {"access_token": "t1", "expires_in": life}))
    oauth.header()
    clock.sleep(10_000_000)
    assert oauth.header() == "Bearer t1"


@pytest.mark.parametrize("status", [408, 425, 520, 524, 530])
def test_what_stands_before_the_token_endpoint_may_fail_too(oauth: Auth, stub: Stub, status: int):
    stub.script(Reply(status, "<html>A timeout occurred</html>"), token(1))
    assert oauth.header() == "Bearer t1"


def test_a_token_endpoint_makes_nobody_wait_longer_than_a_quarter_of_an_hour(
    oauth: Auth, stub: Stub, clock: FakeClock
):
    stub.handle = lambda seen: Reply(429, b"", {"Retry-After": "999999"})
    with pytest.raises(ServerUnavailable, match="the last time with 429"):
        oauth.header()
    assert clock.monotonic() == 900


def test_a_token_endpoint_that_fails_is_asked_again(oauth: Auth, stub: Stub, clock: FakeClock):
    stub.script(Reply(503, b""), Reply(429, b"", {"Retry-After": "40"}), token(1))
    assert oauth.header() == "Bearer t1"
    assert clock.monotonic() == pytest.approx(clock.slept[0] + 40)


def test_a_token_endpoint_that_stays_down_is_given_up(oauth: Auth, stub: Stub):
    stub.handle = lambda seen: Reply(502, b"")
    with pytest.raises(ServerUnavailable, match="8 attempts"):
        oauth.header()


def test_no_secret_shows_in_any_repr(oauth: Auth, stub: Stub):
    stub.script(token(1))
    oauth.header()
    assert "t1" not in repr(vars(oauth))
    assert SECRET not in repr(vars(oauth)) + repr(oauth)


CHAT_PATH = "/api/v2/chat/agents"


def chat_client(stub: Stub, clock: FakeClock, chat_token: str | None) -> ZendeskClient:
    credentials = ZendeskOAuthToken(
        subdomain="acme", oauth_token=SECRET, chat_token=chat_token, base_url=stub.base_url
    )
    auth, chat_auth = auth_for(credentials), chat_auth_for(credentials)
    return ZendeskClient(stub.base_url, auth, chat_auth=chat_auth, clock=clock)


@pytest.mark.parametrize(
    ("chat_token", "asks_chat"), [("of-chat", "of-chat"), (None, SECRET), ("", SECRET)]
)
def test_chat_is_asked_with_its_own_token_if_it_has_one(
    stub: Stub, clock: FakeClock, chat_token: str | None, asks_chat: str
):
    client = chat_client(stub, clock, chat_token)
    stub.handle = lambda seen: Reply(200, {})
    for path in (PATH, CHAT_PATH):
        client.get(path)
    sent = [seen.headers["Authorization"] for seen in stub.requests]
    assert sent == [f"Bearer {SECRET}", f"Bearer {asks_chat}"]


@pytest.mark.parametrize(
    ("chat_token", "told"), [(None, "set `chat_token`"), ("of-chat", "`chat_token` has expired")]
)
def test_a_401_of_chat_ends_its_streams_and_not_the_others(
    stub: Stub, clock: FakeClock, chat_token: str | None, told: str
):
    client = chat_client(stub, clock, chat_token)
    stub.script(Reply(401, {"error": "invalid_token"}), Reply(200, {}))
    with pytest.raises(AccessDenied, match=told) as caught:
        client.get(CHAT_PATH)
    assert SECRET not in str(caught.value)
    assert "of-chat" not in str(caught.value)
    assert client.get(PATH).value == {}


def test_chat_that_refuses_a_new_token_too_costs_one_renewal(
    oauth: Auth, stub: Stub, clock: FakeClock
):
    tokens = iter(range(1, 100))

    def handle(seen: Seen) -> Reply:
        return token(next(tokens)) if seen.method == "POST" else Reply(401, {"error": "no"})

    stub.handle = handle
    client = ZendeskClient(stub.base_url, oauth, clock=clock)
    for _ in range(5):
        with pytest.raises(AccessDenied):
            client.get(CHAT_PATH)
    assert next(tokens) == 3
