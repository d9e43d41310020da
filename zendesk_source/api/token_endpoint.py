"""``POST /oauth/tokens``: asks for tokens, with patience for a server that fails.

Source: https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import requests

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.api.refusals import error_name
from zendesk_source.api.retry import RETRIED_STATUSES, RetryPolicy, retry_after_seconds
from zendesk_source.api.transport import CONNECT_TIMEOUT_SECONDS
from zendesk_source.errors import AuthenticationError, ConfigurationError, ServerUnavailable

TOKEN_PATH = "/oauth/tokens"  # noqa: S105
_READ_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Zendesk gave.

    Attributes:
        access_token: To ask with.
        refresh_token: To renew both with, once; empty for the client credentials grant.
        expires_in: Seconds the access token is good for; ``None`` = for ever.
        refresh_expires_in: Seconds the refresh token is good for; ``None`` = unknown.
        scope: What they may read.
        asked_at: Stopwatch time of the request that brought them.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float | None
    refresh_expires_in: float | None
    scope: str
    asked_at: float


@dataclass(frozen=True, slots=True)
class Refusals:
    """How to tell that Zendesk gives no tokens.

    Attributes:
        subject: What was refused, such as ``the refresh token in /path``; may be empty.
        remedies: What to do, by Zendesk's name of the error.
        otherwise: What to do about any other.
    """

    subject: str
    remedies: Mapping[str, str]
    otherwise: str


class TokenEndpoint:
    """The token endpoint of one account.

    Args:
        base_url: Of the account.
        clock: Time and the way to wait.
        session: To send with.
        retry: Patience with an endpoint that fails.
        on_wait: Told why and how long it waits before it asks again.
    """

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        session: requests.Session,
        retry: RetryPolicy | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        self.base_url = base_url
        self.clock = clock
        self.has_patience = True
        self._session = session
        self._retry = retry or RetryPolicy()
        self._on_wait = on_wait

    def ask(self, wish: Mapping[str, object], refusals: Refusals) -> Tokens:
        """Ask for tokens.

        Args:
            wish: The request; empty fields are left out.
            refusals: How to tell a refusal.

        Raises:
            AuthenticationError: Zendesk refuses.
            ConfigurationError: There is no token endpoint at this address.
            ServerUnavailable: The token endpoint kept failing.
        """
        body = orjson.dumps({name: value for name, value in wish.items() if value})
        for failures in range(1, self._retry.attempts + 1):
            asked_at = self.clock.monotonic()
            response = self._post(body)
            if response is not None and response.status_code not in {429, *RETRIED_STATUSES}:
                return _tokens_of(response, asked_at, refusals)
            if not self.has_patience:
                break
            if failures < self._retry.attempts:
                self._wait(response, failures)
        raise ServerUnavailable(
            f"{TOKEN_PATH} gave no token in {self._retry.attempts} attempts.",
            "Try again later; nothing was loaded.",
        )

    def _post(self, body: bytes) -> requests.Response | None:
        try:
            return self._session.post(
                self.base_url + TOKEN_PATH,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=(CONNECT_TIMEOUT_SECONDS, _READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                auth=lambda prepared: prepared,  # or a .netrc would add its own
            )
        except requests.RequestException:
            return None

    def _wait(self, response: requests.Response | None, failures: int) -> None:
        wait_seconds = self._retry.backoff_seconds(failures)
        reason = "no answer"
        if response is not None:
            asked = retry_after_seconds(response.headers, self.clock.now())
            wait_seconds = wait_seconds if asked is None else asked
            reason = f"answered {response.status_code}"
        if self._on_wait is not None:
            self._on_wait(f"{TOKEN_PATH}: {reason}", wait_seconds)
        self.clock.sleep(wait_seconds)


def _tokens_of(response: requests.Response, asked_at: float, refusals: Refusals) -> Tokens:
    answer = _json_object(response.content)
    token = answer.get("access_token")
    if response.ok and isinstance(token, str) and token:
        return Tokens(
            access_token=token,
            refresh_token=str(answer.get("refresh_token") or ""),
            # Clients of before 2026 may still get tokens that never expire: null.
            expires_in=_seconds(answer.get("expires_in")),
            refresh_expires_in=_seconds(answer.get("refresh_token_expires_in")),
            scope=str(answer.get("scope") or ""),
            asked_at=asked_at,
        )
    name = error_name(response.content)
    if response.is_redirect or (response.status_code == 404 and not name):
        raise ConfigurationError(
            f"{TOKEN_PATH} answered {response.status_code}: no account at this address.",
            "Set `subdomain` to the first part of the address agents use.",
        )
    subject = f" to {refusals.subject}" if refusals.subject else ""
    raise AuthenticationError(
        f"{TOKEN_PATH} answered {response.status_code}{f' {name}' if name else ''}{subject}.",
        refusals.remedies.get(name, refusals.otherwise),
    )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value else None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
