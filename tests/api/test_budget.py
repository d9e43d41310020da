"""Pacing: never more than a bucket holds, and never a wait that was not needed."""

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

from tests.api.stub import START, FakeClock, Reply, Seen, Stub
from zendesk_source.api.auth import StaticAuth
from zendesk_source.api.bucket import Grant
from zendesk_source.api.budget import (
    ACCOUNT,
    CHAT,
    EXPORTS,
    HELP_CENTER,
    TALK,
    USERS_CURSOR_EXPORT,
    Budget,
    product_bucket,
)
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.rate_headers import RateState, rate_states, seconds_until

BUCKETS = (ACCOUNT, EXPORTS)


def state(bucket: str, size: int, remaining: int, reset_seconds: float | None) -> RateState:
    return RateState(bucket, size, remaining, reset_seconds)


def ask(budget: Budget, *states: RateState, buckets: tuple[str, ...] = BUCKETS) -> Grant:
    grant = budget.acquire(buckets)
    budget.settle(grant, states or None)
    return grant


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"}, state(ACCOUNT, 700, 699, None)),
        (
            {"ratelimit-limit": "700", "ratelimit-remaining": "699", "ratelimit-reset": "12"},
            state(ACCOUNT, 700, 699, 12),
        ),
        (
            {"Rate-Limit": "400", "RATE-LIMIT-REMAINING": "1", "rate-limit-reset": "59"},
            state(ACCOUNT, 400, 1, 59),
        ),
        (
            {"zendesk-ratelimit-tickets-index": "total=100; remaining=87; resets=13"},
            state("tickets-index", 100, 87, 13),
        ),
        (
            {"zendesk-rate-limit-Tickets-Index": "resets=13;total=100;remaining=87"},
            state("tickets-index", 100, 87, 13),
        ),
        (
            {"Zendesk-RateLimit-incremental-exports": "total=10; remaining=9; resets=2"},
            state(EXPORTS, 10, 9, 2),
        ),
        (
            {
                "RateLimit-Limit": "50",
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": "2026-01-15T12:00:40Z",
            },
            state(ACCOUNT, 50, 0, 40),
        ),
        (
            {
                "ratelimit-limit": "50",
                "ratelimit-remaining": "0",
                "ratelimit-reset": "2026-01-15 12:00:40 UTC",
            },
            state(ACCOUNT, 50, 0, 40),
        ),
    ],
)
def test_every_spelling_of_the_headers_is_read(headers: dict[str, str], expected: RateState):
    assert rate_states(headers, ACCOUNT, START) == [expected]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Rate-Limit": "many", "X-Rate-Limit-Remaining": "few"},
        {"X-Rate-Limit": "700"},
        {"Zendesk-RateLimit-x": "total=10"},
        {"Zendesk-RateLimit-x": ""},
    ],
)
def test_headers_that_say_nothing_are_passed_over(headers: dict[str, str]):
    assert rate_states(headers, ACCOUNT, START) == []


@given(st.text())
def test_no_text_in_a_reset_breaks_the_reader(text: str):
    seconds = seconds_until(text, START)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v2/tickets.json", ACCOUNT),
        ("/api/v2/incremental/tickets/cursor.json", ACCOUNT),
        ("/api/v2/help_center/en-us/articles", HELP_CENTER),
        ("/api/v2/community/posts", HELP_CENTER),
        ("/api/v2/channels/voice/stats/incremental/calls", TALK),
        ("/api/v2/chat/incremental/chats", CHAT),
    ],
)
def test_each_product_has_a_bucket_of_its_own(path: str, bucket: str):
    assert product_bucket(path) == bucket


def test_exports_are_held_to_ten_a_minute_before_any_answer(clock: FakeClock):
    budget = Budget(clock)
    for _ in range(10):
        ask(budget)
    assert budget.wait_seconds(BUCKETS) == 61
    assert budget.wait_seconds((ACCOUNT,)) == 0
    assert budget.wait_seconds((ACCOUNT, USERS_CURSOR_EXPORT)) == 0


def test_requests_in_flight_count(clock: FakeClock):
    budget = Budget(clock)
    grants = [budget.acquire(BUCKETS) for _ in range(10)]
    assert budget.wait_seconds(BUCKETS) == 61
    budget.settle(grants[0], [state(EXPORTS, 30, 29, 60)])
    assert budget.wait_seconds(BUCKETS) == 0


def test_the_whole_bucket_is_there_again_at_the_reset(clock: FakeClock):
    budget = Budget(clock)
    for remaining in range(9, -1, -1):
        ask(budget, state(EXPORTS, 10, remaining, 20))
    assert budget.wait_seconds(BUCKETS) == 20
    clock.sleep(20)
    for remaining in range(9, -1, -1):
        assert budget.wait_seconds(BUCKETS) == 0
        ask(budget, state(EXPORTS, 10, remaining, 60))
    assert budget.wait_seconds(BUCKETS) == 60


def test_the_account_keeps_a_share_for_other_tools_and_the_exports_do_not(clock: FakeClock):
    budget = Budget(clock, rate_limit_share=0.9)
    ask(budget, state(ACCOUNT, 100, 11, 30), buckets=(ACCOUNT,))
    assert budget.wait_seconds((ACCOUNT,)) == 0
    ask(budget, state(ACCOUNT, 100, 10, 30), buckets=(ACCOUNT,))
    assert budget.wait_seconds((ACCOUNT,)) == 30


@pytest.mark.parametrize("share", [0, -1, 1.1])
def test_a_share_that_makes_no_sense_is_refused(share: float):
    with pytest.raises(ValueError, match="rate_limit_share"):
        Budget(rate_limit_share=share)


def test_a_tiny_share_still_lets_one_request_through(clock: FakeClock):
    budget = Budget(clock, rate_limit_share=0.01)
    ask(budget, state(ACCOUNT, 10, 10, 30), buckets=(ACCOUNT,))
    clock.sleep(30)
    assert budget.wait_seconds((ACCOUNT,)) == 0


def test_what_other_tools_use_is_seen(clock: FakeClock):
    budget = Budget(clock)
    ask(budget, state(EXPORTS, 10, 1, 40))
    ask(budget, state(EXPORTS, 10, 0, 40))
    assert budget.wait_seconds(BUCKETS) == 40


def test_a_limit_without_a_reset_is_counted_over_any_minute(clock: FakeClock):
    budget = Budget(clock, rate_limit_share=1)
    help_center = (HELP_CENTER,)
    ask(budget, state(HELP_CENTER, 3, 2, None), buckets=help_center)
    clock.sleep(30)
    ask(budget, state(HELP_CENTER, 3, 1, None), buckets=help_center)
    ask(budget, state(HELP_CENTER, 3, 0, None), buckets=help_center)
    assert budget.wait_seconds(help_center) == 31
    clock.sleep(31)
    ask(budget, state(HELP_CENTER, 3, 2, None), buckets=help_center)
    assert budget.wait_seconds(help_center) == 30


def test_a_bucket_that_only_the_answer_names_is_taken_from_next_time(clock: FakeClock):
    budget = Budget(clock)
    grant = budget.acquire((ACCOUNT,), endpoint="/api/v2/tags.json")
    budget.settle(grant, [state("tags-index", 100, 0, 25)])
    assert budget.wait_seconds((ACCOUNT,), endpoint="/api/v2/tags.json") == 25
    assert budget.wait_seconds((ACCOUNT,), endpoint="/api/v2/groups.json") == 0


def test_a_server_that_names_no_limit_has_none_until_it_refuses(clock: FakeClock):
    budget = Budget(clock)
    budget.settle(budget.acquire(BUCKETS), [])
    for _ in range(20):
        ask(budget)
    assert budget.wait_seconds(BUCKETS) == 0
    budget.refuse(budget.acquire(BUCKETS), [], 5)
    clock.sleep(5)
    for _ in range(10):
        ask(budget)
    assert budget.wait_seconds(BUCKETS) == 61


def test_a_429_blocks_the_bucket_that_was_empty_and_no_other(clock: FakeClock):
    budget = Budget(clock)
    budget.refuse(budget.acquire(BUCKETS), [], 400)
    assert budget.wait_seconds(BUCKETS) == 400
    assert budget.wait_seconds((ACCOUNT,)) == 0
    budget.refuse(budget.acquire((ACCOUNT, "x")), [state(ACCOUNT, 700, 0, 93)], 93)
    assert budget.wait_seconds((ACCOUNT,)) == 93
    assert budget.wait_seconds(("x",)) == 0


def test_an_answer_with_an_earlier_reset_does_not_lift_a_block(clock: FakeClock):
    budget = Budget(clock)
    first, second = budget.acquire(BUCKETS), budget.acquire(BUCKETS)
    budget.refuse(first, [], 400)
    budget.settle(second, [state(EXPORTS, 10, 8, 20)])
    assert budget.wait_seconds(BUCKETS) == 400
    clock.sleep(400)
    assert budget.wait_seconds(BUCKETS) == 0


def test_waiting_says_why_and_how_long_once(clock: FakeClock):
    budget = Budget(clock)
    heard: list[tuple[str, float]] = []
    for _ in range(10):
        ask(budget)
    grant = budget.acquire(BUCKETS, on_wait=lambda reason, seconds: heard.append((reason, seconds)))
    assert heard == [("incremental-exports 10/10 used", 61.0)]
    assert grant.waited_seconds == pytest.approx(61)


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
        states = [state(EXPORTS, self.size, self.size - self.used[window], resets)]
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
