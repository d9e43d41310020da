"""The tickets of a generated account, each lived through from question to close."""

from __future__ import annotations

from bisect import bisect_right
from random import Random
from typing import Any

from zendesk_source.simulator import words
from zendesk_source.simulator.generate_values import ticket_field_values
from zendesk_source.simulator.state import DAY_SECONDS, State, iso
from zendesk_source.simulator.store import Row, epoch_seconds
from zendesk_source.simulator.ticket_life import TicketLife
from zendesk_source.simulator.ticket_rows import via

HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 5, 12, 24, 32, 34, 31, 24, 27, 30, 28, 24, 18, 13, 10, 9, 7, 5, 3)
WEEKDAY_WEIGHTS = (1.25, 1.1, 1.0, 0.95, 0.85, 0.35, 0.3)
PRIORITIES = ("low", "normal", "high", "urgent", None)
PRIORITY_WEIGHTS = (15, 45, 20, 6, 14)
TYPES = ("question", "incident", "problem", "task", None)
TYPE_WEIGHTS = (45, 20, 3, 7, 25)
DELETED_WITHIN_SECONDS = 80 * DAY_SECONDS


class TicketHistory:
    """Adds tickets to an account, in the order in which they were created.

    Args:
        state: Account to fill; it has people and settings already.
        rng: Decides everything.
        start: Epoch second of the first ticket.
        end: Epoch second that nothing passes.
        events: Whether events and metric events are kept.
    """

    def __init__(self, state: State, rng: Random, start: int, end: int, *, events: bool) -> None:
        self.state, self.rng, self.start, self.end, self.events = state, rng, start, end, events
        people = list(state.stores["users"])
        self.agents = [row for row in people if row["role"] != "end-user"]
        self.customers = [row for row in people if row["role"] == "end-user"] or self.agents
        self.arrivals = [epoch_seconds(row["created_at"]) for row in self.customers]
        self.group_ids = state.stores["groups"].keys()
        self.form_ids = state.stores["ticket_forms"].keys()
        self.brand_ids = state.stores["brands"].keys()
        self.fields = [row for row in state.stores["ticket_fields"] if row["removable"]]
        self.policies = list(state.stores["sla_policies"])
        self.status_ids = {
            row["status_category"]: row["id"]
            for row in reversed(list(state.stores["custom_statuses"]))
        }

    def add(self, count: int) -> None:
        """Add tickets over the days and hours at which people write to support."""
        for number, second in enumerate(self._creation_seconds(count)):
            self._add_ticket(number, second)
        self.state.next_ticket_id = count + 1

    def _creation_seconds(self, count: int) -> list[int]:
        hours = range(self.start // 3600, self.end // 3600)
        # 1970-01-01 was a Thursday, the fourth day of the week.
        weights = [
            HOUR_WEIGHTS[hour % 24]
            * WEEKDAY_WEIGHTS[(hour // 24 + 3) % 7]
            * (1 + 0.6 * position / len(hours))
            for position, hour in enumerate(hours)
        ]
        chosen = self.rng.choices(hours, weights, k=count) if count else []
        return sorted(
            max(self.start, min(self.end - 60, hour * 3600 + int(self.rng.random() * 3600)))
            for hour in chosen
        )

    def _add_ticket(self, number: int, second: int) -> None:
        rng, ticket_id = self.rng, number + 1
        life = TicketLife(self, ticket_id, second, self._first_values(number, second))
        is_repeated = number % 60 == 11
        life.live(merged_into=rng.randint(1, number) if is_repeated else 0)
        if number % 40 == 7:
            last_second = life.ticket["generated_timestamp"]
            earliest = max(last_second + 60, self.end - DELETED_WITHIN_SECONDS)
            if earliest < self.end:
                life.delete(rng.randint(earliest, self.end))
        life.store()

    def _first_values(self, number: int, second: int) -> Row:
        rng = self.rng
        known = max(1, bisect_right(self.arrivals, second))
        requester = self.customers[int(rng.random() ** 1.5 * known)]
        channel = rng.choices(words.CHANNELS, words.CHANNEL_WEIGHTS)[0]
        is_bot = number % 50 == 20
        subject, text, tag = words.complaint(rng)
        custom_fields = ticket_field_values(rng, self.fields, self.agents)
        address = requester["email"] or ""
        values: dict[str, Any] = {
            "via": via(
                "native_messaging" if is_bot else channel,
                address if channel == "email" else "",
                "support@example.com" if channel == "email" else "",
            ),
            "external_id": f"case-{number:06d}" if number % 9 == 0 else None,
            "type": rng.choices(TYPES, TYPE_WEIGHTS)[0],
            "subject": subject,
            "raw_subject": subject,
            "description": text,
            "priority": rng.choices(PRIORITIES, PRIORITY_WEIGHTS)[0],
            "recipient": "support@example.com" if channel == "email" else None,
            "requester_id": requester["id"],
            "submitter_id": requester["id"],
            "organization_id": requester["organization_id"],
            "group_id": self.group_ids[int(rng.random() ** 2 * len(self.group_ids))],
            "tags": sorted({tag, *rng.sample(words.TAGS, rng.choice((0, 0, 1, 2)))}),
            "custom_fields": custom_fields,
            "fields": custom_fields,
            "custom_status_id": self.status_ids["new"],
            "ticket_form_id": rng.choice(self.form_ids),
            "brand_id": self.brand_ids[0] if number % 4 else self.brand_ids[1],
            "from_messaging_channel": is_bot or channel == "native_messaging",
            "support_type": "ai_agent" if is_bot else "agent",
        }
        if number % 8 == 3:
            values["follower_ids"] = values["collaborator_ids"] = [rng.choice(self.agents)["id"]]
        if values["type"] == "task":
            values["due_at"] = iso(second + 7 * DAY_SECONDS)
        return values
