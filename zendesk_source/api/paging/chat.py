"""Walk Chat: exports by time and id, and lists by the id they begin at.

Source: https://developer.zendesk.com/api-reference/live-chat/chat-api/incremental_export/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from zendesk_source.api.client import Answer
from zendesk_source.api.paging.checked import checked_cursor, checked_time, is_id, query_of
from zendesk_source.api.paging.position import Position
from zendesk_source.api.paging.walk import Pages, Walk, nothing_new
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.errors import UnexpectedAnswer

# Chat refuses a start_time of the last five minutes; one second more for rounded clocks.
NEWEST_START_TIME_AGE_SECONDS = 301
# Of two epoch times of our age only microseconds are as large as this.
MICROSECONDS_FROM = 10**14
_MICROSECONDS = 1_000_000
_MOST_DIGITS = 40


def chat_export_pages(walk: Walk, position: Position) -> Pages:
    """Walk an export of Chat: each page starts at the last row of the one before.

    That row comes twice. ``start_id`` tells rows of one second apart. The time is in seconds or
    microseconds, and is sent back as it came. The walk ends where it no longer advances.

    Raises:
        PaginationStuck: Time and id did not advance on a full page, or too many pages held
            nothing.
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
        after = _after(walk, answer, position)
        is_full = len(walk.rows(answer)) >= walk.asked_rows > 0
        is_linked = answer.value.get("next_page", "") is not None
        is_last = not is_linked or (after == position and not is_full)
        if not is_last:
            walk.advance(after, "the same time and id came twice on a full page")
        position = after
        page = walk.page(answer, position, is_last=is_last)
        yield page
        if is_last:
            return
        if _is_too_recent(position, answer.server_time):
            yield page.without_rows()
            return


def _place(walk: Walk, position: Position) -> Mapping[str, object]:
    if position.cursor is None:
        return walk.request.stream.since(position.start_time or 0)
    time, _, row_id = position.cursor.partition("|")
    return {"start_time": time, "start_id": row_id} if row_id else {"start_time": time}


def _after(walk: Walk, answer: Answer[Mapping[str, Any]], position: Position) -> Position:
    """Return the position behind an answer; the same one if an empty answer names none."""
    envelope = answer.value
    linked = query_of(envelope.get("next_page"), walk.where)
    time = linked.get("start_time", envelope.get("end_time"))
    if time is None:
        return position
    said = seconds_of(_number(time))
    second = checked_time(said, "end_time", walk.where, answer.server_time)
    if second is None or second < (position.start_time or 0):
        return position
    row_id = checked_cursor(linked.get("start_id", envelope.get("end_id")), "end_id", walk.where)
    return Position(start_time=second, cursor=f"{_plain(time)}|{row_id or ''}")


def _plain(time: Any) -> str:
    return str(int(time)) if isinstance(time, float) and time.is_integer() else str(time)


def _number(time: Any) -> Any:
    """Return the time from a link as a number, if it is one."""
    if not isinstance(time, str) or len(time) > _MOST_DIGITS:
        return time
    try:
        return float(time) if "." in time else int(time)
    except ValueError:
        return time


def seconds_of(time: Any) -> Any:
    """Return a time of Chat in seconds; it may be in microseconds. What is no number stays."""
    if isinstance(time, bool) or not isinstance(time, (int, float)) or time < MICROSECONDS_FROM:
        return time
    return time / _MICROSECONDS if isinstance(time, float) else time // _MICROSECONDS


def _is_too_recent(position: Position, server_time: datetime) -> bool:
    newest = server_time.timestamp() - NEWEST_START_TIME_AGE_SECONDS
    return (position.start_time or 0) > newest


def since_id_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list of Chat by id; an empty answer ends it.

    A page may have several lists, and each goes on behind its own last row. The walk follows the
    list that is furthest behind, and leaves out the rows of the others that come again.

    Raises:
        PaginationStuck: The ids did not advance.
        UnexpectedAnswer: The rows, or their ids, are missing.
    """
    since_id, seen, key = 0, set[int](), walk.rows_key
    while True:
        answer = walk.ask({"since_id": since_id}, size_param="limit")
        if not walk.rows(answer):
            yield walk.page(answer, Position(), is_last=True)
            return
        lists = [answer.value[name] for name in key.split() if name in answer.value]
        next_id = 1 + min(max(_ids(walk, rows)) for rows in lists if rows)
        if next_id <= since_id:
            raise walk.stuck(f"since_id stayed at {since_id}")
        new = [row for row in walk.rows(answer) if not _was_seen(row, seen)]
        seen.update(id_ for rows in lists if rows for id_ in _ids(walk, rows))
        shown = replace(answer, value={**answer.value, key: new})
        yield walk.page(shown, Position(), is_last=False)
        since_id = next_id


def _ids(walk: Walk, rows: list[Any]) -> list[int]:
    """Return the ids that a list can go on from; the door takes out rows without an id later."""
    ids = [row["id"] for row in rows if isinstance(row, Mapping) and is_id(row.get("id"))]
    if not ids:
        raise UnexpectedAnswer(f"{walk.where} has rows without a number as `id`.")
    return ids


def _was_seen(row: Any, seen: set[int]) -> bool:
    return isinstance(row, Mapping) and is_id(row.get("id")) and row["id"] in seen
