"""Rows without a primary key: they cannot be merged, and are kept beside their table instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Columns, Paging, Stream
from zendesk_source.catalogue.stream import columns

REJECTED_TABLE = "_zendesk_rejected_rows"

REJECTED_COLUMNS: Columns = columns(text="stream reason", json="row", timestamp="read_at")


def take_keyless(
    page: Page, stream: Stream, values: Callable[[Mapping[str, Any], str], list[Any]]
) -> list[dict[str, Any]]:
    """Take the rows without a key out of a page.

    Args:
        page: Its envelope loses them; most pages have none and stay as they are.
        stream: Whose rows.
        values: Returns what the rows of an envelope hold under a key.

    Returns:
        Rows of ``_zendesk_rejected_rows``.
    """
    rows: list[Any] = page.envelope.get(stream.rows_key) or []
    if not rows or stream.paging is Paging.OBJECT:
        return []  # the one row of an object is told from no other
    if not any(None in values(page.envelope, name) for name in stream.primary_key):
        return []
    keyless = [row for row in rows if _missing(row, stream)]
    assert isinstance(page.envelope, dict)
    page.envelope[stream.rows_key] = [row for row in rows if not _missing(row, stream)]
    return [
        {
            "stream": stream.name,
            "reason": f"no {', '.join(_missing(row, stream))}",
            "row": orjson.loads(msgspec.json.encode(row)),
            "read_at": page.received_at,
        }
        for row in keyless
    ]


def _missing(row: Any, stream: Stream) -> list[str]:
    return [name for name in stream.primary_key if row.get(name) is None]
