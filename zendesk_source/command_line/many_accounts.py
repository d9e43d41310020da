"""The commands over all accounts of a file: how they are loaded, and what is printed of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from zendesk_source.command_line.dlt_runtime import dlt_runtime
from zendesk_source.command_line.options import progress_of
from zendesk_source.command_line.output import log, print_json, print_lines, print_table
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.errors import ConfigurationError
from zendesk_source.fleet.load import THREADS, load_accounts
from zendesk_source.fleet.report import AccountLoad, AccountsReport

HEADINGS = ("account", "result", "rows", "requests", "seconds", "attempts", "worker")
_RESULTS = {0: "loaded", 1: "failed", 2: "wrong setting", 3: "refused", 5: "partly loaded"}


def load(options: argparse.Namespace) -> int:
    """Load all accounts of a file, and print what became of each.

    Raises:
        ConfigurationError: An option or the file is wrong.
    """
    if options.workers is not None and options.scheduler:
        raise ConfigurationError(
            "--workers are processes of this machine, and --scheduler has its own.",
            "Leave one of them out.",
        )
    if options.threads is not None and options.scheduler:
        raise ConfigurationError(
            "--threads is for this machine; --scheduler has workers with threads of their own.",
            "Leave it out: dask worker ADDRESS --nthreads N.",
        )
    if any(value is not None and value < 1 for value in (options.workers, options.threads)):
        raise ConfigurationError("--workers and --threads must be 1 or more.", "Leave them out.")
    tell = progress_of(options) != "none" or options.verbose
    with dlt_runtime(), stopping_at_signals(log.info):
        report = load_accounts(
            options.accounts,
            only=options.only,
            scheduler=options.scheduler or "",
            allows_tcp=options.allow_tcp,
            workers=options.workers or 0,
            threads=THREADS if options.threads is None else options.threads,
            max_minutes=options.max_minutes,
            on_turn=_tell_turn if tell else None,
        )
    _print(report, options)
    return report.exit_code


def as_document(report: AccountsReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    return {
        "started_at": report.started_at.isoformat(),
        "seconds": round(report.seconds, 3),
        "exit_code": report.exit_code,
        "accounts": [_described(each) for each in report.accounts],
    }


def _described(load: AccountLoad) -> dict[str, Any]:
    described = asdict(load)
    del described["may_pass"]
    return {**described, "seconds": round(load.seconds, 3)}


def _tell_turn(load: AccountLoad, goes_on: bool) -> None:
    more = ", and goes on" if goes_on else ""
    log.info(
        f"{load.account}: {_RESULTS[load.exit_code]}, {load.rows:,} rows in {load.seconds:.1f} s"
        + more,
        extra={"fields": {"account": load.account, "exit_code": load.exit_code}},
    )


def _print(report: AccountsReport, options: argparse.Namespace) -> None:
    if options.json:
        print_json(as_document(report))
    elif options.quiet:
        for line in _notes(report):
            log.error(line)
    else:
        print_table(HEADINGS, map(_row, report.accounts), left_columns=2, needed_columns=5)
        if notes := list(_notes(report)):
            print_lines("", *notes)


def _row(load: AccountLoad) -> tuple[str, ...]:
    return (
        load.account,
        _RESULTS[load.exit_code],
        f"{load.rows:,}",
        str(load.requests),
        f"{load.seconds:.1f}",
        str(load.attempts) if load.attempts > 1 else "",
        load.worker,
    )


def _notes(report: AccountsReport) -> Iterator[str]:
    for each in report.accounts:
        if each.reason:
            yield f"{each.account}: {each.reason}"
