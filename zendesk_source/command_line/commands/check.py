"""Say whether a load would work: settings, log-in, role, streams, rate limits, clock, destination.

Each stream is asked for one row; nothing is loaded and nothing is written. Of exports that share
a small rate limit one is asked, where Zendesk has one its sample, so that the next load finds the
minute's requests unspent; the others are told as not asked. Of products whose streams are not
chosen, one stream is asked.

exit codes: 0 all of it would work, 4 a chosen stream is closed to these credentials or cannot be
read, 1 Zendesk does not answer, 2 a setting is wrong, 3 Zendesk refused the credentials.
"""

from __future__ import annotations

import argparse

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to check."""
    add_stream_argument(parser)
    add_destination_arguments(parser)
    add_demo_argument(parser)
    add_wait_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Check, print, and return the exit code."""
    check_streams(options)
    check_dataset(options)
    from zendesk_source.command_line.checking import checked

    found = checked(options)
    closed = {
        n: one for n, one in found["streams"].items() if one["status"] in ("closed", "failed")
    }
    code = STREAM_IS_CLOSED if closed else 0
    facts = found.pop("text")
    if options.json:
        print_json({**found, "exit_code": code})
        return code
    told = [(name, one["status"], one["reason"]) for name, one in closed.items()]
    lines = lines_of(told, was_any_read=len(closed) < len(found["streams"]))
    if options.quiet:
        for line in lines:
            log.error(line)
        return code
    print_facts({name: text for name, text in facts.items() if text})
    if lines:
        print_lines("", *lines)
    for warning in found["warnings"]:
        log.warning(warning)
    return code
