"""The DuckDB file of a sync: who makes it, in which format, and that it stays open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dlt

from zendesk_source.api.clock import Clock
from zendesk_source.destination.duckdb_lock import (
    LONGEST_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    OpenFile,
    Tell,
)
from zendesk_source.destination.working_folder import close_to_others, private_files

STORAGE_VERSION = "v1.3.0"
"""The oldest DuckDB that can read the file.

Left alone DuckDB writes what its version 0.10 could read: long texts uncompressed, and 90 MB more
memory to write a file of tickets.
"""
STORAGE_SETTING = "storage_compatibility_version"


@contextmanager
def held_file(
    pipeline: dlt.Pipeline, clock: Clock, tell: Tell | None, *, waits_long: bool = False
) -> Iterator[OpenFile | None]:
    """Keep the DuckDB file of a pipeline open, and make it where there is none.

    A new file and a new working folder can be read by their owner only. Existing ones keep their
    permissions.

    Args:
        pipeline: The pipeline that is about to load.
        clock: Time and the way to wait.
        tell: Called with the reason and the seconds when another process has the file open.
        waits_long: Wait 15 minutes for that process, not 20 seconds.

    Yields:
        The open file; None at any other destination.
    """
    path = file_of(pipeline)
    with private_files(path):
        if pipeline.first_run:
            close_to_others(Path(pipeline.working_dir))
        if not pipeline.destination.destination_type.endswith(".duckdb"):
            yield None
            return
        if path is not None:
            make_file(pipeline, path)
        seconds = LONGEST_WAIT_SECONDS if waits_long else USUAL_WAIT_SECONDS
        file = OpenFile(pipeline.sql_client(), path, clock, seconds, tell)
        file.open()
        try:
            yield file
        finally:
            file.close()


def file_of(pipeline: dlt.Pipeline) -> Path | None:
    """Return the DuckDB file that a pipeline writes; None at any other destination."""
    if not pipeline.destination.destination_type.endswith(".duckdb"):
        return None
    credentials = pipeline.sql_client().credentials
    if credentials.read_only or credentials.external_conn() is not None:
        return None
    path = str(credentials.database)
    return None if path.startswith(":") else Path(path)


def make_file(pipeline: dlt.Pipeline, path: Path) -> None:
    """Make the DuckDB file of a pipeline where there is none.

    DuckDB settles the format when it makes a file. dlt would make the file first and apply
    ``global_config`` only afterwards.
    """
    if path.exists():
        return
    import duckdb

    configured = pipeline.sql_client().credentials.global_config or {}
    # dlt will say what is wrong with the path.
    with suppress(duckdb.Error):
        version = configured.get(STORAGE_SETTING, STORAGE_VERSION)
        duckdb.connect(str(path), config={STORAGE_SETTING: version}).close()
