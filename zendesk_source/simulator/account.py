"""A company's Zendesk: its rows, and everything that can happen to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from zendesk_source.simulator.clock import SimulatedClock
from zendesk_source.simulator.edits.lists import ListEdits
from zendesk_source.simulator.edits.people import PeopleEdits
from zendesk_source.simulator.edits.tickets import TicketEdits
from zendesk_source.simulator.figures import figures_of_days, figures_of_tickets
from zendesk_source.simulator.help_centers import rows_with_brands
from zendesk_source.simulator.histories import HISTORIES, history_rows
from zendesk_source.simulator.past.generate import Size, fill
from zendesk_source.simulator.past.service import TIMETABLES, Timetable
from zendesk_source.simulator.state import STREAM_BY_NAME
from zendesk_source.simulator.store import Row

LISTS_INSIDE_ROWS = {
    "ticket_tags": ("tickets", "tags", "ticket_id", "tag"),
    "ticket_followers": ("tickets", "follower_ids", "ticket_id", "user_id"),
    "ticket_collaborators": ("tickets", "collaborator_ids", "ticket_id", "user_id"),
    "user_tags": ("users", "tags", "user_id", "tag"),
    "organization_tags": ("organizations", "tags", "organization_id", "tag"),
    "organization_domain_names": (
        "organizations",
        "domain_names",
        "organization_id",
        "domain_name",
    ),
}
"""By table: stream, JSON key of the list, and the two columns of the table."""
OPTIONS_OF_FIELDS = {
    f"{owner}_field_options": owner for owner in ("ticket", "user", "organization")
}
"""By table: whose fields' choices it holds."""


class Account(TicketEdits, PeopleEdits, ListEdits):
    """A company's Zendesk, without its network.

    Every edit takes the clock's time and returns what it touched. Edits and readings may
    come from any thread.
    """

    @classmethod
    def generate(
        cls,
        seed: int = 1,
        *,
        tickets: int = 300,
        users: int = 120,
        organizations: int = 20,
        clock: SimulatedClock | None = None,
        days: int = 365,
        history: bool = True,
        ratings_filter: Literal["created_at", "updated_at"] = "created_at",
        schedules: Sequence[Timetable] = TIMETABLES,
    ) -> Account:
        """Return an account with a past; the same seed and start give the same rows.

        Args:
            seed: Seed of all random choices.
            tickets: How many tickets were ever created.
            users: End users and agents together.
            organizations: How many organizations.
            clock: Time; the past ends a little before it.
            days: How far back the past goes.
            history: Whether tickets have events, comments and metric events; without them a
                large account is made faster and needs less memory.
            ratings_filter: Which time of a rating ``start_time`` looks at.
            schedules: When the company works. The first is the default one, the others are
                assigned to tickets by turns.
        """
        account = cls(clock or SimulatedClock(), ratings_filter=ratings_filter)
        size = Size(tickets=tickets, users=users, organizations=organizations, days=days)
        fill(account, seed, size, history=history, schedules=schedules)
        account.settle()
        return account

    def load_rows(self, stream: str, rows: Iterable[Row], *, second: int | None = None) -> None:
        """Store rows exactly as they are, such as recorded ones; they replace rows with their ids.

        A ``metric_set`` inside a ticket is shown where the export is asked to include it.

        Args:
            stream: Name of a stream, or ``user_identities``.
            rows: As the API shows them; nothing is added.
            second: Place of all of them in the export; each row's cursor field without it.

        Raises:
            KeyError: No such stream, or a row lacks its key or its cursor field.
        """
        with self.lock:
            for row in rows:
                if stream == "user_identities":
                    self.put_identity(row)
                elif stream == "tickets":
                    self._load_ticket(row, second)
                elif stream == "tags":
                    self._tag_counts[row["name"]] = row["count"]
                else:
                    self.store(stream).put(row, second)

    def _load_ticket(self, row: Row, second: int | None) -> None:
        metric_set = row.get("metric_set")
        self.metric_sets.drop(row["id"])
        if metric_set is not None:
            self.metric_sets.put({"ticket_id": row["id"], **metric_set})
        bare = {key: value for key, value in row.items() if key != "metric_set"}
        self.stores["tickets"].put(bare, second)

    def _options(self, owner: str) -> Iterator[Row]:
        for field in self.stores[f"{owner}_fields"]:
            for option in field.get("custom_field_options") or ():
                yield {f"{owner}_field_id": field["id"], **option}

    def _elements(self, table: str) -> Iterator[Row]:
        parent, key, parent_column, element_column = LISTS_INSIDE_ROWS[table]
        for row in self.stores[parent]:
            for element in dict.fromkeys(row[key]):
                yield {parent_column: row["id"], element_column: element}

    def truth(self, stream: str) -> list[Row]:
        """Return the rows of a stream or side table exactly as the API shows them.

        Exports hold everything they would still show, however recent: deleted and scrubbed
        rows, too. ``ticket_metrics`` of a ticket that is deleted by an edit stay as they stood,
        although the export shows them no longer; tickets that were deleted before the account
        was generated have none. ``ticket_events`` are as ``include=comment_events`` shows them.

        Raises:
            KeyError: No such stream or side table.
        """
        with self.lock:
            self.settle()
            if stream == "tags":
                return self.tag_rows()
            if stream == "ticket_metrics":
                return list(self.metric_sets)
            if stream == "user_identities":
                return list(self.identities)
            if stream == "ticket_comments":
                return list(self.comment_rows())
            if stream == "chat_history":
                return [
                    {**entry, "chat_id": chat["id"], "position": number}
                    for chat in self.stores["chat_chats"]
                    for number, entry in enumerate(chat.get("history") or ())
                ]
            if stream in HISTORIES:
                return list(history_rows(self.stores["ticket_events"], stream))
            if stream in LISTS_INSIDE_ROWS:
                return list(self._elements(stream))
            if stream in OPTIONS_OF_FIELDS:
                return list(self._options(OPTIONS_OF_FIELDS[stream]))
            return list(self.store(stream))

    def truth_with_brands(self, stream: str) -> list[Row]:
        """Return ``truth``, with the ``brand_id`` of the Help Center that shows each row."""
        if not STREAM_BY_NAME[stream].is_of_brand:
            return self.truth(stream)
        with self.lock:
            return list(rows_with_brands(self, STREAM_BY_NAME[stream]))

    def truth_of_tickets(self) -> list[Row]:
        """Return the figures of every ticket that is not deleted, reckoned from its events.

        Reply, resolution, waiting in calendar and business minutes, stations, reopens, breaches.
        """
        with self.lock:
            self.settle()
            return list(figures_of_tickets(self))

    def truth_of_days(self) -> list[Row]:
        """Return what was created, solved and reopened on every day, and what was unsolved then."""
        with self.lock:
            self.settle()
            return list(figures_of_days(self))
