"""How far a sync has come is told from what was read and what was not."""

from __future__ import annotations

from datetime import datetime, timezone

from zendesk_source.account.stream_run import StreamRun, follow
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import STREAMS
from zendesk_source.extract.positions import Lane, StreamPosition
from zendesk_source.extract.steps import Step

TICKETS = next(stream for stream in STREAMS if stream.name == "tickets")
NOW = 1_000_000
FROM_THE_BEGINNING = StreamPosition(0, (Lane(Position(start_time=0)),))


def step(times: list[int], *lanes: Lane) -> Step:
    rows = [{"generated_timestamp": time} for time in times]
    moment = datetime.fromtimestamp(NOW, timezone.utc)
    page = Page({}, rows, Position(), False, moment, moment, 0)
    return Step(page, StreamPosition(0, lanes))


def lane(newest: int | None, until: int | None = None, start: int | None = None) -> Lane:
    return Lane(Position(start_time=start), until=until, newest=newest)


def test_a_first_walk_is_measured_from_the_first_row_not_from_1970() -> None:
    run = StreamRun()
    follow(run, FROM_THE_BEGINNING, [step([600_000, 700_000], lane(700_000))], TICKETS)
    assert run.timeline is not None
    assert (run.newest, run.timeline.through, run.timeline.share) == (700_000, 700_000, 0.25)


def test_a_page_without_rows_tells_nothing() -> None:
    run = StreamRun()
    follow(run, FROM_THE_BEGINNING, [step([], lane(None))], TICKETS)
    assert (run.newest, run.timeline) == (None, None)


def test_with_several_walks_all_before_a_moment_is_read_only_up_to_the_slowest() -> None:
    run = StreamRun()
    follow(run, FROM_THE_BEGINNING, [step([600_000], lane(600_000))], TICKETS)
    open_end = lane(None, start=NOW - 61)
    walks = (lane(650_000, until=800_000), lane(900_000, until=NOW - 61), open_end)
    follow(run, FROM_THE_BEGINNING, [step([900_000], *walks)], TICKETS)
    assert run.timeline is not None
    assert (run.newest, run.timeline.through) == (900_000, 650_000)
    assert round(run.timeline.share, 3) == 0.375  # 150,000 s of 400,000


def test_a_later_sync_is_measured_by_what_it_has_to_read() -> None:
    run = StreamRun()
    before = StreamPosition(0, (lane(900_000),))
    follow(run, before, [step([900_000, 975_000], lane(975_000))], TICKETS)
    assert run.timeline is not None
    assert run.timeline.share == 0.75


def test_a_window_that_is_read_has_nothing_left() -> None:
    run = StreamRun()
    before = StreamPosition(0, (lane(None, until=800_000, start=700_000),))
    follow(run, before, [step([700_000, 799_999])], TICKETS)
    assert run.timeline is not None
    assert run.timeline.share == 1
