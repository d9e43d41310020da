"""What happens to one generated ticket, from question to close."""

from __future__ import annotations

from zendesk_source.simulator.past import words
from zendesk_source.simulator.past.audits import Audits
from zendesk_source.simulator.past.company import Company
from zendesk_source.simulator.reckoning.business_hours import NEVER
from zendesk_source.simulator.rows.ticket_events import field_child
from zendesk_source.simulator.rows.tickets import attachment_row, rating_row
from zendesk_source.simulator.store import DAY_SECONDS, Row, iso

_REPLY_MINUTES = {"urgent": 18, "high": 55, "normal": 160, "low": 420, None: 240}
_RAISED = {None: "normal", "low": "normal", "normal": "high", "high": "urgent", "urgent": "urgent"}
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
        self.world, self.rng = world, world.rng
        self.audits = Audits(world, ticket_id, created, values)
        self.ticket, self.created = self.audits.ticket, created
        self.rating: Row | None = None

    def live(self, merged_into: int = 0) -> None:
        """Let the ticket be answered, solved and closed as far as time allows.

        Args:
            merged_into: Older ticket that this one turns out to repeat, if any.
        """
        rng = self.rng
        if rng.random() < 0.05:
            self.audits.foresee_group_target()
        dice = rng.random()
        if merged_into:
            self._merge(self.created + rng.randint(600, 20_000), merged_into)
        elif dice < 0.04:
            self._wait(self.created + 600)
        elif dice < 0.06:
            self._take_for_spam(self.created + int(3600 * rng.lognormvariate(0, 1)))
        else:
            self._be_answered()

    def _be_answered(self) -> None:
        rng, agent_id = self.rng, self._an_agent()
        median_minutes = _REPLY_MINUTES[self.ticket["priority"]]
        thinks = 60 + int(60 * median_minutes * rng.lognormvariate(0, 0.9))
        second = self._at_work(self.created + thinks)
        if not self._reply(second, agent_id):
            return
        for _ in range(words.pick(rng, (0, 0, 1, 1, 2, 3))):
            second += int(3600 * rng.lognormvariate(1.2, 0.9))
            if not self._customer_writes(second):
                return
            if rng.random() < 0.05:
                second = self._at_work(second + int(60 * rng.lognormvariate(3, 1)))
                agent_id = self._escalate(second, agent_id)
                median_minutes = _REPLY_MINUTES[self.ticket["priority"]]
            second = self._at_work(second + int(60 * median_minutes * rng.lognormvariate(0, 0.8)))
            if not self._agent_writes(second, agent_id):
                return
        second = self._at_work(second + int(3600 * rng.lognormvariate(2.0, 1.1)))
        if rng.random() < 0.06:
            self._customer_writes(second)
        elif self._solve(second, agent_id):
            if rng.random() < 0.08:
                second += int(3600 * rng.lognormvariate(1.0, 0.8))
                if not self._customer_writes(second):
                    return
                second = self._at_work(second + int(3600 * rng.lognormvariate(1.5, 0.8)))
                if not self._solve(second, agent_id):
                    return
            closes = second + _CLOSE_AFTER_SECONDS
            self._rate(min(closes - 60, second + int(3600 * rng.lognormvariate(1.0, 1.0))))
            self._close(closes)

    def _at_work(self, second: int) -> int:
        """Return when an agent does what is due: mostly at work, if it is not urgent."""
        random, hours = self.rng.random, self.audits.reckoning.hours
        is_on_call = self.ticket["priority"] == "urgent"
        if random() < (0.85 if is_on_call else 0.15):
            return second
        opens = hours.beyond(hours.until(second))
        return second if opens in (second, NEVER) else opens + int(5_400 * random())

    def delete(self, second: int) -> None:
        """Delete the ticket softly."""
        self.audits.change(second, self._an_agent(), {"status": "deleted"})

    def store(self) -> None:
        """Put the ticket, its events, its metrics and its rating into the account."""
        self.audits.store()
        if self.rating is not None:
            self.world.state.stores["satisfaction_ratings"].put(self.rating)

    def _an_agent(self) -> int:
        return int(words.pick(self.rng, self.world.agents)["id"])

    def _merge(self, second: int, ticket_id: int) -> None:
        if second < self.world.end:
            tags = sorted({*self.ticket["tags"], "closed_by_merge"})
            changes = {"status": "closed", "tags": tags}
            body = f"This request was closed and merged into request #{ticket_id}."
            self.audits.change(
                second, self._an_agent(), changes, body, merged_ticket_ids=[ticket_id]
            )

    def _wait(self, second: int) -> None:
        if self.rng.random() < 0.6 and second < self.world.end:
            changes = {"status": "open", "priority": "normal"}
            self.audits.change(second, self._an_agent(), changes)

    def _take_for_spam(self, second: int) -> None:
        if second < self.world.end:
            tags = sorted({*self.ticket["tags"], "spam"})
            agent_id = self._an_agent()
            changes = {"assignee_id": agent_id, "status": "solved", "tags": tags}
            self.audits.change(second, agent_id, changes)
            self._close(second + _CLOSE_AFTER_SECONDS)

    def _reply(self, second: int, agent_id: int) -> bool:
        if second >= self.world.end:
            return False
        assigned = max(self.created + 1, second - 60 * (1 + int(15 * self.rng.random())))
        self.audits.change(assigned, agent_id, {"assignee_id": agent_id, "status": "open"})
        self.audits.change(
            second, agent_id, {"status": "pending"}, words.pick(self.rng, words.REPLIES)
        )
        return True

    def _customer_writes(self, second: int) -> bool:
        if second >= self.world.end:
            return False
        files = []
        if self.rng.random() < 0.2:
            file_id = self.world.state.new_id()
            files = [attachment_row(file_id, "photo.jpg", "image/jpeg", 48_213)]
        author_id, text = self.ticket["requester_id"], words.pick(self.rng, words.ANSWERS)
        self.audits.change(second, author_id, {"status": "open"}, text, files)
        return True

    def _escalate(self, second: int, agent_id: int) -> int:
        """Let another agent of another group have it, sooner; returns who answers next."""
        if second >= self.world.end:
            return agent_id
        colleague_id, world = self._an_agent(), self.world
        changes = {
            "group_id": words.pick(self.rng, world.group_ids),
            "assignee_id": colleague_id,
            "priority": _RAISED[self.ticket["priority"]],
        }
        note = words.pick(self.rng, words.NOTES)
        # The group works by the default schedule.
        self.audits.change(
            second, agent_id, changes, note, public=False, schedule_id=world.schedule_ids[0]
        )
        return colleague_id

    def _agent_writes(self, second: int, agent_id: int) -> bool:
        if second >= self.world.end:
            return False
        if self.rng.random() < 0.25:
            note = words.pick(self.rng, words.NOTES)
            self.audits.change(second, agent_id, {"status": "hold"}, note, public=False)
        else:
            text = words.pick(self.rng, words.REPLIES)
            self.audits.change(second, agent_id, {"status": "pending"}, text)
        return True

    def _solve(self, second: int, agent_id: int) -> bool:
        if second >= self.world.end:
            return False
        tags = sorted({*self.ticket["tags"], words.pick(self.rng, words.TAGS)})
        changes = {"status": "solved", "tags": tags}
        self.audits.change(second, agent_id, changes, "We consider this solved. Thank you!")
        return True

    def _rate(self, second: int) -> None:
        dice, state = self.rng.random(), self.world.state
        if dice < 0.3 or second >= self.world.end:
            self.ticket["satisfaction_rating"] = {
                "score": "offered" if dice < 0.15 else "unoffered"
            }
        elif dice < 0.6:
            score = "good" if self.rng.random() < 0.87 else "bad"
            comment = self.rng.choice((None, "Very helpful 👍", "Trop lent."))
            self.rating = rating_row(state.new_id(), self.ticket, score, iso(second), comment)
            names = ("id", "score", "comment", "reason", "reason_id")
            self.ticket["satisfaction_rating"] = {name: self.rating[name] for name in names}
            change = field_child(
                state.new_id(), "Change", "web", "satisfaction_score", score, "offered"
            )
            self.audits.tell(second, self.ticket["requester_id"], change)

    def _close(self, second: int) -> None:
        if second < self.world.end:
            self.audits.change(second, self.ticket["assignee_id"], {"status": "closed"})
