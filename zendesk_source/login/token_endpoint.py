"""How tokens are asked for at ``POST /oauth/tokens``, and how often if the server fails.

Source: https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import requests

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock, hearing
from zendesk_source.api.refusals import error_name
from zendesk_source.api.retry import RETRIED_STATUSES, RetryPolicy, retry_after_seconds
from zendesk_source.api.transport.wire import Limits, Reply, TransportFailed, Wire
from zendesk_source.errors import AuthenticationError, ConfigurationError, ServerUnavailable
from zendesk_source.login.redaction import keep_out

TOKEN_PATH = "/oauth/tokens"  # noqa: S105
_LIMITS = Limits(silence_seconds=60.0, answer_seconds=120.0, body_bytes=1024 * 1024)
_NAP_SECONDS = 1.0
_TOKEN = re.compile(r"[!-~]+")
"""What can be sent in a header."""

_LONGEST_LIFE_SECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that Zendesk gave.

    Attributes:
        access_token: Goes into the Authorization header.
        refresh_token: Renews both tokens, once; empty for the client credentials grant.
        expires_in: Seconds until the access token expires; ``None`` = never.
        refresh_expires_in: Seconds until the refresh token expires; ``None`` = unknown.
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
    """What a message says when Zendesk gives no tokens.

    Attributes:
        subject: What was refused, such as ``the refresh token in /path``; may be empty.
        remedies: What to do, by Zendesk's name of the error.
        otherwise: What to do about any other error.
    """

    subject: str
    remedies: Mapping[str, str]
    otherwise: str


class TokenEndpoint:
    """The token endpoint of one account.

    Args:
        base_url: Address of the account.
        clock: Time and the way to wait.
        wire: Sends the requests; a new one if left out.
        retry: How often and how long to try an endpoint that fails.
        on_wait: Called with the reason and the seconds before it asks again.
    """

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        wire: Wire | None = None,
        retry: RetryPolicy | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        self.base_url = base_url
        self.clock = hearing(clock)
        self.has_patience = True
        self._wire = wire or Wire()
        self._retry = retry or RetryPolicy()
        self._on_wait = on_wait

    def ask(self, wish: Mapping[str, object], refusals: Refusals) -> Tokens:
        """Ask for tokens.

        Args:
            wish: Fields of the request; empty ones are left out.
            refusals: What to say if Zendesk refuses.

        Raises:
            AuthenticationError: Zendesk refuses.
            ConfigurationError: There is no token endpoint at this address.
            ServerUnavailable: The token endpoint kept failing, or kept answering with what is
                no token.
            Stopped: The sync is over.
        """
        body = orjson.dumps({name: value for name, value in wish.items() if value})
        patience_seconds, last = self._retry.longest_wait_seconds, ""
        for failures in range(1, self._retry.attempts + 1):
            asked_at = self.clock.monotonic()
            reply, last = self._post(body)
            if reply is not None and reply.status not in {429, *RETRIED_STATUSES}:
                tokens = _tokens_of(reply, asked_at, refusals)
                if tokens is not None:
                    return tokens
                last = f"{reply.status} and no token"
            if failures < self._retry.attempts and self.has_patience:
                patience_seconds -= self._wait(reply, last, failures, patience_seconds)
            if not self.has_patience or patience_seconds <= 0:
                break
        raise ServerUnavailable(
            f"{TOKEN_PATH} gave no token in {failures} attempts, the last time with {last}.",
            "Try again later; nothing was loaded.",
        )

    def _post(self, body: bytes) -> tuple[Reply | None, str]:
        """Return the answer, and what it was, or what went wrong if there is none."""
        request = requests.Request(
            "POST",
            self.base_url + TOKEN_PATH,
            data=body,
            headers={"Content-Type": "application/json"},
            auth=lambda prepared: prepared,  # or a .netrc would add its own
        )
        self.clock.check()
        answer_seconds = min(_LIMITS.answer_seconds, self.clock.seconds_left)
        try:
            reply = self._wire.send(request, replace(_LIMITS, answer_seconds=answer_seconds))
        except TransportFailed as failed:
            why = failed.unreachable
            return None, str(failed) if why is None else f"{failed}: {why.what.rstrip('.')}"
        return reply, f"{reply.status} {error_name(reply.body)}".rstrip()

    def _wait(self, reply: Reply | None, last: str, failures: int, most_seconds: float) -> float:
        """Wait before the next attempt; return the seconds of it that Zendesk asked for."""
        asked = None if reply is None else retry_after_seconds(reply.headers, self.clock.now())
        wait_seconds = self._retry.backoff_seconds(failures)
        if asked is not None:
            wait_seconds = min(asked, most_seconds)
        if self._on_wait is not None:
            self._on_wait(f"{TOKEN_PATH}: {last}", wait_seconds)
        left_seconds = wait_seconds
        while left_seconds > 0 and self.has_patience:  # which ends with a Ctrl-C
            nap_seconds = min(left_seconds, _NAP_SECONDS)
            self.clock.sleep(nap_seconds)
            left_seconds -= nap_seconds
        return 0.0 if asked is None else wait_seconds


def _tokens_of(reply: Reply, asked_at: float, refusals: Refusals) -> Tokens | None:
    """Return the tokens of an answer; None for an answer that is neither tokens nor a refusal."""
    answer, name = _json_object(reply.body), error_name(reply.body)
    if 200 <= reply.status < 300 and not name:
        return _as_tokens(answer, asked_at)
    is_redirect = 300 <= reply.status < 400 and "Location" in reply.headers
    if is_redirect or (reply.status == 404 and not name):
        raise ConfigurationError(
            f"{TOKEN_PATH} answered {reply.status}: no account at this address.",
            "Set `subdomain` to the first part of the address agents use.",
        )
    if not 400 <= reply.status < 500 and not name:
        return None
    subject = f" to {refusals.subject}" if refusals.subject else ""
    raise AuthenticationError(
        f"{TOKEN_PATH} answered {reply.status}{f' {name}' if name else ''}{subject}.",
        refusals.remedies.get(name, refusals.otherwise),
    )


def _as_tokens(answer: Mapping[str, Any], asked_at: float) -> Tokens | None:
    token, refresh_token = answer.get("access_token"), answer.get("refresh_token") or ""
    if not isinstance(token, str) or not isinstance(refresh_token, str):
        return None
    if not _TOKEN.fullmatch(token) or not _TOKEN.fullmatch(refresh_token or "-"):
        return None
    keep_out(token, refresh_token)
    return Tokens(
        access_token=token,
        refresh_token=refresh_token,
        # Clients of before 2026 may still get tokens that never expire: null.
        expires_in=_seconds(answer.get("expires_in")),
        refresh_expires_in=_seconds(answer.get("refresh_token_expires_in")),
        scope=str(answer.get("scope") or ""),
        asked_at=asked_at,
    )


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= _LONGEST_LIFE_SECONDS else None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
