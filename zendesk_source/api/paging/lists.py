"""Walk lists: by cursor, by page number, or whole in one answer; and single objects.

Source: https://developer.zendesk.com/api-reference/introduction/pagination/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zendesk_source.api.client import Answer
from zendesk_source.api.paging.checked import checked_cursor, query_of
from zendesk_source.api.paging.position import Position
from zendesk_source.api.paging.walk import Pages, Walk
from zendesk_source.catalogue import WHOLE_ANSWER
from zendesk_source.errors import UnexpectedAnswer

DEEPEST_OFFSET_PAGE = 100
DEEPEST_OFFSET_ROWS = 10_000


def cursor_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list by ``page[after]``; only ``meta.has_more`` ends it.

    If the stream can be asked for changes since a time, the last page's position says when the
    walk began. Newer rows may have changed behind the walk, so the next one does not begin at them.

    Raises:
        PaginationStuck: A cursor came twice, or too many pages held nothing.
        UnexpectedAnswer: The rows are missing, or the cursor is none.
    """
    goes_on_since = walk.request.stream.is_incremental
    while True:
        answer = walk.ask(_cursor_place(walk, position), size_param="page[size]")
        if position.began is None:
            position = replace(position, began=int(answer.server_time.timestamp()))
        after_last = replace(position, cursor=None) if goes_on_since else Position()
        meta, linked = answer.value.get("meta"), _linked_cursor(walk, answer.value)
        if not isinstance(meta, Mapping) and not linked:
            yield from _offset_answer_pages(walk, answer, after_last)
            return
        meta = meta if isinstance(meta, Mapping) else {}
        # Lists in the style of JSON:API need not say `has_more`: their link does.
        has_more = meta.get("has_more")
        if not (has_more if isinstance(has_more, bool) else linked is not None):
            yield walk.page(answer, after_last, is_last=True)
            return
        cursor = checked_cursor(meta.get("after_cursor"), "after_cursor", walk.where) or linked
        if not cursor:
            raise walk.stuck("there are more rows but no cursor to them")
        position = replace(position, cursor=cursor)
        walk.advance(cursor, "the same cursor came twice")
        yield walk.page(answer, position, is_last=False)


def _cursor_place(walk: Walk, position: Position) -> dict[str, object]:
    place: dict[str, object] = {}
    if walk.request.stream.is_incremental and position.start_time is not None:
        place.update(walk.request.stream.since(position.start_time))
    if position.cursor is not None:
        place["page[after]"] = position.cursor
    return place


def _linked_cursor(walk: Walk, envelope: Mapping[str, Any]) -> str | None:
    links = envelope.get("links")
    link = links.get("next") if isinstance(links, Mapping) else None
    linked = query_of(link, walk.where).get("page[after]")
    return checked_cursor(linked, "links.next", walk.where)


def offset_pages(walk: Walk, position: Position) -> Pages:
    """Walk a list by page number; only a whole walk shows which rows were deleted.

    Raises:
        UnexpectedAnswer: The list is deeper than offset paging goes; the rows so far came.
    """
    answer = walk.ask({"page": 1}, size_param="per_page")
    yield from _offset_answer_pages(walk, answer, Position())


def single_pages(walk: Walk, position: Position) -> Pages:
    """Read a list that comes whole, and further pages if it has any after all."""
    answer = walk.ask({}, size_param="")
    yield from _offset_answer_pages(walk, answer, Position())


def object_pages(walk: Walk, position: Position) -> Pages:
    """Read an object and show it as a list of one row.

    Raises:
        UnexpectedAnswer: The key is missing, or holds no object.
    """
    answer = walk.ask({}, size_param="")
    key = walk.rows_key
    found = answer.value if key == WHOLE_ANSWER else answer.value.get(key)
    if not isinstance(found, Mapping):
        raise UnexpectedAnswer(f"{walk.where} answered 200 without an object `{key}`.")
    yield walk.page(replace(answer, value={key: [found]}), Position(), is_last=True)


def _offset_answer_pages(
    walk: Walk, answer: Answer[Mapping[str, Any]], after_last: Position
) -> Pages:
    """Follow the server's own links: only the server knows how many rows a page has."""
    pages, rows = 1, len(walk.rows(answer))
    while isinstance(next_page := answer.value.get("next_page"), str):
        yield walk.page(answer, Position(), is_last=False)
        if pages >= DEEPEST_OFFSET_PAGE or rows >= DEEPEST_OFFSET_ROWS:
            raise UnexpectedAnswer(
                f"{walk.where} has more than {rows} rows; Zendesk ends offset paging there.",
                "The rows so far arrived; the stream must be declared with paging=Paging.CURSOR.",
            )
        walk.advance(next_page, "the same page was linked twice")
        answer = walk.ask({}, size_param="", url=next_page)
        pages, rows = pages + 1, rows + len(walk.rows(answer))
    yield walk.page(answer, after_last, is_last=True)
