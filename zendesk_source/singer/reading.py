"""Every chosen stream, read at once by threads and written page by page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson

from zendesk_source.account.column_names import snake_case
from zendesk_source.account.custom_objects import (
    describe_by,
    export_of,
    keys_of_objects,
    of_object,
    table_of,
)
from zendesk_source.account.private import idle_rules
from zendesk_source.account.shaping import new_shape
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Stopped
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.extract.kept import PRIVATE
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.singer.run import Tap, isolated
from zendesk_source.singer.streams import Reading, read_on, read_whole
from zendesk_source.singer.tables import RECORDS, is_of_object

log = logging.getLogger("zendesk_source")


def read_all(tap: Tap) -> None:
    """Read every stream to its end, in turns; one that fails leaves the others alone.

    Raises:
        ZendeskError: One that concerns them all.
        OSError: The lines cannot be written.
        Stopped: The run is over before its end.
    """
    readings = {stream.name: _told(tap, stream) for stream in tap.streams}
    while readings:
        for name in list(readings):
            if tap.stop.is_over:
                raise Stopped
            try:
                next(readings[name])
            except StopIteration:
                del readings[name]
    _tell_of_idle_rules(tap)


def _tell_of_idle_rules(tap: Tap) -> None:
    """Say so if something is to be private that was not met when all was read."""
    state, names = tap.state.document, tap.state.all_field_columns()
    before = state.get(PRIVATE)
    failed = [name for name, run in tap.runs.items() if run.status == "failed"]
    found = (
        idle_rules(stream, tap.connection, state, names, failed)
        for stream in tap.streams
        if stream.name not in failed
    )
    for text in dict(chain.from_iterable(found)).values():
        log.warning("%s", text)
    if state.get(PRIVATE) != before:
        tap.writer.state()


def _told(tap: Tap, stream: Stream) -> Iterator[None]:
    run = tap.runs[stream.name]
    clock = tap.connection.clock
    started = clock.monotonic()
    yield from isolated(tap, _read(tap, stream, run), run, stream.name)
    run.usage = tap.connection.client.usage_of(stream.name)
    _tell(tap, stream, run, clock.monotonic() - started)


def _read(tap: Tap, stream: Stream, run: StreamRun) -> Iterator[None]:
    if is_of_object(stream.name):
        yield from _read_object(tap, stream.name, run)
        return
    if stream.is_incremental and tap.state.is_behind(tap.tables_of(stream)):
        log.warning("%s is read from its start: a table of it was not loaded before", stream.name)
    reading = _begun(tap, stream, run)
    yield from (read_on if stream.write == "merge" else read_whole)(reading)
    tap.writer.state()


def _read_object(tap: Tap, table: str, run: StreamRun) -> Iterator[None]:
    """Read the records of the custom object that a table belongs to."""
    names = tap.state.object_tables()
    keys = {table_of(key, names): key for key in keys_of_objects(RECORDS, tap.connection, run)}
    if table not in keys:
        text = f"There is no object for {table} any more; what was loaded of it stays."
        run.note("object", text, is_missing=False)
        return
    for name, key in keys.items():  # rules of what is private may name one that is not read
        describe_by(key, name, tap.connection)
    stream = export_of(RECORDS, keys[table], table, tap.connection)
    yield from of_object(keys[table], read_on(_begun(tap, stream, run)))
    tap.writer.state()


def _begun(tap: Tap, stream: Stream, run: StreamRun) -> Reading:
    """Tell what the rows of a stream look like, and return what reads it."""
    reading = Reading(tap, stream, run, _shape(tap, stream, run))
    fields = {} if reading.shape.fields is None else _described(reading.shape.fields)
    for table in reading.tables:
        tap.writer.begin(table, fields if table == stream.name else None)
    return reading


def _shape(tap: Tap, stream: Stream, run: StreamRun) -> StreamShape:
    """Return how the pages of a stream become tables; asks for the custom fields' definitions."""
    shape = new_shape(
        stream,
        tap.connection,
        run,
        names=_names(tap, stream),
        known={table.name: tap.state.columns(table.name) for table in stream.tables},
        normalize=snake_case,
        is_arrow=stream.is_incremental and stream.custom_fields != "custom_object",
    )
    shape.begin_package()
    return shape


def _names(tap: Tap, stream: Stream) -> dict[str, dict[str, str]]:
    """Return the columns of custom fields: those of the stream, or all if it can add none."""
    state = tap.state
    is_owner = stream.custom_fields is not None
    return state.custom_field_columns(stream.name) if is_owner else state.all_field_columns()


def _described(fields: FieldColumns) -> dict[str, DataType]:
    columns = fields.by_key.values()
    return {column.name: column.data_type for column in columns if column.data_type is not None}


def _tell(tap: Tap, stream: Stream, run: StreamRun, seconds: float) -> None:
    """Write the metrics of a stream, and a sentence if something is missing."""
    for table in tap.tables_of(stream):
        _metric("counter", "record_count", tap.writer.counts[table], {"endpoint": table})
    tags = {"endpoint": stream.name, "status": "succeeded" if run.was_read else "failed"}
    _metric("timer", "sync_duration", round(seconds, 3), tags)
    asked = {"endpoint": stream.name, "requests": run.usage.requests}
    _metric("timer", "http_request_duration", round(run.usage.answer_seconds, 3), asked)
    if run.status == "skipped":
        log.warning("skipped %s: %s", stream.name, run.reason)
    elif run.status == "failed":
        log.error("%s failed: %s", stream.name, run.reason)
    elif run.reason:
        log.warning("%s: %s", stream.name, run.reason)


def _metric(kind: str, name: str, value: float, tags: dict[str, Any]) -> None:
    """Log a measurement in the form that Singer's tools look for."""
    told = {"type": kind, "metric": name, "value": value, "tags": tags}
    log.info("METRIC: %s", orjson.dumps(told).decode())
