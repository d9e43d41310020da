"""The two incremental exports, with the paging of recorded answers.

Cursor style: rows by (timestamp, id); ``end_of_stream`` on a page that is not full; an empty
page has no cursor. Time style: a page that lies within one second grows to the whole second
and ends a second later; otherwise it ends at its last row, and that second comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import orjson

from zendesk_source.catalogue import Stream
from zendesk_source.simulator.help_centers import is_shown
from zendesk_source.simulator.pages.answers import (
    CURSOR_INVALID,
    START_TIME_INVALID,
    START_TIME_MISSING,
    Answer,
    Refusal,
    start_time_too_recent,
)
from zendesk_source.simulator.pages.cursors import BadCursor, export_cursor, export_position
from zendesk_source.simulator.pages.sideloads import rows_json, sideloaded_arrays
from zendesk_source.simulator.state import State
from zendesk_source.simulator.timeline import Key, Position

Query = Mapping[str, str]

MAX_PER_PAGE = 1000
RECENT_SECONDS = 60
HELD_BACK = ("tickets", "ticket_events")
"""Exports that hide the last minute."""

WITHOUT_END_OF_STREAM = ("ticket_metric_events", "side_conversation_events")
ENDS_NOW = ("side_conversation_events",)
"""Exports whose last page ends behind its last row, and links to no other."""

_KEPT_PARAMS = ("per_page", "include", "exclude_deleted", "support_type_scope")
_BY_ID_WITHIN_A_SECOND = ("users", "organizations")


@dataclass(frozen=True)
class Export:
    """One export, asked at one address.

    Attributes:
        state: The account.
        stream: What is exported.
        url: Address of this export, for the links in the page.
        too_recent_status: Status of ``StartTimeTooRecent``: 400 was seen, 422 is documented.
        object_key: Key of the custom object, if each has an export of its own.
    """

    state: State
    stream: Stream
    url: str
    too_recent_status: int = 400
    object_key: str = ""

    def cursor_page(self, query: Query) -> Answer:
        """Return a page of the cursor style."""
        size = _per_page(query)
        if "cursor" in query:
            try:
                second, key = export_position(query["cursor"])
            except BadCursor:
                raise Refusal(CURSOR_INVALID) from None
            after: Position = (second, key)
        else:
            after = (self._start_time(query),)
        try:
            found = (each for each in self._visible(after, query) if each != after)
            page = list(islice(found, size))
        except TypeError:
            raise Refusal(CURSOR_INVALID) from None
        cursor = export_cursor(page[-1]) if page else None
        params = {"cursor": cursor, **_kept(query)}
        return self._answer(
            page,
            query,
            {
                "after_url": f"{self.url}?{urlencode(params)}" if page else None,
                "before_url": None,
                "after_cursor": cursor,
                "before_cursor": None,
                **self._end(is_last=len(page) < size),
            },
        )

    def _end(self, *, is_last: bool) -> dict[str, Any]:
        # The specification has `meta` here, others have read `end_of_stream`.
        if self.object_key:
            return {"meta": {"has_more": not is_last}, "end_of_stream": is_last}
        return {"end_of_stream": is_last}

    def time_page(self, query: Query) -> Answer:
        """Return a page of the time style."""
        size = _per_page(query)
        page = self._time_page_positions((self._start_time(query),), size, query)
        is_end = len(page) < size
        end_time: int | None = page[-1][0] if page else None
        if page and not is_end and page[0][0] == page[-1][0]:
            end_time = page[-1][0] + 1
        params = {"start_time": end_time, **_kept(query)}
        next_page = f"{self.url}?{urlencode(params)}" if page else None
        envelope: dict[str, Any] = {
            "count": len(page),
            "end_of_stream": is_end,
            "next_page": next_page,
            "end_time": end_time,
        }
        if is_end and self.stream.name in ENDS_NOW:
            envelope |= {"end_time": self.state.now_second(), "next_page": None}
        if self.stream.name in WITHOUT_END_OF_STREAM or self.stream.product != "support":
            del envelope["end_of_stream"]
        return self._answer(page, query, envelope)

    def _time_page_positions(self, start: Position, size: int, query: Query) -> list[Position]:
        found = self._visible(start, query)
        page = list(islice(found, size))
        if len(page) < size:
            return self._in_time_order(page)
        last_second = page[-1][0]
        for position in found:
            if position[0] != last_second:
                break
            page.append(position)
        page = self._in_time_order(page)
        return page if page[0][0] == last_second else page[:size]

    def _in_time_order(self, page: list[Position]) -> list[Position]:
        # Within one second the recorded order is not by id, and differs from the cursor style.
        if self.stream.name in _BY_ID_WITHIN_A_SECOND:
            return page
        return sorted(page, key=lambda position: (position[0], _scrambled(position[1])))

    def _visible(self, start: Position, query: Query) -> Iterator[Position]:
        held_back = RECENT_SECONDS if self.stream.name in HELD_BACK else 0
        newest = self.state.now_second() - max(held_back, self.state.shown_after_seconds)
        is_hidden = self._hidden(query)
        for position in self.state.stores[self.stream.name].timeline.from_position(start):
            if position[0] > newest:
                return
            if not is_hidden(position[1]) and is_shown(
                self.state, self.stream, position[1], self.url
            ):
                yield position

    def _hidden(self, query: Query) -> Callable[[Key], bool]:
        if self.object_key:
            return set(self.state.records_of_others(self.object_key)).__contains__
        marked = self.state.stores["tickets"].marked
        by_ai = {"tickets": marked["ai_agent"], "ticket_events": self.state.ai_agent_event_ids}
        if self.stream.name not in by_ai:
            return lambda key: False
        is_left_out = query.get("exclude_deleted") == "true" and self.stream.name == "tickets"
        deleted = marked["deleted"] if is_left_out else frozenset()
        scope = query.get("support_type_scope", "agent")
        if scope == "all":
            return deleted.__contains__
        ai_agent, wants_ai = by_ai[self.stream.name], scope == "ai_agent"
        return lambda key: key in deleted or (key in ai_agent) != wants_ai

    def _start_time(self, query: Query) -> int:
        if not query.get("start_time"):
            raise Refusal(START_TIME_MISSING)
        try:
            start_time = int(query["start_time"])
        except ValueError:
            raise Refusal(START_TIME_INVALID) from None
        is_export = self.stream.path.startswith("/api/v2/incremental/")
        if is_export and self.state.now_second() - start_time < RECENT_SECONDS:
            raise Refusal(start_time_too_recent(self.too_recent_status))
        return start_time

    def _answer(self, page: list[Position], query: Query, envelope: dict[str, Any]) -> Answer:
        keys = [position[1] for position in page]
        includes = set(query.get("include", "").split(","))
        rows = b",".join(rows_json(self.state, self.stream.name, keys, includes))
        beside = sideloaded_arrays(self.state, self.stream.name, keys, includes)
        name = self.stream.rows_key.encode()
        tail = orjson.dumps(envelope)[1:]
        return Answer(200, b"".join((b'{"', name, b'":[', rows, b"],", beside, tail)))


def _per_page(query: Query) -> int:
    try:
        return max(1, min(MAX_PER_PAGE, int(query.get("per_page", MAX_PER_PAGE))))
    except ValueError:
        return MAX_PER_PAGE


def _kept(query: Query) -> dict[str, str]:
    return {name: query[name] for name in _KEPT_PARAMS if name in query}


def _scrambled(key: Key) -> Any:
    return key * 2_654_435_761 % 4_294_967_291 if isinstance(key, int) else key
