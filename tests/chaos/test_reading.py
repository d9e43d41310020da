"""Any history, any page size, any kill point, any interleaving: the rows become the truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.in_process import EXPORTED, Action, Destination, InProcessZendesk
from zendesk_source.api.paging import Position
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.catalogue.support.exports import (
    SATISFACTION_RATINGS,
    TICKETS,
    USERS,
)
from zendesk_source.errors import ConfigurationError, ServerUnavailable
from zendesk_source.extract import lanes
from zendesk_source.extract.lanes import Crew, LaneReader
from zendesk_source.extract.positions import (
    STATE_VERSION,
    Lane,
    StreamPosition,
    open_position,
    save_position,
)
from zendesk_source.extract.read_ahead import ReadAhead
from zendesk_source.extract.steps import Step, read_incremental

STREAMS = st.sampled_from([*EXPORTED, SATISFACTION_RATINGS])
PER_SECOND = st.lists(st.sampled_from([0, 1, 1, 2, 3, 9]), min_size=1, max_size=40)
ACTIONS: st.SearchStrategy[list[Action]] = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 20, 61, 200]),
        st.lists(st.integers(1, 60), max_size=5),
    ),
    max_size=25,
)
LATE = st.sampled_from([0, 0, 90, 400, 3_000])
LATENCY = st.sampled_from([0, 0, 7, 45])
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def one_lane(zendesk: InProcessZendesk, destination: Destination, size: int) -> Iterator[Step]:
    yield from read_incremental(zendesk.stream, destination.position(), zendesk.walk(size))


def many_lanes(zendesk: InProcessZendesk, destination: Destination, size: int) -> Iterator[Step]:
    name, client = zendesk.stream.name, zendesk
    ahead: ReadAhead[Step] = ReadAhead(max_bytes=2_000)
    crew: Any = Crew(client)  # type: ignore[arg-type]
    reader = LaneReader(zendesk.stream, destination.position(), zendesk.walk(size), ahead, crew)
    ahead.start(name, reader.read)
    try:
        yield from (step for step in ahead.items(name, lambda: True) if step is not None)
        assert ahead.is_at_end(name)
    finally:
        ahead.stop()


def read_and_break_off(read: Any, zendesk: InProcessZendesk, size: int, seed: int) -> Destination:
    """Read with kills and failures for as long as things happen, then once in peace."""
    random = Random(seed)
    destination = Destination(zendesk.stream, 0)
    for _ in range(8):
        with suppress(ServerUnavailable):
            for step in read(zendesk, destination, size):
                destination.take(step)
                if random.random() < 0.4:
                    destination.load()
                if random.random() < 0.15:
                    break
            else:
                destination.load()
        if not zendesk.actions:
            break
    zendesk.actions.clear()
    zendesk.faults = 0.0
    # A list is ordered by id: what changed behind a walk that is resumed comes with the next.
    for _ in range(2 if zendesk.stream.paging is Paging.CURSOR else 1):
        zendesk.clock.advance(300 + zendesk.account.shown_after_seconds)
        for step in read(zendesk, destination, size):
            destination.take(step)
        destination.load()
    return destination


@SETTINGS
@given(STREAMS, PER_SECOND, ACTIONS, st.integers(1, 12), st.integers(0, 9999), LATE, LATENCY)
def test_one_lane_ends_with_the_truth(stream, per_second, actions, size, seed, late, latency):
    zendesk = InProcessZendesk(
        stream,
        per_second,
        actions,
        faults=0.15,
        seed=seed,
        late_seconds=late,
        latency_seconds=latency,
    )
    destination = read_and_break_off(one_lane, zendesk, size, seed)
    assert destination.versions == zendesk.truth()


@SETTINGS
@given(
    STREAMS,
    PER_SECOND,
    ACTIONS,
    st.integers(1, 12),
    st.integers(0, 9999),
    st.integers(2, 5),
    LATE,
    LATENCY,
)
@pytest.mark.long
def test_many_lanes_end_with_the_truth(
    monkeypatch: pytest.MonkeyPatch,
    stream,
    per_second,
    actions,
    size,
    seed,
    walks,
    late,
    latency,
):
    monkeypatch.setattr(lanes, "FEWEST_PAGES_TO_SPLIT", 1)
    zendesk = InProcessZendesk(
        stream,
        per_second,
        actions,
        faults=0.1,
        seed=seed,
        walks=walks,
        late_seconds=late,
        latency_seconds=latency,
    )
    destination = read_and_break_off(many_lanes, zendesk, size, seed)
    assert destination.versions == zendesk.truth()


def test_a_flood_of_one_second_is_not_split_again_and_again(monkeypatch):
    monkeypatch.setattr(lanes, "FEWEST_PAGES_TO_SPLIT", 1)
    zendesk = InProcessZendesk(USERS, [400, 1, 1], walks=3)
    destination = read_and_break_off(many_lanes, zendesk, 10, seed=1)
    assert destination.versions == zendesk.truth()
    assert zendesk.requests < 120


def test_a_row_read_in_the_second_it_changed_is_read_again_however_long_the_walk():
    zendesk = InProcessZendesk(USERS, [0] * 3_600 + [3], [(0, ()), (0, (1,)), (200, ())])
    destination = Destination(USERS, 0)
    for step in one_lane(zendesk, destination, 1):
        destination.take(step)
    destination.load()
    zendesk.clock.advance(300)
    for step in one_lane(zendesk, destination, 1):
        destination.take(step)
    destination.load()
    assert destination.versions == zendesk.truth()


def read_all(read: Any, zendesk: InProcessZendesk, destination: Destination, size: int) -> None:
    for step in read(zendesk, destination, size):
        destination.take(step)
    destination.load()


@pytest.mark.parametrize("stream", EXPORTED, ids=lambda stream: stream.name)
@pytest.mark.parametrize("late", [61, 300, 2_500])
def test_what_shows_late_in_an_account_that_is_quiet_is_read_by_the_next_sync(
    monkeypatch: pytest.MonkeyPatch, stream: Stream, late: int
):
    """Pages are slow, so several lanes walk, and rows show behind the moment they part at."""
    monkeypatch.setattr(lanes, "FEWEST_PAGES_TO_SPLIT", 1)
    for walks, seed in ((2, 1), (3, 2), (5, 3)):
        zendesk = InProcessZendesk(
            stream, [2] * 3_590, walks=walks, seed=seed, late_seconds=late, latency_seconds=0.4
        )
        destination = Destination(stream, 0)
        read_all(many_lanes, zendesk, destination, 200)
        assert len(destination.versions) < len(zendesk.truth())
        for _ in range(3):
            zendesk.clock.advance(late / 2)
            read_all(many_lanes, zendesk, destination, 200)
        assert destination.versions == zendesk.truth()


def test_of_several_lanes_no_position_is_left_behind_the_last_row(monkeypatch):
    monkeypatch.setattr(lanes, "FEWEST_PAGES_TO_SPLIT", 1)
    zendesk = InProcessZendesk(USERS, [1] * 600, walks=4, seed=1, latency_seconds=0.4)
    destination = Destination(USERS, 0)
    last = zendesk.account.now_second() - 3_600 + 599
    read_all(many_lanes, zendesk, destination, 10)
    (lane,) = destination.lanes_saved
    assert lane.newest == last
    assert (lane.place.start_time or last) <= last


def test_lists_are_never_split_by_time():
    zendesk = InProcessZendesk(SATISFACTION_RATINGS, [3] * 100, walks=4)
    destination = Destination(SATISFACTION_RATINGS, 0)
    for step in many_lanes(zendesk, destination, 10):
        destination.take(step)
        assert len(step.position.lanes) == 1
    destination.load()
    assert destination.versions == zendesk.truth()


def test_a_window_that_ends_in_the_last_minute_is_kept_until_its_rows_have_settled():
    zendesk = InProcessZendesk(TICKETS, [1])
    end = zendesk.account.now_second() - 30
    position = StreamPosition(0, (Lane(Position(start_time=0), until=end),))
    (step,) = read_incremental(TICKETS, position, zendesk.walk(5))
    assert step.position.lanes
    zendesk.clock.advance(100)
    (step,) = read_incremental(TICKETS, step.position, zendesk.walk(5))
    assert not step.position.lanes


def test_a_position_of_version_1_is_read():
    lanes_saved = [
        {"place": {"cursor": "abc"}, "until": 50, "newest": 40},
        {"place": {"start_time": 50, "a_key_of_later_days": 1}},
    ]
    state = {"open": {"version": 1, "start": 10, "lanes": lanes_saved}}
    position = open_position(state, 10, None)
    assert position.lanes == (
        Lane(Position(cursor="abc"), until=50, newest=40),
        Lane(Position(start_time=50)),
    )


def test_a_position_of_a_newer_release_is_refused_with_the_remedy():
    state = {"open": {"version": STATE_VERSION + 1, "start": 0, "lanes": []}}
    with pytest.raises(ConfigurationError, match=r"newer release .* Install that release"):
        open_position(state, 0, None)


@given(
    st.lists(
        st.builds(
            Lane,
            st.builds(
                Position,
                st.none() | st.integers(0),
                st.none() | st.text(),
                st.none() | st.integers(0),
            ),
            st.none() | st.integers(0),
            st.none() | st.integers(0),
        ),
        min_size=1,
    )
)
def test_a_position_survives_json(saved):
    state: dict[str, Any] = {}
    save_position(state, StreamPosition(7, tuple(saved)), None)
    assert open_position(json.loads(json.dumps(state)), 7, None) == StreamPosition(7, tuple(saved))
