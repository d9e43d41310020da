"""What each brand has for itself: read at the address of each Help Center, with a position each.

A Help Center that cannot be read is named in the stream's reason; nothing that was loaded of it
changes, and the others go on.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from zendesk_source.account.connection import Connection
from zendesk_source.account.shared_reading import SharedReading
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import request_of
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.errors import StreamRefused, ZendeskError
from zendesk_source.extract.help_centers import (
    HelpCenter,
    HelpCenters,
    help_centers_of,
    only_own,
)
from zendesk_source.extract.kept import POSITIONS
from zendesk_source.settings.credentials import base_url_of

BRANDS = next(stream for stream in STREAMS if stream.name == "brands")

log = logging.getLogger("zendesk_source")

T = TypeVar("T")
ReadAt = Callable[[HelpCenter | None, StreamRun, dict[str, Any]], Iterator[T]]
"""Reads a stream on in one Help Center, or without one, from its part of the stream's state."""
Alone = Callable[[Iterator[T], StreamRun, str], Iterator[T]]
"""Lets a failure of one Help Center end only that, and note it; knows its name in the queues."""


def at_each_center(
    stream: Stream,
    connection: Connection,
    shared: SharedReading,
    whole: StreamRun,
    state: dict[str, Any],
    read_at: ReadAt[T],
    alone: Alone[T],
) -> Iterator[T]:
    """Read a stream where it is shown: once, or at each Help Center.

    Args:
        stream: What to read.
        connection: The account.
        shared: Notes what was done with each Help Center.
        whole: Notes what was done with the stream.
        state: The stream's part of the state: that of the account's own Help Center, which
            holds those of the others.
        read_at: Reads on in one Help Center.
        alone: Holds a failure of one Help Center away from the others.

    Raises:
        NotOnThisPlan: No brand has a Help Center.
    """
    if not stream.is_of_brand:
        yield from read_at(None, whole, state)
        return
    centers = help_centers_for(stream, connection, shared, whole)
    if len(centers.found) == 1:
        center = centers.found[0]
        yield from read_at(center, whole, _part(state, center))
        return
    runs: list[tuple[str, StreamRun]] = []
    for center in centers.found:
        run = shared.parts.setdefault(f"{stream.name} at {center.place}", StreamRun())
        runs.append((center.name, run))
        if not run.is_at_end:
            rows = read_at(center, run, _part(state, center))
            yield from alone(rows, run, queue_of(stream, center))
    _add_up(whole, runs, shared)
    whole.usage = connection.client.usage_of(stream.name)


def queue_of(stream: Stream, center: HelpCenter | None) -> str:
    """Return the name under which a stream is read ahead, at one Help Center or without one."""
    place = "" if center is None else center.place
    return f"{stream.name} {place}".rstrip()


def help_centers(
    connection: Connection, asker: str, tell: Callable[[str], None] | None = None
) -> HelpCenters:
    """Return the Help Centers of the account's brands, which are asked for once in a sync.

    Args:
        connection: The account.
        asker: Stream under which the requests are counted.
        tell: If there are several, called with a sentence that names them.
    """

    def find() -> HelpCenters:
        centers = _found(connection, asker)
        if tell is not None and len(centers.found) > 1:
            names = ", ".join(center.name for center in centers.found)
            tell(f"each stream of the Help Center is read at each brand: {names}")
        return centers

    return connection.centers.get(BRANDS.path, find)


def _found(connection: Connection, asker: str) -> HelpCenters:
    client, request = connection.client, request_of(BRANDS, counted_for=asker)
    try:
        brands = [row for page in connection.pages_read_once(request) for row in page.rows]
    except StreamRefused as error:
        return only_own(client, doubt=error.what)
    except ZendeskError as error:
        return only_own(client, doubt=str(error), is_missing=True)
    return help_centers_of(client, base_url_of(connection.credentials), brands)


def help_centers_for(
    stream: Stream, connection: Connection, shared: SharedReading, run: StreamRun
) -> HelpCenters:
    """Return the Help Centers to read a stream at, and note those that are not read.

    Raises:
        NotOnThisPlan: There is none.
    """
    asker = BRANDS.name if BRANDS.name in shared.streams else stream.name
    centers = help_centers(connection, asker, shared.tell)
    if centers.doubt:
        text = f"Only the account's own Help Center was read, not those of brands: {centers.doubt}"
        note(run, "brands", text, shared, is_missing=centers.is_missing)
    for name in centers.unread:
        text = "was not read: its address is not one of the account's, so nothing was sent there."
        note(run, name, f"The Help Center of {name} {text}", shared, is_missing=True)
    for name in centers.closed:
        text = f"The Help Center of {name} is switched off, and was not read."
        note(run, name, text, shared, is_missing=False)
    centers.not_none()
    return centers


def note(run: StreamRun, about: str, text: str, shared: SharedReading, *, is_missing: bool) -> None:
    """Note what users should know of a Help Center; log it where nobody sums up."""
    run.note(about, text, is_missing=is_missing)
    if not shared.is_sync:
        log.warning(text)


def _part(state: dict[str, Any], center: HelpCenter) -> dict[str, Any]:
    """Return the part of a stream's state that says how far a Help Center was read.

    It is kept among the positions, so that it is forgotten with them.
    """
    if not center.place:
        return state
    positions: dict[str, Any] = state.setdefault(POSITIONS, {})
    part: dict[str, Any] = positions.setdefault(center.place, {})
    return part


def _add_up(whole: StreamRun, runs: Sequence[tuple[str, StreamRun]], shared: SharedReading) -> None:
    """Sum up the runs of all Help Centers as one stream."""
    parts = [run for _, run in runs]
    rows: Counter[str] = Counter()
    for run in parts:
        rows.update(run.rows)
    whole.rows = dict(rows)
    whole.pages = sum(run.pages for run in parts)
    whole.newest = max((run.newest for run in parts if run.newest is not None), default=None)
    whole.is_at_end = all(run.is_at_end for run in parts)
    if not any(run.was_read for run in parts):
        whole.status, whole.reason = parts[0].status, parts[0].reason
        return
    for name, run in runs:
        if not run.was_read:
            note(whole, name, not_read(name, run.reason), shared, is_missing=True)
        for about, text in run.notes.items() if run.was_read else ():
            whole.note(f"{name}: {about}", text, is_missing=run.status == "incomplete")


def not_read(name: str, reason: object) -> str:
    """Say that a Help Center was not read."""
    return f"The Help Center of {name} was not read: {reason}"
