"""How a command asks an account: the configured one, or with ``--demo`` the simulated one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.command_line.dlt_runtime import dlt_runtime
from zendesk_source.command_line.output import log
from zendesk_source.command_line.progress import Lines
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.settings.dlt_credentials import ZendeskCredentials


class Account(TypedDict):
    """What ``check``, ``plan`` and ``preview`` take beside their own arguments."""

    credentials: ZendeskCredentials | None
    clock: Clock | None
    on_wait: OnWait


@contextmanager
def account_of(options: argparse.Namespace) -> Iterator[Account]:
    """Return the account to ask; that of the demo is served while it is asked.

    Raises:
        KeyboardInterrupt: The process is to end.
        ZendeskError: In place of any exception of dlt that has a remedy.
    """
    on_wait = Lines().on_wait
    with dlt_runtime(), stopping_at_signals(log.info, "Stopped."):
        if not options.demo:
            yield Account(credentials=None, clock=None, on_wait=on_wait)
            return
        from zendesk_source.command_line.demo import simulated_account

        with simulated_account() as (account, credentials):
            yield Account(credentials=credentials, clock=account.clock, on_wait=on_wait)
