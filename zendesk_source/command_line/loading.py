"""How a load is run and its result printed, for ``load`` and ``pipelines/zendesk_pipeline.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
from dlt.common.runtime.collector import NULL_COLLECTOR, LogCollector, TqdmCollector
from dlt.common.runtime.collector_base import Collector
from dlt.extract import DltSource

from zendesk_source.command_line import demo
from zendesk_source.command_line.destination import place_of
from zendesk_source.command_line.dlt_runtime import dlt_runtime, own_folder
from zendesk_source.command_line.options import DATASET, progress_of
from zendesk_source.command_line.output import log, print_json, print_lines, print_table
from zendesk_source.command_line.progress import LiveTable, StepCollector, watched
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.command_line.summary import (
    ACCOUNT_HEADINGS,
    HEADINGS,
    RESULTS,
    account_notes,
    account_rows,
    accounts_document,
    as_document,
    summary_rows,
    takeover_rows,
    where_loaded,
)
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.taken_over import TakenOver, taken_over
from zendesk_source.fleet.load import THREADS, load_accounts
from zendesk_source.fleet.report import AccountLoad
from zendesk_source.runs.loop import SyncReport, sync
from zendesk_source.runs.reasons import notes_of
from zendesk_source.settings.selection import select_streams
from zendesk_source.source import zendesk_source


def load_chosen(options: argparse.Namespace) -> int:
    """Load the chosen streams with the default pipeline."""
    minutes = options.max_minutes
    with dlt_runtime(), own_folder("zendesk", wait=options.wait, max_minutes=minutes) as left:
        options.max_minutes = left
        pipeline = dlt.pipeline(
            "zendesk",
            destination=options.destination,
            dataset_name=options.dataset or DATASET,
            progress=collector(options),
        )
        start, end = window_of(options)
        streams = select_streams(options.streams or [])

        def make_source() -> DltSource:
            return zendesk_source(start_date=start, end_date=end).with_resources(*streams)

        return load(pipeline, make_source, options)


def window_of(options: argparse.Namespace) -> tuple[Any, Any]:
    """Return the first and last moment to read: those of the options, or a scheduler's interval.

    dlt finds the interval in DLT_INTERVAL_START and DLT_INTERVAL_END, or in a task of Airflow.
    """
    scheduled = dlt.current.interval
    interval = scheduled()
    if options.start_date or options.end_date or interval is None or scheduled.is_empty:
        return options.start_date, options.end_date
    if getattr(options, "take_over", None):
        raise _no_end("The interval of the scheduler sets")
    log.info(f"reading the scheduler's interval: {interval.start} to {interval.end}")
    return interval.start, interval.end


def load(
    pipeline: dlt.Pipeline, make_source: Callable[[], DltSource], options: argparse.Namespace
) -> int:
    """Bring a source's selected streams up to now, and print what was done.

    Args:
        pipeline: The pipeline to load with.
        make_source: Makes a source with one of this package's source functions.
        options: The options that ``load.add_arguments`` declares.

    Returns:
        The exit code.
    """
    if pipeline.destination.destination_type.endswith(".filesystem"):
        log.info(
            "note: plain files cannot be merged: every version of a row is kept."
            " See docs/limits.md."
        )
    # Otherwise dlt replaces our signal handlers while it loads, and forgets signals that come.
    pipeline.runtime_config.intercept_signals = False
    if options.every:
        if _has_end() or window_of(options)[1]:
            raise ConfigurationError(
                "The scheduler's interval, or `sources.zendesk.end_date`, sets an end, and --every"
                " has none.",
                "Leave one of them out.",
            )
        from zendesk_source.command_line.keeping_on import keep_loading

        return keep_loading(pipeline, make_source, options)
    source = make_source()
    take_over = _take_over(source, options)
    with watched(progress_of(options)) as watch, stopping_at_signals(watch.on_stop):
        if isinstance(watch, LiveTable):
            pipeline.collector = StepCollector(watch.on_step)
        report = sync(
            pipeline,
            source,
            max_minutes=options.max_minutes,
            wait_for_other=options.wait,
            take_over=take_over,
            on_start=watch.on_start,
            on_slice=watch.on_slice,
            on_wait=watch.on_wait,
            on_cost=watch.on_cost,
        )
    _print(report, options)
    if not options.quiet:
        tell = log.info if options.json else print_lines
        tell(f"\n{where_loaded(pipeline)}")
    return report.exit_code


def _take_over(source: DltSource, options: argparse.Namespace) -> TakenOver | None:
    """Return where another connector stood, if the options ask for it; and print what it means."""
    if options.take_over is None:
        return None
    if _has_end():
        raise _no_end("`sources.zendesk.end_date` sets")
    from zendesk_source.singer.config import read_json

    found = taken_over(read_json(options.take_over, "--take-over"), options.connector)
    if not options.quiet:
        rows = takeover_rows(found, source.selected_resources)
        if options.json:
            for row in rows:
                log.info(": ".join(filter(None, row)))
        else:
            print_table(("stream", "read from", "because"), rows, left_columns=3)
            print_lines("")
    return found


def _has_end() -> bool:
    return bool(dlt.config.get("sources.zendesk.end_date", str))


def _no_end(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} an end, and --take-over has none: it goes on up to now.",
        "Take over in a run without an end; later runs may have one.",
    )


def load_many(options: argparse.Namespace) -> int:
    """Load all accounts of a file, and print what became of each.

    Raises:
        ConfigurationError: An option or the file is wrong.
    """
    threads = THREADS if options.threads is None else options.threads
    if options.every:
        from zendesk_source.command_line.keeping_on import keep_loading_accounts

        with dlt_runtime():
            return keep_loading_accounts(options, threads)
    is_told = progress_of(options) != "none" or options.verbose
    with dlt_runtime(), stopping_at_signals(log.info):
        report = load_accounts(
            options.accounts,
            only=options.only,
            scheduler=options.scheduler or "",
            allows_tcp=options.allow_tcp,
            workers=options.workers or 0,
            threads=threads,
            max_minutes=options.max_minutes,
            on_turn=_tell_turn if is_told else None,
        )
    if options.json:
        print_json(accounts_document(report))
    elif options.quiet:
        for line in account_notes(report):
            log.error(line)
    else:
        print_table(ACCOUNT_HEADINGS, account_rows(report), left_columns=2, needed_columns=5)
        if lines := account_notes(report):
            print_lines("", *lines)
    return report.exit_code


def _tell_turn(load: AccountLoad, goes_on: bool) -> None:
    what = f"{RESULTS[load.exit_code]}, {load.rows:,} rows in {load.seconds:.1f} s"
    fields = {"account": load.account, "exit_code": load.exit_code, "goes_on": goes_on}
    more = "; it goes on" if goes_on else ""
    log.info(f"{load.account}: {what}{more}", extra={"fields": fields})


def run_demo(options: argparse.Namespace) -> int:
    """Load a simulated account twice, and ask its tables three questions."""
    with dlt_runtime(), own_folder("zendesk_demo", wait=options.wait):
        pipeline = _demo_pipeline(options)
        # dlt remembers where the file of an earlier demo was made; this one's is made here.
        pipeline.set_local_state_val("initial_cwd", str(Path.cwd()))
        pipeline = _demo_pipeline(options)
        tell = log.info if options.json or options.quiet else print_lines
        # It prints in between, where a live table would stand.
        is_shown = progress_of(options) in ("live", "lines")
        progress = "lines" if is_shown else "none"
        with watched(progress) as watch, stopping_at_signals(watch.on_stop):
            report = demo.run_demo(pipeline, tell, watch.on_slice)
        if options.json:
            print_json(as_document(report))
        tell(f"\n{where_loaded(pipeline)}")
        return report.exit_code


def _demo_pipeline(options: argparse.Namespace) -> dlt.Pipeline:
    place = place_of(options)
    return dlt.pipeline(
        place.pipeline,
        destination=place.destination,
        dataset_name=place.dataset,
        progress=collector(options),
    )


def collector(options: argparse.Namespace) -> Collector:
    """Return dlt's own way to show progress, if the options ask for one."""
    # dlt's own "log" would write between our lines on stdout, and warn of a missing psutil.
    if options.progress == "log":
        return LogCollector(logger=sys.stderr, dump_system_stats=False)
    return TqdmCollector() if options.progress == "tqdm" else NULL_COLLECTOR


def _print(report: SyncReport, options: argparse.Namespace) -> None:
    if options.json:
        print_json(as_document(report))
    elif options.quiet:
        for line in notes_of(report.runs):
            log.error(line)
    else:
        _print_summary(report)


def _print_summary(report: SyncReport) -> None:
    print_table(HEADINGS, summary_rows(report), needed_columns=2)
    if lines := notes_of(report.runs):
        print_lines("", *lines)
