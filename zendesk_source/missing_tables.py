"""A table that was dropped by hand, found before dlt makes it anew with nothing but what is new."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dlt

from zendesk_source.errors import LoadFailed


def refuse_missing_tables(pipeline: dlt.Pipeline, section: str, streams: Iterable[str]) -> None:
    """Check that what the positions say was loaded is still there.

    Args:
        pipeline: Its state and schema are those of the destination.
        section: Name of the source in the state.
        streams: Those to be read.

    Raises:
        LoadFailed: A table is gone; reading on would fill it with later changes only.
    """
    kept = pipeline.state.get("sources", {}).get(section, {}).get("resources", {})
    read_before = {name for name in streams if kept.get(name, {}).get("positions")}
    if not read_before or section not in pipeline.schemas:
        return
    streams_of = {
        table["name"]: str(table.get("resource"))
        for table in pipeline.schemas[section].data_tables(seen_data_only=True)
        if table.get("resource") in read_before
    }
    with pipeline.destination_client() as client:
        look_up: Any = getattr(client, "get_storage_tables", None)
        if look_up is None:  # a destination of files
            return
        found = list(look_up(list(streams_of)))
        missing = [table for table, columns in found if not columns]
    if missing:
        stream = streams_of[missing[0]]
        raise LoadFailed(
            f"The table {missing[0]} is no longer at the destination, where it was loaded before.",
            "Nothing was changed. To read its stream anew:"
            f" .venv/bin/dlt -y pipeline {pipeline.pipeline_name} drop {stream}",
        )
