"""The process that is killed: one sync into DuckDB that says where it is."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from tests.support.own_process import pipeline_in
from zendesk_source import sync, zendesk_support
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import STREAMS
from zendesk_source.resources.run import SliceLimits
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator.clock import TimeScaledClock

TOKEN = "a-token"
STEPS = ("extract", "normalize", "load")
EXPORT_PAGE_ROWS = 50
SLICE_PAGES = 20
STREAM_NAMES = (
    "tickets",
    "ticket_events",
    "ticket_metric_events",
    "users",
    "organizations",
    "satisfaction_ratings",
    "ticket_fields",
    "user_fields",
    "organization_fields",
    "groups",
    "macros",
)


@dataclass(frozen=True)
class Order:
    """What a child is to do.

    Attributes:
        folder: Holds its DuckDB file and dlt's working folder.
        base_url: Of the simulator.
        now: The simulator's time.
        scale: Simulated seconds a real second.
    """

    folder: Path
    base_url: str
    now: datetime
    scale: float


def make_pages_small() -> None:
    """Give a small account many pages: only what has an export is worth killing."""
    for stream in STREAMS:
        if stream.is_incremental:
            object.__setattr__(stream, "page_size", min(EXPORT_PAGE_ROWS, stream.page_size))


def run(order: Order, marks: Pipe) -> None:
    """Sync once and leave with the exit code; every step is told before and after."""
    try:
        os._exit(_sync(order, partial(_tell, marks)))
    except BaseException:  # noqa: BLE001 - a child must never return into its parent's code
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(99)


def _sync(order: Order, tell: Callable[[str], None]) -> int:
    make_pages_small()
    pipeline = pipeline_in(order.folder, "chaos")
    for step in STEPS:
        _announce(pipeline, step, tell)
    credentials = ZendeskOAuthToken()
    credentials.subdomain, credentials.oauth_token = "acme", TOKEN
    credentials.base_url = order.base_url
    clock = TimeScaledClock(order.scale, order.now)
    source = zendesk_support(credentials, clock=clock).with_resources(*STREAM_NAMES)
    limits = SliceLimits(max_pages=SLICE_PAGES)

    def tell_loaded(runs: dict[str, StreamRun]) -> None:
        tell(f"loaded {sum(each.pages for name, each in runs.items() if name in STREAM_NAMES[:6])}")

    report = sync(pipeline, source, limits=limits, clock=clock, on_slice=tell_loaded)
    for name, stream_run in report.runs.items():
        if stream_run.reason:
            sys.stderr.write(f"{name}: {stream_run.reason}\n")
    return report.exit_code


def _tell(marks: Pipe, where: str) -> None:
    with suppress(OSError):  # nobody listens to the last syncs
        marks.send(where)


def _announce(pipeline: Any, step: str, tell: Callable[[str], None]) -> None:
    inner = getattr(pipeline, step)

    def announced(*args: Any, **kwargs: Any) -> Any:
        tell(f"{step} begins")
        result = inner(*args, **kwargs)
        tell(f"{step} ends")
        return result

    setattr(pipeline, step, announced)
