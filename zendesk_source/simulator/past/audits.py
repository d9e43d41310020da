"""The audits of one generated ticket, and the rows that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zendesk_source.simulator.past.company import Company
from zendesk_source.simulator.reckoning.clocks import MetricEvent
from zendesk_source.simulator.reckoning.policies import Targets
from zendesk_source.simulator.reckoning.steps import SCHEDULE, Step
from zendesk_source.simulator.reckoning.ticket import Reckoning
from zendesk_source.simulator.rows.ticket_events import (
    chat_child,
    comment_child,
    created_children,
    field_child,
    notification_child,
    schedule_child,
    ticket_event_row,
)
from zendesk_source.simulator.rows.tickets import metric_set_row, ticket_row
from zendesk_source.simulator.store import Row, iso

# What decides which SLA policy holds, and what it promises.
_DECIDE_THE_POLICY = frozenset({"priority", "type", "group_id", "brand_id", "tags"})


class Audits:
    """A ticket that changes, audit by audit.

    Args:
        company: People, settings and dice of the account.
        ticket_id: Number of the ticket.
        created: Epoch second of its creation.
        values: What it was created with.
    """

    def __init__(self, company: Company, ticket_id: int, created: int, values: Row) -> None:
        self.company, self.created = company, created
        self.ticket = ticket_row(ticket_id, iso(created), values)
        self.reckoning = Reckoning(company.schedules)
        self._new_id = company.state.new_id
        self._channel: str = values["via"]["channel"]
        self._rows: list[Row] = []
        self._steps: list[Step] = []
        self._schedule_id: int | None = None
        self._foreseen_breach = 0
        self._targets: Targets | None = None

    def create(
        self, author: Row, by_triggers: Mapping[str, Any], schedule_id: int, *, is_public: bool
    ) -> None:
        """Write the first audit: what the ticket was created with, and what triggers made of it.

        Args:
            author: User who wrote the first comment.
            by_triggers: Fields that triggers set at once.
            schedule_id: Schedule that a trigger assigns; nothing is told of the default one.
            is_public: Of the comment.
        """
        ticket, kept = self.ticket, self.company.events
        ticket["is_public"] = is_public
        children = created_children(self._new_id, self._channel, ticket) if kept else []
        changes: list[tuple[str, Any]] = [
            (name, ticket[name]) for name in ("requester_id", "status", "group_id", "assignee_id")
        ]
        told, changed = self._changed(by_triggers, "rule")
        children += told
        changes += changed
        if schedule_id != self.company.schedule_ids[0]:
            told, changed = self._scheduled(schedule_id)
            children += told
            changes += changed
        if kept:
            if self._channel == "chat":
                text = ticket["description"]
                children.append(chat_child(self._new_id(), author, self.created, text))
            note = notification_child(self._new_id(), ticket["requester_id"], "Request received")
            children.append(note)
            measured = "agent_work_time", "measure", 0, self.created, None
            self.reckoning.events.append(measured)
        text = ticket["description"]
        self._write(self.created, author["id"], children, changes, text, is_public=is_public)
        self._foreseen_breach = self.reckoning.next_breach() if ticket["id"] % 25 == 3 else 0

    def change(
        self,
        second: int,
        updater_id: int,
        changes: Mapping[str, Any],
        body: str = "",
        files: list[Row] | None = None,
        *,
        public: bool = True,
        schedule_id: int | None = None,
        **event_values: Any,
    ) -> None:
        """Write an audit: fields that change, and a comment where there is a text."""
        if "status" in changes and changes["status"] != self.ticket["status"]:
            category = {"closed": "solved"}.get(changes["status"], changes["status"])
            custom_id = self.company.status_ids.get(category)
            if custom_id is not None:
                changes = {**changes, "custom_status_id": custom_id}
        children, changed = self._changed(changes, self._channel)
        if schedule_id is not None and schedule_id != self._schedule_id:
            told, moved = self._scheduled(schedule_id)
            children += told
            changed += moved
        self._write(
            second, updater_id, children, changed, body, files, is_public=public, **event_values
        )

    def tell(self, second: int, updater_id: int, child: Row) -> None:
        """Write an audit that changes no field of the ticket."""
        self._write(second, updater_id, [child], [], "")

    def foresee_group_target(self) -> None:
        """Let the group that has the ticket be held to a target."""
        target = self.company.policies.targets_of(self.ticket).get("first_reply_time")
        if target is not None:
            group = {"target": target.minutes, "business_hours": True, "policy": target.policy}
            event = "group_ownership_time", "apply_group_sla", 1, self.created, {"group_sla": group}
            self.reckoning.events.append(event)

    def store(self) -> None:
        """Put the ticket, its events and its metrics into the account."""
        company, ticket, reckoning = self.company, self.ticket, self.reckoning
        state, is_deleted = company.state, ticket["status"] == "deleted"
        state.put_ticket(ticket)
        if company.events:
            for event in self._rows:
                state.put_event(event)
            reckoning.pass_time(company.end)
            state.put_metric_events(ticket["id"], self._metric_events())
            if not is_deleted:
                state.await_breach(ticket["id"], reckoning)
        else:
            state.keep_untold(ticket["id"], self._steps)
        if is_deleted:
            state.schedule_scrub(ticket["id"], ticket["generated_timestamp"])
        else:
            metric_set = metric_set_row(self._new_id(), ticket, reckoning.metric_values())
            state.metric_sets.put(metric_set)

    def _metric_events(self) -> Iterable[MetricEvent]:
        """Metric events, and now and then a breach that was foreseen and did not come."""
        events, due = self.reckoning.events, self._foreseen_breach
        is_told = any(event_type == "breach" for _, event_type, *_ in events)
        if self.created < due < self.company.end and not is_told:
            events.append(("reply_time", "breach", 1, due, {"deleted": True}))
        return events

    def _changed(
        self, changes: Mapping[str, Any], channel: str
    ) -> tuple[list[Row], list[tuple[str, Any]]]:
        ticket = self.ticket
        changed = [(name, value) for name, value in changes.items() if ticket[name] != value]
        children = []
        if self.company.events:
            new_id = self._new_id
            children = [
                field_child(new_id(), "Change", channel, name, value, ticket[name])
                for name, value in changed
            ]
        ticket.update(changed)
        return children, changed

    def _scheduled(self, schedule_id: int) -> tuple[list[Row], list[tuple[str, Any]]]:
        child = schedule_child(self._new_id(), None, schedule_id, self._schedule_id)
        self._schedule_id = schedule_id
        return [child], [(SCHEDULE, schedule_id)]

    def _write(
        self,
        second: int,
        updater_id: int,
        children: list[Row],
        changes: list[tuple[str, Any]],
        body: str,
        files: list[Row] | None = None,
        *,
        is_public: bool = True,
        **event_values: Any,
    ) -> None:
        ticket, company = self.ticket, self.company
        moment, event_id = iso(second), self._new_id()
        ticket["updated_at"] = moment
        ticket["generated_timestamp"] = min(company.end, second + int(4 * company.rng.random()))
        is_agent = updater_id in company.agent_ids
        ticket["is_public"] |= bool(body) and is_public
        step = Step(second, updater_id, is_agent, changes, is_public if body else None)
        self.reckoning.take(step)
        if not company.events:
            self._steps.append(step)
            return
        if self._targets is None or not _DECIDE_THE_POLICY.isdisjoint(dict(changes)):
            self._targets = company.policies.targets_of(ticket)
        children += company.state.hold_to(self.reckoning, self._targets, second)
        if body:
            comment = comment_child(
                self._new_id(),
                event_id=event_id,
                author_id=updater_id,
                body=body,
                public=is_public,
                created_at=moment,
                channel=self._channel,
                attachments=files or [],
            )
            children = [comment, *children]
        event = ticket_event_row(
            event_id,
            ticket["id"],
            second=second,
            created_at=moment,
            updater_id=updater_id,
            channel=self._channel,
            child_events=children,
        )
        self._rows.append({**event, **event_values} if event_values else event)
