"""Keep rows, and parts of rows, that fit no table in a table of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import Columns
from zendesk_source.catalogue.stream import columns

REJECTED_COLUMNS: Columns = columns(text="stream reason", json="row", timestamp="read_at")


def rejected_rows(rejected: Iterable[Rejected], read_at: datetime) -> list[dict[str, Any]]:
    """Return rows of ``_zendesk_rejected_rows``."""
    return [
        {
            "stream": each.table,
            "reason": each.reason,
            "row": _json(each.row),
            "read_at": read_at,
        }
        for each in rejected
    ]


def _json(row: Any) -> Any:
    """Return a value as dlt writes it unchanged: an object, a list, or JSON text."""
    return row if isinstance(row, (dict, list)) else orjson.dumps(row).decode()
