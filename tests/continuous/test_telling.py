"""What the log says of the rounds: little when there is little to say."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone

import pytest

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.continuous.rounds import Round
from zendesk_source.continuous.telling import Telling
from zendesk_source.errors import ServerUnavailable, ZendeskError
from zendesk_source.runs.loop import SyncReport

NOON = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
QUIET = StreamRun(is_at_end=True)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="zendesk_source")
    return caplog


def done(number: int, error: ZendeskError | None = None, **runs: StreamRun) -> Round:
    """Return a round; they come every minute."""
    at = NOON + timedelta(minutes=number - 1)
    report = None if error else SyncReport(runs, at, 1.0, 1)
    return Round(number, at, 1.25, report, error, 60.0)


def test_a_round_with_news_is_a_line(lines: pytest.LogCaptureFixture) -> None:
    events = StreamRun(rows={"ticket_events": 1_200, "ticket_comments": 7}, is_at_end=True)
    Telling(NOON).tell(done(17, tickets=StreamRun(rows={"tickets": 3}), ticket_events=events))
    assert lines.messages == ["round 17: rows: tickets 3, ticket_events 1,200; in 1.2 s"]


def test_rounds_without_news_are_a_line_an_hour(lines: pytest.LogCaptureFixture) -> None:
    telling = Telling(NOON)
    same = StreamRun(rows={"groups": 5}, is_at_end=True, is_unchanged=True)
    for number in range(1, 122):
        telling.tell(done(number, tickets=QUIET, groups=same))
    assert lines.messages == [
        "no news for 1 h 0 min; rounds: 61",
        "no news for 1 h 0 min; rounds: 60",
    ]


def test_a_stream_that_fails_is_told_when_it_begins_and_when_it_ends(
    lines: pytest.LogCaptureFixture,
) -> None:
    telling = Telling(NOON)
    for number in range(1, 5):
        broken = StreamRun(status="failed", reason=f"users failed {number} times.", is_at_end=True)
        telling.tell(done(number, tickets=QUIET, users=broken))
    telling.tell(done(5, tickets=QUIET))  # it is not asked in every round
    telling.tell(done(6, tickets=QUIET, users=QUIET))
    assert lines.messages == ["failed: users: users failed 1 times.", "read again: users"]
    assert [record.levelname for record in lines.records] == ["ERROR", "INFO"]


def test_a_note_is_told_once(lines: pytest.LogCaptureFixture) -> None:
    telling = Telling(NOON)
    noted = StreamRun(reason="Characters became U+FFFD.", is_at_end=True)
    for number in (1, 2):
        telling.tell(done(number, tickets=noted))
    assert lines.messages == ["note: tickets: Characters became U+FFFD."]


def test_a_failed_round_is_told_with_the_time_of_the_next(lines: pytest.LogCaptureFixture) -> None:
    telling = Telling(NOON)
    telling.tell(done(1, ServerUnavailable("Zendesk is down.", "Run again later.")))
    telling.tell(done(2, tickets=QUIET))
    assert lines.messages == [
        "round 1 failed; the next one begins in 1 min 0 s. Zendesk is down. Run again later.",
        "round 2: loading again",
    ]
