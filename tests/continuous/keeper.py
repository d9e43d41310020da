"""The process that keeps loading, and says after each round what it has grown to."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from dlt.extract import DltSource

from tests.support.own_process import pipeline_in
from tests.support.simulated import TOKEN
from zendesk_source import keep_syncing, zendesk_source
from zendesk_source.continuous.rounds import Round
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator.clock import TimeScaledClock

STREAMS_KEPT = ("tickets", "ticket_events", "users", "organizations", "groups", "macros")
COLLECT_EVERY = 10
"""Rounds; counting all objects costs more than a round."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Orders:
    """What the process is to do.

    Attributes:
        folder: Holds its DuckDB file and dlt's working folder.
        base_url: Of the simulator.
        now: The simulator's time.
        scale: Simulated seconds a real second.
        every_seconds: Simulated seconds from round to round.
        lists_every_seconds: The same for lists.
    """

    folder: Path
    base_url: str
    now: datetime
    scale: float
    every_seconds: float
    lists_every_seconds: float


@dataclass(frozen=True)
class Told:
    """What came of a round, and what the process has grown to.

    Attributes:
        number: 1 for the first.
        code: Exit code of its report; -1 if it failed as a whole.
        error: Name of the error it failed with; empty if it did not.
        slices: How many load packages it wrote.
        resident_mb: Memory of the process.
        objects: Objects that Python's collector knows.
        threads: Threads of the process.
        descriptors: Open files and sockets.
        folder_files: Files in dlt's working folder.
        cpu_seconds: CPU time of the process so far.
        seconds: Real time of the process so far.
    """

    number: int
    code: int
    error: str
    slices: int
    resident_mb: float
    objects: int
    threads: int
    descriptors: int
    folder_files: int
    cpu_seconds: float
    seconds: float


def run(orders: Orders, pipe: Pipe) -> None:
    """Keep loading until something is sent, and leave with 0."""
    try:
        _keep(orders, pipe)
        sys.stderr.flush()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a child must never return into its parent's code
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(99)


def _keep(orders: Orders, pipe: Pipe) -> None:
    pipeline, begun_at = pipeline_in(orders.folder, "keeper"), time.monotonic()
    clock = TimeScaledClock(orders.scale, orders.now)
    stop, objects = threading.Event(), [0]

    def listen() -> None:
        pipe.recv()
        stop.set()

    def make_source() -> DltSource:
        credentials = ZendeskOAuthToken()
        credentials.subdomain, credentials.oauth_token = "acme", TOKEN
        credentials.base_url = orders.base_url
        return zendesk_source(credentials, clock=clock).with_resources(*STREAMS_KEPT)

    def tell(done: Round) -> None:
        report = done.report
        if done.number % COLLECT_EVERY == 1:
            gc.collect()
            objects[0] = len(gc.get_objects())
        pipe.send(
            Told(
                number=done.number,
                code=-1 if report is None else report.exit_code,
                error="" if done.error is None else type(done.error).__name__,
                slices=0 if report is None else report.slices,
                resident_mb=_resident_mb(),
                objects=objects[0],
                threads=threading.active_count(),
                descriptors=len(list(Path("/proc/self/fd").iterdir())),
                folder_files=sum(len(files) for _, _, files in os.walk(orders.folder / "dlt-data")),
                cpu_seconds=time.process_time(),
                seconds=time.monotonic() - begun_at,
            )
        )

    threading.Thread(target=listen, daemon=True).start()
    keep_syncing(
        pipeline,
        make_source,
        every_seconds=orders.every_seconds,
        lists_every_seconds=orders.lists_every_seconds,
        stop=stop,
        on_round=tell,
        clock=clock,
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE_BYTES / 2**20
