"""How ``login`` goes: the browser is asked once, and every later run renews the stored tokens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlt.common.configuration.resolve import resolve_configuration

from zendesk_source.api.budget import OnWait
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.api.standing import Identity, whoami
from zendesk_source.api.transport.wire import Wire
from zendesk_source.errors import ConfigurationError, StreamRefused
from zendesk_source.login.auth import StaticAuth
from zendesk_source.login.authorization import CALLBACK_PATH, Authorization, callback
from zendesk_source.login.grants import fingerprint, pair_of
from zendesk_source.login.token_endpoint import TokenEndpoint
from zendesk_source.login.token_file import TokenFile, TokenPair
from zendesk_source.settings.credentials import base_url_of, token_file_of
from zendesk_source.settings.dlt_credentials import ZendeskRefreshToken


@dataclass(frozen=True, slots=True)
class Login:
    """The result of a login.

    Attributes:
        pair: The tokens as they are stored.
        file: The file that stores them.
        user: Who allowed it; None if the scope does not let us ask.
    """

    pair: TokenPair
    file: Path
    user: Identity | None


def login_settings(**given: str | None) -> ZendeskRefreshToken:
    """Return the account and the client to log in with.

    Args:
        given: Fields that replace those of the configuration; None leaves a field as it is.

    Raises:
        ConfigurationError: The account or the client is not known.
    """
    explicit: dict[str, Any] = {name: value for name, value in given.items() if value}
    settings = resolve_configuration(
        ZendeskRefreshToken(),
        sections=("sources", "zendesk", "zendesk"),
        explicit_value=explicit,
        accept_partial=True,
    )
    needed = {"--subdomain": settings.subdomain, "--client-id": settings.client_id}
    missing = [option for option, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            "--subdomain is the part before .zendesk.com in your address, and --client-id the"
            " identifier of an OAuth client: docs/credentials.md says how to make one.",
        )
    return settings


def log_in(
    settings: ZendeskRefreshToken,
    port: int,
    ask_person: Callable[[str], None],
    *,
    timeout_seconds: float,
    on_wait: OnWait | None = None,
    clock: Clock | None = None,
) -> Login:
    """Ask a person, and store the tokens before anything is asked with them.

    Args:
        settings: From ``login_settings``.
        port: The port of this machine that is registered with the OAuth client.
        ask_person: Called with the address where a person can allow it; returns at once.
        timeout_seconds: How long to wait for the person.
        on_wait: Called with the reason and the seconds before a request for tokens waits.
        clock: Time and the way to wait.

    Raises:
        AuthenticationError: The person or Zendesk says no, or nobody answers.
        ConfigurationError: The tokens could not be stored, or the port is taken.
    """
    clock = clock or SystemClock()
    base_url = base_url_of(settings)
    wire = Wire()
    endpoint = TokenEndpoint(base_url, clock=clock, wire=wire, on_wait=on_wait)
    file = TokenFile(token_file_of(settings), clock, on_wait)
    with file.locked():
        file.reserve()  # before a person is bothered
    question = Authorization(
        base_url,
        settings.client_id,
        settings.scope or "read",
        f"http://127.0.0.1:{port}{CALLBACK_PATH}",
    )
    with callback(port, question.state) as wait_for_code:
        ask_person(question.url)
        code = wait_for_code(timeout_seconds)
    tokens = question.redeem(code, endpoint, str(settings.client_secret or ""))
    # A refresh token that is in the settings now is older than this login.
    seed = fingerprint(str(settings.refresh_token or ""))
    pair = pair_of(tokens, base_url, settings.client_id, clock.now(), seed)
    with file.locked():
        file.store(pair)
    user = None
    with suppress(StreamRefused):  # a narrow scope may not cover this question
        auth = StaticAuth(f"Bearer {tokens.access_token}", remedy="Start the login again.")
        user = whoami(ZendeskClient(base_url, auth, clock=clock, on_wait=on_wait, wire=wire))
    return Login(pair, file.path, user)
