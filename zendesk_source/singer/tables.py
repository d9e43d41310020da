"""Which tables there are as Singer streams, and how their types are said in JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from zendesk_source.catalogue import STREAMS, Columns, DataType, Origin, SideTable, Stream
from zendesk_source.catalogue.stream import columns
from zendesk_source.names import REJECTED_TABLE, SYNCED_AT


def _why_left_out(stream: Stream) -> str:
    if stream.parent is not None:
        return "it is asked for parent by parent"
    if stream.each_of is not None:
        return "each object has a table of its own"
    return "each brand's Help Center has its own" if stream.is_of_brand else ""


LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {stream.name: why for stream in STREAMS if (why := _why_left_out(stream))}
)
"""Streams that the tap does not read, and why."""


def _as_singer_has_it(stream: Stream) -> Stream:
    """Return a stream without the tables that Singer cannot keep right.

    A whole set loses rows, and Singer can say so of a whole list only. What such a table holds
    stays in the row; identities, which are beside it, have a stream that only grows.
    """
    if stream.write == "replace":
        return stream
    kept = [
        replace(side, is_whole_set=False)
        for side in stream.side_tables
        if not side.is_whole_set or side.origin is Origin.BESIDE
    ]
    return replace(stream, side_tables=tuple(kept))


TAP_STREAMS = tuple(_as_singer_has_it(stream) for stream in STREAMS if stream.name not in LEFT_OUT)
STREAM_OF: Mapping[str, Stream] = MappingProxyType(
    {table.name: stream for stream in TAP_STREAMS for table in stream.tables}
)
"""The stream that fills a table."""
TABLES: Mapping[str, Stream | SideTable] = MappingProxyType(
    {table.name: table for stream in TAP_STREAMS for table in stream.tables}
)

REJECTED_COLUMNS: Columns = columns(text="id stream reason", json="row", timestamp="read_at")
"""Of ``_zendesk_rejected_rows``, which has a key here: some targets demand one."""

_TYPES: Mapping[DataType, Mapping[str, Any]] = MappingProxyType(
    {
        "bigint": {"type": ["integer", "null"]},
        "text": {"type": ["string", "null"]},
        "bool": {"type": ["boolean", "null"]},
        "timestamp": {"type": ["string", "null"], "format": "date-time"},
        "date": {"type": ["string", "null"], "format": "date"},
        "double": {"type": ["number", "null"]},
        "decimal": {"type": ["number", "null"]},
        "json": {"type": ["object", "array", "string", "null"]},
    }
)


def is_list(stream: Stream) -> bool:
    """Whether a stream is read whole, and what it does not show is gone."""
    return stream.write == "replace"


def key_of(table: str) -> tuple[str, ...]:
    """Return the key columns of a table."""
    return ("id",) if table == REJECTED_TABLE else TABLES[table].primary_key


def cursor_of(table: str) -> str | None:
    """Return the column that a table's stream is ordered by, if it has that column."""
    cursor = STREAM_OF[table].cursor_field
    return cursor if cursor in TABLES[table].columns else None


def declared_types(table: str) -> dict[str, DataType]:
    """Return the types of the columns that every row may have."""
    if table == REJECTED_TABLE:
        return dict(REJECTED_COLUMNS)
    return {**TABLES[table].columns, SYNCED_AT: "timestamp"}


def json_schema(types: Mapping[str, DataType], key: Iterable[str]) -> dict[str, Any]:
    """Return the JSON Schema of a table's rows."""
    properties = {name: dict(_TYPES[kind]) for name, kind in types.items()}
    for name in key:
        properties[name]["type"] = properties[name]["type"][:1]  # a key is never null
    return {"type": "object", "properties": properties}
