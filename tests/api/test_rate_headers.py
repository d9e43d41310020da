"""What an answer says about limits, in every spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stub import START
from zendesk_source.api.budget import (
    ACCOUNT,
    EXPORTS,
)
from zendesk_source.api.rate_headers import RateState, rate_states, seconds_until


def state(bucket: str, size: int, remaining: int, reset_seconds: float | None) -> RateState:
    return RateState(bucket, size, remaining, reset_seconds)


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
