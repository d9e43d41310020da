"""Find out whether a load would work: settings, log-in, role, streams, rate limits, destination.

It asks each chosen stream for one row, loads nothing and writes nothing. If several exports share
a small rate limit, it asks only one of them, at its sample endpoint if there is one, and lists the
others as not asked: the next load needs these requests. It also asks one stream of each product
that you did not choose.

exit codes: 0 all of it would work, 4 a chosen stream is closed to these credentials or cannot be
read, 1 Zendesk does not answer, 2 a setting is wrong, 3 Zendesk refused the credentials.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from zendesk_source.command_line.options import (
    add_demo_argument,
    add_destination_arguments,
    add_stream_argument,
    add_wait_argument,
    check_dataset,
    check_streams,
)
from zendesk_source.command_line.output import log, print_facts, print_json, print_lines
from zendesk_source.runs.reasons import lines_of

STREAM_IS_CLOSED = 4
DEMO_PLACE = "zendesk_demo.duckdb in the folder where `load --demo` is run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_stream_argument(parser)
    add_destination_arguments(parser)
    add_demo_argument(parser)
    add_wait_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Check, print the findings, and return the exit code."""
    check_streams(options)
    check_dataset(options)
    from zendesk_source.command_line.account import account_of
    from zendesk_source.command_line.destination import place_of
    from zendesk_source.command_line.findings import as_document, facts_of
    from zendesk_source.preflight.check import check

    with account_of(options) as account:
        place = None if options.demo else place_of(options)
        report = check(options.streams or (), place=place, waits_long=options.wait, **account)
    if options.demo:
        report = replace(report, destination=DEMO_PLACE)
    code = STREAM_IS_CLOSED if report.closed else 0
    told = [(name, one.status, one.reason) for name, one in report.closed.items()]
    lines = lines_of(told, was_any_read=len(report.closed) < len(report.streams))
    if options.json:
        print_json({**as_document(report), "exit_code": code})
    elif options.quiet:
        for line in lines:
            log.error(line)
    else:
        print_facts(facts_of(report))
        if lines:
            print_lines("", *lines)
        for warning in report.warnings:
            log.warning(warning)
    return code
