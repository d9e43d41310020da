"""Which tables there are as Singer streams, and how their types are said in JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from zendesk_source.account.custom_objects import TABLE_PREFIX
from zendesk_source.catalogue import STREAMS, Columns, DataType, Origin, SideTable, Stream
from zendesk_source.catalogue.stream import columns
from zendesk_source.names import REJECTED_TABLE, SYNCED_AT


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


TAP_STREAMS = tuple(_as_singer_has_it(stream) for stream in STREAMS if stream.each_of is None)
RECORDS = next(_as_singer_has_it(stream) for stream in STREAMS if stream.each_of is not None)
"""Records of custom objects: each object has a table of its own."""
STREAM_OF: Mapping[str, Stream] = MappingProxyType(
    {table.name: stream for stream in TAP_STREAMS for table in stream.tables}
)
"""The stream that fills a table; those of custom objects are known to the account alone."""
_DECLARED: Mapping[str, Stream | SideTable] = MappingProxyType(
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


def is_of_object(table: str) -> bool:
    """Whether a table has the records of a custom object."""
    is_named_so = table.startswith(TABLE_PREFIX) and table != RECORDS.name
    return is_named_so and table not in STREAM_OF


@cache
def stream_of(table: str) -> Stream:
    """Return the stream that fills a table.

    Raises:
        KeyError: There is no such table.
    """
    return replace(RECORDS, name=table) if is_of_object(table) else STREAM_OF[table]


def is_list(stream: Stream) -> bool:
    """Whether a stream is read whole, and what it does not show is gone."""
    return stream.write == "replace"


def key_of(table: str) -> tuple[str, ...]:
    """Return the key columns of a table."""
    return ("id",) if table == REJECTED_TABLE else _table(table).primary_key


def cursor_of(table: str) -> str | None:
    """Return the column that a table's stream is ordered by, if it has that column."""
    cursor = stream_of(table).cursor_field
    return cursor if cursor in _table(table).columns else None


def declared_types(table: str) -> dict[str, DataType]:
    """Return the types of the columns that every row may have."""
    if table == REJECTED_TABLE:
        return dict(REJECTED_COLUMNS)
    return {**_table(table).columns, SYNCED_AT: "timestamp"}


def _table(name: str) -> Stream | SideTable:
    return _DECLARED.get(name) or stream_of(name)


def json_schema(types: Mapping[str, DataType], key: Iterable[str]) -> dict[str, Any]:
    """Return the JSON Schema of a table's rows."""
    properties = {name: dict(_TYPES[kind]) for name, kind in types.items()}
    for name in key:
        properties[name]["type"] = properties[name]["type"][:1]  # a key is never null
    return {"type": "object", "properties": properties}
