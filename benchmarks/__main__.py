"""`python -m benchmarks`: the table of docs/benchmarks.md, measured anew.

Every load runs in a process of its own, several times, the loads taking turns. What counts is
the CPU time of the whole process, imports included: wall time depends on who else is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.pages import MAKERS, PAGE_ROWS, write_pages

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
VERSIONS = ("dlt", "duckdb", "pyarrow", "msgspec", "orjson")
YARDSTICK = "orjson"
Result = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        title: What the line says.
        load: Key of ``measure.LOADS``.
        stream: Whose pages.
        share: Part of the rows that are loaded; slow loads get fewer.
        rows: Rows, where that is no share.
        before: Load into the same database that comes first and is not counted.
    """

    title: str
    load: str
    stream: str = "tickets"
    share: float = 1.0
    rows: int | None = None
    before: str = ""


CASES = {
    "loads": [
        Case("`orjson.loads`, nothing kept", YARDSTICK),
        Case("tickets with metrics, tags and followers", "sync"),
        Case("the same by hand, from files", "hand"),
        Case("the same by hand, through TLS", "hand-tls"),
        Case("tickets, through TLS", "sync-tls"),
        Case("the same as typed dicts", "sync-objects", share=0.1),
        Case("a plain dlt resource, dlt's defaults", "plain", share=0.0125),
        Case("`orjson.loads`, nothing kept", YARDSTICK, "users"),
        Case("users", "sync", "users"),
        Case("users, through TLS", "sync-tls", "users"),
        Case("the same by hand, from files", "hand", "users"),
        Case("the same by hand, through TLS", "hand-tls", "users"),
        Case("`orjson.loads`, nothing kept", YARDSTICK, "ticket_events"),
        Case("ticket events with comments and history", "sync", "ticket_events"),
        Case("the same, through TLS", "sync-tls", "ticket_events"),
        Case("the same by hand, from files", "hand", "ticket_events"),
        Case("the same by hand, through TLS", "hand-tls", "ticket_events"),
    ],
    "memory": [
        Case("a tenth of the tickets", "sync", share=0.1),
        Case("a quarter of the tickets", "sync", share=0.25),
        Case("all tickets", "sync"),
    ],
    "size": [
        Case("a tenth of the tickets, through TLS", "sync-tls", share=0.1),
        Case("all tickets, through TLS", "sync-tls"),
    ],
    "later": [
        Case("a first load of 1,000 tickets", "sync", rows=1000),
        Case("1,000 that changed, of all", "sync-changed", before="sync"),
    ],
    "idle": [
        Case("`import dlt`", "import", rows=0),
        Case("a first sync of every stream, 300 tickets", "sync-account", rows=300),
        Case("every stream again, nothing new", "sync-account", rows=300, before="sync-account"),
    ],
}


def run(case: Case, rows: int, folder: Path) -> Result:
    """Run one load in a process of its own."""
    if case.stream in MAKERS and rows >= PAGE_ROWS:
        # Here, so that the load does not pay for it.
        write_pages(folder, case.stream, rows, is_packed=case.load.endswith("-tls"))
    with tempfile.TemporaryDirectory(prefix="zendesk-bench-") as work:
        results = [
            load_apart(load, case.stream, rows, folder, work)
            for load in (case.before, case.load)
            if load
        ]
    return results[-1]


def load_apart(load: str, stream: str, rows: int, folder: Path, work: str) -> Result:
    """Run a load of ``measure.LOADS`` in a process of its own, and return what it prints."""
    quiet = {"RUNTIME__LOG_LEVEL": "ERROR", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", load, stream, folder, str(rows), work],
        cwd=ROOT,
        env={**os.environ, **quiet},
        check=True,
        capture_output=True,
        text=True,
    )
    result: Result = json.loads(finished.stdout.splitlines()[-1])
    return result


def measure(cases: Sequence[Case], rows: int, runs: int, folder: Path) -> list[Result]:
    """Run every load several times, in turns, and return the medians."""
    results: list[list[Result]] = [[] for _ in cases]
    for number in range(runs):
        for case, found in zip(cases, results, strict=True):
            found.append(run(case, _rows_of(case, rows), folder))
            print(f"run {number + 1}: {case.title}: {found[-1]['cpu_seconds']} s", flush=True)
    return [_median(found) for found in results]


def _rows_of(case: Case, rows: int) -> int:
    return max(PAGE_ROWS, int(rows * case.share)) if case.rows is None else case.rows


def _median(found: list[Result]) -> Result:
    numbers = {name for name, value in found[0].items() if isinstance(value, (int, float))}
    medians = {name: statistics.median(each.get(name, 0) for each in found) for name in numbers}
    rates = [each["rows"] / each["cpu_seconds"] for each in found]
    return {**found[0], **medians, "spread": f"{min(rates):,.0f}-{max(rates):,.0f}"}


def table(cases: Sequence[Case], results: Sequence[Result]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "| load | rows | CPU s | rows per CPU s (range) | of `orjson.loads` | peak MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    yardsticks = {
        case.stream: result["rows"] / result["cpu_seconds"]
        for case, result in zip(cases, results, strict=True)
        if case.load == YARDSTICK
    }
    for case, result in zip(cases, results, strict=True):
        rate = result["rows"] / result["cpu_seconds"]
        ratio = f"{rate / yardsticks[case.stream]:.3f}" if case.stream in yardsticks else ""
        lines.append(
            f"| {case.title} | {result['rows']:,} | {result['cpu_seconds']:.2f}"
            f" | {rate:,.0f} ({result['spread']}) | {ratio} | {result['peak_mb']:.0f} |"
        )
    return lines


def machine() -> str:
    """Return what it was measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
        f" on {platform.system()}, {versions}"
    )


def write_report(sections: dict[str, list[str]], command: str, runs: int) -> None:
    """Put the tables between the marks in the report; its text stays."""
    head, _, rest = REPORT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    lines = [BEGIN, "", f"`{command}`, {runs} runs each, medians; {machine()}.", ""]
    for name, rows in sections.items():
        lines += [f"### {name.capitalize()}", "", *rows, ""]
    REPORT.write_text(head + "\n".join([*lines, END]) + tail, encoding="utf-8")


def main() -> None:
    """Measure, print, and write the report when asked to."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("sections", nargs="*", choices=[*CASES, []], help="which tables")
    options.add_argument("--rows", type=int, default=200_000, help="rows a load (%(default)s)")
    options.add_argument("--runs", type=int, default=3, help="runs of each load (%(default)s)")
    options.add_argument("--pages", type=Path, help="folder that keeps the pages between runs")
    options.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = options.parse_args()
    sections = {}
    with tempfile.TemporaryDirectory(prefix="zendesk-pages-") as temporary:
        folder = arguments.pages or Path(temporary)
        for name in arguments.sections or CASES:
            results = measure(CASES[name], arguments.rows, arguments.runs, folder)
            sections[name] = table(CASES[name], results)
            print("\n".join(["", *sections[name], ""]), flush=True)
    if arguments.write:
        chosen = " ".join(["python -m benchmarks", *arguments.sections])
        write_report(sections, f"{chosen} --rows {arguments.rows}", arguments.runs)


if __name__ == "__main__":
    main()
