"""Tables that were dropped by hand: those of lists are made anew, an export's stops the sync."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import dlt

from zendesk_source.connection import ACCOUNTS
from zendesk_source.errors import LoadFailed


def missing_tables(
    pipeline: dlt.Pipeline, section: str, streams: Collection[str]
) -> frozenset[str]:
    """Find tables that were loaded once and are no longer there, and make them anew.

    dlt makes a table when its schema changes, and a list's does not: dlt would empty one that
    is not there.

    Args:
        pipeline: Its state and schema are those of the destination.
        section: Name of the source in the state.
        streams: Those to be read.

    Returns:
        Their names. They are empty now, and their lists are to be written whole.

    Raises:
        LoadFailed: The table of an export is gone; reading on would fill it with later changes
            only.
    """
    if section not in pipeline.schemas:
        return frozenset()
    streams_of = {
        table["name"]: str(table.get("resource"))
        for table in pipeline.schemas[section].data_tables(seen_data_only=True)
        if table.get("resource") in streams
    }
    with pipeline.destination_client() as client:
        look_up: Any = getattr(client, "get_storage_tables", None)
        if look_up is None or not streams_of:  # a destination of files, or nothing loaded yet
            return frozenset()
        missing = [table for table, columns in look_up(list(streams_of)) if not columns]
        kept = pipeline.state.get("sources", {}).get(section, {}).get("resources", {})
        for table in missing:
            stream = streams_of[table]
            state = kept.get(stream, {})
            parts = [state, *state.get(ACCOUNTS, {}).values()]
            if any(part.get("positions") for part in parts):
                raise LoadFailed(
                    f"The table {table} is no longer at the destination,"
                    " where it was loaded before.",
                    "Nothing was changed. To read its stream anew:"
                    f" .venv/bin/dlt -y pipeline {pipeline.pipeline_name} drop {stream}",
                )
        if missing:
            client.update_stored_schema(only_tables=missing, force=True)
    return frozenset(missing)
