"""What only saves may be left out: the tables are the same."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from benchmarks.savings import SAVINGS, left_out
from tests.runs.test_sync import (
    TOKEN,
    assert_equals_truth,
    duckdb_pipeline,
    eventful_day,
    source_of,
)
from zendesk_source import sync
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator


@pytest.mark.long
@pytest.mark.parametrize("name", SAVINGS)
def test_tables_equal_the_account_without_it(name: str) -> None:
    clock = SimulatedClock(start=datetime(2026, 1, 15, 12, tzinfo=timezone.utc))
    account = Account.generate(seed=3, tickets=280, users=60, organizations=15, clock=clock)
    with (
        Simulator(account, rate_limits=RateLimits.off(), oauth_token=TOKEN) as zendesk,
        left_out(name),
    ):
        pipeline = duckdb_pipeline()
        for happens in (eventful_day, lambda account: account.clock.advance(3_600)):
            sync(pipeline, source_of(zendesk))
            happens(account)
        sync(pipeline, source_of(zendesk))
        assert_equals_truth(pipeline, account)
