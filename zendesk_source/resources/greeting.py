"""Make sure, before a stream is read, that Zendesk accepts the log-in and the dataset fits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any

import dlt

from zendesk_source.account.connection import Connection
from zendesk_source.account.private import idle_rules, note_private
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Stop, Stopped
from zendesk_source.api.standing import whoami
from zendesk_source.catalogue import Stream
from zendesk_source.errors import ConfigurationError, ServerUnavailable, StreamRefused
from zendesk_source.extract.kept import ACCOUNT, CUSTOM_FIELD_COLUMNS, accounts_in, was_begun
from zendesk_source.extract.taken_over import note_places
from zendesk_source.names import ACCOUNT_COLUMN
from zendesk_source.resources.destination import fit_resource, meet_destination
from zendesk_source.resources.isolation import isolated
from zendesk_source.resources.run import (
    Asking,
    SyncInProgress,
    current_greeting,
    current_slice,
    run_of,
    up_to_news,
)
from zendesk_source.resources.unique_rows import unique_in_package

log = logging.getLogger("zendesk_source")


def greeted(
    stream: Stream, connection: Connection, rows: Callable[..., Iterator[Any]]
) -> Callable[..., Iterator[Any]]:
    """Return a generator function that reads a stream after the greeting, and ends if that fails.

    Args:
        stream: What is read.
        connection: The account.
        rows: Reads the stream; may raise at any step.
    """

    @wraps(rows)
    def read(*args: Any, **kwargs: Any) -> Iterator[Any]:
        greeting = current_greeting()
        if greeting is not None:
            greet(connection, greeting.stop, greeting.on_wait)
            greeting.account = connection.account_in_state
            return
        greet(connection, None, connection.on_wait)
        claim_dataset(connection, dlt.current.source_state())
        _tell_of_private(connection, dlt.current.source_state(), run_of(stream.name))
        meet_destination(connection)
        fit_resource(stream, connection)
        part = current_slice()
        _join(connection, None if part is None else part.sync)
        if part is not None:
            note_places(connection.own_state(dlt.current.source_state()), part.sync.places)
        items = isolated(rows(*args, **kwargs), stream, connection, run_of(stream.name))
        if isinstance(part, Asking):
            items = up_to_news(items, stream, connection)
        elif connection.abilities.needs_unique_rows and stream.write == "merge":
            items = unique_in_package(items, stream, connection)
        yield from items
        if not isinstance(part, Asking):
            _tell_of_idle_rules(stream, connection)

    return read


def _tell_of_private(connection: Connection, state: dict[str, Any], run: StreamRun) -> None:
    """Say so if rows were loaded before under other settings of what is private."""
    account = connection.account if connection.options.account_column else ""
    has_rows = was_begun(state, account)
    if text := note_private(connection, connection.own_state(state), has_rows=has_rows):
        _tell(run, "private", text)


def _tell_of_idle_rules(stream: Stream, connection: Connection) -> None:
    """Say so if something is to be private that was not met when all was read."""
    part, run = current_slice(), run_of(stream.name)
    if not connection.options.rules.open or (part is not None and not run.is_at_end):
        return
    runs = {} if part is None else part.sync.runs
    unread = [name for name, each in runs.items() if not each.is_at_end]
    state = connection.own_state(dlt.current.source_state())
    names = state.get(CUSTOM_FIELD_COLUMNS, {})
    for name, text in idle_rules(stream, connection, state, names, unread):
        about = f"private {name}"
        # Of two streams that end together each sees the other at its end.
        if not any(about in each.notes for each in runs.values()):
            _tell(run, about, text)


def _tell(run: StreamRun, about: str, text: str) -> None:
    run.note(about, text, is_missing=False)
    if current_slice() is None:  # nobody reads the notes of a plain run
        log.warning(text)


def greet(connection: Connection, stop: Stop | None, on_wait: OnWait | None) -> None:
    """Ask Zendesk once who we are, before anything else is asked or written.

    Args:
        connection: The account.
        stop: The end of the sync that asks.
        on_wait: Called with the reason and the seconds that the request waits.

    Raises:
        AuthenticationError: Zendesk does not accept the credentials.
        ServerUnavailable: It did not say so in time.
    """
    if connection.is_known:
        return
    connection.on_wait, connection.clock.stop = on_wait, stop
    try:
        # A token may be good for some streams and not for this question.
        with suppress(StreamRefused):
            connection.role = whoami(connection.client).role
    except Stopped:
        raise ServerUnavailable(
            "Zendesk did not say who we are in the time there was: it was slow, or asked us to"
            " wait.",
            "Raise --max-minutes, or run again later; nothing was loaded.",
        ) from None
    connection.is_known = True


def claim_dataset(connection: Connection, state: dict[str, Any]) -> None:
    """Note which account a dataset holds, and refuse to mix in the rows of another one.

    Args:
        connection: The account.
        state: The state of the source, which notes the account of the dataset.

    Raises:
        ConfigurationError: The dataset is not this account's, or not made for several.
    """
    if connection.options.account_column:
        if ACCOUNT in state:
            raise ConfigurationError(
                f"The dataset was loaded without the column `{ACCOUNT_COLUMN}`.",
                "Load into a new one, which several accounts can share: --dataset <name>."
                " Or set account_column to false.",
            )
        return
    if shared := ", ".join(accounts_in(state)):
        raise ConfigurationError(
            f"The dataset has the column `{ACCOUNT_COLUMN}`, for several accounts: {shared}.",
            "Set account_column to true, or load into another dataset: --dataset <name>.",
        )
    loaded = state.get(ACCOUNT, connection.account)
    if loaded != connection.account:
        raise ConfigurationError(
            f"The dataset holds the account {loaded}, and these credentials are for"
            f" {connection.account}.",
            "Load another account into a dataset of its own: --dataset <name>. If it is the"
            " same account under a new name, see docs/troubleshooting.md.",
        )
    state[ACCOUNT] = loaded


def _join(connection: Connection, sync: SyncInProgress | None) -> None:
    """Let a connection end with the sync, report its waits, and share what it reads once.

    A sync that uses the connection after another one counts requests anew.
    """
    if sync is None:
        connection.clock.stop = None
        return
    if connection.clock.stop is not sync.stop:
        connection.client.count_anew()
    connection.clock.stop, connection.on_wait = sync.stop, sync.on_wait
    connection.field_pages, connection.centers = sync.known.field_lists, sync.known.help_centers
    sync.rate_limits = connection.client.rate_limits_in_use
    sync.erases |= connection.options.erase
