"""The core is worth its requests: what a sync of it may ask of a large account."""

from __future__ import annotations

import json

from benchmarks.requests import FIGURES, an_account, core_bound, measure
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account

CORE = [stream for stream in STREAMS if stream.is_core]


def asked_of(rows: int, page_size: int) -> int:
    """Return how many pages hold the rows, the one included that says there are no more."""
    return 1 if page_size == 0 else rows // page_size + 1


def test_core_of_a_large_account_stays_within_its_requests() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))["streams"]
    assert {stream.name for stream in CORE} <= set(figures), "run: make bench-requests"
    assert figures["tickets"]["rows"] >= 20_000
    assert figures["users"]["rows"] >= 10_000
    made, allowed = core_bound(figures)
    assert made <= allowed


def test_no_core_stream_asks_for_more_than_its_pages() -> None:
    figures = measure(an_account(scale=0.01), ["core"], ["first"])
    assert set(figures) == {stream.name for stream in CORE}
    for stream in CORE:
        found = figures[stream.name]
        # An export that does not say when it has ended ends with an answer that leads nowhere.
        most = asked_of(found["rows"], stream.page_size) + (stream.name == "ticket_metric_events")
        assert 1 <= found["first"] <= most, stream.name


def test_a_list_is_asked_for_once_for_itself_and_for_the_streams_of_its_rows() -> None:
    names = ["schedules", "schedule_holidays", "macros", "macro_attachments"]
    names += ["routing_attributes", "routing_attribute_values"]
    names += ["custom_objects", "custom_object_fields", "custom_object_records"]
    account = Account.generate(tickets=5, users=5, organizations=1)
    pipeline = duckdb_pipeline()
    with served(account) as zendesk:
        source = source_of(zendesk, *names)
        for edition in ("first", "second"):
            report = sync(pipeline, source, clock=account.clock)
            assert (report.exit_code, edition) == (0, edition)
    for stream in STREAMS:
        if stream.name in names and stream.parent is None and stream.each_of is None:
            asked = [each for each in zendesk.requests if plain(each.path) == plain(stream.path)]
            assert len(asked) == 2, stream.name
            rows = stored_rows(pipeline, stream.name)
            assert len(rows) == len(account.truth(stream.name)), stream.name


def plain(path: str) -> str:
    return path.removesuffix(".json")
