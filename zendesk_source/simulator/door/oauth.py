"""Decide who is asking: API tokens, OAuth access tokens, and the endpoints that issue them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from zendesk_source.api.clock import Clock
from zendesk_source.simulator.door.oauth_scopes import covers, scope_missing
from zendesk_source.simulator.pages.answers import (
    HTML_TYPE,
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
CODE_SECONDS = 120
CHAT = "/api/v2/chat/"

Caller = Literal["agent", "anonymous"]


@dataclass
class _Grant:
    client_id: str
    scope: str
    access_token: str
    access_until: float
    refresh_token: str = ""
    refresh_until: float = 0.0


@dataclass
class _Code:
    """An authorization code, good for one use within two minutes."""

    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    until: float


@dataclass
class OAuthRules:
    """How the simulated account treats OAuth clients; a test may change it at any time.

    Attributes:
        public_client: Identifier of a client without a secret, which must use PKCE.
        redirect_uris: The registered redirect URLs; a request must match one exactly.
        scopes: Scopes that clients may ask for; any if empty.
        denies: Whether the admin presses "Deny".
        refusal_status: Status of ``invalid_grant`` and ``invalid_client``; if 0 each has its own.
    """

    public_client: str = "public_client"
    redirect_uris: tuple[str, ...] = ("http://127.0.0.1:8976/callback",)
    scopes: tuple[str, ...] = ()
    denies: bool = False
    refusal_status: Literal[0, 400, 401] = 0


class Credentials:
    """Knows every credential that is valid now.

    Args:
        clock: Tells when tokens expire.
        api_token: E-mail address and token of Basic authentication.
        oauth_client: Client id and secret.
        oauth_token: A Bearer token that never expires; none if empty.
        chat_token: The only Bearer token that Chat accepts; if empty it accepts all others.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        api_token: tuple[str, str],
        oauth_client: tuple[str, str],
        oauth_token: str,
        chat_token: str = "",
    ) -> None:
        self._clock = clock
        self.api_token, self.oauth_client, self.oauth_token = api_token, oauth_client, oauth_token
        self.rules = OAuthRules()
        self.refreshes = 0
        self.chat_token = chat_token
        self._grants: list[_Grant] = []
        self._codes: dict[str, _Code] = {}
        self._lock = threading.Lock()

    def caller(self, authorization: str | None, path: str = "") -> Caller:
        """Return who asks.

        Args:
            authorization: Header of the request.
            path: Path of the request, which a token's scope must cover.

        Raises:
            Refusal: The credentials are wrong. Missing ones, and passwords, make the caller
                anonymous instead.
        """
        kind, _, value = (authorization or "").partition(" ")
        if self.chat_token and path.startswith(CHAT):
            if value.strip() != self.chat_token:
                raise Refusal(INVALID_TOKEN)
            return "agent"
        if kind.lower() == "bearer":
            self._check_bearer(value.strip(), path)
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

    def issue_refresh_token(self, *, scope: str = "read", client_id: str = "") -> str:
        """Return a refresh token, as if an admin had just authorized the client."""
        client_id = client_id or self.oauth_client[0]
        with self._lock:
            return self._grant(client_id, scope, {}, with_refresh=True).refresh_token

    def revoke_all(self) -> None:
        """Revoke every token that the OAuth endpoint has issued."""
        with self._lock:
            self._grants.clear()

    def tokens(self) -> list[str]:
        """Return every valid token, none of which may ever be in a log."""
        with self._lock:
            pairs = [(grant.access_token, grant.refresh_token) for grant in self._grants]
        return [token for pair in pairs for token in pair if token]

    def authorize(self, query: Mapping[str, str]) -> Answer:
        """Answer for the page where an admin allows a client; nobody is asked, so it is at once."""
        uri = query.get("redirect_uri", "")
        is_known = query.get("client_id") in (self.oauth_client[0], self.rules.public_client)
        if not is_known or uri not in self.rules.redirect_uris:
            return Answer(400, b"<h1>Invalid Authorization Request</h1>", HTML_TYPE)
        problem = self._problem_of(query)
        answer = {"error": problem} if problem else {"code": self._code_for(query, uri)}
        if "state" in query:
            answer["state"] = query["state"]
        return Answer(302, b"", HTML_TYPE, {"Location": f"{uri}?{urlencode(answer)}"})

    def _problem_of(self, query: Mapping[str, str]) -> str:
        is_public = query["client_id"] == self.rules.public_client
        has_challenge = query.get("code_challenge_method") == "S256" and "code_challenge" in query
        if query.get("response_type") != "code":
            return "unsupported_response_type"
        if is_public and not has_challenge:
            return "invalid_request"
        if not self._may_have(query.get("scope", "read")):
            return "invalid_scope"
        return "access_denied" if self.rules.denies else ""

    def _code_for(self, query: Mapping[str, str], uri: str) -> str:
        code = secrets.token_hex(16)
        until = self._now() + CODE_SECONDS
        scope, challenge = query.get("scope", "read"), query.get("code_challenge", "")
        with self._lock:
            self._codes[code] = _Code(query["client_id"], uri, scope, challenge, until)
        return code

    def answer(self, body: bytes) -> Answer:
        """Answer a request for a token."""
        try:
            wish = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _oauth_error(400, "invalid_request", "The request body is not JSON.")
        if not isinstance(wish, dict):
            return _oauth_error(400, "invalid_request", "The request body is not an object.")
        if not self._is_client(wish):
            return self._refused(401, "invalid_client", "Client authentication failed.")
        if not self._may_have(str(wish.get("scope", "read"))):
            return _oauth_error(400, "invalid_scope", "The requested scope is invalid.")
        with self._lock:
            grant = self._granted_for(wish)
        if isinstance(grant, Answer):
            return grant
        return _granted(grant, self._now())

    def _is_client(self, wish: dict[str, Any]) -> bool:
        if wish.get("client_id") == self.rules.public_client and "client_secret" not in wish:
            return wish.get("grant_type") != "client_credentials"
        return (wish.get("client_id"), wish.get("client_secret")) == self.oauth_client

    def _may_have(self, scope: str) -> bool:
        return not self.rules.scopes or set(scope.split()) <= set(self.rules.scopes)

    def _granted_for(self, wish: dict[str, Any]) -> _Grant | Answer:
        kind, client_id = wish.get("grant_type"), str(wish["client_id"])
        if kind == "client_credentials":
            return self._grant(client_id, str(wish.get("scope", "read")), wish)
        if kind == "refresh_token":
            return self._refreshed(client_id, wish)
        if kind == "authorization_code":
            return self._authorized(client_id, wish)
        return _oauth_error(400, "unsupported_grant_type", "The grant type is not supported.")

    def _refreshed(self, client_id: str, wish: dict[str, Any]) -> _Grant | Answer:
        for grant in self._grants:
            is_it = grant.refresh_token and grant.refresh_token == wish.get("refresh_token")
            if is_it and grant.client_id == client_id and grant.refresh_until > self._now():
                # The old pair stops working at once (reference A.3).
                self._grants.remove(grant)
                self.refreshes += 1
                return self._grant(client_id, grant.scope, wish, with_refresh=True)
        return self._invalid_grant()

    def _authorized(self, client_id: str, wish: dict[str, Any]) -> _Grant | Answer:
        code = self._codes.pop(str(wish.get("code")), None)
        if code is None or code.until <= self._now():
            return self._invalid_grant()
        is_same = (code.client_id, code.redirect_uri) == (client_id, wish.get("redirect_uri"))
        if not is_same or (code.challenge and _challenge(wish) != code.challenge):
            return self._invalid_grant()
        return self._grant(client_id, code.scope, wish, with_refresh=True)

    def _invalid_grant(self) -> Answer:
        return self._refused(
            400,
            "invalid_grant",
            "The provided authorization grant is invalid, expired, revoked, does not match the "
            "redirection URI used in the authorization request, or was issued to another client.",
        )

    def _refused(self, status: int, error: str, description: str) -> Answer:
        return _oauth_error(self.rules.refusal_status or status, error, description)

    def _grant(
        self, client_id: str, scope: str, wish: dict[str, Any], *, with_refresh: bool = False
    ) -> _Grant:
        lasts = _within(wish.get("expires_in"), ACCESS_SECONDS, ACCESS_RANGE_SECONDS)
        grant = _Grant(client_id, scope, secrets.token_hex(32), self._now() + lasts)
        if with_refresh:
            lasts = _within(
                wish.get("refresh_token_expires_in"), REFRESH_SECONDS, REFRESH_RANGE_SECONDS
            )
            grant.refresh_token = secrets.token_hex(32)
            grant.refresh_until = self._now() + lasts
        self._grants.append(grant)
        return grant

    def _check_bearer(self, token: str, path: str) -> None:
        if token and token == self.oauth_token:
            return
        with self._lock:
            now = self._now()
            scopes = [
                grant.scope
                for grant in self._grants
                if grant.access_token == token and grant.access_until > now
            ]
        if not scopes:
            raise Refusal(INVALID_TOKEN)
        if path and not covers(scopes[0], path):
            raise Refusal(scope_missing())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _challenge(wish: Mapping[str, Any]) -> str:
    """Return the S256 challenge of a verifier: https://www.rfc-editor.org/rfc/rfc7636#section-4.2."""
    digest = hashlib.sha256(str(wish.get("code_verifier")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


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
