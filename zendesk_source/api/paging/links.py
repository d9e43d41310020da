"""Lists that say where they go on in a link of their own making.

Sources: https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_skill_based_routing/
https://developer.zendesk.com/api-reference/agent-availability/omnichannel-engagements/omnichannel_engagements/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from zendesk_source.api.client import Answer
from zendesk_source.api.paging.position import Position
from zendesk_source.api.paging.walk import Pages, Walk
from zendesk_source.api.refusals import RequestRefused


def change_log_pages(walk: Walk, position: Position) -> Pages:
    """Walk all changes there ever were by the cursor in ``next_page``; no rows end it.

    Raises:
        PaginationStuck: A cursor came twice.
        UnexpectedAnswer: The rows are missing.
    """
    while True:
        place = {} if position.cursor is None else {"cursor": position.cursor}
        answer = walk.ask(place, size_param="")
        cursor = _query(answer.value.get("next_page")).get("cursor")
        after = position if cursor is None else Position(cursor=cursor)
        is_last = not walk.rows(answer) or cursor is None
        if not is_last:
            walk.advance(after, "the same cursor came twice")
        yield walk.page(answer, after, is_last=is_last)
        if is_last:
            return
        position = after


def next_page_url_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list by its links, for as long as it ``has_more``; the next walk begins anew.

    Raises:
        PaginationStuck: A link came twice, or there are more rows but no link to them.
        UnexpectedAnswer: The rows are missing.
    """
    while True:
        answer = _ask_with_size(walk, position)
        if not answer.value.get("has_more"):
            yield walk.page(answer, Position(), is_last=True)
            return
        link = answer.value.get("next_page_url")
        if not isinstance(link, str):
            raise walk.stuck("there are more rows but no link to them")
        position = Position(cursor=urlsplit(link).query)
        walk.advance(position, "the same page was linked twice")
        yield walk.page(answer, position, is_last=False)


def newest_first_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list from its newest rows to its oldest by the link in ``before_url``.

    Raises:
        PaginationStuck: A link came twice.
        UnexpectedAnswer: The rows are missing.
    """
    answer = walk.ask({}, size_param="limit")
    while walk.rows(answer) and isinstance(link := answer.value.get("before_url"), str):
        yield walk.page(answer, Position(), is_last=False)
        walk.advance(link, "the same page was linked twice")
        answer = walk.ask(_query(link), size_param="")
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


def _query(link: object) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query)) if isinstance(link, str) else {}
