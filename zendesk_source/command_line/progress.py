"""How a load shows its progress: a live table on a terminal, or lines for a log file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from dlt.common.runtime import signals
from dlt.common.runtime.collector import NullCollector

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.command_line.output import log
from zendesk_source.times import duration_text, time_text

Runs = dict[str, StreamRun]

_SMALLEST_SHARE_TO_JUDGE_BY = 0.02
_REFRESHES_A_SECOND = 2.0


_STEPS = {"Extract": "reading", "Normalize": "preparing", "Load": "loading"}
"""What we call a step of dlt, by the first word of dlt's name for it."""


class Watch(Protocol):
    """What ``sync`` calls, and when."""

    def on_start(self, runs: Runs) -> None:
        """Before anything is read; the runs change in place."""

    def on_slice(self, runs: Runs) -> None:
        """After each loaded package."""

    def on_wait(self, reason: str, wait_seconds: float) -> None:
        """A request waits; called from the thread that does."""

    def on_cost(self, cost: str) -> None:
        """A stream is about to cost more than others."""

    def on_stop(self, text: str) -> None:
        """A signal was heard; called from a thread of its own."""


@contextmanager
def watched(progress: str) -> Iterator[Watch]:
    """Show a sync's progress on stderr: ``live``, in ``lines``, or not at all."""
    if progress != "live":
        yield Lines() if progress == "lines" else Silent()
        return
    from rich.console import Console
    from rich.live import Live

    table = LiveTable()
    with Live(
        console=Console(stderr=True),
        get_renderable=table.render,
        refresh_per_second=_REFRESHES_A_SECOND,
        transient=True,
        redirect_stdout=False,  # it would become stderr
    ):
        yield table


class Silent:
    """Shows long waits only; ends the sync between two packages when a signal came.

    Args:
        stopwatch: Returns seconds of a clock that never goes back.
    """

    shortest_wait_told_seconds = 60.0

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._stopwatch = stopwatch
        self._told_until: dict[str, float] = {}

    def on_start(self, runs: Runs) -> None:
        """Show nothing."""

    def on_slice(self, runs: Runs) -> None:
        """End the sync when a signal came."""
        signals.raise_if_signalled()

    def on_wait(self, reason: str, wait_seconds: float) -> None:
        """Say why a request waits, once for all requests that wait for the same reason."""
        now = self._stopwatch()
        if wait_seconds < self.shortest_wait_told_seconds or now < self._told_until.get(reason, 0):
            return
        told = {other: until for other, until in self._told_until.items() if until > now}
        self._told_until = {**told, reason: now + wait_seconds}  # or it would grow for ever
        fields = {"wait_seconds": round(wait_seconds, 1), "reason": reason}
        log.info(f"waiting {duration_text(wait_seconds)}: {reason}", extra={"fields": fields})

    def on_cost(self, cost: str) -> None:
        """Log the cost, which the user may not know of."""
        log.info(f"cost: {cost}")

    def on_stop(self, text: str) -> None:
        """Log the text."""
        log.info(text)


class Lines(Silent):
    """A line for each loaded package and each wait."""

    shortest_wait_told_seconds = 3.0

    def on_slice(self, runs: Runs) -> None:
        """Log how far the streams are."""
        log.info(progress_line(runs), extra={"fields": {"streams": progress_fields(runs)}})
        super().on_slice(runs)


class StepCollector(NullCollector):
    """Reports the steps of dlt, and counts nothing.

    Args:
        on_step: Called with dlt's name of each step that begins.
    """

    def __init__(self, on_step: Callable[[str], None]) -> None:
        self._on_step = on_step

    def _start(self, step: str) -> None:
        self._on_step(step)


class LiveTable(Silent):
    """A table that is redrawn while the sync goes on.

    Args:
        stopwatch: Returns seconds of a clock that never goes back.
    """

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stopwatch)
        self._started = stopwatch()
        self._runs: Runs = {}
        self._seen: dict[str, float] = {}
        self._wait = ("", self._started)
        self._step = "connecting"

    def on_step(self, step: str) -> None:
        """Show which step dlt has begun."""
        self._step = _STEPS.get(step.partition(" ")[0], self._step)

    def on_start(self, runs: Runs) -> None:
        """Begin to show these streams."""
        self._runs = runs

    def on_wait(self, reason: str, wait_seconds: float) -> None:
        """Show the wait until it is over."""
        self._wait = (reason, self._stopwatch() + wait_seconds)

    def render(self) -> Any:
        """Return what to draw now."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        for i, heading in enumerate(("reading", "rows", "pages", "up to", "done", "left")):
            table.add_column(heading, justify="right" if i else "left", no_wrap=True)
        reading = self.rows()
        for row in reading:
            table.add_row(*row)
        parts = [table] if reading else []
        return Group(*parts, *(Text(line, style="dim") for line in self.footer()))

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of a line for each stream that has begun and is not at its end."""
        return [
            self._row(name, run)
            for name, run in list(self._runs.items())
            if run.pages and not run.is_at_end
        ]

    def footer(self) -> list[str]:
        """Return the lines below: totals, what is waited for, and which streams have not begun."""
        now = self._stopwatch()
        runs = dict(self._runs)
        rows = sum(sum(list(run.rows.values())) for run in runs.values())
        parts = [self._step, duration_text(now - self._started)]
        if rows:
            done = sum(run.is_at_end for run in runs.values())
            parts[1:1] = [f"{done} of {len(runs)} streams at the end", f"{rows:,} rows read"]
        lines = [" · ".join(parts)]
        reason, until = self._wait
        if until - now >= 1:
            lines.append(f"waiting {duration_text(until - now)}: {reason}")
        if later := [name for name, run in runs.items() if not (run.pages or run.is_at_end)]:
            lines.append(f"not begun: {', '.join(later)}")
        return lines

    def _row(self, name: str, run: StreamRun) -> tuple[str, ...]:
        began = self._seen.setdefault(name, self._stopwatch())
        cells = (name, f"{run.own_rows(name):,}", str(run.pages))
        if run.timeline is None:
            return (*cells, "", "", "")
        share = run.timeline.share
        left = ""
        if _SMALLEST_SHARE_TO_JUDGE_BY <= share < 1:
            left = duration_text((self._stopwatch() - began) * (1 - share) / share)
        return (*cells, time_text(run.timeline.through), f"{share:.0%}", left)


def progress_line(runs: Runs) -> str:
    """Return one line on how far the streams are."""
    reading = [
        f"{name} {run.own_rows(name):,}"
        + (f" up to {time_text(run.timeline.through)}" if run.timeline else "")
        for name, run in runs.items()
        if not run.is_at_end and run.pages
    ]
    done = sum(run.is_at_end for run in runs.values())
    return ", ".join([f"{done} of {len(runs)} streams at the end", *reading])


def progress_fields(runs: Runs) -> dict[str, Any]:
    """Return how far the streams are, for a program."""
    return {
        name: {
            "rows": run.own_rows(name),
            "pages": run.pages,
            "status": run.status,
            "is_at_end": run.is_at_end,
            "up_to": time_text(run.timeline.through) if run.timeline else None,
            "share": _share(run),
        }
        for name, run in runs.items()
    }


def _share(run: StreamRun) -> float | None:
    if run.is_at_end:
        return 1.0
    return round(run.timeline.share, 3) if run.timeline else None
