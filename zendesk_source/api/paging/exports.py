"""Walk incremental exports: by opaque cursor, or by time.

Source: https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from zendesk_source.api.client import Answer
from zendesk_source.api.paging.checked import checked_cursor, checked_time, query_of
from zendesk_source.api.paging.position import Page, Position
from zendesk_source.api.paging.walk import Pages, Walk, nothing_new
from zendesk_source.api.refusals import RequestRefused, StartTimeTooRecent
from zendesk_source.catalogue import Origin

# Zendesk refuses a start_time of the last minute; one second more for rounded clocks.
NEWEST_START_TIME_AGE_SECONDS = 61
_SECOND = re.compile(r"[0-9]{1,18}")

_LONGEST_SEAM_ROWS = 100
"""Rows of one second. After a larger bulk edit they come twice, which only costs a merge."""


def cursor_export_pages(walk: Walk, position: Position) -> Pages:
    """Walk an export by cursor: ``start_time`` once, then the cursor of the page before.

    Raises:
        PaginationStuck: A cursor came twice before the end, or too many pages held nothing.
        UnexpectedAnswer: The saved cursor is refused, the next one is none, or the rows are
            missing.
    """
    while True:
        try:
            answer = walk.ask(_cursor_export_place(position), size_param="per_page")
        except StartTimeTooRecent as refused:
            yield nothing_new(refused, position)
            return
        except RequestRefused as refused:
            raise _about_the_cursor(refused, position) from refused
        cursor = checked_cursor(answer.value.get("after_cursor"), "after_cursor", walk.where)
        # An empty page has a null cursor: storing that would start the export over.
        after = replace(position, start_time=None, cursor=cursor) if cursor else position
        is_last = _is_cursor_export_end(answer.value, after, position)
        if not is_last:
            walk.advance(after, "the same cursor came twice before the end of the stream")
        yield walk.page(answer, after, is_last=is_last)
        if is_last:
            return
        position = after


def _cursor_export_place(position: Position) -> dict[str, object]:
    if position.cursor is not None:
        return {"cursor": position.cursor}
    return {"start_time": position.start_time or 0}


def _is_cursor_export_end(envelope: Mapping[str, Any], after: Position, before: Position) -> bool:
    end_of_stream = envelope.get("end_of_stream")
    if isinstance(end_of_stream, bool):
        return end_of_stream
    meta = envelope.get("meta")
    if isinstance(meta, Mapping) and isinstance(meta.get("has_more"), bool):
        return not meta["has_more"]
    return after == before


def _about_the_cursor(refused: RequestRefused, position: Position) -> RequestRefused:
    if refused.status != 400 or position.cursor is None:
        return refused
    return RequestRefused(
        refused.what,
        "Zendesk no longer takes the saved cursor: reset this stream's state, or set a"
        " start date, to read it again from there.",
        status=refused.status,
        server_time=refused.server_time,
    )


def time_export_pages(walk: Walk, position: Position) -> Pages:
    """Walk an export by time: each page starts at the ``end_time`` of the one before.

    The last second of a page comes again in the next; rows that are the same are left out.

    Raises:
        PaginationStuck: ``end_time`` did not advance on a page that is not the last, or too
            many pages held nothing.
        UnexpectedAnswer: The rows are missing, or ``end_time`` is no time.
    """
    last_page: Page | None = None
    while True:
        start_time = position.start_time or 0
        if last_page is not None and _is_too_recent(start_time, last_page.server_time):
            yield last_page.without_rows()
            return
        try:
            answer = walk.ask({"start_time": start_time}, size_param="per_page")
        except StartTimeTooRecent as refused:
            yield nothing_new(refused, position)
            return
        end_time = _end_time(walk, answer)
        is_last = _is_time_export_end(walk, answer, start_time, end_time)
        if not is_last and (end_time is None or end_time <= start_time):
            raise walk.stuck(f"end_time stayed at {start_time} on a page that is not the last")
        if end_time is not None:
            position = replace(position, start_time=max(start_time, end_time))
        page = walk.page(answer, position, is_last=is_last)
        yield page if last_page is None else _after_the_seam(page, last_page, walk)
        if is_last:
            return
        last_page = page


def _after_the_seam(page: Page, before: Page, walk: Walk) -> Page:
    """Return a page without the rows at its start that ended the page before."""
    if any(side.origin is Origin.BESIDE for side in walk.request.stream.side_tables):
        return page  # the row alone does not say all that the page says of it
    most = min(len(before.rows), len(page.rows), _LONGEST_SEAM_ROWS)
    for count in range(1, most + 1):
        if before.rows[-count] == page.rows[0] and before.rows[-count:] == page.rows[:count]:
            rows = page.rows[count:]
            assert isinstance(page.envelope, dict)
            page.envelope[walk.rows_key] = rows  # in place: its type tells how it was decoded
            return replace(page, rows=rows)
    return page


def _end_time(walk: Walk, answer: Answer[Mapping[str, Any]]) -> int | None:
    said = answer.value.get("end_time")
    if said is None:
        linked = query_of(answer.value.get("next_page"), walk.where).get("start_time", "")
        said = int(linked) if _SECOND.fullmatch(linked) else None
    return checked_time(said, "end_time", walk.where, answer.server_time)


def _is_time_export_end(
    walk: Walk, answer: Answer[Mapping[str, Any]], start_time: int, end_time: int | None
) -> bool:
    """Whether an answer is the last: Zendesk says so, or nothing leads on from it.

    A page that is not full need not be the last: pages of articles and calls have any size. They
    end with a link that is null, or one that leads to the same place for ever.
    """
    end_of_stream = answer.value.get("end_of_stream")
    if isinstance(end_of_stream, bool):
        return end_of_stream
    if end_time is None or answer.value.get("next_page", "") is None:
        return True
    # A full page of one second is no end: what it does not hold could not be asked for.
    is_full = len(walk.rows(answer)) >= walk.asked_rows > 0
    return end_time <= start_time and not is_full


def _is_too_recent(start_time: int, server_time: datetime) -> bool:
    return start_time > server_time.timestamp() - NEWEST_START_TIME_AGE_SECONDS
