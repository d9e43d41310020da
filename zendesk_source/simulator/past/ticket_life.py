"""One generated ticket: what happened to it, and the rows that tell of it."""

from __future__ import annotations

from typing import Any

from zendesk_source.simulator.past import words
from zendesk_source.simulator.past.company import Company
from zendesk_source.simulator.rows.tickets import (
    attachment_row,
    comment_child,
    field_child,
    metric_event_row,
    metric_set_row,
    notification_child,
    rating_row,
    ticket_event_row,
    ticket_row,
)
from zendesk_source.simulator.state import DAY_SECONDS, iso
from zendesk_source.simulator.store import Row

_CREATED_WITH = ("subject", "type", "priority", "status", "tags", "group_id", "requester_id")
_REPLY_MINUTES = {"urgent": 18, "high": 55, "normal": 160, "low": 420, None: 240}
_CLOSE_AFTER_SECONDS = 4 * DAY_SECONDS


class TicketLife:
    """Lives a ticket through, step by step, until the end of the past.

    Args:
        world: People, settings and dice of the account.
        ticket_id: Number of the ticket.
        created: Epoch second of its creation.
        values: What it was created with.
    """

    def __init__(self, world: Company, ticket_id: int, created: int, values: Row) -> None:
        self.world, self.rng, self.new_id = world, world.rng, world.state.new_id
        self.created = created
        self.ticket = ticket_row(ticket_id, iso(created), values)
        self.ticket["generated_timestamp"] = created + self.rng.randint(0, 3)
        self.channel: str = values["via"]["channel"]
        self.metrics: Row = {}
        self.rating: Row | None = None
        self.ticket_events: list[Row] = []
        self.is_deleted = False

    def live(self, merged_into: int = 0) -> None:
        """Let the ticket be answered, solved and closed as far as time allows.

        Args:
            merged_into: Older ticket that this one turns out to repeat, if any.
        """
        rng, ticket = self.rng, self.ticket
        creates = [
            field_child(self.new_id(), "Create", self.channel, name, ticket[name])
            for name in _CREATED_WITH
            if self.world.events and ticket[name] not in (None, [])
        ]
        note = notification_child(self.new_id(), ticket["requester_id"], "Request received")
        children = [*creates, note]
        self._event(self.created, ticket["requester_id"], children, ticket["description"])
        self._metric("agent_work_time", "measure", self.created)
        self._metric("reply_time", "activate", self.created)
        self._apply_sla()
        if merged_into:
            self._merge(self.created + rng.randint(600, 20_000), merged_into)
        elif rng.random() < 0.04:
            self._wait(self.created + 600)
        else:
            self._be_answered()

    def _be_answered(self) -> None:
        rng, ticket = self.rng, self.ticket
        median_minutes = _REPLY_MINUTES[ticket["priority"]]
        second = self.created + int(60 * median_minutes * rng.lognormvariate(0, 0.9))
        agent_id = rng.choice(self.world.agents)["id"]
        if not self._reply(second, agent_id):
            return
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            second += int(3600 * rng.lognormvariate(1.2, 0.9))
            if not self._customer_writes(second):
                return
            second += int(60 * median_minutes * rng.lognormvariate(0, 0.8))
            if not self._agent_writes(second, agent_id):
                return
        second += int(3600 * rng.lognormvariate(2.0, 1.1))
        if rng.random() < 0.06:
            self._customer_writes(second)
        elif self._solve(second, agent_id):
            if rng.random() < 0.08:
                second += int(3600 * rng.lognormvariate(1.0, 0.8))
                if not self._customer_writes(second):
                    return
                self.metrics["reopens"] = 1
                second += int(3600 * rng.lognormvariate(1.5, 0.8))
                if not self._solve(second, agent_id):
                    return
            closes = second + _CLOSE_AFTER_SECONDS
            self._rate(min(closes - 60, second + int(3600 * rng.lognormvariate(1.0, 1.0))))
            self._close(closes)

    def delete(self, second: int) -> None:
        """Delete the ticket softly."""
        agent_id = self.rng.choice(self.world.agents)["id"]
        self._change(second, agent_id, {"status": "deleted"})
        self.is_deleted = True

    def store(self) -> None:
        """Put the ticket, its events, its metrics and its rating into the account."""
        state, ticket = self.world.state, self.ticket
        state.put_ticket(ticket)
        for event in self.ticket_events:
            state.put_event(event)
        if self.rating is not None:
            state.stores["satisfaction_ratings"].put(self.rating)
        if self.is_deleted:
            state.schedule_scrub(ticket["id"], ticket["generated_timestamp"])
        else:
            state.metric_sets.put(metric_set_row(self.new_id(), ticket, self.metrics))

    def _merge(self, second: int, ticket_id: int) -> None:
        if second < self.world.end:
            tags = sorted({*self.ticket["tags"], "closed_by_merge"})
            changes = {"status": "closed", "tags": tags}
            body = f"This request was closed and merged into request #{ticket_id}."
            agent_id = self.rng.choice(self.world.agents)["id"]
            self._change(second, agent_id, changes, body, merged_ticket_ids=[ticket_id])

    def _wait(self, second: int) -> None:
        if self.rng.random() < 0.6 and second < self.world.end:
            changes = {"status": "open", "priority": "normal"}
            self._change(second, self.rng.choice(self.world.agents)["id"], changes)

    def _reply(self, second: int, agent_id: int) -> bool:
        if second >= self.world.end:
            return False
        moment, minutes = iso(second), (second - self.created) // 60
        assigned = max(self.created + 1, second - 60 * self.rng.randint(1, 15))
        self._change(assigned, agent_id, {"assignee_id": agent_id, "status": "open"})
        self.metrics.update(
            assignee_updated_at=iso(assigned),
            assigned_at=iso(assigned),
            initially_assigned_at=iso(assigned),
            assignee_stations=1,
            replies=1,
            reply_time_in_minutes=minutes,
            reply_time_in_seconds={"calendar": second - self.created},
            latest_comment_added_at=moment,
        )
        self._change(second, agent_id, {"status": "pending"}, self.rng.choice(words.REPLIES))
        self._metric("reply_time", "fulfill", second)
        self._metric(
            "reply_time",
            "update_status",
            second,
            status={"calendar": minutes, "business": minutes // 3},
        )
        return True

    def _customer_writes(self, second: int) -> bool:
        if second >= self.world.end:
            return False
        files = []
        if self.rng.random() < 0.2:
            files = [attachment_row(self.new_id(), "photo.jpg", "image/jpeg", 48_213)]
        author_id = self.ticket["requester_id"]
        self._change(second, author_id, {"status": "open"}, self.rng.choice(words.ANSWERS), files)
        self.metrics["requester_updated_at"] = iso(second)
        return True

    def _agent_writes(self, second: int, agent_id: int) -> bool:
        if second >= self.world.end:
            return False
        if self.rng.random() < 0.25:
            note = self.rng.choice(words.NOTES)
            self._change(second, agent_id, {"status": "hold"}, note, public=False)
        else:
            self._change(second, agent_id, {"status": "pending"}, self.rng.choice(words.REPLIES))
            self.metrics["replies"] += 1
        return True

    def _solve(self, second: int, agent_id: int) -> bool:
        if second >= self.world.end:
            return False
        tags = sorted({*self.ticket["tags"], self.rng.choice(words.TAGS)})
        changes = {"status": "solved", "tags": tags}
        self._change(second, agent_id, changes, "We consider this solved. Thank you!")
        minutes = (second - self.created) // 60
        self.metrics.update(
            solved_at=iso(second),
            first_resolution_time_in_minutes=self.metrics.get(
                "first_resolution_time_in_minutes", minutes
            ),
            full_resolution_time_in_minutes=minutes,
            requester_wait_time_in_minutes=minutes * 2 // 3,
            agent_wait_time_in_minutes=minutes // 4,
        )
        self._metric("resolution_time", "fulfill", second)
        self._metric("agent_work_time", "fulfill", second)
        return True

    def _rate(self, second: int) -> None:
        dice = self.rng.random()
        if dice < 0.3 or second >= self.world.end:
            self.ticket["satisfaction_rating"] = {
                "score": "offered" if dice < 0.15 else "unoffered"
            }
        elif dice < 0.6:
            score = "good" if self.rng.random() < 0.87 else "bad"
            comment = self.rng.choice((None, "Very helpful 👍", "Trop lent."))
            self.rating = rating_row(self.new_id(), self.ticket, score, iso(second), comment)
            names = ("id", "score", "comment", "reason", "reason_id")
            self.ticket["satisfaction_rating"] = {name: self.rating[name] for name in names}
            change = field_child(
                self.new_id(), "Change", "web", "satisfaction_score", score, "offered"
            )
            self._event(second, self.ticket["requester_id"], [change])

    def _close(self, second: int) -> None:
        if second < self.world.end:
            self._change(second, self.ticket["assignee_id"], {"status": "closed"})

    def _apply_sla(self) -> None:
        policy = self.world.policies[self.ticket["type"] == "incident"]
        target = policy["policy_metrics"][-2]["target"]
        sla = {
            "target": target,
            "target_in_seconds": target * 60,
            "business_hours": False,
            "policy": {key: policy[key] for key in ("id", "title", "description")},
        }
        self._metric("reply_time", "apply_sla", self.created, sla=sla)
        if self.rng.random() < 0.05:
            group = {"target": target, "business_hours": True, "policy": sla["policy"]}
            self._metric("group_ownership_time", "apply_group_sla", self.created, group_sla=group)
        breach = self.created + target * 60
        if self.rng.random() < 0.1 and breach < self.world.end:
            self._metric("reply_time", "breach", breach)

    def _change(
        self,
        second: int,
        updater_id: int,
        changes: Row,
        body: str = "",
        files: list[Row] | None = None,
        *,
        public: bool = True,
        **event_values: Any,
    ) -> None:
        ticket = self.ticket
        children = [
            field_child(self.new_id(), "Change", self.channel, name, value, ticket[name])
            for name, value in changes.items()
            if self.world.events and ticket[name] != value
        ]
        ticket.update(changes)
        category = {"closed": "solved"}.get(ticket["status"], ticket["status"])
        ticket["custom_status_id"] = self.world.status_ids.get(category, ticket["custom_status_id"])
        if "status" in changes:
            self.metrics["status_updated_at"] = self.metrics["custom_status_updated_at"] = iso(
                second
            )
        self._event(second, updater_id, children, body, files, public=public, **event_values)

    def _event(
        self,
        second: int,
        updater_id: int,
        children: list[Row],
        body: str = "",
        files: list[Row] | None = None,
        *,
        public: bool = True,
        **event_values: Any,
    ) -> None:
        moment, event_id = iso(second), self.new_id()
        self.ticket["updated_at"] = moment
        self.ticket["generated_timestamp"] = min(self.world.end, second + self.rng.randint(0, 3))
        if body:
            self.metrics["latest_comment_added_at"] = moment
        if not self.world.events:
            return
        if body:
            comment = comment_child(
                self.new_id(),
                event_id=event_id,
                author_id=updater_id,
                body=body,
                public=public,
                created_at=moment,
                channel=self.channel,
                attachments=files or [],
            )
            children = [comment, *children]
        event = ticket_event_row(
            event_id,
            self.ticket["id"],
            second=second,
            created_at=moment,
            updater_id=updater_id,
            channel=self.channel,
            child_events=children,
        )
        self.ticket_events.append({**event, **event_values})

    def _metric(self, metric: str, event_type: str, second: int, **values: Any) -> None:
        if self.world.events:
            # Rows with deleted true are to be ignored, and come all the same.
            values["deleted"] = self.rng.random() < 0.004
            row = metric_event_row(
                self.new_id(), self.ticket["id"], metric, event_type, iso(second), **values
            )
            self.world.state.stores["ticket_metric_events"].put(row)
