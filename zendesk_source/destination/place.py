"""Where the tables are: how they are found and opened without leaving a trace.

A question about loaded tables must change nothing. dlt's notes on the pipeline stay as they are,
and asking must not make a DuckDB file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext, get_dlt_pipelines_dir

from zendesk_source.api.clock import SystemClock
from zendesk_source.destination.duckdb_file import file_of, held_file
from zendesk_source.destination.duckdb_lock import (
    LONGEST_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    Tell,
    open_for_reading,
)
from zendesk_source.destination.working_folder import begun_in

_DUCKDB_FILE = "duckdb:///"


@dataclass(frozen=True, slots=True)
class Place:
    """Where tables are.

    Attributes:
        pipeline: Name of the dlt pipeline that loads them.
        destination: Name of the dlt destination, such as ``duckdb``.
        dataset: Dataset or schema that holds them.
        database: Path of a DuckDB file; empty for what dlt's settings name.
    """

    pipeline: str
    destination: str
    dataset: str
    database: str = ""

    def opened(self, **settings: Any) -> dlt.Pipeline:
        """Return a dlt pipeline into this place.

        Args:
            settings: Further arguments of ``dlt.pipeline``.
        """
        there = dlt.destinations.duckdb(self.database) if self.database else self.destination
        pipeline: dlt.Pipeline = dlt.pipeline(
            self.pipeline, destination=there, dataset_name=self.dataset, **settings
        )
        return pipeline


def current_pipeline() -> dlt.Pipeline:
    """Return the pipeline that is at work, as ``dlt.current.pipeline()`` does.

    That one resolves all settings of a pipeline each time before it looks: a hundredth of a CPU
    second, for every stream.
    """
    context = Container()[PipelineContext]
    at_work: Any = context.pipeline() if context.is_active() else dlt.current.pipeline()
    pipeline: dlt.Pipeline = at_work
    return pipeline


@contextmanager
def looking_at(
    place: Place,
    tell: Tell | None = None,
    *,
    waits_long: bool = False,
    may_write: bool = False,
) -> Iterator[dlt.Pipeline]:
    """Open a pipeline that loads nothing, and leaves no trace in dlt's working folder.

    dlt notes the folder in which a pipeline was first used, and makes a DuckDB file there. A look
    from another folder must not decide that.

    Args:
        place: The tables to look at.
        tell: Called with the reason and the seconds when a load has the DuckDB file open.
        waits_long: Wait 15 minutes for that load, not 20 seconds.
        may_write: Open a DuckDB file for writing, too, to make views in it.

    Raises:
        DestinationBusy: The load did not let go of the file.
    """
    # Not dlt.attach(), which trusts the folder, and writes to it.
    loaded_from = begun_in(Path(get_dlt_pipelines_dir()) / place.pipeline) or str(Path.cwd())
    with TemporaryDirectory() as scratch:
        # A pipeline settles where its files are when it is made: so this one is made twice.
        for _ in range(2):
            pipeline = place.opened(pipelines_dir=scratch)
            pipeline.set_local_state_val("initial_cwd", loaded_from)
        with _held(pipeline, tell, waits_long=waits_long, may_write=may_write):
            yield pipeline
    Container()[PipelineContext].deactivate()


@contextmanager
def _held(
    pipeline: dlt.Pipeline, tell: Tell | None, *, waits_long: bool, may_write: bool
) -> Iterator[None]:
    """Open a DuckDB file, as a rule for reading only, and keep it, where there is one."""
    path = file_of(pipeline)
    if path is None or not path.exists():
        yield
        return
    if may_write:
        with held_file(pipeline, SystemClock(), tell, waits_long=waits_long):
            yield
        return
    credentials = pipeline.sql_client().credentials
    credentials.read_only = True
    pipeline.destination.config_params["credentials"] = credentials
    seconds = LONGEST_WAIT_SECONDS if waits_long else USUAL_WAIT_SECONDS
    with open_for_reading(pipeline, path, SystemClock(), seconds, tell):
        yield


def found_at(place: Place, tell: Tell | None = None, *, waits_long: bool = False) -> str:
    """Return in words what is at a place, without credentials, having tried whether it answers.

    Args:
        place: The tables to look at.
        tell: As of ``looking_at``.
        waits_long: As of ``looking_at``.

    Raises:
        ZendeskError: The destination does not answer.
    """
    with looking_at(place, tell, waits_long=waits_long) as pipeline:
        file = path_of(pipeline)
        if file is not None and not file.exists() and file.parent.is_dir():
            return f"{file}, which the first load makes"
        with pipeline.destination_client() as client:
            state = "has data" if client.is_storage_initialized() else "has no data yet"
        return f"{address_of(pipeline)}, dataset {pipeline.dataset_name} {state}"


def path_of(pipeline: dlt.Pipeline) -> Path | None:
    """Return the DuckDB file of a pipeline, also of one that only reads; None elsewhere."""
    address = str(pipeline.destination_client().config.credentials or "")
    is_file = address.startswith(_DUCKDB_FILE) and not address.endswith(":memory:")
    return Path(address.removeprefix(_DUCKDB_FILE)) if is_file else None


def address_of(pipeline: dlt.Pipeline) -> str:
    """Return the address of a pipeline's destination, without credentials."""
    config = pipeline.destination_client().config
    folder = getattr(config, "bucket_url", None)  # of files; others are databases
    address = re.sub(r"//[^/@]*@", "//", str(folder or config.credentials or ""))
    return address.removeprefix(_DUCKDB_FILE) or pipeline.destination.destination_name
