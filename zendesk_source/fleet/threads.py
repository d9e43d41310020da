"""Loads in threads of this process: an account waits for Zendesk most of its time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from zendesk_source.fleet.accounts_file import Unit
from zendesk_source.fleet.turns import Workers
from zendesk_source.fleet.unit import load_account


@contextmanager
def in_this_process(threads: int) -> Iterator[Workers]:
    """Run loads in threads; those that still run at the end stop after their package.

    The threads do not keep the process from ending, which is as safe as a kill.
    """
    here = _Threads(threads)
    try:
        yield here
    finally:
        here.ending.set()


class _Threads:
    def __init__(self, threads: int) -> None:
        self._threads = threads
        self.ending = threading.Event()

    def slots(self) -> int:
        return self._threads

    def start(self, unit: Unit, max_minutes: float) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()

        def run() -> None:
            future.set_result(load_account(unit, max_minutes, ending=self.ending))

        threading.Thread(target=run, name=f"zendesk-{unit['account']}", daemon=True).start()
        return future
