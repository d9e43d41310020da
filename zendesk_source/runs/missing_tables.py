"""Tables that were dropped by hand: those of lists are made anew, an export's fails its stream."""

from __future__ import annotations

from typing import Any

import dlt

from zendesk_source.errors import PackageRefused, as_typed
from zendesk_source.extract.kept import ACCOUNTS
from zendesk_source.resources.run import SyncInProgress


def look_for_tables(pipeline: dlt.Pipeline, section: str, progress: SyncInProgress) -> None:
    """Find tables that were loaded once and are no longer there, and make those of lists anew.

    dlt makes a table when its schema changes, and a list's does not: dlt would empty one that
    is not there. The stream of an export whose table is gone ends here: reading on would fill it
    with later changes only.

    Args:
        pipeline: Its state and schema are those of the destination.
        section: Name of the source in the state.
        progress: Its ``missing_tables`` are set; their lists are to be written whole.
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
        kept = pipeline.state.get("sources", {}).get(section, {}).get("resources", {})
        of_lists = []
        for table in missing:
            stream = streams_of[table]
            state = kept.get(stream, {})
            parts = [state, *state.get(ACCOUNTS, {}).values()]
            if any(part.get("positions") for part in parts):
                progress.runs[stream].stop(_gone(table, stream, pipeline), "failed")
            else:
                of_lists.append(table)
        if of_lists:
            client.update_stored_schema(only_tables=of_lists, force=True)
    progress.missing_tables = frozenset(of_lists)


def _gone(table: str, stream: str, pipeline: dlt.Pipeline) -> PackageRefused:
    return PackageRefused(
        f"The table {table} is no longer at the destination, where it was loaded before.",
        "Nothing was changed. To read its stream anew:"
        f" {as_typed('dlt')} -y pipeline {pipeline.pipeline_name} drop {stream}",
    )
