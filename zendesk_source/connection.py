"""One account as the resources of a source share it: the client, and the custom fields' names."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from zendesk_source.api.auth import auth_for
from zendesk_source.api.budget import Budget, OnWait
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.clock import Clock
from zendesk_source.api.credentials import ZendeskCredentials, base_url_of
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.lanes import Crew
from zendesk_source.extract.reading import read_whole
from zendesk_source.shape.custom_fields import FieldColumns, Owner

CustomFields = Literal["columns", "json"]

_FIELD_LISTS: Mapping[Owner, str] = {
    "ticket": "ticket_fields",
    "user": "user_fields",
    "organization": "organization_fields",
}
_BY_NAME = {stream.name: stream for stream in STREAMS}


@dataclass
class Connection:
    """An account and the settings it is read with; nothing is sent before the first page.

    Attributes:
        credentials: Who asks.
        clock: Time and the way to wait.
        custom_fields: ``columns`` or ``json``.
        exclude_deleted: Leave out deleted tickets.
        rate_limit_share: Part of the account's requests a minute that may be used.
        on_wait: Told why and how long a request waits.
    """

    credentials: ZendeskCredentials
    clock: Clock
    custom_fields: CustomFields
    exclude_deleted: bool
    rate_limit_share: float
    on_wait: OnWait | None = None
    _definitions: dict[Owner, list[dict[str, Any]]] = field(default_factory=dict)

    @cached_property
    def client(self) -> ZendeskClient:
        """The one client every request goes through, made on first use."""
        base_url = base_url_of(self.credentials)
        budget = Budget(self.clock, rate_limit_share=self.rate_limit_share)
        auth = auth_for(self.credentials, base_url, self.clock)
        return ZendeskClient(
            base_url, auth, budget=budget, clock=self.clock, on_wait=self._tell_wait
        )

    @cached_property
    def crew(self) -> Crew:
        """Counts the walks through each rate limit."""
        return Crew(self.client)

    def _tell_wait(self, reason: str, wait_seconds: float) -> None:
        if self.on_wait is not None:
            self.on_wait(reason, wait_seconds)

    def params(self, stream: Stream) -> dict[str, str]:
        """Return the query parameters that the settings add to a stream's own."""
        is_excluded = self.exclude_deleted and stream.name == "tickets"
        return {"exclude_deleted": "true"} if is_excluded else {}

    def field_columns(
        self, stream: Stream, names: dict[str, dict[str, str]]
    ) -> FieldColumns | None:
        """Return the columns of a stream's custom fields; None keeps the fields as JSON.

        Args:
            stream: Whose rows.
            names: Column names by owner and field id; added to, and kept in dlt's state.
        """
        if stream.custom_fields is None or self.custom_fields == "json":
            return None
        owner = stream.custom_fields
        columns = FieldColumns(owner, names.setdefault(owner, {}))
        columns.learn(self._definitions.get(owner, ()))
        return columns

    def describe_fields(self, columns: FieldColumns) -> None:
        """Ask Zendesk for the definitions of custom fields and name their columns."""
        stream = _BY_NAME[_FIELD_LISTS[columns.owner]]
        # Where the definitions are refused, columns are named by id and typed by their values.
        with suppress(StreamRefused):
            pages = read_whole(self.client, stream, {})
            self._definitions[columns.owner] = [row for page in pages for row in page.rows]
            columns.learn(self._definitions[columns.owner])
