"""Rounds of a sync that keeps running, on the account's clock: no test waits for the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import dlt

from tests.support.simulated import source_of
from zendesk_source.continuous.rounds import Round, keep_syncing
from zendesk_source.simulator import Simulator


def rounds_of(
    pipeline: dlt.Pipeline,
    zendesk: Simulator,
    *streams: str,
    count: int,
    between: Callable[[Round], object] = lambda done: None,
    **settings: Any,
) -> list[Round]:
    """Do some rounds, and return what came of them.

    Args:
        pipeline: The pipeline.
        zendesk: The account to load; time passes there only while somebody waits.
        streams: What to load; the core if left out.
        count: How many rounds.
        between: Called after each round but the last.
        settings: Of ``keep_syncing``.
    """
    stop, found = threading.Event(), []

    def on_round(done: Round) -> None:
        found.append(done)
        if len(found) == count:
            stop.set()
        else:
            between(done)

    make_source = settings.pop("make_source", lambda: source_of(zendesk, *streams))
    clock = settings.pop("clock", zendesk.account.clock)
    keep_syncing(pipeline, make_source, stop=stop, on_round=on_round, clock=clock, **settings)
    return found
