"""The tickets of a generated account, each lived through from question to close."""

from __future__ import annotations

from bisect import bisect_right
from random import Random
from typing import Any

from zendesk_source.simulator.past import words
from zendesk_source.simulator.past.company import Company
from zendesk_source.simulator.past.ticket_life import TicketLife
from zendesk_source.simulator.past.values import ticket_field_values
from zendesk_source.simulator.rows.tickets import via
from zendesk_source.simulator.store import DAY_SECONDS, Row, iso

HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 5, 12, 24, 32, 34, 31, 24, 27, 30, 28, 24, 18, 13, 10, 9, 7, 5, 3)
WEEKDAY_WEIGHTS = (1.25, 1.1, 1.0, 0.95, 0.85, 0.35, 0.3)
PRIORITIES = ("low", "normal", "high", "urgent", None)
PRIORITIES_UP_TO = (15, 60, 80, 86, 100)
TYPES = ("question", "incident", "problem", "task", None)
TYPES_UP_TO = (45, 65, 68, 75, 100)
DELETED_WITHIN_SECONDS = 80 * DAY_SECONDS


class TicketHistory:
    """Adds tickets to an account, in the order in which they were created.

    Args:
        company: Whose; it has people and settings already.
    """

    def __init__(self, company: Company) -> None:
        self._company = company

    def add(self, count: int) -> None:
        """Add tickets over the days and hours at which people write to support."""
        for number, second in enumerate(self._creation_seconds(count)):
            self._add_ticket(number, second)
        self._company.state.next_ticket_id = count + 1

    def _creation_seconds(self, count: int) -> list[int]:
        hours = range(self._company.start // 3600, self._company.end // 3600)
        # 1970-01-01 was a Thursday, the fourth day of the week.
        weights = [
            HOUR_WEIGHTS[hour % 24]
            * WEEKDAY_WEIGHTS[(hour // 24 + 3) % 7]
            * (1 + 0.6 * position / len(hours))
            for position, hour in enumerate(hours)
        ]
        chosen = self._company.rng.choices(hours, weights, k=count) if count else []
        start, last, random = self._company.start, self._company.end - 60, self._company.rng.random
        return sorted(max(start, min(last, hour * 3600 + int(random() * 3600))) for hour in chosen)

    def _add_ticket(self, number: int, second: int) -> None:
        company, ticket_id = self._company, number + 1
        values = self._first_values(number, second)
        author, is_public = self._first_author(number, values)
        by_triggers = {}
        if number % 3 == 0:  # what triggers set stands in the same audit, as a change
            by_triggers = {name: values[name] for name in ("priority", "group_id")}
            values.update(dict.fromkeys(by_triggers))
        life = TicketLife(company, ticket_id, second, values)
        schedule_id = self._schedule_id(number)
        life.audits.create(author, by_triggers, schedule_id, is_public=is_public)
        is_repeated = number % 60 == 11
        life.live(merged_into=company.rng.randint(1, number) if is_repeated else 0)
        if number % 40 == 7:
            last_second = life.ticket["generated_timestamp"]
            earliest = max(last_second + 60, company.end - DELETED_WITHIN_SECONDS)
            if earliest < company.end:
                life.delete(company.rng.randint(earliest, company.end))
        life.store()

    def _first_author(self, number: int, values: Row) -> tuple[Row, bool]:
        """Return who wrote the first comment, and whether it is public: now and then an agent."""
        if number % 33 in (5, 6) and values["via"]["channel"] in ("web", "voice"):
            author = self._company.rng.choice(self._company.agents)
            values["submitter_id"] = author["id"]
            return author, number % 33 == 5
        return self._company.users[values["requester_id"]], True

    def _schedule_id(self, number: int) -> int:
        """Return the schedule of a ticket: mostly the default one, the others by turns."""
        first, *others = self._company.schedule_ids
        is_other = others and number % 4 == 0
        return int(others[number // 4 % len(others)] if is_other else first)

    def _first_values(self, number: int, second: int) -> Row:
        rng, groups = self._company.rng, self._company.group_ids
        known = max(1, bisect_right(self._company.arrivals, second))
        requester = self._company.customers[int(rng.random() ** 1.5 * known)]
        channel = words.CHANNELS[bisect_right(words.CHANNELS_UP_TO, 100 * rng.random())]
        is_bot = number % 50 == 20
        subject, text, tag = words.complaint(rng)
        custom_fields = ticket_field_values(rng, self._company.fields, self._company.agents)
        address = requester["email"] or ""
        values: dict[str, Any] = {
            "via": via(
                "native_messaging" if is_bot else channel,
                address if channel == "email" else "",
                "support@example.com" if channel == "email" else "",
            ),
            "external_id": f"case-{number:06d}" if number % 9 == 0 else None,
            "type": TYPES[bisect_right(TYPES_UP_TO, 100 * rng.random())],
            "subject": subject,
            "raw_subject": subject,
            "description": text,
            "priority": PRIORITIES[bisect_right(PRIORITIES_UP_TO, 100 * rng.random())],
            "recipient": "support@example.com" if channel == "email" else None,
            "requester_id": requester["id"],
            "submitter_id": requester["id"],
            "organization_id": requester["organization_id"],
            "group_id": groups[int(rng.random() ** 2 * len(groups))],
            "tags": sorted({tag, *_some_tags(rng)}),
            "custom_fields": custom_fields,
            "fields": custom_fields,
            "custom_status_id": self._company.status_ids["new"],
            "ticket_form_id": words.pick(rng, self._company.form_ids),
            "brand_id": self._company.brand_ids[0] if number % 4 else self._company.brand_ids[1],
            "from_messaging_channel": is_bot or channel == "native_messaging",
            "support_type": "ai_agent" if is_bot else "agent",
        }
        if number % 8 == 3:
            follower = rng.choice(self._company.agents)
            values["follower_ids"] = values["collaborator_ids"] = [follower["id"]]
        if values["type"] == "task":
            values["due_at"] = iso(second + 7 * DAY_SECONDS)
        return values


def _some_tags(rng: Random) -> list[str]:
    count = words.pick(rng, (0, 0, 1, 2))
    return rng.sample(words.TAGS, count) if count else []
