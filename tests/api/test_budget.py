"""Pacing: never more than a bucket holds, and never a wait that was not needed."""

from __future__ import annotations

import pytest

from tests.support.stub import FakeClock
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
from zendesk_source.api.rate_headers import RateState

BUCKETS = (ACCOUNT, EXPORTS)


def state(bucket: str, size: int, remaining: int, reset_seconds: float | None) -> RateState:
    return RateState(bucket, size, remaining, reset_seconds)


def ask(budget: Budget, *states: RateState, buckets: tuple[str, ...] = BUCKETS) -> Grant:
    grant = budget.acquire(buckets)
    budget.settle(grant, states or None)
    return grant


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


def test_what_one_path_of_an_endpoint_tells_holds_for_all_and_is_kept_once(clock: FakeClock):
    budget = Budget(clock)
    for number in range(1, 4):
        grant = budget.acquire((ACCOUNT,), endpoint=f"/api/v2/tickets/{number}/side_conversations")
        budget.settle(grant, [state("side", 100, 100 - number, 25)])
    assert len(budget._tables.extra_by_endpoint) == 1
    budget.settle(budget.acquire((ACCOUNT,), endpoint="/api/v2/tickets/9/side_conversations"))
    assert budget.in_use()["side"].used == 4
    assert budget.wait_seconds((ACCOUNT,), endpoint="/api/v2/tickets/9/comments") == 0


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
    reason = "the rate limit incremental-exports (10 in 60 s) is used up; that is normal"
    assert heard == [(reason, 61.0)]
    assert grant.waited_seconds == pytest.approx(61)


def test_requests_in_flight_at_the_reset_count_until_their_answers_tell(clock: FakeClock):
    budget = Budget(clock)
    ask(budget, state(EXPORTS, 10, 9, 20))
    clock.sleep(19)
    in_flight = [budget.acquire(BUCKETS) for _ in range(4)]
    clock.sleep(1)
    for _ in range(6):
        assert budget.wait_seconds(BUCKETS) == 0
        budget.acquire(BUCKETS)
    assert budget.wait_seconds(BUCKETS) > 0
    for grant in in_flight[:3]:
        budget.settle(grant, [state(EXPORTS, 10, 5, 0)])  # counted before the reset
    assert budget.wait_seconds(BUCKETS) == 0
    budget.settle(in_flight[3], [state(EXPORTS, 10, 3, 60)])  # counted after it
    for _ in range(3):
        assert budget.wait_seconds(BUCKETS) == 0
        budget.acquire(BUCKETS)
    assert budget.wait_seconds(BUCKETS) == 60


def test_a_reset_rounded_up_does_not_move_away(clock: FakeClock):
    budget = Budget(clock)
    ask(budget, state(EXPORTS, 10, 1, 20))
    clock.sleep(0.9)
    ask(budget, state(EXPORTS, 10, 0, 20))
    assert budget.wait_seconds(BUCKETS) == pytest.approx(19.1)


def test_a_reset_that_came_before_we_thought_is_taken_at_once(clock: FakeClock):
    budget = Budget(clock)
    for remaining in range(9, 0, -1):
        ask(budget, state(EXPORTS, 10, remaining, 20))
    clock.sleep(19.2)
    ask(budget, state(EXPORTS, 10, 9, 60))
    for _ in range(9):
        assert budget.wait_seconds(BUCKETS) == 0
        ask(budget)
    assert budget.wait_seconds(BUCKETS) == 60
