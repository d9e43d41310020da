"""Read the records of custom objects: an export and a table for each object.

The list of objects is read once in a sync, so a new object appears by itself. For dlt they are one
resource, with a position and a table for each object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import dlt

from zendesk_source.account.connection import Connection
from zendesk_source.account.custom_objects import (
    OBJECTS_NOTE,
    export_of,
    keys_of_objects,
    of_object,
    table_of,
)
from zendesk_source.account.stream_run import Status, StreamRun
from zendesk_source.catalogue import Stream
from zendesk_source.extract.kept import CUSTOM_OBJECT_TABLES, POSITIONS
from zendesk_source.resources.exports import declared_incremental, read_on
from zendesk_source.resources.handing import Handing
from zendesk_source.resources.isolation import isolated
from zendesk_source.resources.run import current_slice, run_of
from zendesk_source.resources.taking import Taking
from zendesk_source.times import Window


def rows_of_each(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    """Return a generator function that reads the records of every object to its end."""
    declared = declared_incremental(stream, window)

    def read(cursor: dlt.sources.incremental[Any] = declared) -> Iterator[Any]:
        current = current_slice()
        known: dict[str, StreamRun] = {} if current is None else current.sync.parts
        parts: dict[str, StreamRun] = {}
        whole = run_of(stream.name)
        state = connection.own_state(dlt.current.resource_state())
        positions = state.setdefault(POSITIONS, {})
        for key in _keys(stream, connection, whole):
            part = _part(stream, key, connection)
            run = known.setdefault(f"{stream.name} at {part.name}", StreamRun())
            parts[part.name] = run
            if not run.is_at_end:
                taking = Taking(part, connection, run, part_of=stream)
                handing = Handing(part, connection, run, resource=stream.name)
                state = positions.setdefault(key, {})
                rows = of_object(key, read_on(part, taking, handing, state, cursor))
                yield from isolated(rows, part, connection, run, queue=taking.queue)
                if current is None:
                    run.is_at_end = True
        _add_up(whole, parts)
        of_parts = (run.usage for run in parts.values())
        whole.usage = sum(of_parts, connection.client.usage_of(stream.name))

    return read


def _keys(stream: Stream, connection: Connection, whole: StreamRun) -> list[str]:
    """Return the keys of all objects, which are asked for once in a sync."""
    current = current_slice()
    known = {} if current is None else current.sync.keys
    if stream.name not in known:
        known[stream.name] = keys_of_objects(stream, connection, whole)
    return known[stream.name]


def _part(stream: Stream, key: str, connection: Connection) -> Stream:
    """Return the export of one object as a stream."""
    names = dlt.current.source_state().setdefault(CUSTOM_OBJECT_TABLES, {})
    return export_of(stream, key, table_of(key, names), connection)


def _add_up(whole: StreamRun, parts: dict[str, StreamRun]) -> None:
    """Sum up the runs of all objects as one stream, which is incomplete if one failed."""
    runs = parts.values()
    whole.rows = {table: count for run in runs for table, count in run.rows.items()}
    whole.pages = sum(run.pages for run in runs)
    newest = [run.newest for run in runs if run.newest is not None]
    whole.newest = max(newest, default=None)
    if whole.was_read:
        odd: set[Status] = {"incomplete"} if OBJECTS_NOTE in whole.notes else set()
        whole.status = _status_of_all(odd.union(run.status for run in runs))
        reasons = [*whole.notes.values(), *(run.reason for run in runs)]
        whole.reason = " ".join(filter(None, reasons))
    whole.is_at_end = all(run.is_at_end for run in runs)


def _status_of_all(statuses: set[Status]) -> Status:
    if statuses <= {"ok"}:
        return "ok"
    return next(iter(statuses)) if len(statuses) == 1 else "incomplete"
