"""A source that is used for one sync after the other: its connection and its token stay."""

from __future__ import annotations

import threading
from collections import Counter

from tests.support.simulated import source_of
from tests.support.tables import assert_table_equals
from zendesk_source import sync
from zendesk_source.resources.run import Known


def test_each_sync_counts_its_own_requests(account, zendesk, pipeline):
    source = source_of(zendesk, "tickets", "talk_calls", "groups")
    for _ in range(3):
        asked_before = len(zendesk.requests)
        report = sync(pipeline, source)
        asked = Counter(request.stream for request in zendesk.requests[asked_before:])
        counted = {name: run.usage.requests for name, run in report.runs.items()}
        assert counted == {name: asked[name] for name in counted}
        account.clock.advance(600)


def test_who_we_are_is_asked_once(zendesk, pipeline):
    source = source_of(zendesk, "groups")
    for _ in range(3):
        sync(pipeline, source)
    assert sum(request.path.startswith("/api/v2/users/me") for request in zendesk.requests) == 1


def test_definitions_that_an_earlier_sync_has_read_are_not_asked_again(account, zendesk, pipeline):
    source, known = source_of(zendesk, "tickets"), Known()
    sync(pipeline, source, known=known)
    field = account.truth("ticket_fields")[-1]
    ids = [row["id"] for row in account.truth("tickets") if row["status"] == "open"]
    for ticket_id in ids[:3]:
        account.set_custom_field(ticket_id, field["id"], "7")
        account.clock.advance(600)
        zendesk.forget_requests()
        sync(pipeline, source, known=known)
        assert [request.stream for request in zendesk.requests] == ["tickets"]
    new = account.add_field("ticket", "text", "Added since")
    account.set_custom_field(ids[0], new["id"], "a value")
    account.clock.advance(600)
    sync(pipeline, source, known=known)
    assert zendesk.requests[-1].path.startswith("/api/v2/ticket_fields")
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))


def test_a_sync_ends_early_when_it_is_told_to(account, zendesk, pipeline):
    stop = threading.Event()
    zendesk.before_answer(lambda request: stop.set() if request.stream == "tickets" else None)
    report = sync(pipeline, source_of(zendesk, "tickets", "groups"), stop=stop)
    assert not all(run.is_at_end for run in report.runs.values())
    stop.clear()
    report = sync(pipeline, source_of(zendesk, "tickets", "groups"))
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))
