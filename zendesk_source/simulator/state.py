"""The state of an account, and what all edits of it need."""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from zendesk_source.catalogue import STREAMS, TAKEN_AT, Paging, Stream
from zendesk_source.simulator.clock import SimulatedClock
from zendesk_source.simulator.rows.ticket_events import is_comment
from zendesk_source.simulator.rows.tickets import HOST
from zendesk_source.simulator.store import (
    DAY_SECONDS,
    Mark,
    Row,
    RowStore,
    epoch_seconds,
    iso,
)
from zendesk_source.simulator.timeline import Key

SCRUB_AFTER_SECONDS = 30 * DAY_SECONDS
VANISH_AFTER_SECONDS = 90 * DAY_SECONDS

STREAM_BY_NAME: dict[str, Stream] = {stream.name: stream for stream in STREAMS}

_NO_COMMENTS = frozenset({"Create", "Change", "Notification"})
# Rows that were recorded long ago lack the newer keys.
_MARKS: dict[str, dict[str, Mark]] = {
    "tickets": {
        "deleted": lambda row: row.get("status") == "deleted",
        "ai_agent": lambda row: row.get("support_type") == "ai_agent",
    },
    "users": {"deleted": lambda row: not row.get("active", True)},
    "organizations": {"deleted": lambda row: row.get("deleted_at") is not None},
}


def address_of(stream: Stream) -> str:
    """Return the address of a stream's rows; rows with parents have other addresses too."""
    head, is_of_parent, tail = stream.path.removesuffix(".json").rpartition("}")
    return f"{HOST}/api/v2{tail}" if is_of_parent else f"{HOST}{head}{tail}"


def shown_key(stream: Stream) -> tuple[str, ...]:
    """Return the key columns that the API shows; an object has none."""
    if stream.paging is Paging.OBJECT:
        return ()
    return tuple(name for name in stream.primary_key if name != TAKEN_AT)


def _place_column(stream: Stream) -> str | None:
    """Return the column that orders an export; None for lists, which have no such order."""
    is_export = stream.paging in (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT)
    return stream.cursor_field if is_export else None


class State:
    """The rows of every stream, one lock around them, and the time.

    Args:
        clock: Time at which edits happen.
        ratings_filter: Which time of a rating ``start_time`` looks at; Zendesk does not say.

    Attributes:
        shown_after_seconds: How old a row must be before an export shows it. Zendesk promises no
            limit: a row may appear late, with a time that other exports have long passed.
        shows_deleted_by_id: Whether a deleted row is shown when it is asked for by its id.
        archived_ticket_ids: Tickets that only a search and the exports still show.
        sorts_lists: Whether lists come in the order that is asked for. Zendesk documents that for
            few of them.
        search_lag_seconds: How old a row must be before a search finds it.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        *,
        ratings_filter: Literal["created_at", "updated_at"] = "created_at",
    ) -> None:
        self.clock = clock
        self.ratings_filter = ratings_filter
        self.shown_after_seconds = 0
        self.shows_deleted_by_id = False
        self.archived_ticket_ids: set[int] = set()
        self.sorts_lists = True
        self.search_lag_seconds = 120
        self.lock = threading.RLock()
        self.stores: dict[str, RowStore] = {
            stream.name: RowStore(
                shown_key(stream),
                _place_column(stream),
                _MARKS.get(stream.name),
                stream.parent.column if stream.parent is not None else "",
            )
            for stream in STREAM_BY_NAME.values()
        }
        # By ticket: the export shows one inside each ticket, and deletion leaves it here.
        self.metric_sets = RowStore(("ticket_id",))
        self.identities = RowStore(("id",))
        self.identity_ids_of: dict[int, list[int]] = {}
        self.event_id_of_comment: dict[int, int] = {}
        self.event_ids_of: dict[int, list[int]] = {}
        self.ai_agent_event_ids: set[int] = set()
        # By stream and key, of rows that are not the default brand's.
        self.brand_ids: dict[tuple[str, Key], int] = {}
        self.next_ticket_id = 1
        self._next_id = 28_835_700_000_000
        self._tag_counts: Counter[str] = Counter()
        self._deleted_at: dict[int, int] = {}
        self._scrubbed_at: dict[int, int] = {}
        self._upkeep: list[tuple[int, int]] = []

    def now_second(self) -> int:
        """Return the clock's time as whole epoch seconds."""
        return int(self.clock.now().timestamp())

    def new_id(self) -> int:
        """Return a fresh 14-digit id."""
        self._next_id += 20
        return self._next_id

    def store(self, name: str) -> RowStore:
        """Return the rows of a stream, or name the streams that exist."""
        try:
            return self.stores[name]
        except KeyError:
            known = ", ".join(sorted(self.stores))
            raise KeyError(f"no stream {name!r}; there are {known}") from None

    def ticket(self, ticket_id: int) -> Row:
        """Return a copy of a ticket as the export shows it."""
        return self.stores["tickets"][ticket_id]

    def put_ticket(self, ticket: Row) -> None:
        """Store a ticket and count its tags."""
        tickets = self.stores["tickets"]
        if ticket["id"] in tickets and ticket["id"] not in tickets.marked["deleted"]:
            self._tag_counts.subtract(tickets[ticket["id"]]["tags"])
        tickets.put(ticket)
        if ticket["status"] != "deleted":
            self._tag_counts.update(ticket["tags"])

    def put_event(self, event: Row) -> None:
        """Store a ticket event and note where its comments are."""
        store, event_id, ticket_id = self.stores["ticket_events"], event["id"], event["ticket_id"]
        if event_id in store:
            store.put(event)
        else:
            store.add(event_id, event, event["timestamp"])
            self.event_ids_of.setdefault(ticket_id, []).append(event_id)
        if ticket_id in self.stores["tickets"].marked["ai_agent"]:
            self.ai_agent_event_ids.add(event_id)
        for child in event["child_events"]:
            if child["event_type"] not in _NO_COMMENTS and is_comment(child):
                self.event_id_of_comment[child["id"]] = event_id

    def put_identity(self, identity: Row) -> None:
        """Store a way to reach a user."""
        self.identities.put(identity)
        owned = self.identity_ids_of.setdefault(identity["user_id"], [])
        if identity["id"] not in owned:
            owned.append(identity["id"])

    def tag_rows(self) -> list[Row]:
        """Return the tags in use, most used first, as the tags list shows them."""
        used = [(-count, name) for name, count in self._tag_counts.items() if count > 0]
        return [{"name": name, "count": -count} for count, name in sorted(used)[:20_000]]

    def schedule_scrub(self, ticket_id: int, deleted_second: int) -> None:
        """Let Zendesk scrub a deleted ticket 30 days after its deletion."""
        self._deleted_at[ticket_id] = deleted_second
        heapq.heappush(self._upkeep, (deleted_second + SCRUB_AFTER_SECONDS, ticket_id))

    def records_of_others(self, object_key: str) -> Iterator[str]:
        """Return the ids of all records that are not of one custom object."""
        for row in self.stores["custom_object_records"]:
            if row["custom_object_key"] != object_key:
                yield row["id"]

    def scrub(self, ticket_id: int, second: int) -> Row:
        """Empty a deleted ticket; ``updated_at`` stays, as recorded.

        Ninety days later it leaves the export.
        """
        ticket = self.ticket(ticket_id)
        ticket.update(
            status="deleted",
            subject="SCRUBBED",
            raw_subject="SCRUBBED",
            description="X",
            tags=[],
            custom_fields=[],
            fields=[],
            satisfaction_rating=None,
            generated_timestamp=second,
        )
        self.put_ticket(ticket)
        self.stores["deleted_tickets"].drop(ticket_id)
        self._scrubbed_at[ticket_id] = second
        heapq.heappush(self._upkeep, (second + VANISH_AFTER_SECONDS, ticket_id))
        return ticket

    def settle(self) -> None:
        """Do what Zendesk does by itself as time passes: scrub, and forget."""
        now = self.now_second()
        while self._upkeep and self._upkeep[0][0] <= now:
            due, ticket_id = heapq.heappop(self._upkeep)
            if ticket_id not in self.stores["tickets"].marked["deleted"]:
                continue
            if ticket_id in self._scrubbed_at:
                if due == self._scrubbed_at[ticket_id] + VANISH_AFTER_SECONDS:
                    self.stores["tickets"].drop(ticket_id)
            elif due == self._deleted_at.get(ticket_id, 0) + SCRUB_AFTER_SECONDS:
                self.scrub(ticket_id, due)

    def comment_rows(self) -> Iterator[Row]:
        """Comments of every ticket event, with the ids that join them to it."""
        for event in self.stores["ticket_events"]:
            for child in event["child_events"]:
                if is_comment(child):
                    yield {**child, "ticket_id": event["ticket_id"], "event_id": event["id"]}

    def blank_row(self, stream: Stream, values: dict[str, Any]) -> Row:
        """Return a row with every declared key, for streams without a shape of their own."""
        moment = iso(self.now_second())
        row: Row = dict.fromkeys(stream.columns)
        if stream.is_of_brand:  # no row says itself whose it is, unless it is given
            del row["brand_id"]
        for name in ("created_at", "updated_at", stream.cursor_field):
            if name in row:
                is_number = stream.columns[name] == "bigint"
                row[name] = epoch_seconds(moment) if is_number else moment
        for name in shown_key(stream):
            if row.get(name) is None and name not in values:
                is_text = stream.columns.get(name) == "text"
                row[name] = str(self.new_id()) if is_text else self.new_id()
        if "url" in row:
            row["url"] = f"{address_of(stream)}/{row.get('id')}.json"
        row.update(values)
        return row
