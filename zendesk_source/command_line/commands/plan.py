"""Estimate a first load before it begins: rows, requests, minutes at this account's limits, disk.

Zendesk counts the rows of some streams. For other exports it reads three pages and estimates what
lies between them, which is right to about a factor of two. It loads nothing. `load --dry-run` does
the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from zendesk_source.command_line.options import (
    add_demo_argument,
    add_stream_arguments,
    check_streams,
)
from zendesk_source.command_line.output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from zendesk_source.preflight.plan import Estimate, Plan

_HEADINGS = ("stream", "rows", "requests", "minutes", "MB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_stream_arguments(parser)
    add_demo_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the estimate."""
    check_streams(options)
    from zendesk_source.command_line.account import account_of
    from zendesk_source.command_line.loading import window_of
    from zendesk_source.preflight.plan import plan

    with account_of(options) as account:
        start, end = window_of(options)
        estimated = plan(options.streams or (), start_date=start, end_date=end, **account)
    if options.json:
        print_json(_document(estimated))
        return 0
    rows = [_row(name, one) for name, one in estimated.streams.items()]
    print_table(_HEADINGS, [*rows, _total(estimated)], needed_columns=len(_HEADINGS))
    print_lines("", *estimated.notes)
    return 0


def _document(plan: Plan) -> dict[str, Any]:
    """Return a plan as one JSON object."""
    return {
        "streams": {name: asdict(one) for name, one in plan.streams.items()},
        "requests": plan.requests,
        "minutes": round(plan.minutes, 2),
        "slowest_rate_limit": plan.slowest,
        "disk_bytes": round(plan.disk_bytes),
        "notes": list(plan.notes),
    }


def _row(name: str, one: Estimate) -> Sequence[str]:
    rows = f"{'' if one.is_exact else 'about '}{one.rows:,}" if one.rows is not None else "?"
    return (name, rows, f"{one.requests:,}", _minutes(one.minutes), _megabytes(one.disk_bytes))


def _total(plan: Plan) -> Sequence[str]:
    return (
        "total",
        "",
        f"{plan.requests:,}",
        _minutes(plan.minutes),
        _megabytes(plan.disk_bytes),
    )


def _minutes(minutes: float) -> str:
    return f"{minutes:,.0f}" if minutes >= 10 else f"{minutes:.1f}"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f}" if size >= 1e7 else f"{size / 1e6:.1f}"
