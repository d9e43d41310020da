"""When a stream is asked again: after news, a failure, a refusal, or half of it."""

from __future__ import annotations

from typing import Any

import pytest

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.continuous.timetable import LONGEST_PAUSE_SECONDS, Timetable, pause_seconds

MINUTE, HOUR = 60.0, 3_600.0


def noted(stream: str, times: int = 1, **run: Any) -> float:
    """Return how long after the end of its last round a stream is due again."""
    table = Timetable([stream], MINUTE, HOUR)
    for _ in range(times):
        table.note({stream: StreamRun(**run)}, begun_at=100.0, ended_at=110.0)
    return table.next_at() - 110.0


def test_at_first_everything_is_due() -> None:
    table = Timetable(["tickets", "groups"], MINUTE, HOUR)
    assert table.due(0.0) == ["tickets", "groups"]


@pytest.mark.parametrize(
    ("stream", "run", "seconds"),
    [
        ("tickets", {"is_at_end": True}, MINUTE - 10),
        ("tickets", {"is_at_end": True, "status": "incomplete"}, MINUTE - 10),
        ("groups", {"is_at_end": True}, HOUR - 10),
        ("tickets", {"is_at_end": False}, -10),
        ("groups", {"is_at_end": False}, -10),
        ("tickets", {"status": "skipped", "is_at_end": True}, HOUR - 10),
        ("tickets", {"status": "failed", "is_at_end": True}, MINUTE),
        ("groups", {"status": "failed", "is_at_end": True}, MINUTE),
    ],
)
def test_a_stream_is_due_again(stream: str, run: dict[str, Any], seconds: float) -> None:
    assert noted(stream, **run) == seconds


def test_what_fails_again_and_again_is_asked_less_and_less() -> None:
    pauses = [noted("tickets", times, status="failed") for times in range(1, 7)]
    assert pauses == [60, 120, 240, 480, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_one_good_round_makes_up_for_all_failures() -> None:
    table = Timetable(["tickets"], MINUTE, HOUR)
    for run in (*[StreamRun(status="failed")] * 5, StreamRun(is_at_end=True)):
        table.note({"tickets": run}, 0.0, 10.0)
    table.note({"tickets": StreamRun(status="failed")}, 60.0, 70.0)
    assert table.next_at() == 70.0 + MINUTE


def test_a_stream_is_asked_in_the_round_nearest_to_its_time() -> None:
    table = Timetable(["groups"], MINUTE, HOUR)
    table.note({"groups": StreamRun(is_at_end=True)}, 0.0, 10.0)
    assert table.due(HOUR - 31) == []
    assert table.due(HOUR - 29) == ["groups"]


def test_a_longer_time_between_rounds_than_the_longest_pause_stays() -> None:
    assert [pause_seconds(HOUR, failures) for failures in (0, 1, 2, 99)] == [HOUR] * 4
    assert pause_seconds(MINUTE, 10**6) == LONGEST_PAUSE_SECONDS
