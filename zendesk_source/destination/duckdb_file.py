"""The DuckDB file of a sync: who makes it, in which format, and that it stays open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dlt

from zendesk_source.api.clock import Clock
from zendesk_source.destination.duckdb_lock import (
    LONGEST_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    OpenFile,
    Tell,
)
from zendesk_source.destination.duckdb_merge import merging_from_files
from zendesk_source.destination.working_folder import close_to_others, private_files

if TYPE_CHECKING:
    from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

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

    Meanwhile the pipeline merges into it without staging tables.

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
    client = _client_of(pipeline)
    path = _path_of(client)
    with private_files(path):
        if pipeline.first_run:
            close_to_others(Path(pipeline.working_dir))
        if client is None:
            yield None
            return
        if path is not None:
            make_file(client.credentials.global_config or {}, path)
        seconds = LONGEST_WAIT_SECONDS if waits_long else USUAL_WAIT_SECONDS
        file = OpenFile(client, path, clock, seconds, tell)
        file.open()
        try:
            with merging_from_files(pipeline):
                yield file
        finally:
            file.close()


def file_of(pipeline: dlt.Pipeline) -> Path | None:
    """Return the DuckDB file that a pipeline writes; None at any other destination."""
    return _path_of(_client_of(pipeline))


def _client_of(pipeline: dlt.Pipeline) -> DuckDbSqlClient | None:
    """Return a client of a pipeline's DuckDB; dlt resolves all settings for each, so make one."""
    if not pipeline.destination.destination_type.endswith(".duckdb"):
        return None
    return cast("DuckDbSqlClient", pipeline.sql_client())


def _path_of(client: DuckDbSqlClient | None) -> Path | None:
    if client is None or client.credentials.read_only:
        return None
    if client.credentials.external_conn() is not None:
        return None
    path = str(client.credentials.database)
    return None if path.startswith(":") else Path(path)


def make_file(config: Mapping[str, Any], path: Path) -> None:
    """Make a DuckDB file where there is none, in the format that the settings name.

    DuckDB settles the format when it makes a file. dlt would make the file first and apply
    ``global_config`` only afterwards.
    """
    if path.exists():
        return
    import duckdb

    # dlt will say what is wrong with the path.
    with suppress(duckdb.Error):
        version = config.get(STORAGE_SETTING, STORAGE_VERSION)
        duckdb.connect(str(path), config={STORAGE_SETTING: version}).close()
