"""The figures at the top of the page, each with its value in as many weeks before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from zendesk_source.html_report import queries, wording
from zendesk_source.html_report.loaded import Loaded, Period


@dataclass(frozen=True)
class Tile:
    """A figure, its value before, and whether a higher value is better."""

    title: str
    now: float | None
    before: float | None
    say: Callable[[float | None], str]
    is_more_better: bool | None = None
    behind: str = ""
    """What the figure was computed from."""

    @property
    def change(self) -> str:
        """The change, in words."""
        if self.now is None or not self.before:
            return ""
        if self.say(self.now) == self.say(self.before):
            return "as before"
        return f"{'▲' if self.now > self.before else '▼'} from {self.say(self.before)}"

    @property
    def verdict(self) -> str | None:
        """``better`` or ``worse``; None if that is unknown."""
        if not self.change.startswith(("▲", "▼")) or self.is_more_better is None:
            return None
        return "better" if self.change.startswith("▲") == self.is_more_better else "worse"


def tiles(loaded: Loaded, asked: Period) -> list[Tile]:
    """Return the figures that the loaded tables can give."""
    found = []
    if loaded.has(queries.FLOW):
        counts = _counts(loaded, asked)
        found += counts
        if loaded.has(queries.SPEED):
            created, solved, _ = (int(tile.now or 0) for tile in counts)
            found += _medians(loaded, created, solved)
    if loaded.has(queries.SATISFACTION):
        found.append(_satisfaction(loaded))
    return found


def _counts(loaded: Loaded, asked: Period) -> list[Tile]:
    rows = [(day, int(created), int(solved)) for day, created, solved in loaded.ask(queries.FLOW)]
    now = [row for row in rows if row[0] >= asked.first_day]
    earlier = [row for row in rows if row[0] < asked.first_day]
    # The oldest row stands for everything before the weeks that are compared.
    before = [row for row in earlier if row[0] >= asked.first_of_before]
    unsolved_before = sum(row[1] - row[2] for row in earlier)
    unsolved = unsolved_before + sum(row[1] - row[2] for row in now)
    is_whole = len(before) < len(earlier)
    created, solved = (
        (sum(row[i] for row in now), sum(row[i] for row in before) if is_whole else None)
        for i in (1, 2)
    )
    return [
        Tile("created", *created, wording.count),
        Tile("solved", *solved, wording.count),
        Tile("unsolved", unsolved, unsolved_before, wording.count, is_more_better=False),
    ]


def _medians(loaded: Loaded, created: int, solved: int) -> list[Tile]:
    overall = {
        (row[0], bool(row[1])): (row[6], row[4])
        for row in loaded.ask(queries.SPEED)
        if row[2] is None and row[3] is None
    }

    def tile(kind: str, title: str, total: int, which: str) -> Tile:
        now, measured = overall.get((kind, True), (None, 0))
        before, _ = overall.get((kind, False), (None, 0))
        behind = f"{measured:,} of {total:,} {which}"
        return Tile(title, now, before, wording.duration, is_more_better=False, behind=behind)

    return [
        tile("reply", "median first reply", created, "created"),
        tile("resolution", "median resolution", solved, "solved"),
    ]


def _satisfaction(loaded: Loaded) -> Tile:
    rows = loaded.ask(queries.SATISFACTION)
    rated = sum(good + bad for week, good, bad in rows if week >= 0)
    return Tile(
        "good ratings",
        _good_in_percent(row for row in rows if row[0] >= 0),
        _good_in_percent(row for row in rows if row[0] < 0),
        wording.percent,
        is_more_better=True,
        behind=f"{rated:,} rating{'' if rated == 1 else 's'}",
    )


def _good_in_percent(rows: Iterable[tuple[Any, ...]]) -> float | None:
    pairs = [(row[1], row[2]) for row in rows]
    good, rated = sum(good for good, _ in pairs), sum(good + bad for good, bad in pairs)
    return 100 * good / rated if rated else None
