"""What happens to a table that was dropped by hand: a list's is made anew, an export's is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt

from zendesk_source.destination.working_folder import PACKAGES
from zendesk_source.errors import PackageRefused, as_typed
from zendesk_source.extract.kept import has_positions, of_resource
from zendesk_source.resources.run import SyncInProgress


def look_for_tables(pipeline: dlt.Pipeline, section: str, progress: SyncInProgress) -> None:
    """Find tables that were loaded once and are gone.

    An export whose table is gone fails: reading on would fill a new table with later changes only.

    Args:
        pipeline: Its state and schema are those of the destination.
        section: Name of the source in the state.
        progress: Gets the names of the ``missing_tables``, whose lists must be written whole.
    """
    if section not in pipeline.schemas:
        return
    streams_of = {
        table["name"]: str(table.get("resource"))
        for table in pipeline.schemas[section].data_tables(seen_data_only=True)
        if table.get("resource") in progress.runs
    }
    with pipeline.destination_client() as client:
        look_up: Any = getattr(client, "get_storage_tables", None)
        if look_up is None or not streams_of:  # a destination of files, or nothing loaded yet
            return
        missing = [table for table, columns in look_up(list(streams_of)) if not columns]
        kept = pipeline.state.get("sources", {}).get(section, {})
        of_lists = []
        for table in missing:
            stream = streams_of[table]
            if has_positions(of_resource(kept, stream)):
                progress.runs[stream].stop(_gone(table, stream, pipeline), "failed")
            else:
                of_lists.append(table)
    progress.missing_tables = frozenset(of_lists)


def make_missing(pipeline: dlt.Pipeline, section: str, progress: SyncInProgress) -> None:
    """Make the missing tables that the package which waits has rows for, just before it is loaded.

    dlt makes a table only when its schema changes. The schema of a list stays the same, so dlt
    would try to empty a table that is not there. One that was made earlier would stay empty if its
    list cannot be read, or the sync is killed: it is there, and the list is as it was loaded last.
    """
    waiting = Path(pipeline.working_dir) / PACKAGES[0]
    made = {table for table in progress.missing_tables if any(waiting.glob(f"*/*_jobs/{table}.*"))}
    if made:
        with pipeline.destination_client(section) as client:
            client.update_stored_schema(only_tables=made, force=True)


def _gone(table: str, stream: str, pipeline: dlt.Pipeline) -> PackageRefused:
    return PackageRefused(
        f"The table {table} is no longer at the destination, where it was loaded before.",
        "Nothing was changed. To read the stream anew:"
        f" {as_typed('dlt')} -y pipeline {pipeline.pipeline_name} drop {stream}",
    )
