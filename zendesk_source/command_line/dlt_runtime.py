"""What dlt needs around a command: its settings, and a folder of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dlt.common.pipeline import get_dlt_pipelines_dir

from zendesk_source.api.clock import Stop, SyncClock, SystemClock
from zendesk_source.command_line.output import log
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.destination.failures import explained
from zendesk_source.destination.working_folder import heal
from zendesk_source.runs.dlt_process import dlt_set_up
from zendesk_source.runs.one_at_a_time import only_sync_in


@contextmanager
def own_folder(
    name: str, *, wait: bool = False, max_minutes: float | None = None
) -> Iterator[float | None]:
    """Hold the working folder of a pipeline, and repair it, before dlt opens it.

    dlt makes the folder and reads its files as soon as a pipeline exists. Two processes in a new
    folder would each delete what the other makes.

    Args:
        name: Name of the pipeline.
        wait: Wait for another sync of the pipeline to end instead of refusing.
        max_minutes: Limit for this wait and everything after it.

    Yields:
        The minutes that are left; None without a limit.

    Raises:
        ConfigurationError: Another sync of the pipeline is running, or its folder cannot be used.
    """
    folder = Path(get_dlt_pipelines_dir()) / name
    clock = SystemClock()
    ends_at = math.inf if max_minutes is None else clock.monotonic() + max_minutes * 60
    stop = Stop(clock, ends_at)
    with ExitStack() as held:
        with stopping_at_signals(log.info):
            pause = SyncClock(clock, stop).sleep
            held.enter_context(only_sync_in(folder, wait=wait, pause=pause))
        heal(folder)
        yield None if max_minutes is None else max(0.0, stop.seconds_left / 60)


@contextmanager
def dlt_runtime() -> Iterator[None]:
    """Set dlt up for a command: settings, telemetry, log lines.

    Raises:
        ZendeskError: In place of any exception of dlt that has a remedy.
    """
    with explained(), dlt_set_up():
        yield
