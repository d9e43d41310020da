"""One HTML file about what was loaded: how support is doing, and how fresh the tables are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext, get_dlt_pipelines_dir

from zendesk_source.api.clock import SystemClock
from zendesk_source.destination.duckdb_file import file_of
from zendesk_source.destination.duckdb_lock import (
    LONGEST_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    Tell,
    open_for_reading,
)
from zendesk_source.destination.working_folder import begun_in
from zendesk_source.errors import ConfigurationError
from zendesk_source.html_report.loaded import opened
from zendesk_source.html_report.page import page

WEEKS = 13
"""A quarter."""


def write_report(
    pipeline: dlt.Pipeline,
    file: Path,
    *,
    weeks: int = WEEKS,
    time_zone: str = "UTC",
    account: str = "",
    now: datetime | None = None,
) -> None:
    """Write a page about what a pipeline loaded.

    Args:
        pipeline: Into DuckDB or Postgres; it need not have run on this machine.
        file: Where to; what is there is replaced.
        weeks: How many to show, up to the newest day of the data.
        time_zone: In which days and hours are meant, such as ``Europe/Vienna``.
        account: Whose, where several accounts share the dataset.
        now: When it is made; the clock says so if left out.

    Raises:
        ConfigurationError: There is no such dataset or time zone, or the file cannot be written.
    """
    if weeks < 1:
        raise ConfigurationError("At least one week must be shown.", "Leave --weeks out for 13.")
    with opened(pipeline, _zone(time_zone), weeks, account) as loaded:
        text = page(loaded, now or datetime.now(timezone.utc))
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The page cannot be written to {file}: {error.strerror}.",
            "Name another file with --out.",
        ) from error


@contextmanager
def reader(
    name: str, destination: str, dataset: str, tell: Tell, *, waits_long: bool = False
) -> Iterator[dlt.Pipeline]:
    """Return a pipeline that only looks, and leaves no trace in dlt's working folder.

    dlt notes in which folder a pipeline was first used and makes a DuckDB file there; a look from
    somewhere else must not decide that.

    Args:
        name: Of the pipeline that loads.
        destination: Where to.
        dataset: Of the tables.
        tell: Told that a load has the DuckDB file open, and how long that is waited for.
        waits_long: Wait longer than usual.

    Raises:
        DestinationBusy: The load did not let go of it.
    """
    # Not dlt.attach(), which trusts the folder, and writes to it.
    loaded_from = begun_in(Path(get_dlt_pipelines_dir()) / name) or str(Path.cwd())
    with TemporaryDirectory() as scratch:
        # A pipeline settles where its files are when it is made: so this one is made twice.
        for _ in range(2):
            pipeline = dlt.pipeline(
                name, destination=destination, dataset_name=dataset, pipelines_dir=scratch
            )
            pipeline.set_local_state_val("initial_cwd", loaded_from)
        with _held(pipeline, tell, waits_long=waits_long):
            yield pipeline
    Container()[PipelineContext].deactivate()


@contextmanager
def _held(pipeline: dlt.Pipeline, tell: Tell, *, waits_long: bool) -> Iterator[None]:
    """Open a DuckDB file for reading only, and keep it, where there is one."""
    path = file_of(pipeline)
    if path is None or not path.exists():
        yield
        return
    credentials = pipeline.sql_client().credentials
    credentials.read_only = True
    pipeline.destination.config_params["credentials"] = credentials
    seconds = LONGEST_WAIT_SECONDS if waits_long else USUAL_WAIT_SECONDS
    with open_for_reading(pipeline, path, SystemClock(), seconds, tell):
        yield


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"There is no time zone {name!r}.", "Write one such as Europe/Vienna."
        ) from error
