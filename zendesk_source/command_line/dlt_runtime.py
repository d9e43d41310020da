"""What dlt needs around a command: settings, a folder of its own, and its warnings as our lines."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.specs import PluggableRunContext
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.runtime import telemetry

from zendesk_source.api.clock import Stop, SyncClock, SystemClock
from zendesk_source.command_line.output import log
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.destination.failures import explained
from zendesk_source.destination.working_folder import heal
from zendesk_source.login.redaction import without_secrets
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.settings.dotenv import read_plain_settings

# Warnings of dlt about what we do on purpose, or about what we say in other words.
EXPECTED_WARNINGS = (
    "in state differs from destination",
    "identical to the dataset name",
    "Falling back to `append`",
    "column hint is only applied when using",
    "remote state contains a different dataset_name",
    "was not fully loaded",
    "Exiting runner due to signal",
    "Storage schema was used",
)

SETTINGS: dict[str, Any] = {
    "runtime": {"log_level": "WARNING", "dlthub_telemetry": False},
    "load": {"delete_completed_jobs": True, "truncate_staging_dataset": True},
    "normalize": {"parquet_normalizer": {"add_dlt_load_id": True}},
}
"""The settings of this project's .dlt/config.toml, which gives the reasons. dlt reads that file in
the current folder only. These are asked last, so that they hold everywhere, telemetry included."""


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
    dlt_log = logging.getLogger("dlt")
    own_handlers = dlt_log.handlers
    with explained():
        read_plain_settings()
        _fall_back_to_settings()
        dlt_log.handlers = [_AsOurOwn()]
        try:
            yield
        finally:
            dlt_log.handlers = own_handlers


class _AsOurOwn(logging.Handler):
    """Writes dlt's lines as our own, without expected warnings and tracebacks."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info or "Traceback (most recent call last)" in text:
            # A job failed; the message at the end of the command says so, and what to do.
            log.debug("%s", without_secrets(text), exc_info=record.exc_info)
        elif not any(expected in str(record.msg) for expected in EXPECTED_WARNINGS):
            log.handle(record)


def _fall_back_to_settings() -> None:
    context = Container()[PluggableRunContext]
    provider = CustomLoaderDocProvider(
        "settings of zendesk_source", lambda: SETTINGS, supports_secrets=False, locations=()
    )
    if provider.name not in context.providers:
        context.providers.add_provider(provider)
        # dlt has read [runtime] while it was imported, and begun to report.
        telemetry.stop_telemetry()
        context.initialize_runtime()
