"""Who is asking: API tokens, OAuth access tokens, and the endpoint that issues them."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from zendesk_source.api.clock import Clock
from zendesk_source.simulator.answers import (
    INVALID_TOKEN,
    UNAUTHENTICATED,
    Answer,
    Refusal,
    json_answer,
)

ACCESS_SECONDS = 172_800
ACCESS_RANGE_SECONDS = (300, 172_800)
REFRESH_SECONDS = 2_592_000
REFRESH_RANGE_SECONDS = (604_800, 7_776_000)

Caller = Literal["agent", "anonymous"]


@dataclass
class _Grant:
    scope: str
    access_token: str
    access_until: float
    refresh_token: str = ""
    refresh_until: float = 0.0


class Credentials:
    """Knows every credential that is good now.

    Args:
        clock: Time, by which tokens expire.
        api_token: E-mail address and token of Basic authentication.
        oauth_client: Client id and secret.
        oauth_token: A Bearer token that never expires; none if empty.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        api_token: tuple[str, str],
        oauth_client: tuple[str, str],
        oauth_token: str,
    ) -> None:
        self._clock = clock
        self.api_token, self.oauth_client, self.oauth_token = api_token, oauth_client, oauth_token
        self._grants: list[_Grant] = []
        self._lock = threading.Lock()

    def caller(self, authorization: str | None) -> Caller:
        """Return who asks.

        Raises:
            Refusal: The credentials are wrong. Missing ones, and passwords, make the caller
                anonymous instead.
        """
        kind, _, value = (authorization or "").partition(" ")
        if kind.lower() == "bearer":
            if not self._is_good_bearer(value.strip()):
                raise Refusal(INVALID_TOKEN)
            return "agent"
        if kind.lower() != "basic":
            return "anonymous"
        try:
            user, _, token = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Refusal(UNAUTHENTICATED) from None
        if not user.endswith("/token"):
            return "anonymous"
        if (user.removesuffix("/token"), token) != self.api_token:
            raise Refusal(UNAUTHENTICATED)
        return "agent"

    def issue_refresh_token(self, *, scope: str = "read") -> str:
        """Return a refresh token, as if an admin had just authorized the client."""
        with self._lock:
            return self._grant(scope, {}, with_refresh=True).refresh_token

    def revoke_all(self) -> None:
        """Revoke every token that the OAuth endpoint has issued."""
        with self._lock:
            self._grants.clear()

    def answer(self, body: bytes) -> Answer:
        """Answer a request for a token."""
        try:
            wish = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _oauth_error(400, "invalid_request", "The request body is not JSON.")
        if not isinstance(wish, dict):
            return _oauth_error(400, "invalid_request", "The request body is not an object.")
        if (wish.get("client_id"), wish.get("client_secret")) != self.oauth_client:
            return _oauth_error(401, "invalid_client", "Client authentication failed.")
        with self._lock:
            if wish.get("grant_type") == "client_credentials":
                return _granted(self._grant(str(wish.get("scope", "read")), wish), self._now())
            if wish.get("grant_type") == "refresh_token":
                return self._refreshed(wish)
        return _oauth_error(400, "unsupported_grant_type", "The grant type is not supported.")

    def _refreshed(self, wish: dict[str, Any]) -> Answer:
        for grant in self._grants:
            is_it = grant.refresh_token and grant.refresh_token == wish.get("refresh_token")
            if is_it and grant.refresh_until > self._now():
                # The old pair stops working at once (reference A.3).
                self._grants.remove(grant)
                return _granted(self._grant(grant.scope, wish, with_refresh=True), self._now())
        return _oauth_error(
            400,
            "invalid_grant",
            "The provided authorization grant is invalid, expired, revoked, does not match the "
            "redirection URI used in the authorization request, or was issued to another client.",
        )

    def _grant(self, scope: str, wish: dict[str, Any], *, with_refresh: bool = False) -> _Grant:
        lasts = _within(wish.get("expires_in"), ACCESS_SECONDS, ACCESS_RANGE_SECONDS)
        grant = _Grant(scope, secrets.token_hex(32), self._now() + lasts)
        if with_refresh:
            lasts = _within(
                wish.get("refresh_token_expires_in"), REFRESH_SECONDS, REFRESH_RANGE_SECONDS
            )
            grant.refresh_token = secrets.token_hex(32)
            grant.refresh_until = self._now() + lasts
        self._grants.append(grant)
        return grant

    def _is_good_bearer(self, token: str) -> bool:
        if token and token == self.oauth_token:
            return True
        with self._lock:
            now = self._now()
            return any(
                grant.access_token == token and grant.access_until > now for grant in self._grants
            )

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _within(seconds: Any, default: int, allowed: tuple[int, int]) -> int:
    if not isinstance(seconds, int):
        return default
    return max(allowed[0], min(allowed[1], seconds))


def _granted(grant: _Grant, now: float) -> Answer:
    body: dict[str, Any] = {"access_token": grant.access_token}
    if grant.refresh_token:
        body["refresh_token"] = grant.refresh_token
    lasts_seconds = round(grant.access_until - now)
    body.update({"token_type": "bearer", "scope": grant.scope, "expires_in": lasts_seconds})
    if grant.refresh_token:
        body["refresh_token_expires_in"] = round(grant.refresh_until - now)
    return json_answer(200, body, {"Cache-Control": "no-store"})


def _oauth_error(status: int, error: str, description: str) -> Answer:
    return json_answer(status, {"error": error, "error_description": description})
