"""The dlt sources, whose resources are made from the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import dlt
from dlt.common.configuration import with_config
from dlt.common.typing import TAnyDateTime, TSecretStrValue
from dlt.extract import DltResource, DltSource
from dlt.extract.decorators import DltSourceFactoryWrapper
from dlt.extract.reference import SourceFactory

from zendesk_source.account.connection import Connection
from zendesk_source.api.clock import Clock, hearing
from zendesk_source.catalogue import PRODUCTS, STREAMS, Product, with_custom_field_rows
from zendesk_source.destination.failures import explained
from zendesk_source.resources import resource_of
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.dotenv import read_plain_settings
from zendesk_source.settings.options import DEFAULTS, Options, options_told, with_each_option
from zendesk_source.times import window_of

SECTION = "zendesk"
"""Section of the configuration: ``[sources.zendesk.credentials]``."""


NAME = "zendesk"
"""Name of every source in dlt's state and schema: positions and the columns of custom fields belong
to the account, whichever source reads it."""


def _source_of(name: str, products: Sequence[Product], what: str) -> SourceFactory[..., DltSource]:
    """Make a dlt source of some products; all sources take the same settings."""

    @with_each_option
    def read(
        credentials: ZendeskCredentials = dlt.secrets.value,
        start_date: TAnyDateTime | None = None,
        end_date: TAnyDateTime | None = None,
        options: Options = DEFAULTS,
        clock: Clock | None = None,
        private_key: Optional[TSecretStrValue] = None,  # noqa: UP045 - dlt reads the annotation
    ) -> list[DltResource]:
        connection = Connection(credentials, hearing(clock), options, private_key or "")
        return _resources(products, connection, start_date, end_date)

    read.__name__ = read.__qualname__ = name
    read.__doc__ = what + _OF_EVERY_SOURCE
    factory: _Sources = _Sources()
    factory.clone(name=NAME, section=SECTION, max_table_nesting=0, _impl_cls=DltSource)
    return factory.bind(read)


class _Sources(DltSourceFactoryWrapper[Any, DltSource]):
    """Makes sources that find their settings in a `.env` file too, as the command line does."""

    def __call__(self, *args: Any, **kwargs: Any) -> DltSource:
        """Make a source.

        Raises:
            ConfigurationError: A setting is missing or wrong, in our words.
        """
        with explained():
            read_plain_settings()
            return super().__call__(*args, **kwargs)


_OF_EVERY_SOURCE = f"""

Every resource resumes from the export's own cursor, kept in its state, so a second run fetches
only what changed. Unless resources are named, the core is read (what analysis needs, at few
requests), or all of a product that has no core. ``select_streams`` turns ``all``, products,
patterns and exclusions into names for ``with_resources``.

Args:
    credentials: OAuth client, OAuth token or API token; from ``[sources.zendesk.credentials]``.
    start_date: First moment to read changes from; the beginning when left out.
    end_date: Read a fixed window up to here, without moving the saved position.
{options_told()}
    clock: Time and the way to wait, for tests against the simulator.
    private_key: Secret with which ``private`` hashes; another one gives other hashes.

Returns:
    One resource a stream, named as its table.

Raises:
    ConfigurationError: A setting is missing or contradictory.
"""

zendesk_source = _source_of(
    "zendesk_source",
    PRODUCTS,
    "Read Zendesk: Support, the help center, Talk, Chat and custom objects, through one budget.",
)
zendesk_support = _source_of(
    "zendesk_support",
    ("support",),
    "Read Support: tickets, their events and metrics, users, organizations, settings.",
)
zendesk_help_center = _source_of(
    "zendesk_help_center",
    ("help_center",),
    "Read Guide and Gather: articles, sections, categories, topics, posts, badges.",
)
zendesk_talk = _source_of(
    "zendesk_talk",
    ("talk",),
    "Read Talk: calls, their legs, numbers, greetings, and snapshots of what is going on.",
)
zendesk_chat = _source_of(
    "zendesk_chat",
    ("chat",),
    "Read Chat: live chats with their history, what agents did meanwhile, and settings.",
)
zendesk_custom_objects = _source_of(
    "zendesk_custom_objects",
    ("custom_objects",),
    "Read custom objects: which there are, their fields, and their records, a table an object.",
)


@with_each_option
def _connection(
    credentials: ZendeskCredentials = dlt.secrets.value,
    options: Options = DEFAULTS,
    clock: Clock | None = None,
    private_key: Optional[TSecretStrValue] = None,  # noqa: UP045 - dlt reads the annotation
) -> Connection:
    """Return a connection to the account, with its options."""
    return Connection(credentials, hearing(clock), options, private_key or "")


configured_connection = with_config(_connection, sections=("sources", SECTION))
"""A connection with the settings that sources find, to ask Zendesk without reading a stream."""


def _resources(
    products: Sequence[Product], connection: Connection, start_date: Any, end_date: Any
) -> list[DltResource]:
    """Return the resources of some products; those outside the core are read only if named."""
    window = window_of(start_date, end_date, connection.clock.now())
    streams = [stream for stream in STREAMS if stream.product in products]
    if connection.options.custom_fields == "rows":
        streams = list(map(with_custom_field_rows, streams))
    has_core = any(stream.is_core for stream in streams)
    resources = [resource_of(stream, connection, window) for stream in streams]
    for stream, resource in zip(streams, resources, strict=True):
        resource.selected = stream.is_core or not (has_core or stream.is_opt_in)
    return resources
