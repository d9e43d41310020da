"""Whose credentials these are, and whether they are still valid when one stream is refused.

Some endpoints answer 401 to valid credentials, or redirect to another host, for example those of a
product that the account has not bought. Only ``users/me`` tells this apart from a dead token.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from zendesk_source.api.clock import Clock
from zendesk_source.errors import AuthenticationError, StreamRefused

USERS_ME = "/api/v2/users/me.json"

REMEMBERED_SECONDS = 5.0
"""How long one answer of ``users/me`` counts for the refusals of all streams."""

CLOSED_REMEDY = (
    "users/me accepts the same credentials: the account may lack the product, or these credentials"
    " the right to use it."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the credentials belong to: a Zendesk user id and role."""

    id: int
    role: str


class Standing:
    """Tells a dead token from an endpoint that refuses a valid one; safe for many threads.

    Args:
        client: Asks ``users/me``, at the account's own address.
        clock: Measures how long an answer is remembered.
    """

    def __init__(self, client: Asks, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._was_known = False
        self._confirmed = ("", 0.0)

    def accepted(self) -> None:
        """Note that Zendesk has accepted the credentials once."""
        self._was_known = True

    def is_known(self, header: str) -> bool:
        """Ask whether a header that one endpoint has refused is still valid elsewhere.

        Returns:
            False if Zendesk has never accepted the credentials: then a refusal is about them.

        Raises:
            AuthenticationError: Zendesk no longer accepts the credentials.
            ConfigurationError: The account is gone, or has moved.
        """
        if not self._was_known:
            return False
        with self._lock:
            known_header, until = self._confirmed
            if header != known_header or self._clock.monotonic() >= until:
                # A scope may not allow the question; to say so, Zendesk has to know the token.
                with suppress(StreamRefused):
                    whoami(self._client)
                self._confirmed = (header, self._clock.monotonic() + REMEMBERED_SECONDS)
        return True


class Asks(Protocol):
    """The part of a client that this module uses."""

    standing: Standing

    def get(self, path_or_url: str, /, *, stream: str) -> Any:
        """Ask for one page until it is there."""


def whoami(client: Asks) -> Identity:
    """Return whose credentials these are.

    Zendesk answers 200 with an anonymous user, whose id is null, to missing or wrong ones:
    https://developer.zendesk.com/api-reference/ticketing/users/users/#show-self

    Raises:
        AuthenticationError: The anonymous user answered.
        StreamRefused: The scope of the token does not allow the question.
    """
    try:
        said = client.get(USERS_ME, stream="users/me").value
    except StreamRefused:
        client.standing.accepted()
        raise
    user = said.get("user") if isinstance(said, dict) else None
    if not isinstance(user, dict) or not user.get("id"):
        raise AuthenticationError(
            "Zendesk took the credentials for those of an anonymous visitor.",
            "Check the email address and the secret; passwords no longer work for the API.",
        )
    client.standing.accepted()
    number = user["id"] if isinstance(user["id"], int) else 0
    return Identity(id=number, role=str(user.get("role") or ""))
