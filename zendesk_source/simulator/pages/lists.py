"""The lists: cursor pagination, offset pagination, and everything in one answer.

An endpoint with cursor pagination silently falls back to offsets when ``page[size]`` is missing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from zendesk_source.catalogue import WHOLE_ANSWER, Stream
from zendesk_source.simulator.children import SHOWS_ITS_PARENT
from zendesk_source.simulator.help_centers import is_at_one_address, is_shown
from zendesk_source.simulator.pages.answers import (
    PAGINATION_DEPTH,
    Answer,
    Refusal,
    json_answer,
    pagination_refused,
)
from zendesk_source.simulator.pages.cursors import BadCursor, list_cursor, list_position
from zendesk_source.simulator.pages.list_filters import Query, order_of, sort_values, time_range
from zendesk_source.simulator.pages.sideloads import rows_json, sideloaded_arrays
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row
from zendesk_source.simulator.timeline import Key

Listed = list[tuple[tuple[Any, ...], Key]]

DEFAULT_PAGE_SIZE = 100
MAX_PAGE = 100
MAX_ROWS_BY_OFFSET = 10_000
MOST_NEWEST_FIRST = 1000

# Tested by others: larger than documented, and refused beyond.
MAX_PAGE_SIZE = {"tags": 1000, "ticket_metric_events": 1000, "access_logs": 2500}
# These answer in full where page[size] is missing.
WITHOUT_OFFSETS = ("ticket_fields",)
# Single answers that hold the rows alone; the others add count and empty links.
BARE = (
    *("schedules", "custom_statuses", "satisfaction_reasons", "custom_roles", "locales"),
    *("sharing_agreements", "targets", "target_failures", "deletion_schedules", "queues"),
    *("ticket_form_statuses", "time_zones", "custom_objects", "capacity_rules"),
)
# Webhooks are recorded so; the rows of Jira links stand where the links would.
WITHOUT_LINKS = ("webhooks", "jira_links", "hc_redirect_rules")

LIST_OF: Mapping[str, Callable[[Row], str]] = {
    "chat_bans": lambda row: row.get("type") or "ip_address",
    "agent_statuses": lambda row: "custom" if row.get("updated_at") else "default",
}
"""For answers with several lists: the key of the list that a row belongs to."""


@dataclass(frozen=True)
class Listing:
    """One list, asked at one address.

    Attributes:
        state: The account.
        stream: What is listed.
        url: Address of this list, for the links in the page.
        path: Path of the request, without extension.
        parent: Id of the parent, if rows are shown for one parent at a time.
    """

    state: State
    stream: Stream
    url: str
    path: str
    parent: Any = None

    def page(self, query: Query) -> Answer:
        """Return a page of whichever style the query asks for."""
        if any(name.startswith("page[") for name in query):
            return self.cursor_page(query)
        if self.stream.name in WITHOUT_OFFSETS:
            return self.whole(query)
        return self.offset_page(query)

    def cursor_page(self, query: Query) -> Answer:
        """Return a page by ``page[size]``, ``page[after]`` or ``page[before]``."""
        size, listed, order = self._page_size(query), self._listed(query), self._order_name(query)
        first, is_back = 0, False
        try:
            if "page[after]" in query:
                first = bisect_right(
                    listed, list_position(order, query["page[after]"]), key=lambda each: each[0]
                )
            elif "page[before]" in query:
                before = list_position(order, query["page[before]"])
                end = bisect_left(listed, before, key=lambda each: each[0])
                first, is_back, listed = max(0, end - size), True, listed[:end]
        except (BadCursor, TypeError):
            raise Refusal(pagination_refused("page cursor is invalid")) from None
        page = listed[first : first + size]
        has_more = first > 0 if is_back else first + size < len(listed)
        after = list_cursor(order, page[-1][0]) if page else None
        before_cursor = list_cursor(order, page[0][0]) if page else None
        meta = {"has_more": has_more, "after_cursor": after, "before_cursor": before_cursor}
        links = {
            "prev": self._link(query, "page[before]", before_cursor),
            "next": self._link(query, "page[after]", after),
        }
        if self.stream.product == "help_center":
            links["next"] = links["next"] if has_more else None
            links["prev"] = links["prev"] if first else None
        if self.stream.name in WITHOUT_LINKS:
            return self._answer(page, {"meta": meta})
        includes = set(query.get("include", "").split(","))
        return self._answer(page, {"meta": meta, "links": links}, includes)

    def offset_page(self, query: Query) -> Answer:
        """Return a page by ``page`` and ``per_page``."""
        number = _whole_number(query.get("page"), 1)
        size = min(DEFAULT_PAGE_SIZE, _whole_number(query.get("per_page"), DEFAULT_PAGE_SIZE))
        if number > MAX_PAGE or number * size > MAX_ROWS_BY_OFFSET:
            raise Refusal(PAGINATION_DEPTH)
        listed = self._listed(query)
        page = listed[(number - 1) * size : number * size]
        has_next = number * size < len(listed)
        envelope: Row = {
            "next_page": self._page_link(query, number + 1) if has_next else None,
            "previous_page": self._page_link(query, number - 1) if number > 1 else None,
            "count": len(listed),
        }
        if self.stream.product == "help_center":
            pages = -(-len(listed) // size)
            envelope |= {"page": number, "per_page": size, "page_count": pages}
            envelope |= {"sort_by": "created_at", "sort_order": "desc"}
        return self._answer(page, envelope)

    def newest_first(self, query: Query) -> Answer:
        """Return a page by ``limit`` and ``cursor``, whose links say what is older or newer."""
        size, listed = _whole_number(query.get("limit"), MOST_NEWEST_FIRST), self._listed(query)
        first = _whole_number(query.get("cursor"), 1) - 1
        before, after = first + size, first - size
        envelope: Row = {"count": len(listed[first:before])}
        for name, place in (("before", before), ("after", after)):
            is_there = 0 <= place < len(listed)
            link = f"{self.url}?{urlencode({'cursor': place + 1, 'limit': size})}"
            envelope[f"{name}_cursor"] = str(place + 1) if is_there else None
            envelope[f"{name}_url"] = link if is_there else None
        return self._answer(listed[first:before], envelope)

    def whole(self, query: Query) -> Answer:
        """Return every row in one answer, which may be the bare list."""
        if self.stream.rows_key == WHOLE_ANSWER:
            return json_answer(200, list(self.state.stores[self.stream.name]))
        listed = self._listed(query)
        envelope: Row = {"next_page": None, "previous_page": None, "count": len(listed)}
        return self._answer(listed, {} if self.stream.name in BARE else envelope)

    def object(self, _query: Query) -> Answer:
        """Return the one object, or an empty one."""
        store = self.state.stores[self.stream.name]
        row: Row = next(iter(store), {})
        key = self.stream.rows_key
        return json_answer(200, row if key == WHOLE_ANSWER else {key: row})

    def count(self) -> Answer:
        """Return how many rows there are, as ``/count`` does."""
        refreshed_at = self.state.clock.now().isoformat(timespec="seconds")
        store = self.state.stores[self.stream.name]
        value = len(store) - len(store.marked["deleted"])
        return json_answer(200, {"count": {"value": value, "refreshed_at": refreshed_at}})

    def _page_size(self, query: Query) -> int:
        largest = MAX_PAGE_SIZE.get(self.stream.name, self.stream.page_size or DEFAULT_PAGE_SIZE)
        if self.stream.is_incremental and self.stream.name not in MAX_PAGE_SIZE:
            largest = min(largest, DEFAULT_PAGE_SIZE)
        try:
            size = int(query.get("page[size]", DEFAULT_PAGE_SIZE))
        except ValueError:
            raise Refusal(pagination_refused("page[size] must be an integer")) from None
        if not 1 <= size <= largest:
            raise Refusal(pagination_refused(f"page[size] cannot be greater than {largest}"))
        return size

    def _order(self, query: Query) -> tuple[str, ...]:
        key, sorts = self.state.stores[self.stream.name].primary_key, self.state.sorts_lists
        return order_of(self.stream, key, query, sorts=sorts)

    def _order_name(self, query: Query) -> str:
        return ",".join(self._order(query))

    def _listed(self, query: Query) -> Listed:
        name = self.stream.name
        if name == "tags":
            rows = self.state.tag_rows()
            return sorted(((-row["count"], row["name"]), row["name"]) for row in rows)
        order, store = self._order(query), self.state.stores[name]
        if self.parent is not None:
            keys = store.keys_of_parent(self.parent)
            return sorted((sort_values(self.stream, store[key], order), key) for key in keys)
        asked = time_range(self.stream, query, self.state.ratings_filter)

        def sort_key(row: Row) -> tuple[Any, ...]:
            return sort_values(self.stream, row, order)

        if is_at_one_address(self.stream) and self.state.brand_ids:

            def is_here(row: Row) -> bool:
                return is_shown(self.state, self.stream, store.key_of(row), self.url)

            return store.listing((order, self.url), sort_key, is_here)
        if asked is not None:
            return store.listing((order, asked.start, asked.end), sort_key, asked.holds)
        # Lists, unlike exports, leave deleted tickets, users and organizations out.
        hidden = store.marked.get("deleted", set())
        if name == "tickets":
            hidden = hidden | self.state.archived_ticket_ids
        if order == store.primary_key:
            return store.listing_by_key(hidden=hidden)
        if hidden:
            return store.listing(order, sort_key, lambda row: store.key_of(row) not in hidden)
        return store.listing(order, sort_key)

    def _link(self, query: Query, name: str, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        kept = {each: query[each] for each in query if each not in ("page[after]", "page[before]")}
        return f"{self.url}?{urlencode({name: cursor, **kept})}"

    def _page_link(self, query: Query, number: int) -> str:
        return f"{self.url}?{urlencode({**query, 'page': number})}"

    def _answer(
        self, listed: Listed, envelope: Mapping[str, Any], includes: Collection[str] = ()
    ) -> Answer:
        if self.stream.name in LIST_OF:
            store = self.state.stores[self.stream.name]
            lists = lists_of(self.stream, [store[key] for _, key in listed], len(listed))
            return json_answer(200, {**lists, **envelope})
        name = self.stream.rows_key.encode()
        keys = [key for _, key in listed]
        rows = b",".join(self._encoded(keys, includes))
        beside = sideloaded_arrays(self.state, self.stream.name, keys, set(includes))
        tail = beside + orjson.dumps(envelope)[1:]
        if self.stream.product == "help_center" and "meta" in envelope:
            return Answer(200, b"".join((b"{", tail[:-1], b',"', name, b'":[', rows, b"]}")))
        comma = b"," if envelope else b""
        return Answer(200, b"".join((b'{"', name, b'":[', rows, b"]", comma, tail)))

    def _encoded(self, keys: Iterable[Key], includes: Collection[str]) -> Iterable[bytes]:
        if self.stream.name == "tags":
            by_name = {row["name"]: row for row in self.state.tag_rows()}
            return [orjson.dumps(by_name[key]) for key in keys]
        store = self.state.stores[self.stream.name]
        if self.path == "/api/v2/tickets":
            rows = rows_json(self.state, self.stream.name, keys, set(includes))
            return [listed_ticket(orjson.loads(row)) for row in rows]
        if self.parent is not None and self.stream.name not in SHOWS_ITS_PARENT:
            return [_without(store[key], store.parent_column) for key in keys]
        return [store.encoded(key) for key in keys]


def lists_of(stream: Stream, rows: list[Row], limit: int) -> dict[str, list[Any]]:
    """Return the lists of an answer that has several, each cut at a limit."""
    lists: dict[str, list[Any]] = {name: [] for name in stream.rows_key.split()}
    for row in rows:
        found = lists[LIST_OF[stream.name](row)]
        if len(found) < limit:
            found.append(row)
    return lists


def listed_ticket(ticket: Row) -> bytes:
    """Return a ticket as lists and searches show it."""
    # generated_timestamp exists in the exports alone.
    del ticket["generated_timestamp"]
    return orjson.dumps(ticket)


def _without(row: Row, column: str) -> bytes:
    del row[column]
    return orjson.dumps(row)


def _whole_number(text: str | None, default: int) -> int:
    try:
        return max(1, int(text)) if text else default
    except ValueError:
        return default
