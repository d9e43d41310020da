"""Whether two values of a column say the same, whatever the destination made of them."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from zendesk_source.catalogue import DataType


def same(one: Any, other: Any, data_type: DataType | None) -> bool:
    """Whether a value as it is shaped, and one as it is stored, are the same.

    Args:
        one: A value; None for a null.
        other: Another one.
        data_type: Type of the column; None if it is unknown.
    """
    if one is None or other is None:
        return one is other
    return bool(_plain(one, data_type) == _plain(other, data_type))


def _plain(value: Any, data_type: DataType | None) -> Any:
    if data_type == "json":
        return decoded(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc)
    if data_type == "date" and isinstance(value, str):
        return date.fromisoformat(value[:10])
    if data_type == "decimal" and not isinstance(value, Decimal):
        return Decimal(str(value))
    if data_type == "bool" and isinstance(value, int):
        return bool(value)  # where a destination keeps 0 and 1
    return value


def decoded(value: Any) -> Any:
    """Return JSON as Python values; some destinations return it as text, others decoded."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
