"""Show how fresh each stream is, from what the syncs of the last 30 days wrote to the destination.

It does not ask Zendesk. `age` is the time since the start of the last sync that read the stream to
its end: later changes at Zendesk are not loaded yet. `rows` counts the rows of the stream's own
table in the last sync, as in the summary of `load`. A sync that seems to have begun in the future,
because of a wrong clock, does not count as fresh. A narrow terminal shows fewer columns; `--json`
has all of them.

With `--accounts` the streams of all accounts of a file are shown, as `acme/tickets`. An account
that was never loaded, or cannot be looked at now, is named; with `--max-age` it counts as too old.

A sync that found nothing new is noted on the machine it ran on, and reaches the destination with
the next one that writes, at the latest with the first one an hour later. So on another machine
`status` may show it that much too old.

exit codes: 0 good, 4 with --max-age if a stream is older, or nothing was loaded in 30 days.
Streams that Zendesk refuses are listed but do not count.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zendesk_source.command_line.options import (
    add_accounts_arguments,
    add_demo_argument,
    add_destination_arguments,
    add_stream_argument,
    add_wait_argument,
    check_accounts,
    check_dataset,
    check_streams,
)
from zendesk_source.command_line.output import log, print_json, print_lines, print_table
from zendesk_source.errors import ZendeskError
from zendesk_source.runs.reasons import lines_of
from zendesk_source.times import duration_text, parse_duration

if TYPE_CHECKING:
    from zendesk_source.destination.place import Place
    from zendesk_source.runs.log_reader import LoggedRun, StreamState

TOO_OLD = 4
_HEADINGS = ("stream", "status", "age", "rows", "newest row (UTC)", "usually", "last sync (UTC)")
_NEEDED_COLUMNS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_stream_argument(parser)
    add_destination_arguments(parser)
    add_demo_argument(parser)
    add_wait_argument(parser)
    parser.add_argument(
        "--max-age",
        metavar="AGE",
        help="end with exit code 4 if a stream is older, such as 90m, 2h or 1d",
    )
    add_accounts_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print how fresh each stream is."""
    max_age = None
    if options.max_age:
        seconds = parse_duration(options.max_age, "--max-age", "90m, 2h or 1d")
        max_age = timedelta(seconds=seconds)
    check_accounts(options)
    check_streams(options)
    check_dataset(options)
    now = datetime.now(timezone.utc)
    states, unseen = _states(options, now)
    from zendesk_source.runs.log_reader import too_old

    old = dict(too_old(states, now, max_age)) if max_age is not None else {}
    is_bad = max_age is not None and bool(old or unseen or not states)
    code = TOO_OLD if is_bad else 0
    if options.json:
        streams = {name: _described(state, now) for name, state in states.items()}
        document = {"streams": streams, "too_old": list(old), "exit_code": code}
        print_json({**document, "unseen": unseen} if options.accounts else document)
        return code
    unseen_told = [f"not seen: {account}: {why}" for account, why in unseen.items()]
    old_told = [f"too old: {name}: {_why(age)}" for name, age in old.items()]
    if options.quiet:
        for line in [*unseen_told, *old_told] if is_bad else []:
            log.error(line)
        return code
    if not states:
        print_lines("Nothing was loaded in the last 30 days.", *unseen_told)
        return code
    rows = [_row(name, state, now) for name, state in states.items()]
    print_table(_HEADINGS, rows, left_columns=2, needed_columns=_NEEDED_COLUMNS)
    if notes := [*_notes(states, now), *unseen_told, *old_told]:
        print_lines("", *notes)
    return code


def _states(
    options: argparse.Namespace, now: datetime
) -> tuple[dict[str, StreamState], dict[str, str]]:
    """Return how each stream stands, and of many accounts why one cannot be looked at."""
    from zendesk_source.command_line.destination import places_of
    from zendesk_source.command_line.dlt_runtime import dlt_runtime
    from zendesk_source.runs.log_reader import state_of

    states, unseen = {}, {}
    with dlt_runtime():
        for account, place in places_of(options).items():
            try:
                runs = _runs_at(place, options, now)
            except ZendeskError as error:
                if not account:
                    raise
                unseen[account] = str(error)
                continue
            before = f"{account}/" if account else ""
            states.update({before + name: state_of(name, runs[name], now) for name in runs})
    return states, unseen


def _runs_at(
    place: Place, options: argparse.Namespace, now: datetime
) -> dict[str, list[LoggedRun]]:
    """Return what is logged of the chosen streams at a place.

    Raises:
        ZendeskError: Nothing is, or it cannot be looked at.
    """
    from dlt.common.pipeline import get_dlt_pipelines_dir

    from zendesk_source.command_line.destination import loaded_pipeline, nothing_loaded
    from zendesk_source.destination.failures import explained
    from zendesk_source.runs.log_reader import logged_runs, stream_of
    from zendesk_source.settings.selection import select_streams

    wanted = None if options.streams is None else select_streams(options.streams)
    with explained(), loaded_pipeline(options, place=place) as pipeline:
        folder = Path(get_dlt_pipelines_dir()) / pipeline.pipeline_name
        runs = logged_runs(pipeline, now, folder)
    if runs is None:
        raise nothing_loaded(f"There is no sync log in dataset {place.dataset}.")
    return {name: runs[name] for name in runs if wanted is None or stream_of(name) in wanted}


def _row(name: str, state: StreamState, now: datetime) -> tuple[str, ...]:
    last, age = state.last, state.age(now)
    return (
        name,
        last.status if last.is_at_end else "unfinished",
        "never" if age is None else duration_text(age.total_seconds()),
        f"{last.rows:,}",
        f"{last.newest_at:%Y-%m-%d %H:%M}" if last.newest_at else "",
        "" if state.usual_rows is None else f"{state.usual_rows:,.0f}",
        f"{last.started_at:%Y-%m-%d %H:%M}",
    )


def _notes(states: Mapping[str, StreamState], now: datetime) -> list[str]:
    bad = [(name, state.last) for name, state in states.items() if state.last.reason]
    told = [(name, last.status, last.reason) for name, last in bad]
    unread = ("skipped", "failed")
    was_any_read = any(state.last.status not in unread for state in states.values())
    notes = lines_of(told, was_any_read=was_any_read)
    ahead = [
        f"wrong clock: {name}: its last sync began in the future, at"
        f" {state.last.started_at:%Y-%m-%d %H:%M} UTC. Nobody knows when that was."
        for name, state in states.items()
        if state.is_of_the_future(now)
    ]
    odd = [
        f"suspicious: {name}: {state.last.rows:,} rows, where {state.usual_rows:,.0f} are usual."
        for name, state in states.items()
        if state.is_suspicious
    ]
    return [*notes, *ahead, *odd]


def _why(age: timedelta | None) -> str:
    if age is None:
        return "never read to its end, or nobody knows when."
    return f"read to its end {duration_text(age.total_seconds())} ago."


def _described(state: StreamState, now: datetime) -> dict[str, Any]:
    last, complete, age = state.last, state.complete_at, state.age(now)
    return {
        "status": last.status,
        "reason": last.reason,
        "is_at_end": last.is_at_end,
        "last_sync": last.started_at.isoformat(),
        "complete_at": complete.isoformat() if complete else None,
        "age_seconds": None if age is None else int(age.total_seconds()),
        "rows": last.rows,
        "usual_rows": state.usual_rows,
        "is_suspicious": state.is_suspicious,
        "newest": last.newest_at.isoformat() if last.newest_at else None,
    }
