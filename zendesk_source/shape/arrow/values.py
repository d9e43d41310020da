"""Convert whole columns of JSON values to Arrow arrays.

A column is converted at once if every value certainly fits its type. If one may not, `Inexact` is
raised, and the values are converted one by one by the exact rules of `shape.values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.api.mending import json_value
from zendesk_source.catalogue import DataType
from zendesk_source.shape.arrow.records import RAW_TYPES, VALUE_TYPES
from zendesk_source.shape.columns import Row, TableColumns
from zendesk_source.shape.values import DECIMAL_PRECISION, DECIMAL_SCALE

ARROW_TYPES: Mapping[DataType, Any] = MappingProxyType(
    {
        "bigint": pa.int64(),
        "text": pa.string(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "double": pa.float64(),
        "decimal": pa.decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
        "json": pa.string(),
    }
)

_TIME = "2024-01-31T08:00:00Z"
_DAY = "2024-01-31"
_FIRST_TIME = pa.scalar(datetime(1, 1, 1, tzinfo=timezone.utc), ARROW_TYPES["timestamp"])
_FIRST_DAY = pa.scalar(date(1, 1, 1), ARROW_TYPES["date"])
_WHOLE_NUMBER = r"^-?(0|[1-9][0-9]{0,18})$"
# A number without quotes has passed through a double: 15 digits survive that unchanged.
_DECIMAL = (
    r'^("-?(0|[1-9][0-9]{0,27})(\.[0-9]{1,9})?"'
    r"|-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?|-?[1-9][0-9]{0,17})$"
)
_NULL_TEXT = b"null"
# What orjson reads as a whole number; larger ones it reads as doubles.
_ORJSON_WHOLE_NUMBERS = range(-(2**63), 2**64)

Arrays = dict[str, pa.Array]


class Inexact(Exception):
    """A value may not fit the type of its column."""


def typed_arrays(columns: TableColumns, key: str, values: Sequence[Any]) -> Arrays:
    """Convert the values of one key that were decoded as the type of its column.

    Args:
        columns: Columns of the table; new ones are added.
        key: Key in the rows that `RowShaper` would see.
        values: A value for each row; JSON texts for the types that are decoded so.

    Returns:
        Arrays by column: the key's own, and variants for values that do not fit it. A new
        column is left out as long as it has no value.
    """
    name = columns.column_of(key)
    data_type = None if name is None else columns.data_type(name)
    if name is None or data_type is None:
        return _one_by_one(columns, key, values)
    try:
        array = _CONVERTERS[data_type](values)
    except (Inexact, pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _one_by_one(columns, key, _parsed(values) if data_type in RAW_TYPES else values)
    if array.null_count < len(array):
        columns.claim(key)
        if not columns.has(name):
            columns.add(name, data_type)
    return {name: array} if columns.has(name) else {}


def raw_arrays(columns: TableColumns, key: str, raws: Sequence[Any]) -> Arrays:
    """Convert the values of one key that were decoded as JSON texts of any type."""
    name = columns.column_of(key)
    if name is not None and columns.data_type(name) in RAW_TYPES:
        return typed_arrays(columns, key, raws)
    return value_arrays(columns, key, _parsed(raws))


def value_arrays(columns: TableColumns, key: str, values: Sequence[Any]) -> Arrays:
    """Convert the values of one key that may be of any JSON type."""
    name = columns.column_of(key)
    data_type = None if name is None else columns.data_type(name)
    kinds = set(map(type, values)) - {type(None)}
    if not kinds and data_type in RAW_TYPES:
        values = [_NULL_TEXT] * len(values)
    if data_type is not None and kinds <= VALUE_TYPES.get(data_type, frozenset()):
        return typed_arrays(columns, key, values)
    return _one_by_one(columns, key, values)


def arrays_of_rows(columns: TableColumns, rows: Sequence[Row]) -> Arrays:
    """Convert rows that `RowShaper` has typed, with nulls where a row lacks a column."""
    arrays: Arrays = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        data_type = columns.data_type(name)
        assert data_type is not None
        values: Iterable[Any] = (row.get(name) for row in rows)
        if data_type == "json":
            values = map(_json_text, values)
        arrays[name] = pa.array(list(values), ARROW_TYPES[data_type])
    return arrays


def _one_by_one(columns: TableColumns, key: str, values: Sequence[Any]) -> Arrays:
    return arrays_of_rows(columns, [columns.typed({key: _as_orjson(v)}) for v in values])


def _parsed(texts: Sequence[Any]) -> list[Any]:
    values: list[Any] = json_value(b"[" + b",".join(texts) + b"]")
    return values


def _as_orjson(value: Any) -> Any:
    is_too_large = type(value) is int and value not in _ORJSON_WHOLE_NUMBERS
    return float(value) if is_too_large else value


def _json_text(value: Any) -> str | None:
    # The exact path has quoted texts already.
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _all_match(texts: pa.Array, pattern: str) -> bool:
    matches = pc.match_substring_regex(texts, pattern)
    return bool(matches.false_count == 0)


def _text(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, ARROW_TYPES["text"])


def _bool(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, ARROW_TYPES["bool"])


def _double(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, ARROW_TYPES["double"])


def _bigint(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, ARROW_TYPES["bigint"])
    except pa.ArrowInvalid:
        texts = _text(values)
        if not _all_match(texts, _WHOLE_NUMBER):
            raise Inexact from None
        return texts.cast(ARROW_TYPES["bigint"])


def _timestamp(values: Sequence[Any]) -> pa.Array:
    return _moments(_text(values), _TIME, "timestamp", _FIRST_TIME)


def _date(values: Sequence[Any]) -> pa.Array:
    return _moments(_text(values), _DAY, "date", _FIRST_DAY)


def _moments(texts: pa.Array, form: str, data_type: DataType, first: pa.Scalar) -> pa.Array:
    """Parse texts of one form; Arrow by itself accepts more forms than the exact rules do."""
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if lengths["min"] not in (None, len(form)) or lengths["max"] not in (None, len(form)):
        raise Inexact
    moments = texts.cast(ARROW_TYPES[data_type])
    earliest = pc.min(moments)
    if earliest.is_valid and earliest.value < first.value:  # Python knows no year 0
        raise Inexact
    return moments


def _json(texts: Sequence[Any]) -> pa.Array:
    # Put together here, because Arrow would copy large texts twice and look for invalid UTF-8,
    # which no decoded page holds.
    joined, lengths = b"".join(texts), list(map(len, texts))
    offsets = pa.array([0, *accumulate(lengths)], pa.int32())
    buffers = [None, offsets.buffers()[1], pa.py_buffer(joined)]
    array = pa.Array.from_buffers(ARROW_TYPES["json"], len(texts), buffers)
    if len(_NULL_TEXT) not in lengths:
        return array
    if joined == _NULL_TEXT * len(texts):
        return pa.nulls(len(texts), array.type)
    return pc.if_else(pc.equal(array, "null"), pa.scalar(None, array.type), array)


def _decimal(texts: Sequence[Any]) -> pa.Array:
    numbers = _json(texts)
    if not _all_match(numbers, _DECIMAL):
        raise Inexact
    return pc.utf8_trim(numbers, characters='"').cast(ARROW_TYPES["decimal"])


_CONVERTERS: Mapping[DataType, Any] = MappingProxyType(
    {
        "text": _text,
        "bool": _bool,
        "double": _double,
        "bigint": _bigint,
        "timestamp": _timestamp,
        "date": _date,
        "json": _json,
        "decimal": _decimal,
    }
)
