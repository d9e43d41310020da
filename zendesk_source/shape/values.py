"""Convert values to the type of their column, exactly: nothing is rounded, cut or guessed.

A value that does not fit is kept in ``<column>__v_<type>``, the name that dlt uses for such
variants. dlt converts more freely ("007" to 7, 2 to true), so values are converted here first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from zendesk_source.api.paging.door import BIGINT, WHOLE_NUMBER
from zendesk_source.catalogue import DataType

DECIMAL_PRECISION, DECIMAL_SCALE = 38, 9  # dlt's default decimal
_MIDNIGHT = re.compile(r"00:00:00(\.0+)?(Z|\+00:00)")
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?(Z|[+-]\d\d:?\d\d)?"
)


def fit(value: Any, data_type: DataType) -> tuple[Any, DataType]:
    """Return a value as its column's type, or as the type of the variant it belongs in.

    Args:
        value: The value from the JSON; not None.
        data_type: Type of its column.

    Returns:
        The value and its type: ``data_type`` if it fits, another one if not.
    """
    converted = _CONVERTERS[data_type](value)
    if converted is not None:
        return converted, data_type
    own_type = type_of(value)
    return (value, own_type) if own_type != "text" else (as_text(value), "text")


def type_of(value: Any, name: str = "") -> DataType:
    """Return the column type of a JSON value; ``name`` tells a time from a text."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "bigint" if value in BIGINT else "text"
    if isinstance(value, float):
        return "double"
    if isinstance(value, (dict, list)):
        return "json"
    return "timestamp" if name.endswith("_at") and _timestamp(value) is not None else "text"


def as_text(value: Any) -> str:
    """Return a text as it is and anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def decimal_text(number: Decimal) -> str:
    """Return all digits of a decimal, without the zeros at its end.

    ``normalize`` would round: to 28 digits, of the 38 that a column takes.
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _bigint(value: Any) -> int | None:
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and value in BIGINT else None


def _double(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if float(value) == value else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    fits = -exponent <= DECIMAL_SCALE and number.adjusted() < DECIMAL_PRECISION - DECIMAL_SCALE
    return number if fits else None


def _date(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    day, _, time = value.partition("T")
    if time and not _MIDNIGHT.fullmatch(time):
        return None
    try:
        return date.fromisoformat(day) if len(day) == len("2024-01-31") else None
    except ValueError:
        return None


def _timestamp(value: Any) -> datetime | None:
    match = _ISO_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, time, fraction, zone = match.groups()
    # Engagements leave the zone out; Zendesk's times are in UTC.
    zone = "+00:00" if zone in (None, "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        parsed = datetime.fromisoformat(f"{day}T{time}.{fraction or '':0<6}{zone}")
        return parsed.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _json(value: Any) -> Any:
    # dlt parses a text that is meant for a JSON column; a text of its own must be quoted first.
    return orjson.dumps(value).decode() if isinstance(value, str) else value


_CONVERTERS: Mapping[DataType, Callable[[Any], Any]] = {
    "bool": _bool,
    "bigint": _bigint,
    "double": _double,
    "decimal": _decimal,
    "date": _date,
    "timestamp": _timestamp,
    "text": as_text,
    "json": _json,
}
