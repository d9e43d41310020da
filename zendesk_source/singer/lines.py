"""Tables as RECORD lines: column by column from Arrow, row by row from objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.catalogue import DataType
from zendesk_source.names import SYNCED_AT
from zendesk_source.shape.arrow import TableArrow
from zendesk_source.shape.tables import Table
from zendesk_source.shape.values import decimal_text

_TEXT = pa.large_string()
_TO_ESCAPE = r'["\\\x00-\x1f]'
_SCALAR = r"^\s*[-0-9tf]"


def record_lines(
    table: Table,
    types: Mapping[str, DataType],
    read_at: datetime,
    *,
    without: Collection[str],
    version: int | None,
) -> bytes:
    """Return a RECORD line for each row of a table; nulls are left out.

    Args:
        table: Rows of one page.
        types: The type of every column that they have, by name; it decides how a value is written.
        read_at: When Zendesk answered with them, in UTC.
        without: Names of columns to leave out.
        version: Number of the whole list that the rows are part of; None for rows of changes.
    """
    message: dict[str, Any] = {"type": "RECORD", "stream": table.table}
    message["time_extracted"] = time_text(read_at)
    if version is not None:
        message["version"] = version
    head = orjson.dumps(message)[:-1] + b',"record":{'
    if isinstance(table, TableArrow):
        return _arrow_lines(table.rows, types, head, without)
    rows = [_row_text(row, types, without) for row in table.rows]
    return b"".join(head + row[1:] + b"}\n" for row in rows)


def time_text(moment: datetime) -> str:
    """Return a moment as Singer has it: ISO 8601 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")


def _arrow_lines(
    rows: pa.Table, types: Mapping[str, DataType], head: bytes, without: Collection[str]
) -> bytes:
    """Put each column's `,"name":value` in a row together; the buffer of that is the lines.

    The time of reading is in every row, so that it comes first and needs no comma.
    """
    if not rows.num_rows:
        return b""
    parts: list[Any] = [
        pa.scalar(f'{head.decode()}"{SYNCED_AT}":', _TEXT),
        _timestamps(_whole(rows[SYNCED_AT])),
    ]
    for name in rows.column_names:
        column = rows[name]
        if name == SYNCED_AT or name in without or column.null_count == len(column):
            continue
        key = pa.scalar(f",{orjson.dumps(name).decode()}:", _TEXT)
        value = _FRAGMENTS[types[name]](_whole(column)).cast(_TEXT)
        # Null where the value is: the row then has no such key.
        parts.append(pc.binary_join_element_wise(key, value, pa.scalar("", _TEXT)))
    parts.append(pa.scalar("}}\n", _TEXT))
    parts = [part.cast(_TEXT) for part in parts]
    lines = pc.binary_join_element_wise(*parts, pa.scalar("", _TEXT), null_handling="skip")
    length = pc.sum(pc.binary_length(lines)).as_py()
    return bytes(lines.buffers()[2][:length])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece: of a page it nearly always is one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _matches(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _quoted(texts: pa.Array) -> pa.Array:
    quote = pa.scalar('"', texts.type)
    return pc.binary_join_element_wise(quote, texts, quote, pa.scalar("", texts.type))


def _texts(texts: pa.Array) -> pa.Array:
    if not _matches(texts, _TO_ESCAPE):
        return _quoted(texts)
    escaped = [None if each is None else orjson.dumps(each) for each in texts.to_pylist()]
    return pa.array(escaped, pa.binary()).cast(texts.type)


def _timestamps(moments: pa.Array) -> pa.Array:
    in_utc = moments.cast(pa.timestamp("us"))
    with suppress(pa.ArrowInvalid):  # one of them has a fraction of a second
        in_utc = in_utc.cast(pa.timestamp("s"))
    texts = pc.utf8_replace_slice(in_utc.cast(pa.string()), start=10, stop=11, replacement="T")
    return pc.binary_join_element_wise(pa.scalar('"'), texts, pa.scalar('Z"'), pa.scalar(""))


def _json(texts: pa.Array) -> pa.Array:
    """Return JSON as it is, without the breaks between its parts; a bare number as a text."""
    if _matches(texts, r"[\r\n]"):
        for mark in ("\r", "\n"):
            texts = pc.replace_substring(texts, mark, " ")
    if not _matches(texts, _SCALAR):
        return texts
    return pc.if_else(pc.match_substring_regex(texts, _SCALAR), _quoted(texts), texts)


def _decimals(numbers: pa.Array) -> pa.Array:
    # As a text some targets refuse a number, and a float would round it.
    texts = [None if each is None else decimal_text(each) for each in numbers.to_pylist()]
    return pa.array(texts, pa.string())


def _plain(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


_FRAGMENTS: Mapping[DataType, Any] = MappingProxyType(
    {
        "bigint": _plain,
        "bool": _plain,
        "double": _plain,
        "decimal": _decimals,
        "date": lambda days: _quoted(days.cast(pa.string())),
        "timestamp": _timestamps,
        "text": _texts,
        "json": _json,
    }
)


def _row_text(
    row: Mapping[str, Any], types: Mapping[str, DataType], without: Collection[str]
) -> bytes:
    values = {
        name: _as_json(value) if types[name] == "json" else value
        for name, value in row.items()
        if value is not None and name not in without
    }
    return orjson.dumps(values, default=_other, option=orjson.OPT_UTC_Z)


def _as_json(value: Any) -> Any:
    """Return a value of a JSON column; a text in one is quoted already."""
    if isinstance(value, str):
        return orjson.Fragment(value) if value[:1] in ('"', "{", "[") else value
    return value if isinstance(value, (dict, list)) else orjson.dumps(value).decode()


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal_text(value))
    raise TypeError(type(value).__name__)
