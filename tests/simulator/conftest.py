"""A simulator of its own for each test, and a client that knows its credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from zendesk_source.simulator import Account, SimulatedClock, Simulator

BASIC = ("agent@example.com/token", "token")
JsonObject = dict[str, Any]
Get = Callable[..., requests.Response]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def account(clock: SimulatedClock) -> Account:
    return Account.generate(seed=1, tickets=60, users=40, organizations=6, clock=clock)


@pytest.fixture
def empty(clock: SimulatedClock) -> Account:
    return Account.generate(seed=1, tickets=0, users=1, organizations=0, clock=clock)


@pytest.fixture
def start() -> Iterator[Callable[..., Simulator]]:
    """Start simulators that end with the test."""
    running: list[Simulator] = []

    def start_one(account: Account, **options: Any) -> Simulator:
        simulator = Simulator(account, **options)
        simulator.start()
        running.append(simulator)
        return simulator

    yield start_one
    for simulator in running:
        simulator.stop()


@pytest.fixture
def zendesk(account: Account, start: Callable[..., Simulator]) -> Simulator:
    return start(account)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.auth = BASIC
        yield session
