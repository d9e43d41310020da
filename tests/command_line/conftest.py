"""A small simulated account, and the environment that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.simulated import log_in, served
from zendesk_source.simulator import Account, Simulator


@pytest.fixture(scope="session")
def account() -> Account:
    """One account for the tests that only read it."""
    return Account.generate(tickets=60, users=30, organizations=5)


@pytest.fixture
def zendesk(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with served(account) as simulator:
        log_in(monkeypatch, simulator.base_url)
        yield simulator
