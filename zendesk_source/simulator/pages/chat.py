"""Chat: exports by time and id, and lists that begin at an id."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

from zendesk_source.catalogue import WHOLE_ANSWER, Stream
from zendesk_source.simulator.pages.answers import Answer, Refusal, json_answer
from zendesk_source.simulator.pages.lists import lists_of
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row

Query = Mapping[str, str]

MAX_LIMIT = 1000
USUAL_LIMIT = 100
RECENT_SECONDS = 300
IN_MICROSECONDS = ("chat_agent_timeline",)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class ChatAnswers:
    """One endpoint of Chat, asked at one address.

    Attributes:
        state: The account.
        stream: What is shown.
        url: Address of this endpoint, for the links in the page.
    """

    state: State
    stream: Stream
    url: str

    def export(self, query: Query) -> Answer:
        """Return the rows from a time and an id on, both inclusive."""
        limit = _number(query, "limit", MAX_LIMIT)
        if not 1 <= limit <= MAX_LIMIT:
            raise Refusal(_bad_request("limit must be between 1 and 1000"))
        start = (self._start_time(query), query.get("start_id", ""))
        store = self.state.stores[self.stream.name]
        listed = store.listing("chat", lambda row: (self._time(row), self._start_id(row)))
        first = bisect_left(listed, start, key=lambda each: each[0])
        newest = (self.state.now_second() - self.state.shown_after_seconds) * self._unit()
        shown = [each for each in listed[first:] if each[0][0] <= newest]
        page = shown[:limit]
        rows = [store[key] for _, key in page]
        if query.get("fields") != f"{self.stream.rows_key}(*)":
            names = self.stream.primary_key
            rows = [{name: row[name] for name in names} for row in rows]
        envelope: Row = {self.stream.rows_key: rows, "count": len(rows)}
        if page:
            end_time, end_id = page[-1][0]
            kept = {name: query[name] for name in ("fields", "limit") if name in query}
            envelope["end_time"] = end_time
            envelope |= {"end_id": end_id} if end_id else {}
            start_id = {"start_id": end_id} if end_id else {}
            link = urlencode({**kept, "start_time": end_time, **start_id})
            envelope["next_page"] = f"{self.url}?{link}"
        return json_answer(200, envelope)

    def since(self, query: Query) -> Answer:
        """Return the rows from an id on."""
        since_id = _number(query, "since_id", 0)
        limit = min(USUAL_LIMIT, _number(query, "limit", USUAL_LIMIT))
        store = self.state.stores[self.stream.name]
        rows = [store[key] for key in sorted(store.keys()) if key >= since_id]
        if self.stream.rows_key == WHOLE_ANSWER:
            return json_answer(200, rows[:limit])
        return json_answer(200, lists_of(self.stream, rows, limit))

    def _start_time(self, query: Query) -> int:
        start_time = _number(query, "start_time", 0)
        unit = self._unit()
        if start_time > (self.state.now_second() - RECENT_SECONDS) * unit:
            raise Refusal(_bad_request("start_time must be more than five minutes ago"))
        return start_time

    def _unit(self) -> int:
        return 1_000_000 if self.stream.name in IN_MICROSECONDS else 1

    def _time(self, row: Row) -> int:
        assert self.stream.cursor_field is not None
        moment = datetime.fromisoformat(row[self.stream.cursor_field].replace("Z", "+00:00"))
        return (moment - _EPOCH) // timedelta(microseconds=1) * self._unit() // 1_000_000

    def _start_id(self, row: Row) -> str:
        # Rows of the agent timeline have no id.
        return str(row.get("id", ""))


def _number(query: Query, name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise Refusal(_bad_request(f"{name} must be an integer")) from None


def _bad_request(message: str) -> Answer:
    return json_answer(400, {"error": "bad_request", "message": message})
