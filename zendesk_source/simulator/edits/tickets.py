"""Edits of tickets, each with the events that Zendesk would write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zendesk_source.simulator.children import remove_children
from zendesk_source.simulator.rows.tickets import (
    comment_child,
    field_child,
    metric_event_row,
    metric_set_row,
    rating_row,
    ticket_event_row,
    ticket_row,
)
from zendesk_source.simulator.state import State, iso
from zendesk_source.simulator.store import Row

_CREATED_WITH = (
    "subject",
    "type",
    "priority",
    "status",
    "tags",
    "group_id",
    "assignee_id",
    "requester_id",
    "brand_id",
    "ticket_form_id",
)
_PRIORITIES = ("low", "normal", "high", "urgent")
REDACTED = "▇" * 8


class TicketEdits(State):
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
            children = [
                field_child(self.new_id(), "Create", "web", name, ticket[name])
                for name in _CREATED_WITH
                if ticket[name] not in (None, [])
            ]
            event = self._put_event(ticket, ticket["submitter_id"], children)
            self._put_comment(event, ticket["submitter_id"], ticket["description"], True)
            self.metric_sets.put(metric_set_row(self.new_id(), ticket, {}))
            self._put_metric_event(ticket_id, "agent_work_time", "activate")
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

        Without ``changes`` its priority becomes another one.
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
            ticket = self.edit_ticket(
                ticket_id,
                status="deleted",
                custom_status_id=self.ticket(ticket_id)["custom_status_id"],
            )
            self.schedule_scrub(ticket_id, self.now_second())
            remove_children(self, "tickets", ticket_id)
            return ticket

    def scrub_ticket(self, ticket_id: int) -> Row:
        """Delete a ticket for good: emptied now, gone from the export in 90 days."""
        with self.lock:
            return self.scrub(ticket_id, self.now_second())

    def restore_ticket(self, ticket_id: int, status: str = "open") -> Row:
        """Take a deleted ticket back."""
        with self.lock:
            ticket = self.edit_ticket(ticket_id, status=status)
            if ticket_id not in self.metric_sets:
                self.metric_sets.put(metric_set_row(self.new_id(), ticket, {}))
            return ticket

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
            self._write(ticket, {}, [], author_id)
            event = self._put_event(ticket, author_id, [])
            child = self._put_comment(event, author_id, body, public, attachments)
            metrics = self.metric_sets[ticket_id]
            metrics["latest_comment_added_at"] = child["created_at"]
            if public and author_id != ticket["requester_id"]:
                metrics["replies"] += 1
            self.metric_sets.put(metrics)
            return {**child, "ticket_id": ticket_id, "event_id": event["id"]}

    def redact_comment(self, comment_id: int) -> Row:
        """Black out a comment; its event comes through the export again.

        Returns:
            The event.
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
            event["timestamp"] = now
            self.put_event(event)
            ticket_id = event["ticket_id"]
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
        now = self.now_second()
        before = ticket["status"]
        ticket.update(changes, updated_at=iso(now), generated_timestamp=now)
        self.put_ticket(ticket)
        if children:
            self._put_event(ticket, updater_id or self._first_user_id(), children)
        if ticket["status"] != "deleted" and ticket["id"] in self.metric_sets:
            self._measure(ticket, changes, before)
        return ticket

    def _measure(self, ticket: Row, changes: Row, status_before: str) -> None:
        metrics, moment = self.metric_sets[ticket["id"]], iso(self.now_second())
        metrics["updated_at"] = moment
        if "status" in changes and status_before != ticket["status"]:
            metrics["status_updated_at"] = metrics["custom_status_updated_at"] = moment
            if ticket["status"] == "solved":
                metrics["solved_at"] = moment
                self._put_metric_event(ticket["id"], "resolution_time", "fulfill")
            elif status_before in ("solved", "closed"):
                metrics["solved_at"] = None
                metrics["reopens"] += 1
                self._put_metric_event(ticket["id"], "resolution_time", "activate")
        if "assignee_id" in changes:
            metrics["assignee_updated_at"] = metrics["assigned_at"] = moment
            metrics["initially_assigned_at"] = metrics["initially_assigned_at"] or moment
            metrics["assignee_stations"] += 1
        if "group_id" in changes:
            metrics["group_stations"] += 1
        self.metric_sets.put(metrics)

    def _put_event(self, ticket: Row, updater_id: int, children: list[Row]) -> Row:
        now = self.now_second()
        event = ticket_event_row(
            self.new_id(),
            ticket["id"],
            second=now,
            created_at=iso(now),
            updater_id=updater_id,
            channel="web",
            child_events=children,
        )
        self.put_event(event)
        return event

    def _put_comment(
        self,
        event: Row,
        author_id: int,
        body: str,
        public: bool,
        attachments: list[Row] | None = None,
    ) -> Row:
        child = comment_child(
            self.new_id(),
            event_id=event["id"],
            author_id=author_id,
            body=body,
            public=public,
            created_at=event["created_at"],
            channel="web",
            attachments=attachments or [],
        )
        event["child_events"].insert(0, child)
        self.put_event(event)
        return child

    def _put_metric_event(self, ticket_id: int, metric: str, event_type: str) -> None:
        moment = iso(self.now_second())
        self.stores["ticket_metric_events"].put(
            metric_event_row(self.new_id(), ticket_id, metric, event_type, moment)
        )

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
