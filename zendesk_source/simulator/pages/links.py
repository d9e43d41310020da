"""Lists that link to their next page under names of their own: changes of skills, engagements."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

from zendesk_source.catalogue import Stream
from zendesk_source.simulator.pages.answers import CURSOR_INVALID, Answer, Refusal, json_answer
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, epoch_seconds

Query = Mapping[str, str]

CHANGES_A_PAGE = 3000
ENGAGEMENTS_A_PAGE = 10
MOST_ENGAGEMENTS_A_PAGE = 100


@dataclass(frozen=True)
class LinkedAnswers:
    """One endpoint, asked at one address.

    Attributes:
        state: The account.
        stream: What is shown.
        url: Address of this endpoint, for the links in the page.
    """

    state: State
    stream: Stream
    url: str

    def changes(self, query: Query) -> Answer:
        """Return the changes after a cursor; without one, from the first on."""
        after = _place(query["cursor"]) if "cursor" in query else ("",)
        page = self._page(after, CHANGES_A_PAGE)
        cursor = query.get("cursor")
        if page:
            cursor = base64.urlsafe_b64encode(orjson.dumps(self._order(page[-1]))).decode()
        link = f"{self.url}?{urlencode({'cursor': cursor})}" if cursor else None
        end_time = epoch_seconds(page[-1]["time"]) if page else None
        envelope = {"count": len(page), "end_time": end_time, "next_page": link}
        return json_answer(200, {self.stream.rows_key: page, **envelope})

    def engagements(self, query: Query) -> Answer:
        """Return the engagements after a time and an id, both in the link before."""
        size = int(query.get("page_size", ENGAGEMENTS_A_PAGE))
        if size > MOST_ENGAGEMENTS_A_PAGE:
            raise Refusal(json_answer(400, {"error": "page_size is too large"}))
        start, start_id = query.get("start_time_cursor", "0"), query.get("engagement_id_cursor", "")
        page = self._page((int(start), start_id), size + 1)
        has_more, page = len(page) > size, page[:size]
        link = None
        if has_more:
            start_time, engagement_id = self._order(page[-1])
            place = {"start_time_cursor": start_time, "engagement_id_cursor": engagement_id}
            kept = {"channel": query["channel"]} if "channel" in query else {}
            link = f"{self.url}?{urlencode({**place, 'page_size': size, **kept})}"
        # On the last page the size is that of the page.
        shown_size = size if has_more else len(page)
        envelope = {"next_page_url": link, "has_more": has_more, "page_size": shown_size}
        return json_answer(200, {self.stream.rows_key: page, **envelope})

    def _page(self, after: tuple[object, ...], size: int) -> list[Row]:
        store = self.state.stores[self.stream.name]
        listed = store.listing("links", self._order)
        first = bisect_right(listed, after, key=lambda each: each[0])
        return [store[key] for _, key in listed[first : first + size]]

    def _order(self, row: Row) -> tuple[object, ...]:
        if self.stream.name == "engagements":
            return (epoch_seconds(row["engagement_start_time"]), row["engagement_id"])
        return (row["time"], row["id"], row["type"] or "")


def _place(cursor: str) -> tuple[str, ...]:
    try:
        return tuple(orjson.loads(base64.urlsafe_b64decode(cursor)))
    except (binascii.Error, ValueError):
        raise Refusal(CURSOR_INVALID) from None
