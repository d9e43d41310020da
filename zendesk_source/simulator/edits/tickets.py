"""Edits of tickets, each with the events that Zendesk would write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from zendesk_source.simulator.children import remove_children
from zendesk_source.simulator.rows.ticket_events import (
    comment_child,
    created_children,
    field_child,
    ticket_event_row,
)
from zendesk_source.simulator.rows.tickets import deleted_ticket_row, rating_row, ticket_row
from zendesk_source.simulator.store import Row, iso
from zendesk_source.simulator.stories import Stories

_PRIORITIES = ("low", "normal", "high", "urgent")
REDACTED = "▇" * 8


class Comment(NamedTuple):
    """What is stored with an audit."""

    body: str
    is_public: bool
    attachments: Sequence[Row] = ()


class TicketEdits(Stories):
    """Creates, changes, deletes and comments on tickets."""

    def create_ticket(self, **values: Any) -> Row:
        """Create a ticket, its first comment, its event and its metrics."""
        with self.lock:
            now, ticket_id = self.now_second(), self.next_ticket_id
            self.next_ticket_id += 1
            given = dict(values)
            given.setdefault("subject", f"Ticket {ticket_id}")
            given.setdefault("raw_subject", given["subject"])
            given.setdefault("description", f"Please help with {given['subject']}")
            given.setdefault("requester_id", self._first_user_id())
            given.setdefault("submitter_id", given["requester_id"])
            set_fields = {field["id"]: field["value"] for field in given.get("custom_fields", [])}
            unset_fields = {field["id"]: field["value"] for field in self._unset_fields()}
            given["custom_fields"] = [
                {"id": field_id, "value": value}
                for field_id, value in {**unset_fields, **set_fields}.items()
            ]
            given.setdefault("custom_status_id", self._status_id(given.get("status", "new")))
            given["fields"] = given["custom_fields"]
            ticket = ticket_row(ticket_id, iso(now), {**given, "generated_timestamp": now})
            self.put_ticket(ticket)
            children = created_children(self.new_id, "web", ticket)
            comment = Comment(ticket["description"], is_public=ticket["is_public"])
            self._put_event(ticket, ticket["submitter_id"], children, comment)
            return ticket

    def edit_ticket(self, ticket_id: int, *, updater_id: int | None = None, **changes: Any) -> Row:
        """Change a ticket; both its times move and an event is written."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            if "subject" in changes:
                changes.setdefault("raw_subject", changes["subject"])
            if "status" in changes:
                changes.setdefault("custom_status_id", self._status_id(changes["status"]))
            if "custom_fields" in changes:
                changes["fields"] = changes["custom_fields"]
            children = [
                field_child(self.new_id(), "Change", "web", name, value, ticket.get(name))
                for name, value in changes.items()
                if name not in ("raw_subject", "custom_fields", "fields", "satisfaction_rating")
                and ticket.get(name) != value
            ]
            return self._write(ticket, changes, children, updater_id)

    def set_custom_field(self, ticket_id: int, field_id: int, value: Any) -> Row:
        """Set the value of a custom field; an event is written."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            values = {field["id"]: field["value"] for field in ticket["custom_fields"]}
            change = field_child(
                self.new_id(), "Change", "web", str(field_id), value, values.get(field_id)
            )
            values[field_id] = value
            fields = [{"id": each, "value": of_each} for each, of_each in values.items()]
            return self._write(ticket, {"custom_fields": fields, "fields": fields}, [change], None)

    def system_update(self, ticket_id: int, **changes: Any) -> Row:
        """Change a ticket as Zendesk itself does: only ``generated_timestamp`` moves.

        Without ``changes`` it gets another priority.
        """
        with self.lock:
            ticket = self.ticket(ticket_id)
            if not changes:
                later = (*_PRIORITIES, "low").index(ticket["priority"] or "urgent") + 1
                changes = {"priority": (*_PRIORITIES, "low")[later]}
            ticket.update(changes, generated_timestamp=self.now_second())
            self.put_ticket(ticket)
            return ticket

    def bulk_edit(self, ticket_ids: Iterable[int], **changes: Any) -> list[Row]:
        """Change many tickets within one second."""
        with self.lock:
            return [self.edit_ticket(ticket_id, **changes) for ticket_id in ticket_ids]

    def delete_ticket(self, ticket_id: int) -> Row:
        """Delete a ticket softly; Zendesk scrubs it 30 days later unless it is restored."""
        with self.lock:
            before = self.ticket(ticket_id)
            ticket = self.edit_ticket(
                ticket_id, status="deleted", custom_status_id=before["custom_status_id"]
            )
            self.schedule_scrub(ticket_id, self.now_second())
            self.stores["deleted_tickets"].put(deleted_ticket_row(before, self.now_second()))
            remove_children(self, "tickets", ticket_id)
            return ticket

    def scrub_ticket(self, ticket_id: int) -> Row:
        """Delete a ticket for good: emptied now, gone from the export in 90 days."""
        with self.lock:
            return self.scrub(ticket_id, self.now_second())

    def restore_ticket(self, ticket_id: int, status: str = "open") -> Row:
        """Restore a deleted ticket."""
        with self.lock:
            self.stores["deleted_tickets"].drop(ticket_id)
            return self.edit_ticket(ticket_id, status=status)

    def archive_tickets(self, ticket_ids: Iterable[int]) -> None:
        """Archive tickets, as Zendesk does by itself 120 days after they were closed."""
        with self.lock:
            self.archived_ticket_ids.update(ticket_ids)
            self.stores["tickets"].version += 1

    def comment(
        self,
        ticket_id: int,
        *,
        author_id: int | None = None,
        body: str = "Thank you",
        public: bool = True,
        attachments: list[Row] | None = None,
    ) -> Row:
        """Comment on a ticket.

        Returns:
            The comment as ``truth("ticket_comments")`` shows it.
        """
        with self.lock:
            ticket = self.ticket(ticket_id)
            author_id = author_id or ticket["requester_id"] or self._first_user_id()
            if public:
                ticket["is_public"] = True
            self._write(ticket, {}, [], author_id)
            comment = Comment(body, is_public=public, attachments=attachments or [])
            event = self._put_event(ticket, author_id, [], comment)
            child = event["child_events"][0]
            return {**child, "ticket_id": ticket_id, "event_id": event["id"]}

    def redact_comment(self, comment_id: int, *, is_told_apart: bool = False) -> Row:
        """Black out a comment; its event comes through the export again.

        Args:
            comment_id: The comment.
            is_told_apart: Whether an event of its own tells of it instead. Nobody has recorded
                which of the two Zendesk does.

        Returns:
            The comment's event.
        """
        with self.lock:
            now = self.now_second()
            event = self.stores["ticket_events"][self.event_id_of_comment[comment_id]]
            for child in event["child_events"]:
                if child["id"] == comment_id:
                    child.update(
                        body=REDACTED,
                        plain_body=REDACTED,
                        html_body=f'<div class="zd-comment" dir="auto">{REDACTED}</div>',
                        attachments=[],
                    )
            ticket_id = event["ticket_id"]
            if is_told_apart:
                self.put_event(event)
                told = {"event_type": "CommentRedactionEvent", "comment_id": comment_id}
                child = {"id": self.new_id(), "via": "Web form", "via_reference_id": None, **told}
                self._put_event(self.ticket(ticket_id), self._first_user_id(), [child])
                return event
            event["timestamp"] = now
            self.put_event(event)
            if ticket_id in self.stores["tickets"]:
                ticket = self.ticket(ticket_id)
                self.put_ticket({**ticket, "generated_timestamp": now})
            return event

    def rate(self, ticket_id: int, score: str, comment: str | None = None) -> Row:
        """Rate a ticket, or change its rating; returns the rating."""
        with self.lock:
            ticket, ratings = self.ticket(ticket_id), self.stores["satisfaction_ratings"]
            moment = iso(self.now_second())
            rating_id = (ticket["satisfaction_rating"] or {}).get("id")
            if rating_id in ratings:
                rating = {**ratings[rating_id], "score": score, "updated_at": moment}
                rating["comment"] = comment
            else:
                rating = rating_row(self.new_id(), ticket, score, moment, comment)
            ratings.put(rating)
            shown = {
                name: rating[name] for name in ("id", "score", "comment", "reason", "reason_id")
            }
            change = field_child(
                self.new_id(),
                "Change",
                "web",
                "satisfaction_score",
                score,
                (ticket["satisfaction_rating"] or {}).get("score"),
            )
            self._write(ticket, {"satisfaction_rating": shown}, [change], ticket["requester_id"])
            return rating

    def _write(self, ticket: Row, changes: Row, children: list[Row], updater_id: int | None) -> Row:
        self.settle()  # what was due came before this
        now = self.now_second()
        ticket.update(changes, updated_at=iso(now), generated_timestamp=now)
        self.put_ticket(ticket)
        if children:
            self._put_event(ticket, updater_id or self._first_user_id(), children)
        return ticket

    def _put_event(
        self, ticket: Row, updater_id: int, children: list[Row], comment: Comment | None = None
    ) -> Row:
        now, event_id = self.now_second(), self.new_id()
        if comment is not None:
            child = comment_child(
                self.new_id(),
                event_id=event_id,
                author_id=updater_id,
                body=comment.body,
                public=comment.is_public,
                created_at=iso(now),
                channel="web",
                attachments=list(comment.attachments),
            )
            children = [child, *children]
        event = ticket_event_row(
            event_id,
            ticket["id"],
            second=now,
            created_at=iso(now),
            updater_id=updater_id,
            channel="web",
            child_events=children,
        )
        self.put_audit(ticket, event)
        return event

    def _first_user_id(self) -> int:
        return self.stores["users"].first_key(default=1)

    def _status_id(self, status: str) -> int | None:
        for row in self.stores["custom_statuses"]:
            if row["status_category"] == status and row["default"]:
                return int(row["id"])
        return None

    def _unset_fields(self) -> list[Row]:
        fields = self.stores["ticket_fields"]
        return [
            {"id": field["id"], "value": False if field["type"] == "checkbox" else None}
            for field in fields
            if field["removable"]
        ]
