"""What only saves may be left out: the tables are the same."""

from __future__ import annotations

import pytest

from benchmarks.savings import SAVINGS, left_out
from tests.support.edits import eventful_day
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import assert_equals_truth
from zendesk_source import sync
from zendesk_source.simulator import Account


@pytest.mark.long
@pytest.mark.parametrize("name", SAVINGS)
def test_tables_equal_the_account_without_it(name: str) -> None:
    account = Account.generate(seed=3, tickets=280, users=60, organizations=15)
    with served(account) as zendesk, left_out(name):
        pipeline = duckdb_pipeline()
        for happens in (eventful_day, lambda account: account.clock.advance(3_600)):
            sync(pipeline, source_of(zendesk))
            happens(account)
        sync(pipeline, source_of(zendesk))
        assert_equals_truth(pipeline, account)
