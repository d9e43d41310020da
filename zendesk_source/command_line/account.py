"""The account that a command asks: the configured one, or the demo's."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from zendesk_source.resources.connection import Connection
from zendesk_source.source import configured_connection


@contextmanager
def account_of(options: argparse.Namespace) -> Iterator[Connection]:
    """Return the account to ask; that of ``make demo`` is served for as long as it takes."""
    if not options.demo:
        yield configured_connection()
        return
    from zendesk_source.command_line.demo import simulated_account

    with simulated_account() as (account, credentials):
        yield configured_connection(credentials, clock=account.clock)
