"""What dlt needs in a process that loads: settings, no telemetry, and its warnings as our lines."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.specs import PluggableRunContext
from dlt.common.runtime import telemetry

from zendesk_source.login.redaction import without_secrets
from zendesk_source.settings.dotenv import read_plain_settings

log = logging.getLogger("zendesk_source")

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

_lock = threading.Lock()
_own_handlers: list[logging.Handler] = []
_uses = 0


@contextmanager
def dlt_set_up() -> Iterator[None]:
    """Set dlt up; threads may do so at the same time, and the last one restores dlt's log.

    Raises:
        ConfigurationError: `.env` cannot be read.
    """
    global _uses, _own_handlers
    dlt_log = logging.getLogger("dlt")
    with _lock:
        read_plain_settings()
        _fall_back_to_settings()
        if not _uses:
            _own_handlers, dlt_log.handlers = dlt_log.handlers, [_AsOurOwn()]
        _uses += 1
    try:
        yield
    finally:
        with _lock:
            _uses -= 1
            if not _uses:
                dlt_log.handlers = _own_handlers


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
