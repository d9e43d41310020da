"""Find the stream of a path. Routes come from the catalogue, so new streams are served at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zendesk_source.catalogue import Paging, Stream
from zendesk_source.simulator.children import parent_asked, pattern_of
from zendesk_source.simulator.help_centers import is_shown
from zendesk_source.simulator.pages.answers import RECORD_NOT_FOUND, Answer, Refusal
from zendesk_source.simulator.pages.by_id import many_rows, one_row, ticket_comments
from zendesk_source.simulator.pages.chat import ChatAnswers
from zendesk_source.simulator.pages.exports import Export
from zendesk_source.simulator.pages.links import LinkedAnswers
from zendesk_source.simulator.pages.lists import Listing
from zendesk_source.simulator.pages.searches import (
    audits_newest_first,
    search_export,
)
from zendesk_source.simulator.state import STREAM_BY_NAME, State

Query = Mapping[str, str]
SAMPLED = ("tickets", "ticket_events", "users", "organizations")
MOST_SAMPLED_ROWS = 50
LISTED_TOO = ("tickets", "users", "organizations")
_ONE_ROW = re.compile(rf"/api/v2/({'|'.join(LISTED_TOO)})/(\d+)")
_COMMENTS = re.compile(r"/api/v2/tickets/(\d+)/comments")


@dataclass(frozen=True)
class Route:
    """One path.

    Attributes:
        stream: The stream that it shows.
        show: Makes the answer from the account, the full address and the query.
        bucket: Name of its own rate limit, if it has one.
    """

    stream: Stream
    show: Callable[[State, str, Query], Answer]
    bucket: str = ""


def plain_path(path: str) -> str:
    """Return a path without its extension: Zendesk takes both spellings."""
    return path.removesuffix(".json").rstrip("/")


class Routes:
    """All paths, those that name a parent included.

    Args:
        too_recent_status: Status of ``StartTimeTooRecent``.
    """

    def __init__(self, too_recent_status: int) -> None:
        self._routes = routes(too_recent_status)
        self._too_recent_status = too_recent_status
        self._of_parents = [
            (pattern_of(stream), stream)
            for stream in STREAM_BY_NAME.values()
            if stream.parent or stream.each_of
        ]

    def find(self, path: str) -> Route | None:
        """Return the route of a path without extension."""
        if path in self._routes:
            return self._routes[path]
        for pattern, stream in self._of_parents:
            if (found := pattern.fullmatch(path)) and stream.each_of is not None:
                return _route_of_each(stream, found.groupdict(), self._too_recent_status)
            if found:
                return _route_of_parent(stream, path, found.groupdict())
        return _route_by_id(path)


def _route_of_parent(stream: Stream, path: str, ids: Mapping[str, str]) -> Route:
    assert stream.parent is not None
    parents = STREAM_BY_NAME[stream.parent.stream.name]

    def show(state: State, url: str, query: Query) -> Answer:
        parent_id = parent_asked(state, stream, ids)
        if not is_shown(state, parents, parent_id, url):
            raise Refusal(RECORD_NOT_FOUND)
        listing = Listing(state, stream, url, path, parent_id)
        if stream.paging is Paging.NEWEST_FIRST:
            return listing.newest_first(query)
        return listing.whole(query) if stream.paging is Paging.SINGLE else listing.page(query)

    return Route(stream, show, stream.bucket)


def _route_of_each(stream: Stream, ids: Mapping[str, str], too_recent_status: int) -> Route:
    def show(state: State, url: str, query: Query) -> Answer:
        if ids["key"] not in state.stores["custom_objects"]:
            raise Refusal(RECORD_NOT_FOUND)
        return Export(state, stream, url, too_recent_status, ids["key"]).cursor_page(query)

    return Route(stream, show, stream.bucket)


def routes(too_recent_status: int) -> dict[str, Route]:
    """Return every route whose path names no parent, by its path without extension.

    Args:
        too_recent_status: Status of ``StartTimeTooRecent``.
    """
    found: dict[str, Route] = {}
    for stream in STREAM_BY_NAME.values():
        if stream.parent is not None or stream.each_of is not None:
            continue
        path = plain_path(stream.path)
        found[path] = _route(stream, stream.paging, path, too_recent_status)
        if stream.paging is Paging.CURSOR_EXPORT and path.endswith("/cursor"):
            # Every cursor export of Support has an older sibling in the time style.
            sibling = path.removesuffix("/cursor")
            found[sibling] = _route(stream, Paging.TIME_EXPORT, sibling, too_recent_status)
    for name in SAMPLED:
        path = f"/api/v2/incremental/{name}/sample"
        found[path] = _sample_route(STREAM_BY_NAME[name], too_recent_status)
    for name in LISTED_TOO:
        path = f"/api/v2/{name}"
        found[path] = _route(STREAM_BY_NAME[name], Paging.CURSOR, path, too_recent_status)
        found[f"{path}/count"] = _count_route(STREAM_BY_NAME[name], path)
        found[f"{path}/show_many"] = _many_route(STREAM_BY_NAME[name])
    tickets = STREAM_BY_NAME["tickets"]
    found["/api/v2/search/export"] = Route(tickets, search_export, "search-export")
    found["/api/v2/ticket_audits"] = _audits_route(STREAM_BY_NAME["ticket_audits"])
    for stream in STREAM_BY_NAME.values():
        if stream.each_of is not None:
            continue
        parents = stream.parent.stream if stream.parent is not None else stream
        path = plain_path(parents.path)
        if parents.parent is None and path not in found:
            found[path] = _route(parents, parents.paging, path, too_recent_status)
    return found


def _route(stream: Stream, paging: Paging, path: str, too_recent_status: int) -> Route:
    def show(state: State, url: str, query: Query) -> Answer:
        export = Export(state, stream, url, too_recent_status)
        listing, chat = Listing(state, stream, url, path), ChatAnswers(state, stream, url)
        linked = LinkedAnswers(state, stream, url)
        answers: Mapping[Paging, Callable[[Query], Answer]] = {
            Paging.CURSOR_EXPORT: export.cursor_page,
            Paging.TIME_EXPORT: listing.page if "page[size]" in query else export.time_page,
            Paging.CURSOR: listing.page,
            Paging.OFFSET: listing.offset_page,
            Paging.SINGLE: listing.whole,
            Paging.OBJECT: listing.object,
            Paging.CHAT_EXPORT: chat.export,
            Paging.SINCE_ID: chat.since,
            Paging.CHANGE_LOG: linked.changes,
            Paging.NEXT_PAGE_URL: linked.engagements,
        }
        return answers[paging](query)

    is_export = paging in (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT)
    bucket = stream.bucket if plain_path(stream.path) == path else ""
    return Route(stream, show, bucket or ("incremental-exports" if is_export else ""))


def _audits_route(stream: Stream) -> Route:
    """Return the route of all audits: oldest first by ``page[size]``, else newest first."""
    by_cursor = _route(stream, stream.paging, plain_path(stream.path), 400).show

    def show(state: State, url: str, query: Query) -> Answer:
        is_by_cursor = any(name.startswith("page[") for name in query)
        return (by_cursor if is_by_cursor else audits_newest_first)(state, url, query)

    return Route(stream, show)


def _sample_route(stream: Stream, too_recent_status: int) -> Route:
    def show(state: State, url: str, query: Query) -> Answer:
        size = min(int(query.get("per_page", MOST_SAMPLED_ROWS)), MOST_SAMPLED_ROWS)
        export = Export(state, stream, url, too_recent_status)
        return export.time_page({**query, "per_page": str(size)})

    return Route(stream, show)


def _count_route(stream: Stream, path: str) -> Route:
    def show(state: State, url: str, query: Query) -> Answer:
        return Listing(state, stream, url, path).count()

    return Route(stream, show)


def _many_route(stream: Stream) -> Route:
    return Route(stream, lambda state, _url, query: many_rows(state, stream, query))


def _route_by_id(path: str) -> Route | None:
    if found := _ONE_ROW.fullmatch(path):
        stream, row_id = STREAM_BY_NAME[found[1]], int(found[2])
        return Route(stream, lambda state, _url, _query: one_row(state, stream, row_id))
    if found := _COMMENTS.fullmatch(path):
        ticket_id = int(found[1])
        tickets = STREAM_BY_NAME["tickets"]
        return Route(tickets, lambda state, _url, _query: ticket_comments(state, ticket_id))
    return None
