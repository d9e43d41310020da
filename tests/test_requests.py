"""The core is worth its requests: what a sync of it may ask of a large account."""

from __future__ import annotations

import json

from benchmarks.requests import FIGURES, an_account, core_bound, measure
from zendesk_source.catalogue import STREAMS

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
        most = asked_of(found["rows"], stream.page_size)
        assert 1 <= found["first"] <= most, stream.name
