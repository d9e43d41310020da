"""How large is a first load? Rows, requests, minutes and disk, from a few requests.

    from zendesk_source.preflight.plan import plan

    estimate = plan(["tickets", "users"])
    print(estimate.requests, estimate.minutes)

Rows come from Zendesk's counts where there are any. Of the other exports three pages are read, and
what lies between them is taken to be as dense.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from zendesk_source.account.brands import help_centers
from zendesk_source.account.connection import Connection
from zendesk_source.account.first_page import first_page
from zendesk_source.api.budget import OnWait
from zendesk_source.api.client import Answer
from zendesk_source.api.clock import Clock
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.extract.positions import EXPORTS, row_time
from zendesk_source.preflight.account import connected
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.selection import select_streams
from zendesk_source.times import parse_date

AT_ONCE = 4
SAMPLED_ROWS = 100
DISK_PER_BODY_BYTE = 0.57
"""DuckDB's file took 152 MB for the 267 MB that Zendesk sent of 20,000 simulated tickets."""

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
"""Where Zendesk says how many rows a stream has; it counts all times, so not with dates."""

Seconds = tuple[int, int | None]
"""First and last epoch second to read; None is now."""


@dataclass(slots=True)
class Estimate:
    """What a first load of one stream takes.

    Attributes:
        rows: How many it has; None when nothing tells.
        is_exact: Whether the rows were counted, rather than estimated.
        requests: How many a load sends at least.
        minutes: How long that takes if no other stream shared its rate limit.
        disk_bytes: How large its rows are in DuckDB.
        reason: Why it would not be loaded; empty where it would.
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
        streams: The estimate of each stream, by name.
        minutes: How long all of them take together: the slowest rate limit decides.
        slowest: Name of that rate limit.
        notes: Sentences on what is skipped, unknown, or decides the time.
    """

    streams: Mapping[str, Estimate]
    minutes: float
    slowest: str
    notes: Sequence[str]

    @property
    def requests(self) -> int:
        """Requests of all streams."""
        return sum(one.requests for one in self.streams.values())

    @property
    def disk_bytes(self) -> float:
        """Size of all streams in DuckDB."""
        return sum(one.disk_bytes for one in self.streams.values())


def plan(
    streams: Iterable[str] = (),
    *,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
    credentials: ZendeskCredentials | None = None,
    clock: Clock | None = None,
    on_wait: OnWait | None = None,
) -> Plan:
    """Ask Zendesk a little, and estimate a first load.

    Args:
        streams: What would be loaded, as ``select_streams`` takes it; the core when left out.
        start_date: First moment to read; the beginning when left out.
        end_date: Last moment to read; now when left out.
        credentials: None takes those that dlt's configuration holds.
        clock: None takes the machine's own.
        on_wait: Called with the reason and the seconds before a request waits.

    Raises:
        ConfigurationError: A setting is missing or wrong.
        AuthenticationError: Zendesk refuses the credentials.
        ZendeskError: Zendesk does not answer.
    """
    with connected(credentials, clock, on_wait) as connection:
        start, end = parse_date(start_date, "start_date"), parse_date(end_date, "end_date")
        window = (int(start.timestamp()) if start else 0, int(end.timestamp()) if end else None)
        names = select_streams(streams)
        chosen = [stream for stream in STREAMS if stream.name in names]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            found = threads.map(lambda stream: _estimate(connection, stream, window), chosen)
            estimates = dict(zip((stream.name for stream in chosen), found, strict=True))
        return _plan(connection, chosen, estimates)


def _estimate(connection: Connection, stream: Stream, window: Seconds) -> Estimate:
    """Estimate a stream; one that each brand has is estimated at each Help Center."""
    if not stream.is_of_brand:
        return _estimate_at(connection, stream, window, None)
    found = help_centers(connection, stream.name).found
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
    connection: Connection, stream: Stream, window: Seconds, center: HelpCenter | None
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
    window: Seconds,
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
    window: Seconds,
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
        limits = connection.client.limits_of(stream.path, stream.bucket)
        for limit, requests_per_second in limits.items():
            needed = one.requests / requests_per_second
            seconds[limit] += needed
            one.minutes = max(one.minutes, needed / 60)
    slowest = max(seconds, key=lambda limit: seconds[limit])
    minutes = seconds[slowest] / 60
    notes = _notes(estimates)
    if round(minutes, 1) > 0:
        notes.append(f"The rate limit {slowest} decides how long it takes.")
    return Plan(estimates, minutes, slowest, notes)


def _notes(estimates: Mapping[str, Estimate]) -> list[str]:
    notes = [f"skipped: {name}: {one.reason}" for name, one in estimates.items() if one.reason]
    if unknown := [name for name, one in estimates.items() if one.rows is None and not one.reason]:
        names = ", ".join(unknown)
        notes.append(f"Zendesk does not count these, so they take more than shown: {names}")
    return notes
