"""What a file or the clipboard adds to a setting: taken off, or refused without being shown."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from pipelines.zendesk_pipeline import main
from zendesk_source.api.transport.wire import Wire
from zendesk_source.errors import ConfigurationError
from zendesk_source.login.auth import auth_for, chat_auth_for
from zendesk_source.login.redaction import keep_out, without_known_secrets, without_secrets
from zendesk_source.settings.credentials import base_url_of
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
    ZendeskRefreshToken,
)
from zendesk_source.simulator import Account, Simulator

SECRET = "k9-nobody-is-to-see-this"
AROUND = ["{}\n", "{}\r\n", " {}", "\t{} ", "\ufeff{}", "\u200b{}", "\n\n{}\n\n"]
AROUND += ['"{}"', "'{}'\n"]
WITHIN = ["{}\n{}", "{} {}", "{}\r{}", "{}\x00{}"]
WITHIN += ["{}\u20ac{}", "{}\udc80{}", "{}\u2028{}", "{}\u00a0{}"]


@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_what_stands_around_a_secret_is_taken_off(around: str):
    given = around.format(SECRET)
    token = ZendeskOAuthToken(subdomain="acme", oauth_token=given, chat_token=given)
    assert auth_for(token).header() == f"Bearer {SECRET}"
    chat = chat_auth_for(token)
    assert chat is not None
    assert chat.header() == f"Bearer {SECRET}"
    pair = ZendeskApiToken(subdomain="acme", email="a@example.com\n", token=given)
    assert base64.b64decode(auth_for(pair).header().split()[1]) == (
        f"a@example.com/token:{SECRET}".encode()
    )
    client = ZendeskOAuthClient(subdomain="acme\n", client_id="etl\n", client_secret=given)
    auth_for(client)
    assert (client.client_id, client.client_secret) == ("etl", SECRET)
    assert base_url_of(client) == "https://acme.zendesk.com"


@pytest.mark.parametrize("within", WITHIN, ids=ascii)
@pytest.mark.parametrize(
    "credentials",
    [
        ZendeskOAuthToken(subdomain="acme"),
        ZendeskApiToken(subdomain="acme", email="a@example.com"),
        ZendeskOAuthClient(subdomain="acme", client_id="etl"),
        ZendeskRefreshToken(subdomain="acme", client_id="etl"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_cannot_be_sent_is_refused_and_not_shown(credentials, within: str):
    names = ("oauth_token", "token", "refresh_token", "client_secret")
    name = next(each for each in names if each in credentials.__dataclass_fields__)
    setattr(credentials, name, within.format(SECRET, SECRET))
    with pytest.raises(ConfigurationError, match=f"`{name}`") as refused:
        auth_for(credentials)
    assert SECRET not in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("email", ["a@example.com", "a@example.com/token", "a@example.com/Token "])
def test_an_address_may_be_given_as_other_tools_want_it(email: str):
    header = auth_for(ZendeskApiToken(subdomain="acme", email=email, token=SECRET)).header()
    assert base64.b64decode(header.split()[1]).decode() == f"a@example.com/token:{SECRET}"


def test_a_password_is_told_to_be_of_no_use():
    credentials = ZendeskApiToken(subdomain="acme", email="a@example.com/password", token=SECRET)
    with pytest.raises(ConfigurationError, match="passwords no longer work"):
        auth_for(credentials)


KINDS: list[Mapping[str, str]] = [
    {"OAUTH_TOKEN": SECRET + "\nX-Injected: " + SECRET},
    {"EMAIL": "a@example.com", "TOKEN": f"{SECRET}\n{SECRET}"},
    {"CLIENT_ID": "etl", "CLIENT_SECRET": f"{SECRET} {SECRET}"},
    {"OAUTH_TOKEN": "t", "CHAT_TOKEN": f"{SECRET}\u20ac"},
]


@pytest.mark.parametrize("given", KINDS, ids=lambda given: "+".join(given))
@pytest.mark.parametrize("verbose", [(), ("--verbose",)])
def test_the_command_shows_nothing_of_it(
    given: Mapping[str, str],
    verbose: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    for name, value in {"SUBDOMAIN": "acme", **given}.items():
        monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name}", value)
    assert main(["--streams", "groups", *verbose]) == 2
    printed = "".join(capfd.readouterr())
    assert "cannot be sent" in printed
    assert SECRET not in printed


def test_a_library_that_quotes_a_secret_is_not_heard(
    small_account: Account, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    def quoting(*args: object) -> None:
        raise ValueError(f"Invalid header: Bearer {SECRET}, {SECRET!r}")

    monkeypatch.setattr(Wire, "_send", quoting)
    with Simulator(small_account, oauth_token=SECRET) as zendesk:
        for name, value in {"OAUTH_TOKEN": SECRET, "BASE_URL": zendesk.base_url}.items():
            monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name}", value)
        monkeypatch.setenv("SOURCES__ZENDESK__CREDENTIALS__SUBDOMAIN", "acme")
        for options in ((), ("--verbose",), ("--log-format", "json")):
            assert main(["--streams", "groups", *options]) == 1
    printed = "".join(capfd.readouterr())
    assert "Invalid header" in printed
    assert SECRET not in printed


SAID = {
    "postgresql://me:s3cret/x@host:5432/db failed": "s3cret",
    "password='a b c' host=x": "a b c",
    'could not parse "password": "s3cret", "host": "x"': "s3cret",
    "FATAL: pwd=s3cret;": "s3cret",
    "Authorization: Basic czNjcmV0": "czNjcmV0",
    "api key: s3cret": "s3cret",
}


@pytest.mark.parametrize("text", SAID)
def test_what_looks_like_a_secret_is_taken_out(text: str):
    assert SAID[text] not in without_secrets(text)


def test_a_known_secret_is_taken_out_in_every_spelling():
    keep_out("line one\nline two/+")
    quoted = "line%20one%0Aline%20two%2F%2B"
    for spelling in ("line one\nline two/+", r"line one\nline two/+", quoted):
        assert without_known_secrets(f"<{spelling}>") == "<...>"
    keep_out("t", "")
    assert without_known_secrets("a text") == "a text"
