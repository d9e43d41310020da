"""Walk lists that link to their next page under names of their own.

Sources: https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_skill_based_routing/
https://developer.zendesk.com/api-reference/agent-availability/omnichannel-engagements/omnichannel_engagements/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from zendesk_source.api.client import Answer
from zendesk_source.api.paging.checked import checked_cursor, query_of
from zendesk_source.api.paging.position import Position
from zendesk_source.api.paging.walk import Pages, Walk
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.errors import UnexpectedAnswer


def change_log_pages(walk: Walk, position: Position) -> Pages:
    """Walk a log of all changes by the cursor in ``next_page``; a page without rows ends it.

    That is how Zendesk documents the end. Such a page may still link on, and may be one in the
    middle; a second one in a row is the end. The cursor is kept either way.

    Raises:
        PaginationStuck: A cursor came twice.
        UnexpectedAnswer: The rows are missing, or the cursor is none.
    """
    was_empty = False
    while True:
        place = {} if position.cursor is None else {"cursor": position.cursor}
        answer = walk.ask(place, size_param="")
        linked = query_of(answer.value.get("next_page"), walk.where).get("cursor")
        cursor = checked_cursor(linked, "next_page", walk.where)
        after = position if cursor is None else Position(cursor=cursor)
        is_empty = not walk.rows(answer)
        is_last = cursor is None or (is_empty and (was_empty or after == position))
        was_empty = is_empty
        if not is_last:
            walk.advance(after, "the same cursor came twice")
        yield walk.page(answer, after, is_last=is_last)
        if is_last:
            return
        position = after


def next_page_url_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list by its links while it says ``has_more``; the next walk begins anew.

    Raises:
        PaginationStuck: A link came twice, or there are more rows but no link to them.
        UnexpectedAnswer: The rows are missing.
    """
    while True:
        answer = _ask_with_size(walk, position)
        if not answer.value.get("has_more"):
            yield walk.page(answer, Position(), is_last=True)
            return
        query = query_of(answer.value.get("next_page_url"), walk.where)
        if not query:
            raise walk.stuck("there are more rows but no link to them")
        cursor = checked_cursor(urlencode(query), "next_page_url", walk.where)
        position = Position(cursor=cursor)
        walk.advance(position, "the same page was linked twice")
        yield walk.page(answer, position, is_last=False)


def newest_first_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list from its newest rows to its oldest by the link in ``before_url``.

    Raises:
        PaginationStuck: A link came twice, or too many pages held nothing.
        UnexpectedAnswer: The rows are missing, or a link is none.
    """
    place = dict(parse_qsl(position.cursor or ""))
    answer = walk.ask(place, size_param="" if place else "limit")
    while older := query_of(answer.value.get("before_url"), walk.where):
        cursor = checked_cursor(urlencode(older), "before_url", walk.where)
        if not walk.rows(answer) and cursor in walk.asked:
            break  # nothing new, and no other place to go to
        yield walk.page(answer, Position(cursor=cursor), is_last=False)
        walk.advance(cursor, "the same page was linked twice")
        answer = walk.ask(older, size_param="")
    if answer.value.get("next_page") and "before_url" not in answer.value:
        raise UnexpectedAnswer(f"{walk.where} has further pages, but no link to older rows.")
    yield walk.page(answer, Position(), is_last=True)


def _ask_with_size(walk: Walk, position: Position) -> Answer[Mapping[str, Any]]:
    if position.cursor is not None:
        return walk.ask(dict(parse_qsl(position.cursor)), size_param="")
    try:
        return walk.ask({}, size_param="page_size")
    except RequestRefused as refused:
        # How large a page may be is not documented; 10 rows come without asking.
        if refused.status != 400:
            raise
        return walk.ask({}, size_param="")
