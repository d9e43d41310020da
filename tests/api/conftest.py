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
    auth = StaticAuth(f"Bearer {SECRET}", remedy="Make a new token.")
    retry = RetryPolicy(random=lambda: 1.0)
    return ZendeskClient(
        stub.base_url, auth, clock=clock, retry=retry, limits=Limits(silence_seconds=0.2)
    )
