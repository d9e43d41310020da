"""What happened to each ticket, and the figures that follow from it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import orjson

from zendesk_source.simulator.clock import SimulatedClock
from zendesk_source.simulator.reckoning.business_hours import NEVER, Schedules
from zendesk_source.simulator.reckoning.clocks import MetricEvent, since
from zendesk_source.simulator.reckoning.policies import Policies, Targets
from zendesk_source.simulator.reckoning.steps import Step, steps_of
from zendesk_source.simulator.reckoning.ticket import Reckoning
from zendesk_source.simulator.rows.ticket_events import metric_event_row, target_children
from zendesk_source.simulator.rows.tickets import metric_set_row
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, epoch_seconds, iso


class Stories(State):
    """An account whose metrics and service levels follow from its ticket events.

    Attributes:
        breaches_told_before: Moment before which every breach is told of.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        *,
        ratings_filter: Literal["created_at", "updated_at"] = "created_at",
    ) -> None:
        super().__init__(clock, ratings_filter=ratings_filter)
        # By ticket: steps of a past whose events are not kept.
        self._untold: dict[int, bytes] = {}
        self._breaches_due: list[tuple[int, int]] = []
        self.breaches_told_before = 0
        self._schedules: tuple[object, Schedules] = ((), Schedules((), ()))
        self._policies: tuple[object, Policies] = ((), Policies(()))

    def schedules(self) -> Schedules:
        """Return the business hours as the schedules and holidays are now."""
        schedules, holidays = self.stores["schedules"], self.stores["schedule_holidays"]
        version = schedules.version, holidays.version
        if self._schedules[0] != version:
            self._schedules = version, Schedules(schedules, holidays)
        return self._schedules[1]

    def policies(self) -> Policies:
        """Return the SLA policies as they are now."""
        store = self.stores["sla_policies"]
        if self._policies[0] != store.version:
            self._policies = store.version, Policies(store)
        return self._policies[1]

    def story_of(self, ticket_id: int) -> list[Step]:
        """Return what happened to a ticket; nothing where it was only loaded as a row."""
        told = orjson.loads(self._untold.get(ticket_id, b"[]"))
        store = self.stores["ticket_events"]
        events = (store[key] for key in self.event_ids_of.get(ticket_id, ()))
        return [*(Step(*step) for step in told), *steps_of(events, self._is_agent)]

    def reckoning_of(self, ticket_id: int) -> Reckoning:
        """Return the figures of a ticket as they are since its last event."""
        reckoning = Reckoning(self.schedules())
        for step in self.story_of(ticket_id):
            reckoning.take(step)
        return reckoning

    def keep_untold(self, ticket_id: int, steps: Sequence[Step]) -> None:
        """Remember the past of a ticket whose events are not kept."""
        self._untold[ticket_id] = orjson.dumps([list(step) for step in steps])

    def put_audit(self, ticket: Row, event: Row) -> None:
        """Store an event and what follows from it: targets, metrics, metric events.

        Args:
            ticket: As it is after the event.
            event: What happened; children that tell of targets are added to it.
        """
        self.settle()
        story, (step,) = self.story_of(ticket["id"]), steps_of([event], self._is_agent)
        story.append(step)
        if story[0].second != epoch_seconds(ticket["created_at"]):
            self.put_event(event)  # of a ticket that was only loaded, nobody knows the story
            return
        reckoning = Reckoning(self.schedules())
        for each in story:
            reckoning.events.clear()
            reckoning.take(each)
        targets = self.policies().targets_of(ticket)
        event["child_events"] += self.hold_to(reckoning, targets, step.second)
        self.put_event(event)
        # The breaches before this second were told of.
        self.put_metric_events(ticket["id"], since(step.second, reckoning.events))
        self.await_breach(ticket["id"], reckoning)
        self._put_metric_set(ticket, reckoning)

    def hold_to(self, reckoning: Reckoning, targets: Targets, second: int) -> list[Row]:
        """Hold a ticket to the targets that its policy gives it now.

        Returns:
            The children of the event that tell so; none where nothing changed.
        """
        title, changed = reckoning.policy_title, reckoning.new_targets(targets)
        if not changed:
            return []
        for name, _, after in changed:
            reckoning.hold_to(name, after, second)
        return target_children(self.new_id, changed, title)

    def put_metric_events(self, ticket_id: int, events: Iterable[MetricEvent]) -> None:
        """Store metric events."""
        add, new_id = self.stores["ticket_metric_events"].add, self.new_id
        for metric, event_type, instance_id, second, values in events:
            event_id = new_id()
            row = metric_event_row(
                event_id, ticket_id, metric, event_type, instance_id, iso(second)
            )
            if values:
                row.update(values)
            add(event_id, row, second)

    def await_breach(self, ticket_id: int, reckoning: Reckoning) -> None:
        """Tell of the next breach of a ticket when its time has come."""
        due = reckoning.next_breach()
        if due != NEVER:
            heapq.heappush(self._breaches_due, (due, ticket_id))

    def settle(self) -> None:
        """Do what Zendesk does by itself as time passes: scrub, forget, tell of breaches."""
        super().settle()
        now, before = self.now_second(), self.breaches_told_before
        due: dict[int, None] = {}
        while self._breaches_due and self._breaches_due[0][0] < now:
            due[heapq.heappop(self._breaches_due)[1]] = None
        for ticket_id in due:
            if ticket_id in self.stores["tickets"].marked["deleted"]:
                continue
            reckoning = self.reckoning_of(ticket_id)
            reckoning.events.clear()
            reckoning.pass_time(now)
            # What was due earlier was told of, or nobody asked in time: an export goes forward.
            self.put_metric_events(ticket_id, since(before, reckoning.events))
            self.await_breach(ticket_id, reckoning)
        self.breaches_told_before = now

    def _put_metric_set(self, ticket: Row, reckoning: Reckoning) -> None:
        if ticket["status"] == "deleted":
            return  # its metrics stay as they stood
        ticket_id, sets = ticket["id"], self.metric_sets
        metric_id = sets[ticket_id]["id"] if ticket_id in sets else self.new_id()
        sets.put(metric_set_row(metric_id, ticket, reckoning.metric_values()))

    def _is_agent(self, user_id: Any) -> bool:
        users = self.stores["users"]
        return user_id in users and users[user_id]["role"] != "end-user"
