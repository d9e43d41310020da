"""A token that is dead is told from an endpoint that is closed to a good one."""

from __future__ import annotations

import pytest

from tests.support.stub import FakeClock, Reply, Seen, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.standing import REMEMBERED_SECONDS, USERS_ME, whoami
from zendesk_source.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    StreamRefused,
    UnexpectedAnswer,
)
from zendesk_source.login.auth import auth_for
from zendesk_source.settings.dlt_credentials import ZendeskOAuthClient

CLOSED, OPEN = "/api/v2/brands.json", "/api/v2/groups.json"
ME = Reply(200, {"user": {"id": 7, "role": "admin"}})
ELSEWHERE = Reply(302, b"", {"Location": "https://elsewhere.example/api/v2/brands.json"})
NO_ACCOUNT = Reply(404, b"No help desk at acme.zendesk.com")


def answers(stub: Stub, closed: Reply, me: Reply = ME) -> None:
    """Answer one path and users/me as told, every other path well."""

    def handle(seen: Seen) -> Reply:
        return {CLOSED: closed, USERS_ME: me}.get(seen.path, Reply(200, {}))

    stub.handle = handle


@pytest.mark.parametrize(
    ("closed", "error"),
    [
        (Reply(401, {"error": "Couldn't authenticate you"}), AccessDenied),
        (ELSEWHERE, UnexpectedAnswer),
        (NO_ACCOUNT, UnexpectedAnswer),
    ],
)
def test_what_one_endpoint_refuses_is_that_endpoints_while_users_me_knows_us(
    client: ZendeskClient, stub: Stub, closed: Reply, error: type[Exception]
):
    answers(stub, closed)
    whoami(client)
    with pytest.raises(error, match="users/me accepts the same credentials") as caught:
        client.get(CLOSED, stream="brands")
    assert str(caught.value).startswith(f"brands ({CLOSED})")
    assert client.get(OPEN).value == {}


@pytest.mark.parametrize(
    ("gone", "error"),
    [
        (Reply(401, {"error": "invalid_token"}), AuthenticationError),
        (ELSEWHERE, ConfigurationError),
        (NO_ACCOUNT, ConfigurationError),
    ],
)
def test_what_users_me_refuses_too_is_about_all_streams(
    client: ZendeskClient, stub: Stub, gone: Reply, error: type[Exception]
):
    answers(stub, gone)
    whoami(client)
    answers(stub, gone, me=gone)
    with pytest.raises(error):
        client.get(CLOSED, stream="brands")


def test_a_token_that_may_not_ask_who_it_is_is_known_all_the_same(
    client: ZendeskClient, stub: Stub
):
    answers(stub, Reply(401, {}), me=Reply(403, {"error": "Forbidden"}))
    with pytest.raises(StreamRefused):
        whoami(client)
    with pytest.raises(AccessDenied):
        client.get(CLOSED, stream="brands")


def test_users_me_is_asked_once_for_the_refusals_of_some_seconds(
    client: ZendeskClient, stub: Stub, clock: FakeClock
):
    answers(stub, Reply(401, {}))
    whoami(client)
    for _ in range(5):
        with pytest.raises(AccessDenied):
            client.get(CLOSED)
    assert [seen.path for seen in stub.requests].count(USERS_ME) == 2
    clock.sleep(REMEMBERED_SECONDS)
    answers(stub, Reply(401, {}), me=Reply(401, {}))
    with pytest.raises(AuthenticationError):
        client.get(CLOSED)


DEAD = Reply(401, {"error": "invalid_token"})


def test_a_token_that_is_said_to_be_dead_is_so_whatever_users_me_says(
    client: ZendeskClient, stub: Stub
):
    answers(stub, DEAD)
    whoami(client)
    with pytest.raises(AuthenticationError):
        client.get(CLOSED, stream="brands")


def test_an_endpoint_that_calls_a_new_token_dead_is_closed(stub: Stub, clock: FakeClock):
    credentials = ZendeskOAuthClient(
        subdomain="acme", client_id="etl", client_secret="x", base_url=stub.base_url
    )
    client = ZendeskClient(stub.base_url, auth_for(credentials, clock=clock), clock=clock)
    tokens = iter(range(9))

    def handle(seen: Seen) -> Reply:
        if seen.method == "POST":
            return Reply(200, {"access_token": f"t{next(tokens)}"})
        return {CLOSED: DEAD, USERS_ME: ME}.get(seen.path, Reply(200, {}))

    stub.handle = handle
    whoami(client)
    with pytest.raises(AccessDenied):
        client.get(CLOSED, stream="brands")
    assert next(tokens) == 2
