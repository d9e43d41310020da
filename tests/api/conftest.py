from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stub import FakeClock, Stub
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.api.transport.wire import Limits
from zendesk_source.login.auth import StaticAuth

SECRET = "sesame-open-1234"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stub(clock: FakeClock) -> Iterator[Stub]:
    stub = Stub(clock)
    stub.start()
    yield stub
    stub.stop()


@pytest.fixture
def client(stub: Stub, clock: FakeClock) -> ZendeskClient:
    return _client(stub, clock, Limits())


@pytest.fixture
def impatient_client(stub: Stub, clock: FakeClock) -> ZendeskClient:
    """Return a client that takes a second without a word for a silence."""
    return _client(stub, clock, Limits(silence_seconds=1.0))


def _client(stub: Stub, clock: FakeClock, limits: Limits) -> ZendeskClient:
    auth = StaticAuth(f"Bearer {SECRET}", remedy="Make a new token.")
    retry = RetryPolicy(random=lambda: 1.0)
    return ZendeskClient(stub.base_url, auth, clock=clock, retry=retry, limits=limits)
