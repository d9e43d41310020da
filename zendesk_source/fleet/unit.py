"""One load of one account: what Dask, Airflow and Dagster call, and a thread of our own.

Importing this touches no file. A unit never raises: an exception would be shown, with its text, on
a scheduler's pages and in its logs.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.extract import DltSource

from zendesk_source.destination.failures import explained
from zendesk_source.destination.working_folder import heal
from zendesk_source.errors import Bug, ConfigurationError, ZendeskError
from zendesk_source.fleet.accounts_file import place_of, value_in_file
from zendesk_source.fleet.references import PRIVATE_KEY, looked_up, resolved
from zendesk_source.fleet.report import AccountLoad
from zendesk_source.login.redaction import without_known_secrets
from zendesk_source.runs.dlt_process import dlt_set_up
from zendesk_source.runs.loop import SyncReport, sync
from zendesk_source.runs.one_at_a_time import AnotherSync, only_sync_in
from zendesk_source.runs.reasons import notes_of
from zendesk_source.settings.credentials import base_url_of
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.selection import select_streams
from zendesk_source.source import zendesk_source
from zendesk_source.times import duration_text

log = logging.getLogger("zendesk_source")

_SHORTEST_WAIT_TOLD_SECONDS = 60.0


def load_account(
    unit: Mapping[str, Any],
    max_minutes: float | None = None,
    *,
    ending: threading.Event | None = None,
) -> dict[str, Any]:
    """Bring one account up to now. Only one process or thread loads an account at a time.

    Args:
        unit: One of ``read_accounts``.
        max_minutes: Stop reading after this time; the next load goes on from there.
        ending: Set to end it as at the end of ``max_minutes``.

    Returns:
        What became of it, as JSON knows it: ``account``, ``exit_code``, ``reason``, ``rows``,
        ``requests``, ``seconds``, ``worker``, ``attempts``, ``is_at_end``, ``may_pass``
        (``AccountLoad`` says what they mean). Failures are told here, and not raised.
    """
    begun = time.monotonic()
    try:
        with explained(), dlt_set_up():
            done = _done(unit, _synced(unit, max_minutes, ending or threading.Event()))
    except ZendeskError as error:
        log.debug("%s failed", unit["account"], exc_info=error)
        # Another load is no mistake in the file; it loads what this one would have.
        code = 1 if isinstance(error, AnotherSync) else error.exit_code
        done = {"exit_code": code, "reason": str(error), "may_pass": error.exit_code == 1}
    except Exception as error:
        log.debug("%s failed", unit["account"], exc_info=error)
        done = {"reason": str(Bug(error)), "may_pass": True}
    done["reason"] = without_known_secrets(done["reason"])
    seconds = round(time.monotonic() - begun, 3)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    return asdict(AccountLoad(account=unit["account"], seconds=seconds, worker=worker, **done))


def credentials_of(unit: Mapping[str, Any]) -> ZendeskCredentials:
    """Return the credentials of a unit's account, looked up on this machine.

    Raises:
        ConfigurationError: They are not there.
    """
    try:
        return resolved(unit["credentials"], lambda key: value_in_file(unit, key))
    except ConfigurationError as error:
        raise ConfigurationError(f"account {unit['account']}: {error.what}", error.remedy) from None


def source_of(unit: Mapping[str, Any]) -> DltSource:
    """Return a source of a unit's account, with its streams selected.

    Raises:
        ConfigurationError: Its credentials or its secret to hash with are not there.
    """
    fields = unit["credentials"]
    given = dict(unit["options"])
    if unit["start_date"] is not None:  # dlt looks for a setting only where nothing is given
        given["start_date"] = unit["start_date"]
    if PRIVATE_KEY in fields:
        given[PRIVATE_KEY] = looked_up(PRIVATE_KEY, fields, lambda key: value_in_file(unit, key))
    source = zendesk_source(credentials=credentials_of(unit), **given)
    return source.with_resources(*select_streams(unit["streams"]))


def zendesk_of(unit: Mapping[str, Any]) -> str:
    """Return the address of a unit's account.

    Raises:
        ConfigurationError: The address or the log-in is not there.
    """
    return base_url_of(credentials_of(unit))


def _synced(
    unit: Mapping[str, Any], max_minutes: float | None, ending: threading.Event
) -> SyncReport:
    place, account = place_of(unit), unit["account"]
    source = source_of(unit)
    folder = Path(get_dlt_pipelines_dir()) / place.pipeline
    with only_sync_in(folder):
        heal(folder)
        pipeline = place.opened()
        pipeline.runtime_config.intercept_signals = False

        def on_wait(reason: str, wait_seconds: float) -> None:
            if wait_seconds >= _SHORTEST_WAIT_TOLD_SECONDS:
                log.info("%s: waiting %s: %s", account, duration_text(wait_seconds), reason)

        return sync(
            pipeline,
            source,
            max_minutes=max_minutes,
            stop=ending,
            on_wait=on_wait,
            on_cost=lambda cost: log.info("%s: cost: %s", account, cost),
        )


def _done(unit: Mapping[str, Any], report: SyncReport) -> dict[str, Any]:
    runs = report.runs.values()
    return {
        "exit_code": report.exit_code,
        "reason": " ".join(notes_of(report.runs)),
        "rows": sum(sum(run.rows.values()) for run in runs),
        "requests": sum(run.usage.requests for run in runs),
        "is_at_end": all(run.is_at_end for run in runs),
        "may_pass": any(run.status == "failed" for run in runs),
    }
