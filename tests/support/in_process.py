"""A Zendesk without a socket, a history of edits between its answers, and what a merge makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from zendesk_source.api.client import Answer
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.api.refusals import PageTooHeavy, StartTimeTooRecent
from zendesk_source.api.usage import Usage
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.help_center import HC_ARTICLES
from zendesk_source.catalogue.support.activity import SIDE_CONVERSATION_EVENTS
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)
from zendesk_source.catalogue.talk import TALK_CALLS
from zendesk_source.errors import ServerUnavailable
from zendesk_source.extract.positions import Lane, StreamPosition, open_position, save_position
from zendesk_source.extract.steps import Step
from zendesk_source.names import SYNCED_AT
from zendesk_source.resources import _column_hints
from zendesk_source.simulator.account import Account
from zendesk_source.simulator.clock import SimulatedClock
from zendesk_source.simulator.pages.answers import Refusal
from zendesk_source.simulator.pages.routes import plain_path, routes
from zendesk_source.simulator.store import iso

EXPORTED = [TICKETS, TICKET_EVENTS, TICKET_METRIC_EVENTS, USERS, ORGANIZATIONS]
EXPORTED += [SIDE_CONVERSATION_EVENTS, TALK_CALLS, HC_ARTICLES]
Row = dict[str, Any]
Action = tuple[int, Sequence[int]]
"""Seconds that pass, then rows that change; a number beyond the rows adds one."""

DELIVERY_SECONDS = 0.002


class InProcessZendesk:
    """Stands in for the client: answers from an account that changes between answers.

    Args:
        stream: The one stream it holds.
        per_second: Rows in each second of the past, from an hour ago on.
        actions: What happens before each request, one after the other.
        faults: Chance of an answer that could not be read, or took too long.
        seed: Decides faults and delays.
        walks: How many walks the rate limit has room for.
        late_seconds: How old a row is before its export shows it.
        latency_seconds: How long an answer takes.
    """

    def __init__(
        self,
        stream: Stream,
        per_second: Sequence[int],
        actions: Sequence[Action] = (),
        *,
        faults: float = 0.0,
        seed: int = 0,
        walks: int = 1,
        late_seconds: int = 0,
        latency_seconds: float = 0.0,
    ) -> None:
        self.stream = stream
        self.clock = SimulatedClock()
        self.account = Account(self.clock)
        self.account.shown_after_seconds = late_seconds
        self.latency_seconds = latency_seconds
        self.actions = list(actions)
        self.faults = faults
        self.requests = 0
        self.holdable = None
        self._walks = walks
        self._random = Random(seed)
        self._versions = 0
        self._arrived = threading.Condition()
        self._delivered = 0
        self._route = routes(400)[plain_path(stream.path)]
        self._store = self.account.stores[stream.name]
        now = self.account.now_second()
        for second, many in enumerate(per_second):
            for _ in range(many):
                self._put(len(self._store) + 1, now - 3_600 + second)

    def truth(self) -> dict[int, int]:
        """Return the version of every row."""
        return {row["id"]: row["version"] for row in self._store}

    def usage_of(self, name: str) -> Usage:
        return Usage(requests=1, answer_seconds=float(self._walks - 1))

    def requests_per_second(self, bucket: str) -> float:
        return 1.0

    def get(
        self,
        path: str,
        params: Mapping[str, object],
        *,
        parse: Callable[[bytes], Any],
        halve_on_timeout: bool = False,
        **_: object,
    ) -> Answer[Any]:
        with self.account.lock:
            self.requests += 1
            self.clock.advance(self.latency_seconds)
            self._act()
            chance = self._random.random()
            if chance < self.faults / 2 and halve_on_timeout:
                raise PageTooHeavy(path)
            if chance < self.faults:
                raise ServerUnavailable(path)
            query = {name: str(value) for name, value in params.items()}
            try:
                body = self._route.show(self.account, path, query).body
            except Refusal as refused:
                if b"StartTimeTooRecent" not in refused.answer.body:
                    raise
                now = self.clock.now().replace(microsecond=0)
                raise StartTimeTooRecent(path, status=400, server_time=now) from None
            now = self.clock.now().replace(microsecond=0)
        self._travel()
        return Answer(parse(body), now, now, len(body))

    def walk(self, page_size: int) -> Callable[[Position], Iterator[Page]]:
        client: Any = self
        return lambda place: pages(client, request_of(self.stream, page_size=page_size), place)

    def _travel(self) -> None:
        """Let an answer arrive after others that were made later."""
        if self._walks == 1:
            return
        with self._arrived:
            others = self._delivered + self._random.choice((0, 0, 1, 2, 4))
            self._arrived.wait_for(lambda: self._delivered >= others, DELIVERY_SECONDS)
            self._delivered += 1
            self._arrived.notify_all()

    def change(self) -> None:
        """Let the next action happen without a request."""
        with self.account.lock:
            self._act()

    def _act(self) -> None:
        if self.actions:
            seconds, changed = self.actions.pop(0)
            self.clock.advance(seconds)
            for number in changed:
                self._put(min(number, len(self._store) + 1), self.account.now_second())

    def _put(self, row_id: int, second: int) -> None:
        self._versions += 1
        name = self.stream.cursor_field or ""
        row: Row = {"id": row_id, "version": self._versions, "created_at": iso(second)}
        if row_id in self._store:
            row["created_at"] = self._store[row_id]["created_at"]
        row[name] = second if self.stream.columns[name] == "bigint" else iso(second)
        self._store.put(row)


class Destination:
    """Load packages: rows and the position after them, both or neither."""

    def __init__(self, stream: Stream, start: int) -> None:
        self.versions: dict[int, int] = {}
        self.lanes_saved: tuple[Lane, ...] = ()
        self._start = start
        self._pending: list[Step] = []
        self._state = "{}"
        hints = _column_hints(stream, is_merged=True)
        (self._sorted_by,) = (name for name, hint in hints.items() if "dedup_sort" in hint)

    def position(self) -> StreamPosition:
        self._pending.clear()
        return open_position(json.loads(self._state), self._start, None)

    def take(self, step: Step) -> None:
        self._pending.append(step)

    def load(self) -> None:
        """Merge as dlt does: of a key's rows in one package the one that sorts last wins."""
        if not self._pending:
            return
        package: dict[int, tuple[Any, Row]] = {}
        for number, step in enumerate(self._pending):
            for row in step.page.rows:
                order = number if self._sorted_by == SYNCED_AT else row[self._sorted_by]
                # Of equals any may win: here it is the one that came first.
                if row["id"] not in package or order > package[row["id"]][0]:
                    package[row["id"]] = (order, row)
        self.versions.update({key: row["version"] for key, (_, row) in package.items()})
        state = json.loads(self._state)
        save_position(state, self._pending[-1].position, None)
        self.lanes_saved = self._pending[-1].position.lanes
        self._state = json.dumps(state)
        self._pending.clear()
