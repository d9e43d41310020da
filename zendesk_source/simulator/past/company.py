"""What every ticket of a generated account has to do with: its people, groups, fields, policies."""

from __future__ import annotations

from random import Random

from zendesk_source.simulator.store import epoch_seconds
from zendesk_source.simulator.stories import Stories


class Company:
    """The people and settings of an account, and the time in which its tickets were written.

    Args:
        state: Account to fill; it has people and settings already.
        rng: Source of all random choices.
        start: Epoch second of the first ticket.
        end: Latest epoch second of anything.
        events: Whether events and metric events are kept.
    """

    def __init__(self, state: Stories, rng: Random, start: int, end: int, *, events: bool) -> None:
        self.state, self.rng, self.start, self.end, self.events = state, rng, start, end, events
        people = list(state.stores["users"])
        self.agents = [row for row in people if row["role"] != "end-user"]
        self.agent_ids = {row["id"] for row in self.agents}
        self.customers = [row for row in people if row["role"] == "end-user"] or self.agents
        self.arrivals = [epoch_seconds(row["created_at"]) for row in self.customers]
        self.group_ids = state.stores["groups"].keys()
        self.users = {row["id"]: row for row in people}
        self.form_ids = state.stores["ticket_forms"].keys()
        self.brand_ids = state.stores["brands"].keys()
        self.fields = [row for row in state.stores["ticket_fields"] if row["removable"]]
        self.policies, self.schedules = state.policies(), state.schedules()
        self.schedule_ids = state.stores["schedules"].keys()
        self.status_ids = {
            row["status_category"]: row["id"]
            for row in reversed(list(state.stores["custom_statuses"]))
        }
