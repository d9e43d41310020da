"""Hand on what each brand has for itself, Help Center by Help Center."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from zendesk_source.account.brands import at_each_center
from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import Stream
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.resources.isolation import isolated
from zendesk_source.resources.run import run_of, shared_reading
from zendesk_source.resources.taking import Taking

ReadOn = Callable[[Taking, dict[str, Any]], Iterator[Any]]
"""Reads a stream on in one Help Center, or without one, from its part of the stream's state."""


def rows_of_brands(
    stream: Stream, connection: Connection, state: dict[str, Any], read_on: ReadOn
) -> Iterator[Any]:
    """Read a stream where it is shown: once, or at each Help Center.

    Args:
        stream: What to read.
        connection: The account.
        state: The stream's part of the state: that of the account's own Help Center, which
            holds those of the others.
        read_on: Reads on in one Help Center.

    Raises:
        NotOnThisPlan: No brand has a Help Center.
    """
    shared = shared_reading()

    def read_at(center: HelpCenter | None, run: StreamRun, part: dict[str, Any]) -> Iterator[Any]:
        yield from read_on(Taking(stream, connection, run, center=center), part)

    def alone(rows: Iterator[Any], run: StreamRun, queue: str) -> Iterator[Any]:
        yield from isolated(rows, stream, connection, run, queue=queue)
        run.is_at_end |= not shared.is_sync

    whole = run_of(stream.name)
    yield from at_each_center(stream, connection, shared, whole, state, read_at, alone)
