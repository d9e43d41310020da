"""Which account, and as whom: from dlt's configuration to a base URL."""

from __future__ import annotations

from typing import Any

import dlt
import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException

from tests.api.conftest import SECRET
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.credentials import base_url_of, token_file_of
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskCredentials,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
    ZendeskRefreshToken,
)


@pytest.mark.parametrize(
    "subdomain",
    [
        "acme",
        "ACME",
        " acme\n",
        "acme.zendesk.com",
        "Acme.Zendesk.com/",
        "https://acme.zendesk.com",
        "https://acme.zendesk.com/",
        "http://acme.zendesk.com/agent/tickets/1?x=y",
        "acme.zendesk.com/agent/dashboard",
    ],
)
def test_any_way_to_write_an_account_is_cut_down(subdomain: str):
    credentials = ZendeskOAuthToken(subdomain=subdomain, oauth_token=SECRET)
    assert base_url_of(credentials) == "https://acme.zendesk.com"


@pytest.mark.parametrize(
    "subdomain",
    [
        "",
        " ",
        "support.acme.com",
        "https://support.acme.com/hc",
        "my company",
        "acme.zendesk.com.evil.example",
        "evil.example/acme.zendesk.com",
        "-acme",
        "acme_1",
        "a" * 64,
        "agent@acme.com",
        "https://[acme",
        None,
    ],
)
def test_what_does_not_name_an_account_is_refused_with_the_right_form(subdomain: Any):
    credentials = ZendeskOAuthToken(subdomain=subdomain, oauth_token=SECRET)
    with pytest.raises(ConfigurationError, match=r"`acme` for\s+https://acme\.zendesk\.com"):
        base_url_of(credentials)


def test_a_secret_pasted_as_subdomain_is_not_repeated():
    pasted = "https://agent:hunter2@support.acme.com/x"
    with pytest.raises(ConfigurationError) as caught:
        base_url_of(ZendeskOAuthToken(subdomain=pasted, oauth_token=SECRET))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.8.9.1:8080/", "http://127.8.9.1:8080"),
        ("http://localhost:1/api/v2", "http://localhost:1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://proxy.acme.com", "https://proxy.acme.com"),
    ],
)
def test_a_base_url_wins_over_the_subdomain(given: str, base_url: str):
    credentials = ZendeskOAuthToken(subdomain="acme", oauth_token=SECRET, base_url=given)
    assert base_url_of(credentials) == base_url


@pytest.mark.parametrize(
    "given",
    [
        "http://acme.zendesk.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "https://user:password@acme.zendesk.com",
        "https://acme.zendesk.com:port",
        "https://",
    ],
)
def test_a_base_url_that_would_leak_or_makes_no_sense_is_refused(given: str):
    credentials = ZendeskOAuthToken(subdomain="acme", oauth_token=SECRET, base_url=given)
    with pytest.raises(ConfigurationError) as caught:
        base_url_of(credentials)
    assert "password" not in str(caught.value)


@dlt.source(name="zendesk_support", section="zendesk")
def a_source(credentials: ZendeskCredentials = dlt.secrets.value) -> Any:
    given.append(credentials)
    return []


given: list[Any] = []


def resolve(monkeypatch: pytest.MonkeyPatch, **fields: str) -> Any:
    given.clear()
    for name, value in fields.items():
        monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name.upper()}", value)
    a_source()
    return given[0]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"client_id": "etl", "refresh_token": SECRET}, ZendeskRefreshToken),
        (
            {"client_id": "etl", "client_secret": SECRET, "refresh_token": SECRET},
            ZendeskRefreshToken,
        ),
        ({"client_id": "etl", "token_file": "tokens.json"}, ZendeskRefreshToken),
        (
            {"client_id": "etl", "client_secret": SECRET, "token_file": "tokens.json"},
            ZendeskRefreshToken,
        ),
        ({"client_id": "etl", "client_secret": SECRET}, ZendeskOAuthClient),
        ({"oauth_token": SECRET}, ZendeskOAuthToken),
        ({"email": "a@acme.com", "token": SECRET}, ZendeskApiToken),
        ({"email": "a@acme.com", "token": SECRET, "client_id": "half"}, ZendeskApiToken),
        (
            {"client_id": "etl", "client_secret": SECRET, "email": "a", "token": "b"},
            ZendeskOAuthClient,
        ),
    ],
)
def test_dlt_takes_the_first_kind_whose_fields_are_given(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, str], kind: type[Any]
):
    credentials = resolve(monkeypatch, subdomain="acme", **fields)
    assert type(credentials) is kind
    assert base_url_of(credentials) == "https://acme.zendesk.com"
    assert SECRET not in repr(credentials) + str(credentials)


def test_the_scope_is_read_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch):
    fields = {"subdomain": "acme", "client_id": "etl", "client_secret": SECRET}
    assert resolve(monkeypatch, **fields).scope == "read"
    assert resolve(monkeypatch, **fields, scope="tickets:read").scope == "tickets:read"


def test_half_given_credentials_name_what_is_missing_and_show_no_secret(
    monkeypatch: pytest.MonkeyPatch,
):
    with pytest.raises(ConfigFieldMissingException) as caught:
        resolve(monkeypatch, subdomain="acme", client_secret=SECRET)
    message = str(caught.value)
    assert "`ZendeskOAuthClient` with missing field(s): `client_id`" in message
    assert "SOURCES__ZENDESK__CREDENTIALS__CLIENT_ID" in message
    assert SECRET not in message


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "etl", "client_secret": "s"},
        {"oauth_token": "s"},
        {"email": "a@acme.com", "token": "s"},
    ],
)
def test_chat_may_have_a_token_beside_any_kind(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, str]
):
    assert resolve(monkeypatch, subdomain="acme", **fields).chat_token is None
    credentials = resolve(monkeypatch, subdomain="acme", chat_token=SECRET, **fields)
    assert credentials.chat_token == SECRET
    assert SECRET not in repr(credentials) + str(credentials)


def test_a_client_without_a_secret_is_known_by_its_login(monkeypatch: pytest.MonkeyPatch):
    login = ZendeskRefreshToken(subdomain="acme", client_id="etl")
    file = token_file_of(login)
    assert file.name == "acme.zendesk.com.json"
    with pytest.raises(ConfigFieldMissingException):
        resolve(monkeypatch, subdomain="acme", client_id="etl")
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    assert type(resolve(monkeypatch, subdomain="acme", client_id="etl")) is ZendeskRefreshToken
    with_secret = resolve(monkeypatch, subdomain="acme", client_id="etl", client_secret=SECRET)
    assert type(with_secret) is ZendeskOAuthClient


@pytest.mark.parametrize(
    "credentials",
    [
        ZendeskRefreshToken(subdomain="acme", client_id="etl", refresh_token=SECRET),
        ZendeskRefreshToken(subdomain="acme", client_id="etl", token_file="tokens.json"),
        ZendeskOAuthClient(subdomain="acme", client_id="etl", client_secret=SECRET),
        ZendeskOAuthToken(subdomain="acme", oauth_token=SECRET),
        ZendeskApiToken(subdomain="acme", email="a@acme.com", token=SECRET),
    ],
    ids=lambda credentials: type(credentials).__name__,
)
def test_credentials_made_in_python_stay_what_they_are(credentials: Any):
    given.clear()
    a_source(credentials)
    assert type(given[0]) is type(credentials)
    assert dict(given[0]) == dict(credentials)
