"""Which streams a round asks: those that tell their changes every time, lists now and then."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import STREAMS

EVERY_SECONDS = 60.0
LISTS_EVERY_SECONDS = 3_600.0
LONGEST_PAUSE_SECONDS = 900.0
"""Before something that failed again and again is tried once more."""

_FOLLOWED = frozenset(stream.name for stream in STREAMS if stream.is_followed)


def pause_seconds(usual_seconds: float, failures: int) -> float:
    """Return the pause after some failures in a row: as usual after one, then longer and longer."""
    longest = max(usual_seconds, LONGEST_PAUSE_SECONDS)
    return min(usual_seconds * 2.0 ** min(max(0, failures - 1), 32), longest)


@dataclass(slots=True)
class _Turn:
    """When a stream is asked next, by the stopwatch, and how often it has failed in a row."""

    due_at: float = -math.inf
    failures: int = 0


class Timetable:
    """Says which streams are due; at first all are.

    Args:
        streams: Their names.
        every_seconds: From the beginning of a round to that of the next one.
        lists_every_seconds: The same for streams that one or two requests do not bring up to now.
    """

    def __init__(
        self, streams: Iterable[str], every_seconds: float, lists_every_seconds: float
    ) -> None:
        self._turns = {name: _Turn() for name in streams}
        self._every_seconds = every_seconds
        self._lists_every_seconds = max(every_seconds, lists_every_seconds)

    def due(self, now: float) -> list[str]:
        """Return the streams to ask in a round that begins now."""
        # A stream is asked in the round that is nearest to its time.
        latest = now + self._every_seconds / 2
        return [name for name, turn in self._turns.items() if turn.due_at <= latest]

    def next_at(self) -> float:
        """Return when the next stream is due, by the stopwatch."""
        return min(turn.due_at for turn in self._turns.values())

    def are_followed(self, streams: Iterable[str]) -> bool:
        """Whether all of some streams are asked in every round."""
        return all(name in _FOLLOWED for name in streams)

    def note(self, runs: Mapping[str, StreamRun], begun_at: float, ended_at: float) -> None:
        """Set when the streams of a round are asked again.

        One that failed is asked again sooner than a list, and less and less often; one that
        Zendesk refuses is asked as often as a list; one that is not at its end, at once.

        Args:
            runs: What the round did with them.
            begun_at: When it began, by the stopwatch.
            ended_at: When it ended; a failure has taken its time in between.
        """
        for name, run in runs.items():
            turn = self._turns[name]
            usual = self._every_seconds if name in _FOLLOWED else self._lists_every_seconds
            turn.failures = turn.failures + 1 if run.status == "failed" else 0
            if run.status == "failed":
                turn.due_at = ended_at + pause_seconds(self._every_seconds, turn.failures)
            elif run.status == "skipped":
                turn.due_at = begun_at + self._lists_every_seconds
            else:
                turn.due_at = begun_at + (usual if run.is_at_end else 0.0)
