"""One parent that does not answer: the others' rows arrive, it is named, and asked again later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import dlt
import pytest

from tests.support.scripted_zendesk import (
    TIME,
    Reply,
    ScriptedZendesk,
    cursored,
    exported,
    listed,
    ticket,
)
from tests.support.tables import stored_rows
from zendesk_source import sync
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.errors import AccessDenied
from zendesk_source.extract.parents.children import read_of_list
from zendesk_source.extract.parents.refused import FIRST_WAIT_SECONDS, REFUSED_IN_A_ROW, told
from zendesk_source.extract.parents.seen import ChildStep, Seen
from zendesk_source.runs.reset import reset_stream

BY_NAME = {stream.name: stream for stream in STREAMS}
TICKETS = range(1, 7)
OF_ONE = "/api/v2/tickets/{}/side_conversations"
SIDE_CONVERSATIONS, HOLIDAYS = "side_conversations", "schedule_holidays"
SCHEDULES = "/api/v2/business_hours/schedules"


def long(*values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.long)


def conversations(ticket_id: int, state: str = "open") -> Any:
    row = {"id": f"sc{ticket_id}", "ticket_id": ticket_id, "state": state, "updated_at": TIME}
    return cursored(SIDE_CONVERSATIONS, [row])


def zendesk_with(*ticket_ids: int) -> ScriptedZendesk:
    return ScriptedZendesk(
        {
            "/api/v2/incremental/tickets/cursor": exported(
                "tickets", [ticket(ticket_id) for ticket_id in ticket_ids]
            ),
            **{OF_ONE.format(each): conversations(each) for each in ticket_ids},
        }
    )


def load(pipeline: dlt.Pipeline, zendesk: ScriptedZendesk, stream: str) -> StreamRun:
    return sync(pipeline, zendesk.source(stream), clock=zendesk.clock).runs[stream]


def states_of(pipeline: dlt.Pipeline) -> dict[int, str]:
    return {row["ticket_id"]: row["state"] for row in stored_rows(pipeline, SIDE_CONVERSATIONS)}


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Reply(403), "3 (403)"),
        long(Reply(422, {"error": "RecordInvalid"}), "3 (422)"),
        long(Reply(400, {"error": "BadRequest"}), "3 (400)"),
        long(Reply(500), "3 (500)"),
        long(Reply(401), "3 (401)"),
        long(Reply(200, cursored(SIDE_CONVERSATIONS, "none")), "3 ("),
    ],
)
def test_a_parent_that_does_not_answer_is_named_and_asked_again_after_a_day(
    pipeline, answer, named
):
    with zendesk_with(*TICKETS) as zendesk:
        assert load(pipeline, zendesk, SIDE_CONVERSATIONS).status == "ok"
        # Tickets that changed are asked; so are those of the export's last second.
        changed = {OF_ONE.format(each): conversations(each, "closed") for each in TICKETS}
        zendesk.routes.update({**changed, OF_ONE.format(3): answer})
        export = exported("tickets", [ticket(each, updated_at=TIME) for each in TICKETS])
        zendesk.routes["/api/v2/incremental/tickets/cursor"] = export
        for _ in range(2):
            run = load(pipeline, zendesk, SIDE_CONVERSATIONS)
            assert run.status == "incomplete"
            assert named in run.reason
            assert states_of(pipeline) == {**dict.fromkeys(TICKETS, "closed"), 3: "open"}
        asked = len(zendesk.asked(OF_ONE.format(3)))

        # Now the export shows it no more.
        zendesk.routes["/api/v2/incremental/tickets/cursor"] = exported("tickets", [])
        zendesk.routes[OF_ONE.format(3)] = conversations(3, "closed")
        assert load(pipeline, zendesk, SIDE_CONVERSATIONS).status == "incomplete"
        assert len(zendesk.asked(OF_ONE.format(3))) == asked
        zendesk.clock.sleep(FIRST_WAIT_SECONDS)
        run = load(pipeline, zendesk, SIDE_CONVERSATIONS)
        assert (run.status, run.reason) == ("ok", "")
        assert states_of(pipeline) == dict.fromkeys(TICKETS, "closed")


def test_a_parent_that_is_not_found_is_told_and_keeps_its_rows(pipeline):
    with zendesk_with(*TICKETS) as zendesk:
        load(pipeline, zendesk, SIDE_CONVERSATIONS)
        zendesk.routes[OF_ONE.format(3)] = Reply(404)
        run = load(pipeline, zendesk, SIDE_CONVERSATIONS)
        assert run.status == "ok"
        assert "1 ticket answered 404" in run.reason
        assert set(states_of(pipeline)) == set(TICKETS)
        gone = exported("tickets", [ticket(3, status="deleted")])
        zendesk.routes["/api/v2/incremental/tickets/cursor"] = gone
        assert load(pipeline, zendesk, SIDE_CONVERSATIONS).reason == ""
        assert set(states_of(pipeline)) == set(TICKETS) - {3}


@pytest.mark.parametrize("count", [2, REFUSED_IN_A_ROW + 5])
def test_where_no_parent_ever_answers_the_stream_is_skipped(pipeline, count):
    with zendesk_with(*range(1, count + 1)) as zendesk:
        zendesk.routes = {OF_ONE.format("*"): Reply(403), **zendesk.routes}
        for _ in range(2):
            run = load(pipeline, zendesk, SIDE_CONVERSATIONS)
            assert run.status == "skipped"
            assert " answered 403" in run.reason
        asked = zendesk.asked(OF_ONE.format("*"))
        assert len(asked) == 2 * min(count, REFUSED_IN_A_ROW)


def test_a_zendesk_that_is_down_is_not_asked_for_every_parent(pipeline):
    with zendesk_with(*range(1, 31)) as zendesk:
        load(pipeline, zendesk, SIDE_CONVERSATIONS)
        zendesk.routes = {OF_ONE.format("*"): Reply(503), **zendesk.routes}
        before = len(zendesk.asked(OF_ONE.format("*")))
        run = load(pipeline, zendesk, SIDE_CONVERSATIONS)
        assert run.status == "failed"
        parents = {seen.path for seen in zendesk.asked(OF_ONE.format("*"))[before:]}
        assert len(parents) == 3


@pytest.mark.long
@pytest.mark.parametrize("deleted", ["mark", "remove"])
def test_a_replaced_table_keeps_the_rows_of_a_parent_that_does_not_answer(pipeline, deleted):
    def holidays(schedule: int, *names: str) -> Any:
        rows = [{"id": schedule * 10 + i, "name": name} for i, name in enumerate(names)]
        return listed("holidays", rows)

    def names() -> set[str]:
        return {row["name"] for row in stored_rows(pipeline, HOLIDAYS)}

    routes = {
        SCHEDULES: listed("schedules", [{"id": 1}, {"id": 2}]),
        f"{SCHEDULES}/1/holidays": holidays(1, "New Year", "Easter"),
        f"{SCHEDULES}/2/holidays": holidays(2, "Midsummer"),
    }
    with ScriptedZendesk(routes) as zendesk:

        def sync_again() -> StreamRun:
            zendesk.clock.sleep(FIRST_WAIT_SECONDS)
            source = zendesk.source(HOLIDAYS, deleted=deleted)
            return sync(pipeline, source, clock=zendesk.clock).runs[HOLIDAYS]

        sync_again()
        zendesk.routes[f"{SCHEDULES}/1/holidays"] = holidays(1, "New Year")
        zendesk.routes[f"{SCHEDULES}/2/holidays"] = Reply(403)
        for _ in range(3):
            run = sync_again()
            assert run.status == "incomplete"
            assert "2 (403)" in run.reason
            assert names() == {"New Year", "Midsummer"}
        zendesk.routes[f"{SCHEDULES}/2/holidays"] = holidays(2, "Harvest")
        zendesk.clock.sleep(8 * FIRST_WAIT_SECONDS)
        assert sync_again().status == "ok"
        assert names() == {"New Year", "Harvest"}


@pytest.mark.parametrize("stream", [HOLIDAYS, SIDE_CONVERSATIONS])
def test_a_stream_that_is_reset_asks_a_refused_parent_at_once(pipeline, stream):
    routes = {
        SCHEDULES: listed("schedules", [{"id": 1}, {"id": 3}]),
        f"{SCHEDULES}/1/holidays": listed("holidays", [{"id": 10, "name": "New Year"}]),
        f"{SCHEDULES}/3/holidays": Reply(403),
    }
    path = f"{SCHEDULES}/3/holidays" if stream == HOLIDAYS else OF_ONE.format(3)
    with zendesk_with(*TICKETS) as zendesk:
        zendesk.routes.update(routes)
        zendesk.routes[OF_ONE.format(3)] = Reply(403)
        for _ in range(2):
            assert load(pipeline, zendesk, stream).status == "incomplete"
        assert len(zendesk.asked(path)) == 1
        reset_stream(pipeline, stream, drop_tables=False)
        zendesk.routes[f"{SCHEDULES}/3/holidays"] = listed("holidays", [{"id": 30, "name": "Eid"}])
        zendesk.routes[OF_ONE.format(3)] = conversations(3)
        assert load(pipeline, zendesk, stream).status == "ok"
        assert len(zendesk.asked(path)) == 2


def test_parents_within_a_parent_that_does_not_answer_are_not_taken_for_gone():
    moment = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
    refused: set[int] = set()

    def page(*rows: dict[str, Any]) -> Page:
        return Page({}, list(rows), Position(), True, moment, moment, 0)

    def ask(stream: Stream, parent: dict[str, Any]) -> Iterator[Page]:
        if parent["id"] in refused:
            raise AccessDenied("it answered 403.")
        comment = {1: 7, 2: 8}.get(parent["id"], 90)
        row = {"id": comment, "article_id": parent["id"], "vote_count": 1}
        yield page(row)

    seen, votes = Seen({}), BY_NAME["hc_article_comment_votes"]
    articles = page({"id": 1, "comment_count": 1}, {"id": 2, "comment_count": 1})

    def go_through() -> list[ChildStep]:
        seen.round += 1
        return list(read_of_list(votes, articles, seen, ask, lambda count: None))

    go_through()
    before = dict(seen.signs)
    assert {"1", "2", "1/7", "2/8"} == set(before)
    refused.add(2)
    (step,) = go_through()
    assert (list(step.refused), step.forgotten) == (["2"], ())
    assert seen.signs["2/8"] == before["2/8"]


def test_of_many_parents_a_few_are_named():
    refused = {str(key): ["403", 0, 1] for key in range(1, 1_001)}
    ((text, is_missing),) = told(refused, "category")
    assert is_missing
    assert text.startswith("The rows of 1,000 categories could not be read: 1 (403), 2 (403),")
    assert "5 (403) and 995 more." in text
