"""How large a first load is, from a few requests."""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from zendesk_source.api.budget import product_bucket
from zendesk_source.api.client import Answer
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.command_line.account import account_of
from zendesk_source.command_line.dlt_runtime import dlt_runtime
from zendesk_source.command_line.loading import window_of
from zendesk_source.command_line.output import log
from zendesk_source.command_line.progress import Lines
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.extract.positions import EXPORTS, row_time
from zendesk_source.preflight.preview import first_page
from zendesk_source.resources.connection import Connection
from zendesk_source.settings.selection import select_streams
from zendesk_source.times import parse_date

AT_ONCE = 4
SAMPLED_ROWS = 100
DISK_PER_BODY_BYTE = 0.57
"""Of DuckDB's file beside what Zendesk sent: 152 MB of 267 MB, for 20,000 simulated tickets."""

COUNTS = {
    "tickets": "/api/v2/tickets/count",
    "users": "/api/v2/users/count",
    "organizations": "/api/v2/organizations/count",
    "satisfaction_ratings": "/api/v2/satisfaction_ratings/count",
    "groups": "/api/v2/groups/count",
    "tags": "/api/v2/tags/count",
    "ticket_activities": "/api/v2/activities/count",
    "views": "/api/v2/views/count",
    "deleted_users": "/api/v2/deleted_users/count",
}
"""Where Zendesk says how many rows there are; of all times, so not with dates."""

Window = tuple[int, int | None]
"""Epoch seconds; the end is open."""


@dataclass(slots=True)
class Estimate:
    """What a first load of one stream takes.

    Attributes:
        rows: How many; None when nothing tells.
        is_exact: Whether they were counted, or read.
        requests: At least.
        minutes: At the rate limit of the stream, if it had that for itself.
        disk_bytes: In DuckDB.
        reason: Why it would not be loaded.
    """

    rows: int | None = None
    is_exact: bool = False
    requests: int = 0
    minutes: float = 0.0
    disk_bytes: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a first load takes.

    Attributes:
        streams: By name.
        minutes: Of all together: the rate limit that is needed longest decides.
        slowest: Name of that rate limit.
        notes: What to say below the table.
    """

    streams: Mapping[str, Estimate]
    minutes: float
    slowest: str
    notes: Sequence[str]

    @property
    def requests(self) -> int:
        """Of all streams."""
        return sum(one.requests for one in self.streams.values())

    @property
    def disk_bytes(self) -> float:
        """Of all streams."""
        return sum(one.disk_bytes for one in self.streams.values())

    def document(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "streams": {name: asdict(one) for name, one in self.streams.items()},
            "requests": self.requests,
            "minutes": round(self.minutes, 2),
            "slowest_rate_limit": self.slowest,
            "disk_bytes": round(self.disk_bytes),
            "notes": list(self.notes),
        }


def planned(options: argparse.Namespace) -> Plan:
    """Ask Zendesk a little and estimate the rest."""
    with dlt_runtime(), account_of(options) as connection:
        connection.on_wait = Lines().on_wait
        first, last = window_of(options)
        start, end = parse_date(first, "start_date"), parse_date(last, "end_date")
        window = (int(start.timestamp()) if start else 0, int(end.timestamp()) if end else None)
        names = select_streams(options.streams or [])
        streams = [stream for stream in STREAMS if stream.name in names]
        with stopping_at_signals(log.info, "Stopped."), ThreadPoolExecutor(AT_ONCE) as threads:
            found = threads.map(lambda stream: _estimate(connection, stream, window), streams)
            estimates = dict(zip((stream.name for stream in streams), found, strict=True))
        return _plan(connection, streams, estimates)


def _estimate(connection: Connection, stream: Stream, window: Window) -> Estimate:
    """Estimate a stream; what each brand has for itself, at each Help Center."""
    if not stream.is_of_brand:
        return _estimate_at(connection, stream, window, None)
    found = connection.help_centers(stream.name).found
    each = [_estimate_at(connection, stream, window, center) for center in found]
    known = [one.rows for one in each if one.rows is not None]
    reasons = [one.reason for one in each if one.reason]
    return Estimate(
        rows=sum(known) if known else None,
        is_exact=all(one.is_exact for one in each),
        requests=sum(one.requests for one in each),
        disk_bytes=sum(one.disk_bytes for one in each),
        reason=reasons[0] if len(reasons) == len(each) > 0 else "",
    )


def _estimate_at(
    connection: Connection, stream: Stream, window: Window, center: HelpCenter | None
) -> Estimate:
    try:
        if stream.parent is not None:
            parents = _estimate_at(connection, stream.parent.stream, window, center)
            return Estimate(requests=parents.rows or 0, reason=parents.reason)
        page = first_page(connection, stream, rows=SAMPLED_ROWS, since=window[0], center=center)
        assert page is not None
        return _sized(stream, page, *_rows(connection, stream, page, window, center))
    except StreamRefused as error:
        return Estimate(reason=str(error))


def _rows(
    connection: Connection,
    stream: Stream,
    page: Page,
    window: Window,
    center: HelpCenter | None,
) -> tuple[int | None, bool]:
    """Return how many rows there are, and whether that is exact."""
    if page.is_last:
        return len(page.rows), True
    if window == (0, None) and stream.name in COUNTS:
        try:
            answer: Answer[Any] = connection.client.get(COUNTS[stream.name], stream=stream.name)
            return int(answer.value["count"]["value"]), True
        except StreamRefused:
            pass  # not every account shows its counts
    if stream.paging in EXPORTS:
        return _by_density(connection, stream, page, window, center), False
    count = page.envelope.get("count")
    return (count, True) if isinstance(count, int) and count > len(page.rows) else (None, False)


def _by_density(
    connection: Connection,
    stream: Stream,
    first: Page,
    window: Window,
    center: HelpCenter | None,
) -> int | None:
    """Estimate rows from how much time some pages of them span."""
    times = _times(stream, first)
    if not times:
        return None
    begins = times[0]
    ends = window[1] or int(first.server_time.timestamp())
    pages = [first]
    for part in (1 / 3, 2 / 3):
        since = begins + int((ends - begins) * part)
        page = first_page(connection, stream, rows=SAMPLED_ROWS, since=since, center=center)
        pages += [page] if page is not None and page.rows else []
    spans = [(len(page.rows), _times(stream, page)) for page in pages]
    densities = [rows / max(1, span[-1] - span[0]) for rows, span in spans if span]
    return max(len(first.rows), round(median(densities) * (ends - begins)))


def _times(stream: Stream, page: Page) -> list[int]:
    times = (row_time(row, stream) for row in (page.rows[:1] + page.rows[-1:]))
    return [time for time in times if time is not None]


def _sized(stream: Stream, page: Page, rows: int | None, is_exact: bool) -> Estimate:
    known = len(page.rows) if rows is None else rows
    body_bytes = page.body_bytes / max(1, len(page.rows)) * known
    requests = max(1, math.ceil(known / stream.page_size)) if stream.page_size else 1
    return Estimate(rows, is_exact, requests, disk_bytes=body_bytes * DISK_PER_BODY_BYTE)


def _plan(
    connection: Connection, streams: Sequence[Stream], estimates: dict[str, Estimate]
) -> Plan:
    seconds: dict[str, float] = defaultdict(float)
    for stream in streams:
        one = estimates[stream.name]
        for bucket in filter(None, (stream.bucket, product_bucket(stream.path))):
            needed = one.requests / connection.client.requests_per_second(bucket)
            seconds[bucket] += needed
            one.minutes = max(one.minutes, needed / 60)
    slowest = max(seconds, key=lambda bucket: seconds[bucket])
    minutes = seconds[slowest] / 60
    notes = _notes(estimates)
    if round(minutes, 1) > 0:
        notes.append(f"The rate limit {slowest} decides how long it takes.")
    return Plan(estimates, minutes, slowest, notes)


def _notes(estimates: Mapping[str, Estimate]) -> list[str]:
    notes = [f"skipped: {name}: {one.reason}" for name, one in estimates.items() if one.reason]
    if unknown := [name for name, one in estimates.items() if one.rows is None and not one.reason]:
        notes.append(f"not counted by Zendesk, so more requests than told: {', '.join(unknown)}")
    return notes
