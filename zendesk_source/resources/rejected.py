"""What fits no table is kept beside the tables, as it came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from zendesk_source.api.paging import Page
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import Columns
from zendesk_source.catalogue.stream import columns
from zendesk_source.names import REJECTED_TABLE
from zendesk_source.resources.run import StreamRun

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


def note_oddities(run: StreamRun, page: Page) -> None:
    """Tell people what of a page does not fit, and what of it was no text."""
    note_rejected(run, len(page.rejected))
    if page.mended:
        run.mended += page.mended
        text = f"What is no valid text became U+FFFD (count: {run.mended})."
        run.note("mended", text, is_missing=False)


def note_rejected(run: StreamRun, count: int) -> None:
    """Tell people of rows, and parts of rows, that fit no table."""
    if count:
        run.rejected += count
        what = f"Rows, or parts of rows, that fit no table (count: {run.rejected})"
        text = f"{what} are kept in {REJECTED_TABLE}."
        run.note(REJECTED_TABLE, text, is_missing=True)


def _json(row: Any) -> Any:
    """Return what dlt writes as it is: a text that it parses where it knows no rows of the kind."""
    return row if isinstance(row, (dict, list)) else orjson.dumps(row).decode()
