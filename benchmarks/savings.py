"""`python -m benchmarks.savings`: what each saving saves, measured with it and without it.

A saving is what could be left out, and every table would be the same. Each is left out in a process
of its own, in turns with processes that leave nothing out, so that both meet the same machine. Who
adds one adds a line here; one that saves less than a twentieth of what a user could notice goes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.__main__ import Case, run

WITHOUT = "BENCHMARK_WITHOUT"
"""In the environment: the name of the saving that a process leaves out."""

PACKAGE = "zendesk_source"


@dataclass(frozen=True)
class Saving:
    """Something that only saves.

    Attributes:
        title: What it does.
        instead: What stands in its place while it is left out, by dotted name.
        load: Key of ``measure.LOADS`` that shows what it saves.
        stream: Whose pages.
        figure: Of the result: ``cpu_seconds``, ``peak_mb`` or ``minutes`` of a backfill.
        before: Load into the same database that comes first and is not counted.
        rows: How many, where that is not for the caller to say.
    """

    title: str
    instead: Mapping[str, Any]
    load: str = "sync"
    stream: str = "tickets"
    figure: str = "cpu_seconds"
    before: str = ""
    rows: int = 0


def _small_packages() -> Any:
    from zendesk_source.resources.run import SliceLimits

    return SliceLimits(max_pages=25, max_bytes=36 * 1024 * 1024)


def _never(*_: object, **__: object) -> bool:
    return False


def _all_pages(_stream: object, pages: list[Any], *_: object) -> list[Any]:
    return pages


def _no_first_read(*_: object) -> int:
    return 0


@contextmanager
def _much_memory(*_: object) -> Iterator[Any]:
    from zendesk_source.destination.duckdb_memory import DatabaseMemory

    yield DatabaseMemory()


_IDLE: dict[str, Any] = {"load": "sync-account", "before": "sync-account", "rows": 300}

SAVINGS: Mapping[str, Saving] = {
    "lanes": Saving(
        "a slow export read in several places at once (30 requests a minute, 4 s a page)",
        {"extract.lanes.Crew.join_if_useful": _never},
        load="backfill",
        figure="minutes",
    ),
    "decoder": Saving(
        "pages decoded into typed records and Arrow columns, not into dicts",
        {"resources.handing.takes_arrow": _never},
    ),
    "batches": Saving(
        "five pages handed to dlt at once",
        {"resources.handing.PAGES_AT_ONCE": 1},
    ),
    "packages": Saving(
        "packages of 144 MB, not of 36",
        {"runs.loop.SliceLimits": _small_packages},
    ),
    "changed_since": Saving(
        "rows that come for the first time remove nothing of their side tables",
        {"resources.exports.changed_since": _no_first_read},
    ),
    "unchanged lists": Saving(
        "lists with the digest of the last load are not written",
        {"resources.lists.whole.is_as_loaded": _never},
        **_IDLE,
    ),
    "newest rows": Saving(
        "rows of the last second that come again are not merged",
        {"resources.exports.not_loaded": _all_pages},
        **_IDLE,
    ),
    "asking": Saving(
        "dlt is given only what has something new, and a file that nobody wrote is not opened",
        {"runs.asking.ask": _never, "runs.loop.is_as_left": _never},
        load="idle",
        stream="core",
        figure="idle_cpu_seconds",
        rows=300,
    ),
    "collector": Saving(
        "Python's garbage collector rests while a page is shaped",
        {"shape.arrow.shaper.no_collection": nullcontext},
        stream="ticket_events",
    ),
    "memory": Saving(
        "DuckDB's memory and threads bounded, and freed memory given back",
        {
            "runs.loop.little_memory": _much_memory,
            "resources.taking.give_back_free_memory": _never,
        },
        figure="peak_mb",
    ),
}


@contextmanager
def left_out(name: str) -> Iterator[None]:
    """Leave a saving out, in this process.

    Args:
        name: Key of ``SAVINGS``; empty leaves nothing out.
    """
    with ExitStack() as stack:
        for target, stand_in in SAVINGS[name].instead.items() if name else ():
            stack.enter_context(patch(f"{PACKAGE}.{target}", stand_in))
        yield


def measured(name: str, saving: Saving, rows: int, runs: int, folder: Path) -> tuple[float, float]:
    """Return the median of a figure, with a saving and without it, measured in turns."""
    found: dict[str, list[float]] = {"": [], name: []}
    for _ in range(runs):
        for without, figures in found.items():
            case = Case("", saving.load, saving.stream, before=saving.before)
            with patch.dict(os.environ, {WITHOUT: without}):
                figures.append(run(case, saving.rows or rows, folder)[saving.figure])
    with_it, without_it = map(statistics.median, found.values())
    return with_it, without_it


def main() -> None:
    """Print a table: a line a saving."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.savings", description=__doc__)
    options.add_argument("names", nargs="*", help=f"some of: {', '.join(SAVINGS)}")
    options.add_argument("--rows", type=int, default=50_000, help="rows a load (%(default)s)")
    options.add_argument("--runs", type=int, default=3, help="runs of each (%(default)s)")
    arguments = options.parse_args()
    print("| saving | what it does | measured | with | without | saves |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="zendesk-pages-") as folder:
        for name in arguments.names or SAVINGS:
            saving = SAVINGS[name]
            with_it, without = measured(name, saving, arguments.rows, arguments.runs, Path(folder))
            what = saving.figure.replace("_", " ")
            print(
                f"| {name} | {saving.title} | {what} | {with_it:.1f} | {without:.1f}"
                f" | {1 - with_it / without:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
