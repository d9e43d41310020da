"""One account: its settings and the one client, which all resources of a source share."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from zendesk_source.api.budget import Budget, OnWait
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.clock import SyncClock
from zendesk_source.api.paging import Page, Position, Request, pages, request_of
from zendesk_source.api.transport.wire import Wire
from zendesk_source.catalogue import STREAMS
from zendesk_source.destination.abilities import Abilities
from zendesk_source.destination.limits import Limits
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.help_centers import HelpCenters
from zendesk_source.extract.kept import own_part, part_of
from zendesk_source.extract.lanes import Crew
from zendesk_source.extract.read_once import ReadOnce
from zendesk_source.login.auth import auth_for, chat_auth_for
from zendesk_source.login.redaction import keep_out
from zendesk_source.settings.credentials import Credentials, base_url_of
from zendesk_source.settings.options import DEFAULTS, Options
from zendesk_source.shape.custom_fields import Owner
from zendesk_source.shape.newest import one_row_a_key

_FIELD_LISTS: Mapping[Owner, str] = {
    "ticket": "ticket_fields",
    "user": "user_fields",
    "organization": "organization_fields",
}
ADMINS = ("admin", "owner")
SHORTEST_KEY = 16
"""Letters of a key for hashes, at the least."""
_BY_NAME = {stream.name: stream for stream in STREAMS}


def _field_lists() -> dict[Owner, Request]:
    return {owner: request_of(_BY_NAME[name]) for owner, name in _FIELD_LISTS.items()}


@dataclass
class Connection:
    """An account and the options it is read with; nothing is sent before the first page.

    Attributes:
        credentials: How to log in.
        clock: Time and the way to wait.
        options: How the account is read.
        private_key: Secret with which private values are hashed; empty if none is.
        on_wait: Called with the reason and the seconds that a request waits.
        field_lists: Requests for the definitions of custom fields, by owner.
        field_pages: Pages of lists that are read once, such as definitions; during a sync, those
            of the sync.
        limits: Limits of the destination.
        abilities: What the destination can do.
        centers: The account's Help Centers, once they are known; during a sync, those of the
            sync.
        is_known: Whether Zendesk has accepted the credentials.
        role: Whose credentials they are, such as ``admin``; empty if Zendesk does not say.
        made_at: When it was made, UTC; every row that is read with it is read later.
    """

    credentials: Credentials
    clock: SyncClock
    options: Options = DEFAULTS
    private_key: str = field(default="", repr=False)
    on_wait: OnWait | None = None
    field_lists: dict[Owner, Request] = field(default_factory=_field_lists)
    field_pages: ReadOnce[list[Page]] = field(default_factory=ReadOnce)
    limits: Limits = field(default_factory=Limits)
    abilities: Abilities = field(default_factory=Abilities)
    centers: ReadOnce[HelpCenters] = field(default_factory=ReadOnce)
    is_known: bool = False
    role: str = ""
    made_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Refuse to hash without a key, before anything is asked.

        Raises:
            ConfigurationError: There is none, or a short one, which can be guessed.
        """
        self.made_at = self.clock.now()
        keep_out(self.private_key)
        if not self.options.rules.hashes or len(self.private_key) >= SHORTEST_KEY:
            return
        what = "private_key is missing" if not self.private_key else "private_key is short"
        raise ConfigurationError(
            f"{what}: `private` hashes, which takes a secret of {SHORTEST_KEY} characters or more.",
            "Put a long random text into .dlt/secrets.toml, below [sources.zendesk], or into"
            " SOURCES__ZENDESK__PRIVATE_KEY, and keep it: another key gives other hashes.",
        )

    @property
    def is_shown_a_part(self) -> bool:
        """Whether Zendesk may keep rows back, so that what is not shown may still be there."""
        return self.role not in ("", *ADMINS)

    @cached_property
    def digest_key(self) -> bytes:
        """Key of the digests of rows that the state keeps; empty if nothing is private.

        A digest of a row whose other values lie open would give away a short value to a search.
        Without a key of the user's own nobody keeps this one, and no row is known again. With
        other rules all rows are new, too.
        """
        if not self.options.rules:
            return b""
        key = (self.private_key or token_hex()).encode()
        return hmac.digest(key, self.options.rules.text.encode(), "sha256")

    @cached_property
    def client(self) -> ZendeskClient:
        """The one client every request goes through, made on first use."""
        base_url = base_url_of(self.credentials)
        budget = Budget(self.clock, rate_limit_share=self.options.rate_limit_share)
        wire = Wire()
        auth = auth_for(self.credentials, base_url, self.clock, wire=wire, on_wait=self._tell_wait)
        return ZendeskClient(
            base_url,
            auth,
            chat_auth=chat_auth_for(self.credentials),
            budget=budget,
            clock=self.clock,
            on_wait=self._tell_wait,
            holdable=self._holdable,
            wire=wire,
        )

    @cached_property
    def crew(self) -> Crew:
        """Counts the walks through each rate limit."""
        return Crew(self.client)

    def _holdable(self, body: bytes) -> tuple[bytes, int]:
        return self.limits.holdable(body)

    def _tell_wait(self, reason: str, wait_seconds: float) -> None:
        if self.on_wait is not None:
            self.on_wait(reason, wait_seconds)

    @cached_property
    def account(self) -> str:
        """Name of the account, as the credentials give it."""
        if self.credentials.base_url:
            named = self.credentials.subdomain or urlsplit(self.credentials.base_url).netloc
            return named.lower()
        return (urlsplit(base_url_of(self.credentials)).hostname or "").split(".")[0]

    def own_state(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the account's part of a source's or a resource's state, to write to."""
        return own_part(state, self.account_in_state)

    def known_state(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the account's part of a source's or a resource's state, to look at."""
        return part_of(state, self.account_in_state)

    @property
    def account_in_state(self) -> str:
        """Name of the account, if the dataset is shared by several; else empty."""
        return self.account if self.options.account_column else ""

    def pages_read_once(
        self, request: Request, is_enough: Callable[[list[Page]], bool] | None = None
    ) -> list[Page]:
        """Return a list that several streams need; it is read once in a sync.

        Args:
            request: Asks for the list.
            is_enough: Whether a list that was read before will do.
        """

        def read() -> list[Page]:
            answers = list(pages(self.client, request, Position()))
            return one_row_a_key(answers, request.stream)

        return self.field_pages.get(request.path, read, is_enough)
