"""Whatever answers the first questions, who we are and for a token: said plainly, and it heals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.answers import BODIES, ERROR_BODIES, LOCATIONS, SHAPES, STATUSES, WIRES
from tests.hostile.inputs import encoded
from tests.support.simulated import duckdb_pipeline, served, source_of
from zendesk_source import sync
from zendesk_source.errors import ZendeskError
from zendesk_source.settings.dlt_credentials import ZendeskOAuthClient
from zendesk_source.simulator import Account, Answer, Request, Simulator

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

SECRET = "a-secret-that-nobody-may-see"
DOORS = ("/api/v2/users/me.json", "/oauth/tokens")
PLAIN_CODES = (1, 2, 3)


def answers() -> Iterator[tuple[str, Answer]]:
    for name, value in SHAPES.items():
        yield f"shape: {name}", Answer(200, encoded(value))
    for name, make in BODIES.items():
        yield f"body: {name}", Answer(200, make(b'{"user": {"id": 1, "role": "admin"}}'))
    for status in STATUSES:
        yield f"status {status}", Answer(status, ERROR_BODIES["a page"])
        yield f"status {status}, an error", Answer(status, ERROR_BODIES["an error"])
    for location in LOCATIONS:
        yield f"redirect to {location}", Answer(302, b"", headers={"Location": location})
    for name, wire in WIRES.items():
        yield f"wire: {name}", Answer(200, b"", wire=wire)
    for name, user in {
        "no user": {},
        "an id in words": {"user": {"id": "one"}},
        "an id that is a list": {"user": {"id": [1]}},
        "a huge id": {"user": {"id": 10**400}},
        "a list": {"user": [1]},
        "no token": {"access_token": None},
        "a token that is a number": {"access_token": 5},
        "a token with a line break": {"access_token": "a\r\nX: y"},
        "a lifetime in words": {"access_token": "t", "expires_in": "soon"},
        "a lifetime of 400 digits": {"access_token": "t", "expires_in": 10**400},
        "a negative lifetime": {"access_token": "t", "expires_in": -1},
    }.items():
        yield name, Answer(200, encoded(user))


def synced(zendesk: Simulator) -> int:
    credentials = ZendeskOAuthClient(client_id="client", client_secret=SECRET)
    source = source_of(zendesk, "groups", credentials=credentials)
    return sync(duckdb_pipeline(), source, clock=zendesk.account.clock).exit_code


@pytest.mark.parametrize("door", DOORS)
def test_nonsense_at_the_door_is_told_plainly_and_heals(door: str, own_dlt) -> None:
    account = Account.generate(tickets=5, users=5, organizations=1)
    troubles = []
    with served(account, oauth_client=("client", SECRET)) as zendesk:
        assert synced(zendesk) == 0
        for name, answer in answers():

            def alter(request: Request, good: Answer, answer: Answer = answer) -> Answer:
                return answer if request.path == door else good

            zendesk.alter_answers(alter)
            try:
                synced(zendesk)
            except ZendeskError as error:
                if error.exit_code not in PLAIN_CODES or SECRET in str(error):
                    troubles.append(f"{name}: exit code {error.exit_code}, {error}")
            except Exception as error:  # noqa: BLE001 (what this test looks for)
                troubles.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
            zendesk.leave_answers_alone()
        assert synced(zendesk) == 0
    assert troubles == []
