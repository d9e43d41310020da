"""Choose between a stream's export and its lists, and say so where the lists are read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import dlt

from zendesk_source.account.connection import ADMINS, Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.support.second_roads import SECOND_ROADS
from zendesk_source.errors import ConfigurationError, StreamRefused
from zendesk_source.extract.kept import LISTS, POSITIONS
from zendesk_source.extract.positions import has_begun, reached
from zendesk_source.extract.second_road.reading import read_through
from zendesk_source.extract.taken_over import positions_from
from zendesk_source.resources.run import current_slice
from zendesk_source.resources.second_road.rows import rows_from_lists
from zendesk_source.times import epoch_of

log = logging.getLogger("zendesk_source")

BACK_SECONDS = 86_400
"""How far before the end of the lists an export begins that was never read."""

State = dict[str, Any]


def on_either_road(
    stream: Stream,
    connection: Connection,
    run: StreamRun,
    state: State,
    cursor: dlt.sources.incremental[Any],
    from_export: Callable[[], Iterator[Any]],
) -> Iterator[Any]:
    """Read a stream from its export, or from its lists where Zendesk refuses that.

    Args:
        stream: What to read.
        connection: The account; its options decide.
        run: Notes what was done with the stream.
        state: The stream's part of the state.
        cursor: dlt's cursor, which holds the window.
        from_export: Reads the export from where it stands.

    Raises:
        StreamRefused: Zendesk refuses both.
        ConfigurationError: Only lists are to be read, and a window has an end.
    """
    exports, is_window = connection.options.exports, cursor.end_value is not None
    if stream.name not in SECOND_ROADS or exports == "incremental":
        yield from from_export()
        return
    if exports == "lists" and is_window:
        raise ConfigurationError(
            f"The lists of {stream.name} cannot be asked for a window with an end.",
            'Leave end_date out, or set exports to "auto".',
        )
    refused = _refused_in_this_sync(stream)
    if exports == "auto" and refused is None:
        try:
            yield from _from_export(state, from_export)
        except StreamRefused as error:
            # Whoever is no admin may not read exports, and sees a part of the lists.
            if is_window or connection.role not in ADMINS:
                raise
            refused = error
            _remember(stream, error)
        else:
            return
    _tell(stream, run, refused)
    cursor.advance(None)
    start = epoch_of(cursor.initial_value) or 0
    since = reached(state.get(POSITIONS, {}), start)
    try:
        yield from rows_from_lists(stream, connection, run, state, since)
    except StreamRefused as also:
        if refused is None:
            raise
        raise refused from also


def _from_export(state: State, from_export: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """Read the export. One that was never read begins shortly before the end of the lists.

    Where it has a position of its own, it goes on from there, and thereby reads what lists do not
    show.
    """
    before = state.get(POSITIONS)
    through = read_through(state.get(LISTS))
    if through is None or has_begun(before or {}):
        yield from from_export()
        return
    lent = {**(before or {}), **positions_from(max(0, through - BACK_SECONDS))}
    state[POSITIONS] = deepcopy(lent)
    try:
        yield from from_export()
    finally:
        if state.get(POSITIONS) == lent:  # nothing was read: the lists may come further
            state.pop(POSITIONS)
            if before is not None:
                state[POSITIONS] = before


def _refused_in_this_sync(stream: Stream) -> StreamRefused | None:
    part = current_slice()
    return None if part is None else part.sync.refused_exports.get(stream.name)


def _remember(stream: Stream, refused: StreamRefused) -> None:
    """Ask for the export no more in this sync, and forget the shape of its pages."""
    if (part := current_slice()) is not None:
        part.sync.refused_exports[stream.name] = refused
        part.sync.shapes.pop(stream.name, None)


def _tell(stream: Stream, run: StreamRun, refused: StreamRefused | None) -> None:
    why = "Read from lists" if refused is None else f"{refused.what} It was read from lists"
    text = f"{why}, which show less than the export. {SECOND_ROADS[stream.name].misses}"
    run.note("lists", text, is_missing=False)
    if current_slice() is None:  # nobody reads the notes of a plain run
        log.warning("%s: %s", stream.name, text)
