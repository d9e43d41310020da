"""The format of a new DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dlt

from zendesk_source.working_folder import close_to_others, private_files

STORAGE_VERSION = "v1.3.0"
"""The oldest DuckDB that can read the file.

Left alone DuckDB writes what its version 0.10 could read: long texts uncompressed, and 90 MB more
memory to write a file of tickets.
"""
_SETTING = "storage_compatibility_version"


@contextmanager
def made_private(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Make the DuckDB file where there is none, and let it and dlt's folder be their owner's only.

    What is there already stays as open to others as it is.
    """
    file = file_of(pipeline)
    with private_files(file):
        if pipeline.first_run:
            close_to_others(Path(pipeline.working_dir))
        if file is not None:
            make_file(pipeline, file)
        yield


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

    DuckDB settles the format when it makes a file. dlt, which would make it, sets what is in
    ``global_config`` only afterwards.
    """
    if path.exists():
        return
    import duckdb

    configured = pipeline.sql_client().credentials.global_config or {}
    # What is wrong with the path, dlt will say.
    with suppress(duckdb.Error):
        version = configured.get(_SETTING, STORAGE_VERSION)
        duckdb.connect(str(path), config={_SETTING: version}).close()
