"""The format of a new DuckDB file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import dlt

STORAGE_VERSION = "v1.3.0"
"""The oldest DuckDB that can read the file.

Left alone DuckDB writes what its version 0.10 could read: long texts uncompressed, and 90 MB more
memory to write a file of tickets.
"""
_SETTING = "storage_compatibility_version"


def make_file(pipeline: dlt.Pipeline) -> None:
    """Make the DuckDB file of a pipeline where there is none; any other destination is left alone.

    DuckDB settles the format when it makes a file. dlt, which would make it, sets what is in
    ``global_config`` only afterwards.
    """
    if not pipeline.destination.destination_type.endswith(".duckdb"):
        return
    import duckdb

    credentials = pipeline.sql_client().credentials
    if credentials.read_only or credentials.external_conn() is not None:
        return
    path, configured = Path(credentials.database), credentials.global_config or {}
    if str(path).startswith(":") or path.exists():
        return
    # What is wrong with the path, dlt will say.
    with suppress(duckdb.Error):
        version = configured.get(_SETTING, STORAGE_VERSION)
        duckdb.connect(str(path), config={_SETTING: version}).close()
