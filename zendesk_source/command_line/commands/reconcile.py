"""Prove that the tables hold what Zendesk shows now, name what they do not, and mend it.

Tickets are asked for by every id that the table lacks, so a missing one is found for sure. A random
sample of the rows, old and new, is compared column by column with what a load would have written,
side tables as sets, comments by their number; --full compares all. Short lists are read whole. What
was changed at Zendesk after the last load is told apart and does not count.

No load of the dataset can run meanwhile. What was found is kept in `_zendesk_reconcile_log`.

exit codes: 0 equal, 6 not equal (with --repair: it was not, before), 5 some streams could not be
checked and the rest is equal, 1 failed, 2 a setting is wrong, 3 Zendesk refused the credentials.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from zendesk_source.command_line.options import (
    DATASET,
    add_demo_argument,
    add_destination_arguments,
    check_dataset,
    check_streams,
)
from zendesk_source.command_line.output import log, print_json, print_lines, print_table
from zendesk_source.errors import ConfigurationError

if TYPE_CHECKING:
    import dlt

    from zendesk_source.command_line.account import Account
    from zendesk_source.reconciling.report import ReconcileReport, StreamReport, TableReport

SAMPLE = 1_000
MOST_IDS = 20
_HEADINGS = (
    *("table", "status", "missing", "stale", "extra", "checked", "here", "at Zendesk"),
    *("wrong at most", "requests"),
)
_NEEDED_COLUMNS = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add(
        "--streams",
        metavar="A,B",
        type=_names,
        help="streams to compare, named as for `load` (default: all that were loaded)",
    )
    text = f"rows of each stream to compare (default: {SAMPLE:,})"
    add("--sample", type=int, default=SAMPLE, metavar="N", help=text)
    add("--full", action="store_true", help="compare all rows")
    add("--repair", action="store_true", help="load what is missing or stale, and mark the extra")
    add("--seed", type=int, metavar="N", help="take the sample of an earlier run once more")
    add(
        "--ignore",
        metavar="A,B",
        type=_names,
        default=[],
        help="tables and columns that do not count, such as users.notes",
    )
    add_destination_arguments(parser)
    add_demo_argument(parser)
    add("--wait", action="store_true", help="wait for a load to end instead of refusing")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(options: argparse.Namespace) -> int:
    """Compare, print what was found, and return the exit code."""
    check_streams(options)
    check_dataset(options)
    if options.sample < 1:
        raise ConfigurationError("--sample must be at least 1.", f"Leave it out for {SAMPLE:,}.")
    from zendesk_source.command_line.account import account_of
    from zendesk_source.reconciling.run import reconcile

    with account_of(options) as account, _opened(options, account) as pipeline:
        report = reconcile(
            pipeline,
            options.streams or (),
            sample=options.sample,
            full=options.full,
            repair=options.repair,
            seed=options.seed,
            ignore=options.ignore,
            wait_for_other=options.wait,
            on_cost=_tell_cost,
            **account,
        )
    _print(report, options)
    return report.exit_code


@contextmanager
def _opened(options: argparse.Namespace, account: Account) -> Iterator[dlt.Pipeline]:
    """Open the pipeline of the tables; for the demo, load them and damage some rows."""
    import dlt

    from zendesk_source.command_line import demo
    from zendesk_source.command_line.destination import loaded_pipeline
    from zendesk_source.command_line.dlt_runtime import own_folder

    if options.demo:
        dataset = options.dataset or demo.DATASET
        with own_folder(demo.PIPELINE, wait=options.wait):
            pipeline = dlt.pipeline(demo.PIPELINE, destination="duckdb", dataset_name=dataset)
            yield demo.damaged(pipeline, account["credentials"], account["clock"], log.info)
        return
    with loaded_pipeline(options):
        pass  # there is something to compare
    place = {"destination": options.destination, "dataset_name": options.dataset or DATASET}
    with own_folder("zendesk", wait=options.wait):
        yield dlt.pipeline("zendesk", **place)


def _tell_cost(requests: Mapping[str, int]) -> None:
    told = ", ".join(f"{name} {number:,}" for name, number in requests.items())
    log.info(f"comparing takes about {sum(requests.values()):,} requests: {told}")


def _print(report: ReconcileReport, options: argparse.Namespace) -> None:
    if options.json:
        streams = {
            name: {**asdict(one), "status": one.status} for name, one in report.streams.items()
        }
        document = {
            "started_at": report.started_at.isoformat(),
            "seconds": round(report.seconds, 1),
            "seed": report.seed,
            "streams": streams,
            "is_equal": report.is_equal,
            "exit_code": report.exit_code,
        }
        print_json(document)
        return
    named = [line for one in report.streams.values() for line in _named(one)]
    if options.quiet:
        for line in named:
            log.error(line)
        return
    rows = [row for one in report.streams.values() for row in _rows(one)]
    print_table(_HEADINGS, rows, left_columns=2, needed_columns=_NEEDED_COLUMNS)
    told = [line for one in report.streams.values() for line in _told(one)]
    print_lines("", *named, *told, f"The sample can be taken again with --seed {report.seed}.")


def _rows(one: StreamReport) -> Iterator[Sequence[str]]:
    if not one.tables:
        yield (one.stream, one.status, *[""] * (len(_HEADINGS) - 3), f"{one.requests:,}")
    for number, table in enumerate(one.tables):
        is_own = number == 0
        if not is_own and not table.differences:
            continue
        yield (
            table.table if is_own else f"  {table.table}",
            one.status if is_own else "differs",
            *(f"{len(ids):,}" for ids in (table.missing, table.stale, table.extra)),
            f"{table.checked:,}",
            f"{table.here:,}",
            "" if table.there is None else f"{table.there:,}",
            share_text(table),
            f"{one.requests:,}" if is_own else "",
        )


def _named(one: StreamReport) -> Iterator[str]:
    """Return lines that name the rows that differ, and why a stream failed."""
    if one.is_failed:
        yield f"failed: {one.stream}: {one.reason}"
    for table in one.tables:
        for kind in ("missing", "stale", "extra"):
            if ids := list(getattr(table, kind)):
                more = "" if len(ids) <= MOST_IDS else f" and {len(ids) - MOST_IDS:,} more"
                named = ", ".join(map(str, ids[:MOST_IDS]))
                yield f"{kind}: {table.table}: {named}{more}"
        if table.columns:
            columns = sorted(table.columns.items(), key=lambda each: -each[1])
            told = ", ".join(f"{name} ({number:,})" for name, number in columns[:MOST_IDS])
            yield f"columns: {table.table}: {told}"
    if one.unnamed:
        side = "more" if one.unnamed > 0 else "fewer"
        yield f"counts differ: {one.stream}: Zendesk has {abs(one.unnamed):,} {side}"


def _told(one: StreamReport) -> Iterator[str]:
    if one.tables and one.tables[0].checked < one.tables[0].here:
        own = one.tables[0]
        wrong = len(own.stale) + len(own.extra)
        yield (
            f"{one.stream}: {wrong:,} of {own.checked:,} wrong: with 95 % confidence at most"
            f" {share_text(own)} of all."
        )
    if one.changed:
        yield f"{one.stream}: {one.changed:,} rows were changed after the last load: not counted."
    if one.repaired:
        yield f"{one.stream}: {one.repaired:,} rows, or sets of rows, were mended."
    if one.status == "not checked":
        yield f"not checked: {one.stream}: {one.reason}"
    yield from (f"{one.stream}: {note}" for note in one.notes)


def share_text(table: TableReport) -> str:
    """Return the largest share of wrong rows, rounded up to two digits: ``0.29 %``."""
    if table.bound is None:
        return "unknown"
    if table.bound == 0:
        return "0 %"
    percent = table.bound * 100
    digits = max(0, 1 - math.floor(math.log10(percent)))
    return f"{math.ceil(round(percent * 10**digits, 6)) / 10**digits:.{digits}f} %"
