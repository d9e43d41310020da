"""Chat: exports by time and id, and lists by the id they begin at.

Source: https://developer.zendesk.com/api-reference/live-chat/chat-api/incremental_export/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from zendesk_source.api.paging.position import Position
from zendesk_source.api.paging.walk import Pages, Walk, nothing_new
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.errors import UnexpectedAnswer

# Chat refuses a start_time of the last five minutes; one second more for rounded clocks.
NEWEST_START_TIME_AGE_SECONDS = 301
# Of two epoch times of our age only microseconds are as large as this.
_MICROSECONDS_FROM = 10**14
_MICROSECONDS = 1_000_000


def chat_export_pages(walk: Walk, position: Position) -> Pages:
    """Walk an export of Chat: each page starts at the last row of the one before.

    That row comes twice. Many rows of one second are told apart by ``start_id``; the time is
    in seconds or microseconds, and goes back as it came.

    Raises:
        PaginationStuck: Time and id did not advance on a full page.
        UnexpectedAnswer: The rows are missing, or the time is none.
    """
    while True:
        try:
            answer = walk.ask(_place(walk, position), size_param="limit")
        except RequestRefused as refused:
            if not _is_too_recent(position, refused.server_time):
                raise
            yield nothing_new(refused, position)
            return
        after = _after(walk, answer.value, position)
        is_last = len(walk.rows(answer)) < walk.asked_rows
        if not is_last:
            walk.advance(after, "the same time and id came twice on a full page")
        position = after
        page = walk.page(answer, position, is_last=is_last)
        yield page
        if is_last:
            return
        if _is_too_recent(position, answer.server_time):
            yield replace(page, envelope={}, rows=[], is_last=True, body_bytes=0, replaced=0)
            return


def _place(walk: Walk, position: Position) -> Mapping[str, object]:
    if position.cursor is None:
        return walk.stream.since(position.start_time or 0)
    time, _, row_id = position.cursor.partition("|")
    return {"start_time": time, "start_id": row_id} if row_id else {"start_time": time}


def _after(walk: Walk, envelope: Mapping[str, Any], position: Position) -> Position:
    """Return where an answer ends; an empty one may not say."""
    link = envelope.get("next_page")
    linked = parse_qs(urlsplit(link).query) if isinstance(link, str) else {}
    time = linked.get("start_time", [envelope.get("end_time")])[0]
    row_id = linked.get("start_id", [envelope.get("end_id") or ""])[0]
    if time is None:
        return position
    try:
        epoch = int(float(time))
    except (TypeError, ValueError):
        raise UnexpectedAnswer(f"{walk.where} gave an `end_time` that is not a number.") from None
    second = epoch // _MICROSECONDS if epoch >= _MICROSECONDS_FROM else epoch
    return Position(start_time=second, cursor=f"{time}|{row_id}")


def _is_too_recent(position: Position, server_time: datetime) -> bool:
    newest = server_time.timestamp() - NEWEST_START_TIME_AGE_SECONDS
    return (position.start_time or 0) > newest


def since_id_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list of Chat by id; an empty answer ends it.

    Where a page has several lists, one that is full may go on behind the end of the others.

    Raises:
        PaginationStuck: The ids did not advance.
        UnexpectedAnswer: The rows, or their ids, are missing.
    """
    since_id, seen, key = 0, set[int](), walk.stream.rows_key
    while True:
        answer = walk.ask({"since_id": since_id}, size_param="limit")
        found = walk.rows(answer)
        if not found:
            yield walk.page(answer, Position(), is_last=True)
            return
        lists = [answer.value[name] for name in key.split() if name in answer.value]
        next_id = _next_id(walk, lists)
        if next_id <= since_id:
            raise walk.stuck(f"since_id stayed at {since_id}")
        new = [row for row in found if row["id"] not in seen]
        seen.update(row["id"] for row in new)
        shown = replace(answer, value={**answer.value, key: new})
        yield walk.page(shown, Position(), is_last=False)
        since_id = next_id


def _next_id(walk: Walk, lists: list[list[Any]]) -> int:
    ids: list[list[int]] = [[row.get("id") for row in rows] for rows in lists if rows]
    if not all(isinstance(each, int) for column in ids for each in column):
        raise UnexpectedAnswer(f"{walk.where} has rows without a number as `id`.")
    ends_of_full = [max(column) for column in ids if len(column) >= walk.asked_rows]
    return 1 + (min(ends_of_full) if ends_of_full else max(max(column) for column in ids))
