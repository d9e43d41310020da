"""One load in a process of its own: `python -m benchmarks.measure LOAD STREAM FOLDER ROWS WORK`.

Prints one line of JSON: CPU seconds of the process, its peak memory, and what it loaded. Who
serves the pages is another process and not counted.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from benchmarks.pages import PAGE_ROWS, changed_page, write_pages
from benchmarks.savings import WITHOUT, left_out

DATASET = "zendesk_data"
TOKEN = "a-token"


def parse_only(stream: str, folder: Path, rows: int, _work: Path) -> None:
    """Parse every page with orjson and keep nothing: the yardstick."""
    for path in write_pages(folder, stream, rows):
        orjson.loads(path.read_bytes())


def plain_dlt(stream: str, folder: Path, rows: int, work: Path) -> None:
    """Load with a resource that yields dicts, everything else as dlt has it."""
    import dlt

    paths = write_pages(folder, stream, rows)

    @dlt.resource(name=stream, primary_key="id", write_disposition="merge")
    def read() -> Iterator[Any]:
        for path in paths:
            yield orjson.loads(path.read_bytes())[stream]

    _pipeline(work).run(read)


def import_only(_stream: str, _folder: Path, _rows: int, _work: Path) -> None:
    """Import dlt, which every load has to."""
    import dlt  # noqa: F401


def synced(
    stream: str,
    folder: Path,
    rows: int,
    work: Path,
    *,
    item_format: str = "auto",
    is_changed: bool = False,
    is_secure: bool = False,
) -> None:
    """Load a stream with `sync`, as users do, from a server of page files.

    Args:
        stream: Which one.
        folder: Of the pages.
        rows: How many there are.
        work: Folder of the database; an earlier load in it is continued.
        item_format: As the source takes it.
        is_changed: A page of changed rows follows what was loaded before.
        is_secure: Pages come gzipped through TLS.
    """
    with _served(stream, folder, rows, work, is_changed=is_changed, is_secure=is_secure) as address:
        _sync(work, address, [stream], item_format)


def by_hand(stream: str, folder: Path, rows: int, work: Path, *, is_changed: bool = False) -> None:
    """Load page files with SQL that was written for them, changed ones as last served."""
    from benchmarks.by_hand import in_packages, load

    paths = write_pages(folder, stream, rows)
    if is_changed:
        paths.append(changed_page(folder, rows, is_new=False))
    load(stream, in_packages(paths), _database(work))


def served_by_hand(stream: str, folder: Path, rows: int, work: Path) -> None:
    """Load with the same SQL what is asked for through TLS, and saved before it is loaded."""
    from benchmarks.by_hand import downloaded, load

    with _served(stream, folder, rows, work, is_secure=True) as address:
        load(stream, downloaded(stream, address, work), _database(work))


def synced_account(_streams: str, _folder: Path, rows: int, work: Path) -> None:
    """Load every stream of a simulated account; again, when it was loaded before."""
    from benchmarks.server import NOON
    from zendesk_source.simulator import SimulatedClock

    command = [sys.executable, "-m", "benchmarks.server", "account", str(rows)]
    with serving(command) as port:
        # The account's clock stands still, and so must ours.
        clock = SimulatedClock(start=NOON)
        _sync(work, f"http://127.0.0.1:{port}", ["all"], "auto", clock)


def idle(streams: str, _folder: Path, rows: int, work: Path) -> dict[str, float]:
    """Load ``core`` or ``all`` of a simulated account, and again six times with nothing new.

    Returns:
        The medians of the last five, as in a process that keeps running.
    """
    from benchmarks.server import NOON
    from zendesk_source.simulator import SimulatedClock

    command = [sys.executable, "-m", "benchmarks.server", "account", str(rows)]
    spent: list[tuple[float, float]] = []
    with serving(command) as port:
        clock = SimulatedClock(start=NOON)  # the account's stands still
        for _ in range(7):
            before = _cpu_seconds(), time.monotonic()
            _sync(work, f"http://127.0.0.1:{port}", [streams], "auto", clock)
            spent.append((_cpu_seconds() - before[0], time.monotonic() - before[1]))
    cpu_seconds, wall_seconds = (round(median(each), 3) for each in zip(*spent[2:], strict=True))
    return {"idle_cpu_seconds": cpu_seconds, "idle_wall_seconds": wall_seconds}


def backfilled(_stream: str, _folder: Path, _rows: int, _work: Path) -> dict[str, float]:
    """Read a slow export to its end, as fast as its rate limit allows; how long that takes."""
    from benchmarks.budget import SLOW_EXPORT, measure

    return {"minutes": measure(SLOW_EXPORT, scale=30.0, seed=1).minutes}


def tapped(stream: str, folder: Path, rows: int, work: Path) -> dict[str, float]:
    """Read a stream with the Singer tap, its lines into a file; how many there are."""
    from zendesk_source.singer.tables import STREAM_OF
    from zendesk_source.singer.tap import main as tap

    tables = [name for name, each in STREAM_OF.items() if each.name == stream]
    chosen = [{"breadcrumb": [], "metadata": {"selected": True}}]
    catalog = {"streams": [{"tap_stream_id": name, "metadata": chosen} for name in tables]}
    command = [sys.executable, "-m", "benchmarks.server", stream, str(folder), str(rows)]
    with serving(command) as port, (work / "lines").open("wb") as out:
        address = f"http://127.0.0.1:{port}"
        config = {"subdomain": "acme", "base_url": address, "access_token": TOKEN}
        for name, content in (("config", config), ("catalog", catalog)):
            (work / name).write_bytes(orjson.dumps(content))
        to_stdout = os.dup(1)
        os.dup2(out.fileno(), 1)
        exit_code = tap(["--config", str(work / "config"), "--catalog", str(work / "catalog")])
        sys.stdout.flush()
        os.dup2(to_stdout, 1)
    assert not exit_code
    with (work / "lines").open("rb") as lines:
        return {"lines": float(sum(1 for _ in lines))}


LOADS: dict[str, Callable[[str, Path, int, Path], dict[str, float] | None]] = {
    "orjson": parse_only,
    "plain": plain_dlt,
    "import": import_only,
    "sync": synced,
    "sync-objects": partial(synced, item_format="object"),
    "sync-changed": partial(synced, is_changed=True),
    "sync-tls": partial(synced, is_secure=True),
    "hand": by_hand,
    "hand-changed": partial(by_hand, is_changed=True),
    "hand-tls": served_by_hand,
    "sync-account": synced_account,
    "idle": idle,
    "backfill": backfilled,
    "tap": tapped,
}


@contextmanager
def _served(
    stream: str,
    folder: Path,
    rows: int,
    work: Path,
    *,
    is_changed: bool = False,
    is_secure: bool = False,
) -> Iterator[str]:
    certificate = work / "certificate.pem"
    command = [sys.executable, "-m", "benchmarks.server", stream, str(folder), str(rows)]
    command += ["changed"] if is_changed else []
    command += [f"tls={certificate}"] if is_secure else []
    with serving(command) as port:
        if is_secure:
            os.environ["REQUESTS_CA_BUNDLE"] = str(certificate)
        yield f"{'https' if is_secure else 'http'}://127.0.0.1:{port}"


@contextmanager
def serving(command: list[str]) -> Iterator[int]:
    """Run a server that prints its port, and end it."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.kill()
        # Not waited for: the CPU time of children that were is added to our own.


def _sync(
    work: Path, base_url: str, streams: list[str], item_format: str, clock: Any = None
) -> None:
    from zendesk_source import sync, zendesk_source
    from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
    from zendesk_source.settings.selection import select_streams

    credentials = ZendeskOAuthToken()
    credentials.subdomain, credentials.oauth_token = "acme", TOKEN
    credentials.base_url = base_url
    source = zendesk_source(credentials, item_format=item_format, clock=clock)
    report = sync(_pipeline(work), source.with_resources(*select_streams(streams)), clock=clock)
    failed = {name: run.reason for name, run in report.runs.items() if run.status != "ok"}
    assert not failed, failed


def _pipeline(work: Path) -> Any:
    import dlt

    return dlt.pipeline(
        "benchmark",
        destination=dlt.destinations.duckdb(str(_database(work))),
        dataset_name=DATASET,
        pipelines_dir=str(work / "pipelines"),
    )


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _tables(work: Path) -> dict[str, int]:
    database = _database(work)
    if not database.exists():
        return {}
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            f" AND table_schema = '{DATASET}' AND table_name NOT LIKE '!_%' ESCAPE '!'"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM {DATASET}."{name}"').fetchall()[0][0]
            for (name,) in names
        }


def _database(work: Path) -> Path:
    return work / "benchmark.duckdb"


def main() -> None:
    """Run one load and print what it cost."""
    load, stream, folder, rows, work = sys.argv[1:6]
    os.environ.setdefault("DLT_DATA_DIR", str(Path(work) / "dlt"))
    started = time.monotonic()
    with left_out(os.environ.get(WITHOUT, "")):
        further = LOADS[load](stream, Path(folder), int(rows), Path(work)) or {}
    cpu_seconds, wall_seconds = _cpu_seconds(), time.monotonic() - started
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {
        "rows": -(-int(rows) // PAGE_ROWS) * PAGE_ROWS,
        "cpu_seconds": round(cpu_seconds, 3),
        "wall_seconds": round(wall_seconds, 3),
        "peak_mb": round(peak_kb / 1024),
        "tables": _tables(Path(work)),
        **further,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
