"""Which account the questions go to: the configured one, or the one whose credentials are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.destination.failures import explained
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.dotenv import read_plain_settings
from zendesk_source.source import configured_connection


@contextmanager
def connected(
    credentials: ZendeskCredentials | None,
    clock: Clock | None,
    on_wait: OnWait | None,
    **options: Any,
) -> Iterator[Connection]:
    """Connect to an account, to ask it something without reading a stream.

    Args:
        credentials: None takes those that dlt's configuration holds.
        clock: None takes the machine's own.
        on_wait: Called with the reason and the seconds before a request waits.
        options: Fields of ``Options``; those left out are taken from dlt's configuration.

    Raises:
        ZendeskError: In place of any exception of dlt that has a remedy.
    """
    given: dict[str, Any] = {} if credentials is None else {"credentials": credentials}
    with explained():
        read_plain_settings()
        connection = configured_connection(**given, clock=clock, **options)
        connection.on_wait = on_wait
        yield connection
