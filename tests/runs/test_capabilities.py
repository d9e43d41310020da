"""What dlt asks about the destination again and again is resolved once a sync."""

from __future__ import annotations

from typing import Any

from dlt.common.destination.reference import Destination

from tests.support.simulated import duckdb_pipeline, served, source_of
from zendesk_source import sync
from zendesk_source.simulator import Account


def test_what_the_destination_can_do_is_resolved_once_and_the_pipeline_stays_as_it_was(
    monkeypatch,
) -> None:
    resolve: Any = Destination.configuration
    resolved: list[bool] = []

    def counted(self: Any, initial: Any, accept_partial: bool = False) -> Any:
        resolved.append(accept_partial)
        return resolve(self, initial, accept_partial)

    pipeline = duckdb_pipeline()
    before = dict(vars(pipeline.destination))
    monkeypatch.setattr(Destination, "configuration", counted)
    with served(Account.generate(tickets=20)) as zendesk:
        report = sync(pipeline, source_of(zendesk, "tickets"), clock=zendesk.account.clock)
        assert report.exit_code == 0
        assert report.slices >= 1
        assert resolved.count(True) == 1
        assert resolved.count(False) > 1, "what has credentials in it is resolved for each client"
        assert vars(pipeline.destination) == before
