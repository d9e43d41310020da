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
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.pages import write_pages

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
VERSIONS = ("dlt", "duckdb", "pyarrow", "msgspec", "orjson")
YARDSTICK = "orjson"
DUCKDB_CONFIG = "DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG"
SHIPPED = {DUCKDB_CONFIG: json.dumps({"threads": 1, "memory_limit": "500MB"})}

Result = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        title: What the line says.
        load: Key of ``measure.LOADS``.
        stream: Whose pages.
        share: Part of the rows that are loaded; slow loads get fewer.
        settings: Environment variables that change dlt's settings.
    """

    title: str
    load: str
    stream: str = "tickets"
    share: float = 1.0
    settings: dict[str, str] = field(default_factory=dict)


CASES = {
    "loads": [
        Case("`orjson.loads`, nothing kept", YARDSTICK),
        Case("tickets with metrics and tags", "columnar"),
        Case("the same as typed dicts", "dicts", share=0.1),
        Case("a plain dlt resource, dlt's defaults", "plain", share=0.0125),
        Case("`orjson.loads`, nothing kept", YARDSTICK, "users"),
        Case("users", "columnar", "users"),
        Case("`orjson.loads`, nothing kept", YARDSTICK, "ticket_events"),
        Case("ticket events with comments", "columnar", "ticket_events"),
    ],
    "settings": [
        Case("`orjson.loads`, nothing kept", YARDSTICK),
        Case("as shipped", "columnar"),
        Case(
            "all threads for DuckDB",
            "columnar",
            settings={DUCKDB_CONFIG: json.dumps({"memory_limit": "500MB"})},
        ),
        Case(
            "no memory limit for DuckDB",
            "columnar",
            settings={DUCKDB_CONFIG: json.dumps({"threads": 1})},
        ),
        Case("each page handed to dlt alone", "columnar-page-by-page"),
        Case("DuckDB closed after each package", "columnar-closing"),
        Case("none of the four", "columnar-closing-page-by-page", settings={DUCKDB_CONFIG: "{}"}),
        Case("parquet not compressed", "columnar", settings={"DATA_WRITER__COMPRESSION": "none"}),
        Case("parquet with zstd", "columnar", settings={"DATA_WRITER__COMPRESSION": "zstd"}),
        Case(
            "row groups of 25,000", "columnar", settings={"DATA_WRITER__BUFFER_MAX_ITEMS": "25000"}
        ),
    ],
    "memory": [
        Case("a quarter of the tickets", "columnar", share=0.25),
        Case("half of the tickets", "columnar", share=0.5),
        Case("all tickets", "columnar"),
    ],
}


def run(case: Case, rows: int, folder: Path) -> Result:
    """Run one load in a process of its own."""
    write_pages(folder, case.stream, rows)  # here, so that the load does not pay for it
    command = [sys.executable, "-m", "benchmarks.measure", case.load, case.stream, str(folder)]
    quiet = {"RUNTIME__LOG_LEVEL": "ERROR", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    finished = subprocess.run(
        [*command, str(rows)],
        cwd=ROOT,
        env={**os.environ, **SHIPPED, **quiet, **case.settings},
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
            found.append(run(case, max(1000, int(rows * case.share)), folder))
            print(f"run {number + 1}: {case.title}: {found[-1]['cpu_seconds']} s", flush=True)
    return [_median(found) for found in results]


def _median(found: list[Result]) -> Result:
    numbers = {name for name, value in found[0].items() if isinstance(value, (int, float))}
    medians = {name: statistics.median(each.get(name, 0) for each in found) for name in numbers}
    rates = [each["rows"] / each["cpu_seconds"] for each in found]
    return {**found[0], **medians, "spread": f"{min(rates):,.0f}-{max(rates):,.0f}"}


def table(cases: Sequence[Case], results: Sequence[Result]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "| load | rows | CPU s | extract / load / close | rows per CPU s (range)"
        " | of `orjson.loads` | peak MB |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    yardsticks = {
        case.stream: result["rows"] / result["cpu_seconds"]
        for case, result in zip(cases, results, strict=True)
        if case.load == YARDSTICK
    }
    for case, result in zip(cases, results, strict=True):
        rate = result["rows"] / result["cpu_seconds"]
        ratio = f"{rate / yardsticks[case.stream]:.3f}" if case.stream in yardsticks else ""
        steps = " / ".join(f"{result.get(step, 0):.1f}" for step in ("extract", "load", "close"))
        lines.append(
            f"| {case.title} | {result['rows']:,} | {result['cpu_seconds']:.2f}"
            f" | {steps if 'load' in result else ''} | {rate:,.0f} ({result['spread']})"
            f" | {ratio} | {result['peak_mb']:.0f} |"
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
