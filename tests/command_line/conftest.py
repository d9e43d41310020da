"""A small simulated account, and the environment that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator


@pytest.fixture(scope="session")
def account() -> Account:
    """One account for the tests that only read it."""
    return Account.generate(tickets=60, users=30, organizations=5, clock=SimulatedClock())


@pytest.fixture
def zendesk(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token="t") as simulator:
        settings = {"SUBDOMAIN": "acme", "OAUTH_TOKEN": "t", "BASE_URL": simulator.base_url}
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name}", value)
        yield simulator
