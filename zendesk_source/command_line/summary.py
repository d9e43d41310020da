"""What a sync did, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import dlt

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import STREAMS
from zendesk_source.command_line.output import table_text
from zendesk_source.destination.place import address_of
from zendesk_source.extract.taken_over import TakenOver
from zendesk_source.fleet.report import AccountsReport
from zendesk_source.runs.loop import SyncReport
from zendesk_source.runs.reasons import notes_of
from zendesk_source.times import time_text

HEADINGS = ("stream", "rows", "newest", "pages", "requests", "seconds")

ACCOUNT_HEADINGS = ("account", "result", "rows", "requests", "seconds", "attempts", "worker")
RESULTS = {0: "loaded", 1: "failed", 2: "wrong setting", 3: "refused", 5: "partly loaded"}
"""What an exit code means for one of many accounts."""

_NOTHING = ("",) * (len(HEADINGS) - 2)


def summary(report: SyncReport) -> str:
    """Return the table that a sync prints at its end, and the notes below it."""
    return "\n".join(
        [table_text(HEADINGS, summary_rows(report)), "", *notes_of(report.runs)]
    ).rstrip()


def summary_rows(report: SyncReport) -> list[tuple[str, ...]]:
    """Return the cells of the table: a line for each stream, followed by its side tables."""
    rows: list[tuple[str, ...]] = []
    for name, run in report.runs.items():
        rows.append(_stream_row(name, run))
        sides = ((table, count) for table, count in run.rows.items() if table != name)
        rows += [(f"  {table}", f"{count:,}", *_NOTHING) for table, count in sides]
    return [*rows, _total_row(report)]


def takeover_rows(found: TakenOver, streams: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return a line for each stream: from where it is read after a takeover, and why."""
    by_name = {stream.name: stream for stream in STREAMS}
    rows = []
    for name in streams:
        place, doubt = found.places.get(name), found.doubts.get(name)
        if place is not None:
            why = found.basis[name] + (f"; {doubt}" if doubt else "")
        elif name in found.lost:
            why = f"rows would be missing: {found.lost[name]}"
        elif by_name[name].is_incremental:
            why = "the state does not tell where it stood"
        else:
            why = "it is read whole every time"
        rows.append((name, "its start" if place is None else time_text(place), why))
    return rows


def as_document(report: SyncReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    streams = {
        name: {
            "status": run.status,
            "is_at_end": run.is_at_end,
            "reason": run.reason,
            "rows": run.own_rows(name),
            "tables": run.rows,
            "pages": run.pages,
            "requests": run.usage.requests,
            "retries": run.usage.retries,
            "rate_limited": run.usage.rate_limited,
            "waited_seconds": round(run.usage.waited_seconds, 3),
            "answer_seconds": round(run.usage.answer_seconds, 3),
            "newest": time_text(run.newest) or None,
        }
        for name, run in report.runs.items()
    }
    return {
        "started_at": report.started_at.isoformat(),
        "seconds": round(report.seconds, 3),
        "slices": report.slices,
        "exit_code": report.exit_code,
        "streams": streams,
    }


def where_loaded(pipeline: dlt.Pipeline) -> str:
    """Return one line on where the tables are, without credentials."""
    return f"Loaded into {address_of(pipeline)}, dataset {pipeline.dataset_name}."


def _stream_row(name: str, run: StreamRun) -> tuple[str, ...]:
    if not run.was_read:
        return (name, run.status, "", str(run.pages), str(run.usage.requests), "")
    return (
        name,
        f"{run.own_rows(name):,}",
        time_text(run.newest),
        str(run.pages),
        str(run.usage.requests),
        f"{run.usage.answer_seconds + run.usage.waited_seconds:.1f}",
    )


def _total_row(report: SyncReport) -> tuple[str, ...]:
    runs: list[StreamRun] = list(report.runs.values())
    total: Any = (
        f"{sum(sum(run.rows.values()) for run in runs):,}",
        "",
        str(sum(run.pages for run in runs)),
        str(sum(run.usage.requests for run in runs)),
        f"{report.seconds:.1f}",
    )
    return ("total", *total)


def account_rows(report: AccountsReport) -> list[tuple[str, ...]]:
    """Return the cells of a line for each account."""
    return [
        (
            each.account,
            RESULTS[each.exit_code],
            f"{each.rows:,}",
            str(each.requests),
            f"{each.seconds:.1f}",
            str(each.attempts) if each.attempts > 1 else "",
            each.worker,
        )
        for each in report.accounts
    ]


def account_notes(report: AccountsReport) -> list[str]:
    """Return why an account is not loaded, or not wholly: a line for each."""
    return [f"{each.account}: {each.reason}" for each in report.accounts if each.reason]


def accounts_document(report: AccountsReport) -> dict[str, Any]:
    """Return the report on many accounts as one JSON object."""
    accounts = [{**asdict(each), "seconds": round(each.seconds, 3)} for each in report.accounts]
    for each in accounts:
        del each["may_pass"]
    return {
        "started_at": report.started_at.isoformat(),
        "seconds": round(report.seconds, 3),
        "exit_code": report.exit_code,
        "accounts": accounts,
    }
