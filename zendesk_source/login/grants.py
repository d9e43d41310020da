"""Where access tokens come from: the OAuth 2 grants that need no person.

Source: https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from zendesk_source.errors import AuthenticationError, ConfigurationError
from zendesk_source.login.token_endpoint import Refusals, TokenEndpoint, Tokens
from zendesk_source.login.token_file import LOGIN, TokenFile, TokenPair

ACCESS_SECONDS_OF_A_RUN = 7_200
ACCESS_SECONDS_OF_A_PAIR = 172_800
REFRESH_SECONDS = 7_776_000
"""The longest life that Zendesk gives: a pair can get lost in each renewal."""

_RENEWAL = "zendesk-tokens"
_RENEWED_BEFORE_EXPIRY_SECONDS = 60.0
_SCOPE_REMEDY = "Set `scope` to one the OAuth client may ask for, such as `read`."


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token and when it expires.

    Attributes:
        header: Value of the Authorization header.
        expires_at: Stopwatch time at which it expires; ``None`` = never.
    """

    header: str = field(repr=False)
    expires_at: float | None

    def is_fresh(self, now: float) -> bool:
        """Whether it will outlive the next request."""
        return self.expires_at is None or now < self.expires_at - _RENEWED_BEFORE_EXPIRY_SECONDS


class TokenSource(Protocol):
    """A grant: knows how to get an access token without a person."""

    @property
    def remedy(self) -> str:
        """What the reader can do when Zendesk gives no token, or refuses one."""

    def ask(self, refused_header: str = "") -> AccessToken:
        """Return an access token that is good now.

        Args:
            refused_header: The header that Zendesk refused or that has expired, if any.
        """


class ClientCredentialsGrant:
    """Access tokens of a confidential OAuth client of the account.

    Args:
        endpoint: The token endpoint of the account.
        fields: ``client_id``, ``client_secret`` and ``scope``.
    """

    remedy = "Check that the OAuth client and its owner are still active in Admin Center."

    def __init__(self, endpoint: TokenEndpoint, fields: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._fields = dict(fields)

    def ask(self, refused_header: str = "") -> AccessToken:
        """Ask Zendesk for a new token."""
        tokens = self._endpoint.ask(
            {
                "grant_type": "client_credentials",
                "expires_in": ACCESS_SECONDS_OF_A_RUN,
                **self._fields,
            },
            Refusals("", _CLIENT_REMEDIES, self.remedy),
        )
        return _access_token(tokens)


_CLIENT_REMEDIES = {
    "invalid_client": "Check `client_id` and `client_secret`; the client must be confidential.",
    "invalid_grant": "The owner of the OAuth client must be an active admin of this account.",
    "invalid_scope": _SCOPE_REMEDY,
    "unauthorized_client": "The OAuth client must allow the client credentials grant.",
}


class RefreshTokenGrant:
    """Access tokens of a pair that rotates: each refresh token is good for one use.

    A file keeps the pair. The first one comes from a login, or from the refresh token in the
    settings. That token counts again only after somebody has replaced it in the settings.

    Args:
        endpoint: The token endpoint of the account.
        file: Keeps the pair.
        fields: ``client_id``, ``client_secret`` and ``scope``; the last two may be empty.
        refresh_token: The refresh token in the settings; may be empty.
    """

    def __init__(
        self,
        endpoint: TokenEndpoint,
        file: TokenFile,
        fields: Mapping[str, str],
        refresh_token: str = "",
    ) -> None:
        self._endpoint = endpoint
        self._clock = endpoint.clock
        self._file = file
        self._fields = dict(fields)
        self._given = refresh_token
        self._seed = fingerprint(refresh_token)
        self.remedy = f"The login in {file.path} was revoked. {LOGIN}."

    def ask(self, refused_header: str = "") -> AccessToken:
        """Return the access token of the file, from a new pair when it is about to expire.

        Raises:
            AuthenticationError: The refresh token is no longer good.
            ConfigurationError: There is no pair, or no place to store a new one.
        """
        if token := self._stored(self._pair(), refused_header):
            return token
        with self._file.locked():
            pair = self._pair()
            # Another process may have renewed it while this one waited.
            if token := self._stored(pair, refused_header):
                return token
            if pair is None and not self._given:
                raise ConfigurationError(
                    f"There is no login in {self._file.path}.",
                    "Log in: zendesk-source login. Or set `token_file` to the file of a login.",
                )
            self._file.reserve()
            return self._uninterrupted(lambda: self._renewed_and_stored(pair))

    def _uninterrupted(self, renew: Callable[[], AccessToken]) -> AccessToken:
        """Make a Ctrl-C wait: between Zendesk's answer and the disk it would lose the login."""
        with ThreadPoolExecutor(1, thread_name_prefix=_RENEWAL) as thread:
            renewal = thread.submit(renew)
            try:
                return renewal.result()
            except KeyboardInterrupt:
                self._endpoint.has_patience = False
                raise

    def _renewed_and_stored(self, pair: TokenPair | None) -> AccessToken:
        tokens = self._renewed(pair)
        now = self._clock.now()
        self._file.store(
            pair_of(tokens, self._endpoint.base_url, self._fields["client_id"], now, self._seed)
        )
        return _access_token(tokens)

    def _pair(self) -> TokenPair | None:
        """Return the pair of the file, unless the settings have a newer refresh token."""
        pair = self._file.read()
        if pair is None or (self._seed and pair.grown_from != self._seed):
            return None
        ours = (self._endpoint.base_url, self._fields["client_id"])
        if (pair.base_url, pair.client_id) != ours:
            raise ConfigurationError(
                f"The token file {self._file.path} belongs to client {pair.client_id!r} at"
                f" {pair.base_url}, but the settings name {ours[1]!r} at {ours[0]}.",
                f"Set `token_file` to another path for each login. {LOGIN}.",
            )
        return pair

    def _stored(self, pair: TokenPair | None, refused_header: str) -> AccessToken | None:
        if pair is None or _bearer(pair.access_token) == refused_header:
            return None
        token = AccessToken(_bearer(pair.access_token), self._stopwatch_end(pair))
        return token if token.is_fresh(self._clock.monotonic()) else None

    def _stopwatch_end(self, pair: TokenPair) -> float | None:
        if pair.expires_at is None:
            return None
        life = (pair.expires_at - pair.stored_at).total_seconds()
        left = (pair.expires_at - self._clock.now()).total_seconds()
        return self._clock.monotonic() + min(left, life)  # a clock set back adds no life

    def _renewed(self, pair: TokenPair | None) -> Tokens:
        place = "the `refresh_token` of the settings" if pair is None else str(self._file.path)
        tokens = self._endpoint.ask(
            {
                "grant_type": "refresh_token",
                **self._fields,
                "refresh_token": self._given if pair is None else pair.refresh_token,
                "scope": self._fields.get("scope") if pair is None else pair.scope,
                "expires_in": ACCESS_SECONDS_OF_A_PAIR,
                "refresh_token_expires_in": REFRESH_SECONDS,
            },
            Refusals(place, _REFRESH_REMEDIES | {"invalid_grant": self._spent(pair)}, self.remedy),
        )
        if not tokens.refresh_token:
            raise AuthenticationError(f"Zendesk renewed {place} without a refresh token.", LOGIN)
        return tokens

    def _spent(self, pair: TokenPair | None) -> str:
        if pair is None:
            return (
                "It has been used (it is good for one use), has expired or was revoked. Remove it"
                f" from the settings. {LOGIN}."
            )
        end = pair.refresh_expires_at
        if end is not None and end <= self._clock.now():
            return f"It expired on {end:%d %B %Y}, unused. {LOGIN}."
        return (
            f"It was stored on {pair.stored_at:%d %B %Y at %H:%M} UTC, and has been revoked, or"
            " used by a copy of this file or by a run that was killed before it could store the"
            f" new one. {LOGIN}."
        )


_REFRESH_REMEDIES = {
    "invalid_client": "Check `client_id`; a confidential client needs its `client_secret` too.",
    "invalid_scope": _SCOPE_REMEDY,
    "unauthorized_client": "The OAuth client must allow refresh tokens.",
}


def is_renewing() -> bool:
    """Whether a pair of tokens is on its way from Zendesk to the disk, in any thread."""
    return any(thread.name.startswith(_RENEWAL) for thread in threading.enumerate())


def pair_of(
    tokens: Tokens, base_url: str, client_id: str, now: datetime, grown_from: str = ""
) -> TokenPair:
    """Return a pair as the file keeps it.

    Args:
        tokens: The tokens that Zendesk has just given.
        base_url: Address of the account.
        client_id: Identifier of the OAuth client that they belong to.
        now: The time at which Zendesk gave them.
        grown_from: Fingerprint of the `refresh_token` in the settings.
    """

    def end(seconds: float | None) -> datetime | None:
        return None if seconds is None else now + timedelta(seconds=seconds)

    return TokenPair(
        base_url=base_url,
        client_id=client_id,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        scope=tokens.scope,
        stored_at=now,
        expires_at=end(tokens.expires_in),
        refresh_expires_at=end(tokens.refresh_expires_in),
        grown_from=grown_from,
    )


def fingerprint(secret: str) -> str:
    """Return a digest that tells secrets apart without showing them; empty for no secret."""
    return hashlib.sha256(secret.encode()).hexdigest() if secret else ""


def _access_token(tokens: Tokens) -> AccessToken:
    life = tokens.expires_in
    ends_at = None if life is None else tokens.asked_at + life
    return AccessToken(_bearer(tokens.access_token), ends_at)


def _bearer(token: str) -> str:
    return f"Bearer {token}"
