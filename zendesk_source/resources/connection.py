"""One account as the resources of a source share it: the client, and the custom fields' names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from zendesk_source.api.budget import Budget, OnWait
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.clock import Stopped, SyncClock
from zendesk_source.api.paging import Page, Position, Request, pages, request_of
from zendesk_source.api.standing import whoami
from zendesk_source.api.transport.wire import Wire
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.destination.limits import Limits, limits_here
from zendesk_source.errors import ConfigurationError, ServerUnavailable, StreamRefused, ZendeskError
from zendesk_source.extract.help_centers import HelpCenters, help_centers_of, only_own
from zendesk_source.extract.kept import ACCOUNTS
from zendesk_source.extract.lanes import Crew
from zendesk_source.extract.read_once import ReadOnce
from zendesk_source.login.auth import auth_for, chat_auth_for
from zendesk_source.names import ACCOUNT_COLUMN
from zendesk_source.resources.run import SyncInProgress, current_greeting
from zendesk_source.settings.credentials import ZendeskCredentials, base_url_of
from zendesk_source.settings.options import DEFAULTS, Options
from zendesk_source.shape.custom_fields import FieldColumns, Owner
from zendesk_source.shape.newest import one_row_a_key

_FIELD_LISTS: Mapping[Owner, str] = {
    "ticket": "ticket_fields",
    "user": "user_fields",
    "organization": "organization_fields",
}
_BY_NAME = {stream.name: stream for stream in STREAMS}
BRANDS = _BY_NAME["brands"]


def _field_lists() -> dict[Owner, Request]:
    return {owner: request_of(_BY_NAME[name]) for owner, name in _FIELD_LISTS.items()}


@dataclass
class Connection:
    """An account and the options it is read with; nothing is sent before the first page.

    Attributes:
        credentials: Who asks.
        clock: Time and the way to wait.
        options: How it is read.
        on_wait: Told why and how long a request waits.
        field_lists: Asks for what describes the custom fields of each owner.
        field_pages: Pages of these and of other lists that are read once; those of a sync, while
            there is one.
        limits: What the destination takes that is loaded into.
        centers: The account's Help Centers, once they are known; those of a sync as well.
    """

    credentials: ZendeskCredentials
    clock: SyncClock
    options: Options = DEFAULTS
    on_wait: OnWait | None = None
    field_lists: dict[Owner, Request] = field(default_factory=_field_lists)
    field_pages: ReadOnce[list[Page]] = field(default_factory=ReadOnce)
    limits: Limits = field(default_factory=Limits)
    centers: ReadOnce[HelpCenters] = field(default_factory=ReadOnce)
    _is_known: bool = False

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

    def greet(self, state: dict[str, Any]) -> bool:
        """Ask Zendesk, once, who we are, before anything else is asked or written.

        Args:
            state: Of the source; notes whose rows the dataset holds.

        Returns:
            Whether that was all that is wanted.

        Raises:
            AuthenticationError: Zendesk does not know us.
            ConfigurationError: The dataset is not this account's, or not made for several.
        """
        greeting = current_greeting()
        if not self._is_known:
            self.on_wait = self.on_wait if greeting is None else greeting.on_wait
            self.clock.stop = None if greeting is None else greeting.stop
            self._ask_who_we_are()
            self._is_known = True
        if greeting is not None:
            greeting.account = self.account if self.options.account_column else ""
            return True
        self._check_dataset(state)
        self.limits = limits_here()
        return False

    def _ask_who_we_are(self) -> None:
        try:
            # A token may be good for some streams and not for this question.
            with suppress(StreamRefused):
                whoami(self.client)
        except Stopped:
            raise ServerUnavailable(
                "Zendesk did not say who we are in the time there was: it was slow, or asked us to"
                " wait.",
                "Raise --max-minutes, or run again later; nothing was loaded.",
            ) from None

    def _check_dataset(self, state: dict[str, Any]) -> None:
        """Refuse a dataset whose rows these would be mixed with."""
        if self.options.account_column:
            if "account" in state:
                raise ConfigurationError(
                    f"The dataset was loaded without the column `{ACCOUNT_COLUMN}`.",
                    "Load into a new one, which several accounts can share: --dataset <name>."
                    " Or set account_column to false.",
                )
            return
        if shared := ", ".join(state.get(ACCOUNTS, ())):
            raise ConfigurationError(
                f"The dataset has the column `{ACCOUNT_COLUMN}`, for several accounts: {shared}.",
                "Set account_column to true, or load into another dataset: --dataset <name>.",
            )
        loaded = state.setdefault("account", self.account)
        if loaded != self.account:
            raise ConfigurationError(
                f"The dataset holds the account {loaded}, and these credentials are for"
                f" {self.account}.",
                "Load another account into a dataset of its own: --dataset <name>. If it is the"
                " same account under a new name, see docs/troubleshooting.md.",
            )

    def join(self, sync: SyncInProgress) -> None:
        """Share what a sync reads once for all of its streams, and tell it of waiting."""
        self.on_wait, self.field_pages = sync.on_wait, sync.field_lists
        self.centers = sync.help_centers

    def own_state(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the part of a source's or a resource's state that belongs to the account."""
        if not self.options.account_column:
            return state
        part: dict[str, Any] = state.setdefault(ACCOUNTS, {}).setdefault(self.account, {})
        return part

    def help_centers(self, asker: str, tell: Callable[[str], None] | None = None) -> HelpCenters:
        """Return the Help Centers of the account's brands, asked for once a sync.

        Args:
            asker: Stream whose usage the question belongs to.
            tell: Told, when they are asked for, which are read where there are several.
        """

        def find() -> HelpCenters:
            centers = self._found_help_centers(asker)
            if tell is not None and len(centers.found) > 1:
                names = ", ".join(center.name for center in centers.found)
                tell(f"each stream of the Help Center is read at each brand: {names}")
            return centers

        return self.centers.get(BRANDS.path, find)

    def _found_help_centers(self, asker: str) -> HelpCenters:
        request = request_of(BRANDS, counted_for=asker)
        try:
            brands = [row for page in self.pages_read_once(request) for row in page.rows]
        except StreamRefused as error:
            return only_own(self.client, doubt=error.what)
        except ZendeskError as error:
            return only_own(self.client, doubt=str(error), is_missing=True)
        return help_centers_of(self.client, base_url_of(self.credentials), brands)

    def field_columns(
        self, stream: Stream, names: dict[str, dict[str, str]]
    ) -> FieldColumns | None:
        """Return the columns of a stream's custom fields; None where they become none.

        Args:
            stream: Whose rows.
            names: Column names by owner and field id; added to, and kept in dlt's state.
        """
        if stream.custom_fields is None or self.options.custom_fields != "columns":
            return None
        owner = stream.name if stream.custom_fields == "custom_object" else stream.custom_fields
        return FieldColumns(owner, names.setdefault(owner, {}))

    def describe_fields(self, columns: FieldColumns, unknown: Set[str]) -> None:
        """Name the columns of custom fields, by their definitions at Zendesk.

        Args:
            columns: Of whose fields.
            unknown: What rows call those that must be described; when definitions that were
                read before lack one of them, it is newer, and they are read anew.

        Raises:
            StreamRefused: The definitions must not be read.
        """

        def describe(pages: Iterable[Page]) -> bool:
            rows = (row for page in pages for row in page.rows)
            columns.learn(row for row in rows if row.get("id") is not None)
            return unknown <= columns.by_key.keys()

        describe(self.pages_read_once(self.field_lists[columns.owner], describe))

    def pages_read_once(
        self, request: Request, is_enough: Callable[[list[Page]], bool] | None = None
    ) -> list[Page]:
        """Return a list that several streams need, read once a sync.

        Args:
            request: For the list, such as one that describes custom fields.
            is_enough: Tells whether one that was read before will do.
        """

        def read() -> list[Page]:
            answers = list(pages(self.client, request, Position()))
            return one_row_a_key(answers, request.stream)

        return self.field_pages.get(request.path, read, is_enough)
