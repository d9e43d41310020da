"""A simulated account, and the parts of a login that rotates, put together by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zendesk_source.api.retry import RetryPolicy
from zendesk_source.login.auth import OAuth
from zendesk_source.login.grants import RefreshTokenGrant, pair_of
from zendesk_source.login.token_endpoint import Refusals, TokenEndpoint
from zendesk_source.login.token_file import TokenFile
from zendesk_source.simulator import Account, SimulatedClock, Simulator

CLIENT = {"client_id": "client", "client_secret": "s3cr3t-client", "scope": ""}

LogIn = Callable[..., OAuth]


@pytest.fixture
def small_account() -> Account:
    return Account.generate(tickets=2, users=2, organizations=1)


@pytest.fixture
def clock(small_account: Account) -> SimulatedClock:
    clock = small_account.clock
    assert isinstance(clock, SimulatedClock)
    return clock


@pytest.fixture
def zendesk(small_account: Account) -> Iterator[Simulator]:
    client = (CLIENT["client_id"], CLIENT["client_secret"])
    with Simulator(small_account, oauth_client=client) as simulator:
        yield simulator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens" / "acme.json"


@pytest.fixture
def log_in(zendesk: Simulator, clock: SimulatedClock, path: Path) -> LogIn:
    """Return how a new process begins: with the file, and with what the settings say."""

    def log_in(refresh_token: str = "", **fields: str) -> OAuth:
        grant = RefreshTokenGrant(
            endpoint(zendesk, clock), TokenFile(path, clock), {**CLIENT, **fields}, refresh_token
        )
        return OAuth(grant, clock)

    return log_in


@pytest.fixture
def stored(zendesk: Simulator, clock: SimulatedClock, path: Path) -> TokenFile:
    """A file with a pair, as ``zendesk-source login`` leaves it."""
    wish = {
        **CLIENT,
        "grant_type": "refresh_token",
        "refresh_token": zendesk.issue_refresh_token(),
    }
    tokens = endpoint(zendesk, clock).ask(wish, Refusals("", {}, ""))
    file = TokenFile(path, clock)
    with file.locked():
        file.store(pair_of(tokens, zendesk.base_url, CLIENT["client_id"], clock.now()))
    zendesk.credentials.refreshes = 0
    return file


def endpoint(zendesk: Simulator, clock: SimulatedClock) -> TokenEndpoint:
    return TokenEndpoint(zendesk.base_url, clock=clock, retry=RetryPolicy(attempts=3))
