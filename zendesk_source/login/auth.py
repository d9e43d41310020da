"""Which Authorization header is sent, and how many threads share its renewal.

Source: https://developer.zendesk.com/api-reference/introduction/security-and-auth/
"""

from __future__ import annotations

import base64
import logging
import threading
from dataclasses import dataclass, field

from zendesk_source.api.auth import Auth
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.api.transport.wire import Wire
from zendesk_source.login.grants import (
    AccessToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    TokenSource,
)
from zendesk_source.login.redaction import keep_out
from zendesk_source.login.token_endpoint import TokenEndpoint
from zendesk_source.login.token_file import TokenFile
from zendesk_source.settings.credentials import (
    API_TOKENS_END,
    SECRETS,
    ApiToken,
    Credentials,
    OAuthToken,
    RefreshToken,
    base_url_of,
    tidy,
    token_file_of,
)

logger = logging.getLogger(__name__)

_api_token_warning = threading.Lock()  # taken once, never released: one warning a process


@dataclass(frozen=True, slots=True)
class StaticAuth:
    """A header that never changes: an API token, or an access token made elsewhere."""

    value: str = field(repr=False)
    remedy: str

    def header(self) -> str:
        """Return the header."""
        return self.value

    def renew(self, refused_header: str) -> bool:
        """Return ``False``: there is nothing to renew."""
        return False


class OAuth:
    """Bearer tokens from a ``TokenSource``, renewed once for all threads that need it."""

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
                # The file may still call it fresh, if the clock was set back after it was written.
                self._token = self._source.ask("" if self._token is None else self._token.header)
            return self._token.header

    def renew(self, refused_header: str) -> bool:
        """Replace the refused token, unless another thread has done so."""
        with self._lock:
            if self._token is None or self._token.header == refused_header:
                self._token = self._source.ask(refused_header)
            return True


def auth_for(
    credentials: Credentials,
    base_url: str = "",
    clock: Clock | None = None,
    *,
    wire: Wire | None = None,
    on_wait: OnWait | None = None,
) -> Auth:
    """Return what makes the header for some credentials; nothing is sent yet.

    Args:
        credentials: Credentials of any kind.
        base_url: Address of the account; taken from the credentials if empty.
        clock: Time and the way to wait.
        wire: Sends the requests for tokens; a new one if left out.
        on_wait: Called with the reason and the seconds before a request for tokens waits.
    """
    tidy(credentials)
    keep_out(*(str(getattr(credentials, name, "") or "") for name in SECRETS))
    if isinstance(credentials, OAuthToken):
        return StaticAuth(
            f"Bearer {credentials.oauth_token}",
            remedy="The OAuth token has expired or was revoked: make a new one and set"
            " `oauth_token`, or use `client_id` and `client_secret`, which renew their token.",
        )
    if isinstance(credentials, ApiToken):
        return _api_token_auth(credentials)
    clock = clock or SystemClock()
    endpoint = TokenEndpoint(
        base_url or base_url_of(credentials),
        clock=clock,
        wire=wire,
        on_wait=on_wait,
    )
    fields = {
        "client_id": credentials.client_id,
        "client_secret": str(credentials.client_secret or ""),
        "scope": credentials.scope,
    }
    if isinstance(credentials, RefreshToken):
        file = TokenFile(token_file_of(credentials), clock, on_wait)
        given = str(credentials.refresh_token or "")
        return OAuth(RefreshTokenGrant(endpoint, file, fields, given), clock)
    return OAuth(ClientCredentialsGrant(endpoint, fields), clock)


def chat_auth_for(credentials: Credentials) -> Auth | None:
    """Return what makes Chat's header; None if Chat has no token of its own."""
    tidy(credentials)
    if not credentials.chat_token:
        return None
    return StaticAuth(
        f"Bearer {credentials.chat_token}",
        remedy="`chat_token` has expired or was revoked, or lacks the scopes of Chat: make a new"
        " one with an OAuth client of Chat.",
    )


def _api_token_auth(credentials: ApiToken) -> StaticAuth:
    if _api_token_warning.acquire(blocking=False):
        logger.warning(
            "Zendesk switches API tokens off on %s. Make an OAuth client in Admin"
            " Center and set `client_id` and `client_secret` in place of `email` and `token`.",
            f"{API_TOKENS_END:%d %B %Y}",
        )
    pair = base64.b64encode(f"{credentials.email}/token:{credentials.token}".encode()).decode()
    keep_out(pair)
    return StaticAuth(
        f"Basic {pair}",
        remedy="Check `email` and `token`, and that token access is on in Admin Center;"
        " a token unused for 30 days deactivates itself.",
    )
