"""What an agent is not shown is neither called extra nor taken away by a repair."""

from __future__ import annotations

import json

import dlt
import pytest

from tests.reconciling.comparing import compared, named
from tests.support.damage import column
from tests.support.simulated import served, source_of
from zendesk_source import sync
from zendesk_source.simulator import Account
from zendesk_source.simulator.door.server import Request
from zendesk_source.simulator.pages.answers import FORBIDDEN, Answer, json_answer

LIVE = "select id from tickets where not is_deleted order by id"


@pytest.mark.parametrize("role", ["agent", "admin"])
@pytest.mark.parametrize("are_deletions_closed", [False, True])
def test_a_repair_leaves_tickets_alone_that_the_credentials_may_not_see(
    pipeline: dlt.Pipeline, are_deletions_closed: bool, role: str
) -> None:
    account = Account.generate(seed=11, tickets=60, users=12, organizations=3)
    account.clock.advance(3600)
    with served(account) as zendesk:
        sync(pipeline, source_of(zendesk, "tickets"), clock=account.clock)
        account.clock.advance(3600)
        live = column(pipeline, LIVE)
        hidden = set(live[::3])

        def as_one_who_sees_a_part(request: Request, answer: Answer) -> Answer:
            closed = ["/incremental/", *(["/deleted_tickets"] if are_deletions_closed else [])]
            last = request.path.rsplit("/", 1)[-1]
            if any(path in request.path for path in closed):
                return FORBIDDEN
            if last.isdigit() and int(last) in hidden:
                return FORBIDDEN
            if request.path.endswith("/users/me"):
                return replaced(answer, "user", lambda user: {**user, "role": role})
            if "show_many" in request.path:
                return replaced(
                    answer, "tickets", lambda rows: [r for r in rows if r["id"] not in hidden]
                )
            return answer

        zendesk.alter_answers(as_one_who_sees_a_part)
        found = compared(pipeline, zendesk, "tickets", repair=True)
        assert named(found) == {}
        notes = found.streams["tickets"].notes
        assert are_deletions_closed or any("may not see them" in note for note in notes)
        assert column(pipeline, LIVE) == live


def replaced(answer: Answer, key: str, change) -> Answer:
    body = json.loads(answer.body)
    return json_answer(200, {**body, key: change(body[key])})
