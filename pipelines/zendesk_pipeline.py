"""Copy a Zendesk account into DuckDB, or wherever dlt can load to.

    python pipelines/zendesk_pipeline.py --demo
    python pipelines/zendesk_pipeline.py --streams tickets,users --start-date 2024-01-01

Credentials come from .dlt/secrets.toml or the environment, the destination's own settings from
dlt's configuration. Exit codes: 0 every stream, 5 some skipped or failed and the rest loaded,
1 failed, 2 configuration, 3 authentication.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import dlt

from zendesk_source import ZendeskError, sync, zendesk_support
from zendesk_source.demo import run_demo
from zendesk_source.failures import explained
from zendesk_source.report import as_json, progress_line, summary
from zendesk_source.selection import select_streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        with explained():
            return _run(options)
    except ZendeskError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. What was loaded is complete; start again to go on.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    pipeline = dlt.pipeline(
        "zendesk_demo" if options.demo else "zendesk",
        destination=options.destination,
        dataset_name=options.dataset,
        progress=options.progress if options.progress in ("log", "tqdm") else None,
    )
    on_slice = (lambda runs: _say(progress_line(runs))) if options.progress == "lines" else None
    if options.demo:
        report = run_demo(pipeline, _say if options.json else print, on_slice)
    else:
        source = zendesk_support(start_date=options.start_date, end_date=options.end_date)
        selected = source.with_resources(*select_streams(options.streams))
        report = sync(pipeline, selected, on_slice=on_slice)
    if options.json:
        print(as_json(report))
    elif not options.demo:
        print(summary(report))
    return report.exit_code


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--streams",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        default=[],
        help="streams to read, separated by commas (default: all)",
    )
    parser.add_argument("--start-date", help="read changes from here, such as 2024-01-31")
    parser.add_argument("--end-date", help="read a fixed window up to here")
    parser.add_argument("--destination", default="duckdb", help="dlt destination (default: duckdb)")
    parser.add_argument("--dataset", default="zendesk_data", help="dataset or schema to load into")
    parser.add_argument("--demo", action="store_true", help="load a simulated account")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--progress",
        choices=("lines", "log", "tqdm", "none"),
        default="lines" if sys.stderr.isatty() else "none",
        help="how to show progress on stderr",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
