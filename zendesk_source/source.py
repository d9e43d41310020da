"""The dlt face: sources and resources made from the catalogue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dlt
from dlt.common.typing import TAnyDateTime
from dlt.extract import DltResource

from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.api.credentials import ZendeskCredentials
from zendesk_source.catalogue import STREAMS
from zendesk_source.connection import Connection, CustomFields
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.times import parse_date
from zendesk_source.item_format import ItemFormat
from zendesk_source.resources import Window, resource_of

SECTION = "zendesk"
"""Section of the configuration: ``[sources.zendesk.credentials]``."""


@dlt.source(name="zendesk_support", section=SECTION, max_table_nesting=0)
def zendesk_support(
    credentials: ZendeskCredentials = dlt.secrets.value,
    start_date: TAnyDateTime | None = None,
    end_date: TAnyDateTime | None = None,
    custom_fields: CustomFields = "columns",
    item_format: ItemFormat = "auto",
    exclude_deleted: bool = False,
    rate_limit_share: float = 0.9,
    clock: Clock | None = None,
) -> list[DltResource]:
    """Read Zendesk Support: tickets, their events and metrics, users, organizations, settings.

    Every resource resumes from the export's own cursor, kept in its state, so a second run
    fetches only what changed.

    Args:
        credentials: OAuth client, OAuth token or API token; from ``[sources.zendesk.credentials]``.
        start_date: First moment to read changes from; the beginning when left out.
        end_date: Read a fixed window up to here, without moving the saved position.
        custom_fields: ``columns`` gives each custom field a typed ``cf_`` column, ``json``
            keeps them as Zendesk sends them.
        item_format: ``arrow`` loads the exports at a tenth of the CPU, ``object`` works with
            every destination; ``auto`` chooses by the destination.
        exclude_deleted: Leave out deleted tickets.
        rate_limit_share: Part of the account's requests a minute this source may use.
        clock: Time and the way to wait, for tests against the simulator.

    Returns:
        One resource a stream, named as its table.

    Raises:
        ConfigurationError: A setting is missing or contradictory.
    """
    if not 0 < rate_limit_share <= 1:
        raise ConfigurationError(
            f"rate_limit_share is {rate_limit_share:g}.",
            "Set it above 0 and up to 1; 0.9 leaves a tenth to the account's other tools.",
        )
    clock = clock or SystemClock()
    connection = Connection(
        credentials=credentials,
        clock=clock,
        custom_fields=custom_fields,
        item_format=item_format,
        exclude_deleted=exclude_deleted,
        rate_limit_share=rate_limit_share,
    )
    window = _window(start_date, end_date, clock.now())
    streams = (stream for stream in STREAMS if stream.product == "support")
    return [resource_of(stream, connection, window) for stream in streams]


def _window(start_date: Any, end_date: Any, now: datetime) -> Window:
    start = parse_date(start_date, "start_date")
    end = parse_date(end_date, "end_date")
    if start is not None and start > now + timedelta(days=1):
        raise ConfigurationError(
            f"start_date {start.date()} is in the future.", "Choose a day that has been."
        )
    if start is not None and end is not None and start >= end:
        raise ConfigurationError(
            f"start_date {start.isoformat()} is not before end_date {end.isoformat()}.",
            "Swap them, or leave end_date out to read up to now.",
        )
    return start, end
