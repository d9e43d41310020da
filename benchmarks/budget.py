"""`python -m benchmarks.budget`: how much of the allowed requests a backfill really makes.

A simulated account behind a real socket, on a clock that runs faster than the world: rate limits,
the time a page takes and the pauses of the loading side are all shortened alike. What is measured
is everything between the rate limit and the destination: budget, lanes and read-ahead.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from random import Random
from typing import Any

from zendesk_source.api.budget import Budget
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.extract.lanes import Crew, LaneReader
from zendesk_source.extract.positions import open_position
from zendesk_source.extract.read_ahead import ReadAhead
from zendesk_source.extract.steps import Step
from zendesk_source.login.auth import StaticAuth
from zendesk_source.simulator import Account, RateLimits, Request, Simulator
from zendesk_source.simulator.clock import TimeScaledClock
from zendesk_source.simulator.store import iso

TOKEN = "a-token"
PAGE_ROWS = 25
SLICE_PAGES = 25
LOAD_SECONDS = 6.0
DAYS = 700
DAY_SECONDS = 86_400
START = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
BY_NAME: Mapping[str, Stream] = {stream.name: stream for stream in STREAMS}


@dataclass(frozen=True)
class Case:
    """One account and what is asked of it.

    Attributes:
        title: What the line says.
        streams: Streams and how many pages each has.
        limits: Requests a minute by rate limit.
        page_seconds: How long a page takes.
        target: Share of the allowed requests that must be made.
    """

    title: str
    streams: Mapping[str, int]
    limits: Mapping[str, int]
    page_seconds: float
    target: float


EXPORTS, USERS_CURSOR = "incremental-exports", "incremental-exports-cursor"
SLOW_EXPORT = Case("tickets, 30 a minute, 4 s pages", {"tickets": 250}, {EXPORTS: 30}, 4.0, 0.90)
CASES = (
    Case("tickets, 10 a minute, 1 s pages", {"tickets": 85}, {EXPORTS: 10}, 1.0, 0.95),
    SLOW_EXPORT,
    Case("users, 60 a minute, 3 s pages", {"users": 420}, {USERS_CURSOR: 60}, 3.0, 0.90),
    Case(
        "four exports sharing 10 a minute, 1 s pages",
        {"tickets": 30, "ticket_events": 35, "ticket_metric_events": 15, "organizations": 5},
        {EXPORTS: 10},
        1.0,
        0.95,
    ),
)


@dataclass(frozen=True)
class Measured:
    """What came of a case.

    Attributes:
        share: Requests made of those allowed, from the first page to the last whole minute.
        minutes: Simulated, from the first page to the last.
        refused: Answers 429.
        requests: Made in all.
        needed: Requests that one walk would have made.
    """

    share: float
    minutes: float
    refused: int
    requests: int
    needed: int


def measure(case: Case, scale: float, seed: int) -> Measured:
    """Read everything once and count."""
    clock = TimeScaledClock(scale, START)
    account = Account(clock)
    for name, page_count in case.streams.items():
        _fill(account, BY_NAME[name], page_count * PAGE_ROWS, seed)
    granted: list[float] = []

    def note(_: Request) -> None:
        granted.append(clock.now().timestamp() - case.page_seconds)

    limits = RateLimits(account=700, buckets=case.limits)
    with Simulator(
        account, rate_limits=limits, oauth_token=TOKEN, latency_seconds=case.page_seconds
    ) as zendesk:
        zendesk.before_answer(note)
        auth = StaticAuth(f"Bearer {TOKEN}", remedy="")
        client = ZendeskClient(zendesk.base_url, auth, budget=Budget(clock), clock=clock)
        _read(case, client, clock)
        refused = sum(request.status == 429 for request in zendesk.requests)
    needed = sum(page_count + 1 for page_count in case.streams.values())
    minutes = (max(granted) - min(granted)) / 60
    allowed = sum(case.limits.values())
    return Measured(_share(granted, allowed), minutes, refused, len(granted), needed)


def _fill(account: Account, stream: Stream, rows: int, seed: int) -> None:
    """Give a stream a past that is busier by day, and grows."""
    random, now = Random(seed), int(START.timestamp())
    assert stream.cursor_field is not None
    is_number = stream.columns[stream.cursor_field] == "bigint"
    for number in range(1, rows + 1):
        day = int(DAYS * random.random() ** 0.6)
        hour = min(23.99, max(0.0, random.gauss(14, 4)))
        second = now - 600 - DAYS * DAY_SECONDS + day * DAY_SECONDS + int(hour * 3600)
        second = min(second, now - 600)
        time = second if is_number else iso(second)
        account.stores[stream.name].put({"id": number, stream.cursor_field: time})


def _read(case: Case, client: ZendeskClient, clock: TimeScaledClock) -> None:
    ahead: ReadAhead[Step] = ReadAhead()
    crew = Crew(client)
    for name in case.streams:
        stream = BY_NAME[name]

        def walk(place: Position, stream: Stream = stream) -> Iterator[Page]:
            return pages(client, request_of(stream, page_size=PAGE_ROWS), place)

        reader = LaneReader(stream, open_position({}, 0, None), walk, ahead, crew)
        ahead.start(name, reader.read)
    takers = [threading.Thread(target=_take, args=(ahead, name, clock)) for name in case.streams]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()


def _take(ahead: ReadAhead[Step], name: str, clock: TimeScaledClock) -> None:
    """Take pages and pause after each slice, as loading does."""
    taken = 0
    for step in ahead.items(name, lambda: True):
        taken += step is not None
        if step is not None and taken % SLICE_PAGES == 0:
            clock.sleep(LOAD_SECONDS)


def _share(granted: list[float], allowed_a_minute: int) -> float:
    """Compare with what every minute allows, but for the one in which there was no more to ask."""
    by_minute: Counter[int] = Counter(int(second // 60) for second in granted)
    last = max(by_minute)
    whole = range(min(by_minute), last)
    return sum(by_minute[minute] for minute in whole) / max(1, allowed_a_minute * len(whole))


def main(arguments: list[str] | None = None) -> int:
    """Print a line a case; 1 when a target is missed or Zendesk had to refuse."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.budget")
    parser.add_argument("--scale", type=float, default=30.0, help="simulated seconds a second")
    parser.add_argument("--seed", type=int, default=1)
    options: Any = parser.parse_args(arguments)
    print("| case | used | target | 429 | requests | one walk's | minutes |")
    print("|---|---|---|---|---|---|---|")
    is_good = True
    for case in CASES:
        found = measure(case, options.scale, options.seed)
        is_good &= found.share >= case.target and found.refused == 0
        print(
            f"| {case.title} | {found.share:.3f} | {case.target:.2f} | {found.refused}"
            f" | {found.requests} | {found.needed} | {found.minutes:.1f} |",
            flush=True,
        )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
