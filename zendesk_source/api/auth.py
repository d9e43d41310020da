"""The Authorization header, and its renewal while many threads are asking.

Source: https://developer.zendesk.com/api-reference/introduction/security-and-auth/
"""

from __future__ import annotations

import base64
import logging
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import requests

from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.api.credentials import (
    ZendeskApiToken,
    ZendeskCredentials,
    ZendeskOAuthToken,
    base_url_of,
)
from zendesk_source.api.refusals import error_name
from zendesk_source.api.retry import RETRIED_STATUSES, RetryPolicy, retry_after_seconds
from zendesk_source.api.transport import CONNECT_TIMEOUT_SECONDS, new_session
from zendesk_source.errors import AuthenticationError, ConfigurationError, ServerUnavailable

logger = logging.getLogger(__name__)

_TOKEN_PATH = "/oauth/tokens"  # noqa: S105
_RENEWED_BEFORE_EXPIRY_SECONDS = 60.0
_TOKEN_LIFE_SECONDS = 7_200
_READ_TIMEOUT_SECONDS = 60.0
_REMEDY_BY_GRANT_ERROR = {
    "invalid_client": "Check `client_id` and `client_secret`; the client must be confidential.",
    "invalid_grant": "The owner of the OAuth client must be an active admin of this account.",
    "invalid_scope": "Set `scope` to one the OAuth client may ask for, such as `read`.",
    "unauthorized_client": "The OAuth client must allow the client credentials grant.",
}
_api_token_warning = threading.Lock()  # taken once, never released: one warning a process


class Auth(Protocol):
    """Who the requests come from."""

    @property
    def remedy(self) -> str:
        """What the reader can do when Zendesk does not accept the header."""

    def header(self) -> str:
        """Return the value of the Authorization header, renewed if it is about to expire."""

    def renew(self, refused_header: str) -> bool:
        """Get a new header after a 401; return whether asking again makes sense.

        Args:
            refused_header: The header that was refused; when another thread has replaced it
                already, nothing is asked for.
        """


@dataclass(frozen=True, slots=True)
class StaticAuth:
    """A header that stays what it is: an API token, or an access token made elsewhere."""

    value: str = field(repr=False)
    remedy: str

    def header(self) -> str:
        """Return the header."""
        return self.value

    def renew(self, refused_header: str) -> bool:
        """Return ``False``: there is nothing to renew."""
        return False


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token and its end of life.

    Attributes:
        header: Value of the Authorization header.
        expires_at: Stopwatch time; ``None`` = never.
    """

    header: str = field(repr=False)
    expires_at: float | None

    def is_fresh(self, now: float) -> bool:
        """Whether it will outlive the next request."""
        return self.expires_at is None or now < self.expires_at - _RENEWED_BEFORE_EXPIRY_SECONDS


class TokenSource(Protocol):
    """Where access tokens come from: a grant of the OAuth 2 family."""

    @property
    def remedy(self) -> str:
        """What the reader can do when Zendesk gives no token, or refuses one."""

    def ask(self) -> AccessToken:
        """Ask Zendesk for a new token."""


class OAuth:
    """Bearer tokens from a ``TokenSource``: one renewal, however many threads need it."""

    def __init__(self, source: TokenSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self.remedy = source.remedy

    def header(self) -> str:
        """Return the header, from a new token when the one at hand is about to expire."""
        with self._lock:
            if self._token is None or not self._token.is_fresh(self._clock.monotonic()):
                self._token = self._source.ask()
            return self._token.header

    def renew(self, refused_header: str) -> bool:
        """Replace the refused token, unless another thread has done so."""
        with self._lock:
            if self._token is None or self._token.header == refused_header:
                self._token = self._source.ask()
            return True


class ClientCredentialsGrant:
    """Access tokens of a confidential OAuth client of the account.

    Args:
        base_url: Of the account.
        fields: ``client_id``, ``client_secret`` and ``scope``.
        clock: Time and the way to wait.
        session: To send with.
        retry: Patience with a token endpoint that fails.
    """

    remedy = "Check that the OAuth client and its owner are still active in Admin Center."

    def __init__(
        self,
        base_url: str,
        fields: dict[str, str],
        *,
        clock: Clock,
        session: requests.Session,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._url = base_url + _TOKEN_PATH
        self._fields = fields
        self._clock = clock
        self._session = session
        self._retry = retry or RetryPolicy()

    def ask(self) -> AccessToken:
        """Ask for a token, with patience for a server that fails.

        Raises:
            AuthenticationError: Zendesk refuses the client.
            ConfigurationError: There is no token endpoint at this address.
            ServerUnavailable: The token endpoint kept failing.
        """
        for failures in range(1, self._retry.attempts + 1):
            asked_at = self._clock.monotonic()
            response = self._post()
            if response is not None and response.status_code not in {429, *RETRIED_STATUSES}:
                return self._token_from(response, asked_at)
            wait_seconds = self._retry.backoff_seconds(failures)
            if response is not None:
                asked = retry_after_seconds(response.headers, self._clock.now())
                wait_seconds = wait_seconds if asked is None else asked
            if failures < self._retry.attempts:
                self._clock.sleep(wait_seconds)
        raise ServerUnavailable(
            f"{_TOKEN_PATH} gave no token in {self._retry.attempts} attempts.",
            "Try again later; nothing was loaded.",
        )

    def _post(self) -> requests.Response | None:
        request = {
            "grant_type": "client_credentials",
            "expires_in": _TOKEN_LIFE_SECONDS,
            **self._fields,
        }
        try:
            return self._session.post(
                self._url,
                data=orjson.dumps(request),
                headers={"Content-Type": "application/json"},
                timeout=(CONNECT_TIMEOUT_SECONDS, _READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                auth=lambda prepared: prepared,  # or a .netrc would add its own
            )
        except requests.RequestException:
            return None

    def _token_from(self, response: requests.Response, asked_at: float) -> AccessToken:
        answer = _json_object(response.content)
        token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if response.ok and isinstance(token, str) and token:
            # Clients of before 2026 may still get tokens that never expire: null.
            expires_at = None if not expires_in else asked_at + float(expires_in)
            return AccessToken(f"Bearer {token}", expires_at)
        name = error_name(response.content)
        if response.is_redirect or (response.status_code == 404 and not name):
            raise ConfigurationError(
                f"{_TOKEN_PATH} answered {response.status_code}: no account at this address.",
                "Set `subdomain` to the first part of the address agents use.",
            )
        raise AuthenticationError(
            f"{_TOKEN_PATH} answered {response.status_code}{f' {name}' if name else ''}.",
            _REMEDY_BY_GRANT_ERROR.get(name, self.remedy),
        )


def auth_for(
    credentials: ZendeskCredentials,
    base_url: str = "",
    clock: Clock | None = None,
    session: requests.Session | None = None,
) -> Auth:
    """Return the auth that goes with the credentials; nothing is sent yet.

    Args:
        credentials: Any of the three kinds.
        base_url: Of the account; from the credentials when empty.
        clock: Time and the way to wait.
        session: To ask for tokens with.
    """
    if isinstance(credentials, ZendeskOAuthToken):
        return StaticAuth(
            f"Bearer {credentials.oauth_token}",
            remedy="The OAuth token has expired or was revoked: make a new one and set"
            " `oauth_token`, or use `client_id` and `client_secret`, which renew themselves.",
        )
    if isinstance(credentials, ZendeskApiToken):
        return _api_token_auth(credentials)
    clock = clock or SystemClock()
    fields = {
        "client_id": credentials.client_id,
        "client_secret": str(credentials.client_secret),
        "scope": credentials.scope,
    }
    base_url = base_url or base_url_of(credentials)
    grant = ClientCredentialsGrant(base_url, fields, clock=clock, session=session or new_session())
    return OAuth(grant, clock)


def chat_auth_for(credentials: ZendeskCredentials) -> Auth | None:
    """Return who asks Chat, where it has a token of its own; None asks as everywhere else."""
    if not str(credentials.chat_token or "").strip():
        return None
    return StaticAuth(
        f"Bearer {credentials.chat_token}",
        remedy="`chat_token` has expired or was revoked, or lacks the scopes of Chat: make a new"
        " one with an OAuth client of Chat.",
    )


def _api_token_auth(credentials: ZendeskApiToken) -> StaticAuth:
    if _api_token_warning.acquire(blocking=False):
        logger.warning(
            "Zendesk switches API tokens off on 30 April 2027. Make an OAuth client in Admin"
            " Center and set `client_id` and `client_secret` in place of `email` and `token`."
        )
    pair = f"{credentials.email}/token:{credentials.token}".encode()
    return StaticAuth(
        f"Basic {base64.b64encode(pair).decode()}",
        remedy="Check `email` and `token`, and that token access is on in Admin Center;"
        " a token unused for 30 days deactivates itself.",
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
