"""Streams that are read whole, because Zendesk cannot say what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import dlt

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import TAKEN_AT, Stream
from zendesk_source.connection import Connection
from zendesk_source.resources.reading import Reading


def list_rows(stream: Stream, connection: Connection) -> Callable[..., Iterator[Any]]:
    """Return what reads a list from its beginning to its end."""

    def read() -> Iterator[Any]:
        if connection.greet(dlt.current.source_state()):
            return
        reading = Reading(stream, connection)
        # All of it before the first row is handed on: a table is never replaced by half a list.
        answers: list[Page] = []
        for page in reading.whole_list():
            if page is None:
                yield None
            elif page.rows:
                answers.append(page)
        if reading.run.status != "ok" and stream.write == "replace":
            # A resource that yields nothing would empty the table it replaces; this keeps it.
            yield dlt.mark.with_hints([], dlt.mark.make_hints(write_disposition="merge"))
        for page in answers if reading.run.status == "ok" else ():
            is_snapshot = stream.write == "append"
            page = _taken(page, stream, answers[0]) if is_snapshot else page
            yield from reading.shape([page]) or ()

    return read


def _taken(page: Page, stream: Stream, first: Page) -> Page:
    """Add to the rows of a snapshot when it was taken: one time for all its pages."""
    taken_at = first.received_at.isoformat()
    rows = [{**row, TAKEN_AT: taken_at} for row in page.rows]
    return replace(page, rows=rows, envelope={**page.envelope, stream.rows_key: rows})
