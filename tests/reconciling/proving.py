"""A larger account that is damaged and edited, for the proof that all damage is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import dlt

from tests.reconciling.comparing import EXPORTS
from tests.support.damage import among, column, execute
from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.simulator import Account, Simulator


@dataclass(frozen=True)
class Damage:
    """What was done to loaded tables, by ids of tickets."""

    deleted: Sequence[int]
    older: Sequence[int]
    without_comments: Sequence[int]
    other_tags: Sequence[int]

    @property
    def tickets(self) -> set[int]:
        return {*self.deleted, *self.older, *self.without_comments, *self.other_tags}

    def as_named(self) -> dict[str, dict[str, Sequence[int]]]:
        """Return the damage as ``named`` shows it; every other tag was removed, or added."""
        return {
            "tickets": {"missing": sorted(self.deleted), "stale": sorted(self.older)},
            "ticket_comments": {"missing": sorted(self.without_comments)},
            "ticket_tags": {
                "missing": sorted(self.other_tags[::2]),
                "extra": sorted(self.other_tags[1::2]),
            },
        }


def loaded_and_damaged(
    pipeline: dlt.Pipeline,
    zendesk: Simulator,
    *,
    deleted: int,
    older: int,
    comments: int,
    tags: int,
) -> Damage:
    """Load an account twice, and put some of its rows back to what they were at first."""
    account = zendesk.account
    sync(pipeline, source_of(zendesk, *EXPORTS), clock=account.clock)
    live = column(pipeline, "select id from tickets where status in ('new', 'open', 'pending')")
    tagged = set(column(pipeline, "select ticket_id from ticket_tags"))
    chosen = Random(5).sample(sorted(tagged.intersection(live)), older + tags)
    rest = Random(6).sample(sorted(set(live).difference(chosen)), deleted + comments)
    damage = Damage(rest[:deleted], chosen[:older], rest[deleted:], chosen[older:])
    execute(
        pipeline, f"create table old as select * from tickets where id in {among(damage.older)}"
    )
    account.clock.advance(3_600)
    for ticket_id in damage.older:
        account.edit_ticket(ticket_id, subject="changed between two loads")
    account.clock.advance(3_600)
    sync(pipeline, source_of(zendesk, *EXPORTS), clock=account.clock)
    account.clock.advance(3_600)
    execute(pipeline, f"delete from tickets where id in {among([*damage.older, *damage.deleted])}")
    execute(pipeline, "insert into tickets select * from old")
    execute(pipeline, "drop table old")
    first_comments = (
        "select min(id) from ticket_comments where ticket_id in"
        f" {among(damage.without_comments)} group by ticket_id"
    )
    execute(pipeline, f"delete from ticket_comments where id in ({first_comments})")
    for removed, added in zip(damage.other_tags[::2], damage.other_tags[1::2], strict=True):
        execute(pipeline, f"delete from ticket_tags where ticket_id = {removed}")
        execute(
            pipeline,
            "insert into ticket_tags (ticket_id, tag, _dlt_load_id) values"
            f" ({added}, 'nobody_gave_it', 'x')",
        )
    return damage


class BusyAgents:
    """Edits an account with every request that it answers, and leaves some tickets alone."""

    def __init__(self, account: Account, left_alone: set[int]) -> None:
        tickets = [t for t in account.truth("tickets") if t["status"] not in ("closed", "deleted")]
        self._ids = [t["id"] for t in tickets if t["id"] not in left_alone]
        self._users = [u["id"] for u in account.truth("users") if u.get("active", True)]
        self._account = account
        self._random = Random(8)
        self.edits = 0

    def __call__(self, _request: object) -> None:
        account, random = self._account, self._random
        account.clock.advance(1)
        self.edits += 1
        ticket_id = random.choice(self._ids)
        if account.ticket(ticket_id)["status"] in ("closed", "deleted"):
            return
        kind = self.edits % 6
        if kind == 0:
            account.create_ticket(subject=f"new {self.edits}")
        elif kind == 1:
            account.system_update(ticket_id)
        elif kind == 2:
            account.comment(ticket_id, body=f"comment {self.edits}")
        elif kind == 3 and self.edits % 4 == 3:
            account.delete_ticket(ticket_id)
        elif kind == 4:
            account.edit_user(random.choice(self._users), name=f"name {self.edits}")
        else:
            account.edit_ticket(ticket_id, subject=f"subject {self.edits}")
