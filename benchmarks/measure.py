"""One load in a process of its own: `python -m benchmarks.measure LOAD STREAM FOLDER ROWS`.

Prints one line of JSON: CPU seconds of the whole process, its peak memory, and where they went.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from benchmarks.pages import PAGE_ROWS, write_pages

SLICE_PAGES = 25
FIRST_READ = datetime(2026, 1, 1, tzinfo=timezone.utc)


def parse_only(_stream: str, paths: list[Path], _work: Path) -> dict[str, float]:
    """Parse every page with orjson and keep nothing: the yardstick."""
    for path in paths:
        orjson.loads(path.read_bytes())
    return {}


def plain_dlt(stream: str, paths: list[Path], work: Path) -> dict[str, float]:
    """Load with a resource that yields dicts, everything else as dlt has it."""
    import dlt

    @dlt.resource(name=stream, primary_key="id", write_disposition="merge")
    def rows() -> Iterator[Any]:
        for path in paths:
            yield orjson.loads(path.read_bytes())[stream]

    return _timed_run(_pipeline(work), rows)


def shaped(
    stream: str,
    paths: list[Path],
    work: Path,
    *,
    columnar: bool = True,
    pages_together: int = 5,
    is_kept_open: bool = True,
) -> dict[str, float]:
    """Load in slices, as `sync` does, with one of the two shapers.

    Args:
        stream: Whose pages.
        paths: The pages.
        work: Folder for the database.
        columnar: Arrow tables instead of dicts.
        pages_together: Pages handed to dlt at once.
        is_kept_open: DuckDB writes its file anew whenever the last connection is closed, after
            every package; one that stays open makes it write once.
    """
    from benchmarks.resources import shaped_resource

    seconds: dict[str, float] = {}
    pipeline = _pipeline(work)
    with contextlib.ExitStack() as stack:
        if is_kept_open:
            stack.enter_context(pipeline.destination_client())
        for first in range(0, len(paths), SLICE_PAGES):
            part = paths[first : first + SLICE_PAGES]
            read_at = FIRST_READ + timedelta(seconds=first)
            pages = pages_together if columnar else 0
            steps = _timed_run(pipeline, shaped_resource(stream, part, read_at, pages))
            seconds.update({step: seconds.get(step, 0) + spent for step, spent in steps.items()})
        before = _cpu_seconds()
    seconds["close"] = _cpu_seconds() - before
    return seconds


LOADS: dict[str, Callable[[str, list[Path], Path], dict[str, float]]] = {
    "orjson": parse_only,
    "plain": plain_dlt,
    "dicts": partial(shaped, columnar=False),
    "columnar": shaped,
    "columnar-page-by-page": partial(shaped, pages_together=1),
    "columnar-closing": partial(shaped, is_kept_open=False),
    "columnar-closing-page-by-page": partial(shaped, pages_together=1, is_kept_open=False),
}


def _pipeline(work: Path) -> Any:
    import dlt

    return dlt.pipeline(
        "benchmark",
        destination=dlt.destinations.duckdb(str(work / "benchmark.duckdb")),
        dataset_name="zendesk",
        pipelines_dir=str(work / "pipelines"),
    )


def _timed_run(pipeline: Any, source: Any) -> dict[str, float]:
    seconds = {}
    for step, run in (
        ("extract", lambda: pipeline.extract(source)),
        ("normalize", pipeline.normalize),
        ("load", pipeline.load),
    ):
        before = _cpu_seconds()
        run()
        seconds[step] = _cpu_seconds() - before
    return seconds


def _cpu_seconds() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _tables(work: Path) -> dict[str, int]:
    database = work / "benchmark.duckdb"
    if not database.exists():
        return {}
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'zendesk' AND table_name NOT LIKE '!_dlt%' ESCAPE '!'"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM zendesk."{name}"').fetchall()[0][0]
            for (name,) in names
        }


def main() -> None:
    """Run one load and print what it cost."""
    load, stream, folder, rows = sys.argv[1:5]
    paths = write_pages(Path(folder), stream, int(rows))
    # dlt reads the project's shipped settings from the working folder.
    with tempfile.TemporaryDirectory(prefix="zendesk-bench-") as temporary:
        work = Path(temporary)
        os.environ.setdefault("DLT_DATA_DIR", str(work / "dlt"))
        started = time.monotonic()
        steps = LOADS[load](stream, paths, work)
        cpu_seconds, wall_seconds = _cpu_seconds(), time.monotonic() - started
        peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = {
            "rows": len(paths) * PAGE_ROWS,
            "bytes": sum(path.stat().st_size for path in paths),
            "cpu_seconds": round(cpu_seconds, 3),
            "wall_seconds": round(wall_seconds, 3),
            "peak_mb": round(peak_kb / 1024),
            "tables": _tables(work),
            **{step: round(spent, 3) for step, spent in steps.items()},
        }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
