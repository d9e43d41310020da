"""Many workers against a server that counts in windows: never too many, never too slow."""

from __future__ import annotations

import heapq
import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.stub import FakeClock, Reply, Seen, Stub
from zendesk_source.api.bucket import Grant
from zendesk_source.api.budget import (
    ACCOUNT,
    EXPORTS,
    Budget,
)
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.rate_headers import RateState
from zendesk_source.login.auth import StaticAuth

BUCKETS = (ACCOUNT, EXPORTS)


@dataclass
class Server:
    """Counts in windows, as Zendesk does, and says so in whole seconds."""

    size: int
    window_start: float
    rounds: Callable[[float], int]
    says_headers: bool
    used: Counter[int] = field(default_factory=Counter)
    refused: int = 0

    def arrive(self, now: float) -> tuple[bool, list[RateState], float]:
        window = math.floor((now - self.window_start) / 60)
        left_seconds = self.window_start + (window + 1) * 60 - now
        is_good = self.used[window] < self.size
        if is_good:
            self.used[window] += 1
        else:
            self.refused += 1
        resets = self.rounds(left_seconds)
        states = [RateState(EXPORTS, self.size, self.size - self.used[window], resets)]
        return is_good, states if self.says_headers else [], max(1.0, left_seconds)


@dataclass
class Play:
    """Many workers on one budget, event by event: nothing is left to the scheduler's mood."""

    server: Server
    latencies: list[float]
    workers: int
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    turn: int = 0

    def __post_init__(self) -> None:
        self.budget = Budget(self.clock)
        for _ in range(self.workers):
            self.at(0.0, self.want)

    def run(self, until: float) -> None:
        while self.events and self.events[0][0] <= until:
            now, _, event = heapq.heappop(self.events)
            self.clock.set(now)
            event()

    def at(self, when: float, event: Callable[[], None]) -> None:
        self.turn += 1
        heapq.heappush(self.events, (when, self.turn, event))

    def want(self) -> None:
        now = self.clock.monotonic()
        wait_seconds = self.budget.wait_seconds(BUCKETS)
        if wait_seconds > 0:
            self.at(now + min(1.0, wait_seconds), self.want)
            return
        grant = self.budget.acquire(BUCKETS)
        latency = self.latencies[self.turn % len(self.latencies)]
        on_the_way = min(latency / 4, 0.9)
        self.at(now + on_the_way, lambda: self.arrive(grant, latency - on_the_way))

    def arrive(self, grant: Grant, on_the_way_back: float) -> None:
        now = self.clock.monotonic()
        is_good, states, retry_after = self.server.arrive(now)

        def answered() -> None:
            if is_good:
                self.budget.settle(grant, states or None)
            else:
                self.budget.refuse(grant, states, retry_after)
            self.at(self.clock.monotonic(), self.want)

        self.at(now + on_the_way_back, answered)


def _up(seconds: float) -> int:
    return math.ceil(seconds)


def _down(seconds: float) -> int:
    return math.floor(seconds)


plays = st.builds(
    lambda size, start, latencies, workers, says_headers: Play(
        Server(size, -start, _up, says_headers), latencies, workers
    ),
    size=st.sampled_from([10, 10, 10, 30]),
    start=st.floats(0, 59.9),
    latencies=st.lists(st.floats(0.01, 8), min_size=1, max_size=12),
    workers=st.integers(1, 8),
    says_headers=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(plays)
def test_no_interleaving_takes_more_than_a_bucket_holds(play: Play):
    play.run(until=400)
    assert play.server.refused == 0


@settings(max_examples=60, deadline=None)
@given(plays)
def test_what_zendesk_allows_is_used(play: Play):
    play.run(until=420)
    server = play.server
    slowest = max(play.latencies)
    if server.says_headers and play.workers * 57 / slowest >= server.size:
        whole_windows = sorted(server.used)[1:-1]
        assert sum(server.used[w] for w in whole_windows) >= 0.95 * server.size * len(whole_windows)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 59.9), st.integers(1, 4))
def test_a_server_that_rounds_its_resets_down_is_learned_within_minutes(start: float, workers: int):
    play = Play(Server(10, -start, _down, says_headers=True), [0.05], workers)
    play.run(until=180)
    refused_while_learning = play.server.refused
    play.run(until=900)
    assert play.server.refused == refused_while_learning
    whole_windows = sorted(play.server.used)[1:-1]
    assert all(play.server.used[window] == 10 for window in whole_windows)


class LockstepClock(FakeClock):
    """Moves only when every worker sleeps, so that a request in flight takes no time."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._awake = workers
        self._wakes: list[float] = []
        self._moved = threading.Condition()

    def sleep(self, wait_seconds: float) -> None:
        with self._moved:
            wake = self.monotonic() + wait_seconds
            self._wakes.append(wake)
            self._awake -= 1
            self._move()
            self._moved.wait_for(lambda: self.monotonic() >= wake, timeout=5)

    def finish(self) -> None:
        with self._moved:
            self._awake -= 1
            self._move()

    def _move(self) -> None:
        if self._awake == 0 and self._wakes:
            now = min(self._wakes)
            self._awake = self._wakes.count(now)
            self._wakes = [wake for wake in self._wakes if wake > now]
            self.set(now)
            self._moved.notify_all()


def test_threads_share_one_budget_and_meet_no_429(stub: Stub):
    workers = 6
    clock = LockstepClock(workers)
    server = Server(10, -17.3, _up, says_headers=True)

    def handle(seen: Seen) -> Reply:
        is_good, states, _ = server.arrive(clock.monotonic())
        limit = states[0]
        value = f"total={limit.size}; remaining={limit.remaining}; resets={limit.reset_seconds}"
        return Reply(200 if is_good else 429, {}, {"Zendesk-RateLimit-incremental-exports": value})

    stub.handle = handle
    client = ZendeskClient(stub.base_url, StaticAuth("x", remedy=""), clock=clock)

    def work() -> None:
        for _ in range(15):
            client.get("/api/v2/incremental/tickets/cursor.json", bucket=EXPORTS, stream="tickets")
        clock.finish()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (client.usage["tickets"].requests, server.refused) == (90, 0)
    assert clock.monotonic() == pytest.approx(8 * 60 - 17.3, abs=1)
