"""The catalogue of a tap: what may be chosen, and what was chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.catalogue import DataType
from zendesk_source.errors import ConfigurationError
from zendesk_source.names import REJECTED_TABLE, SYNCED_AT
from zendesk_source.singer.tables import (
    RECORDS,
    STREAM_OF,
    cursor_of,
    declared_types,
    is_list,
    is_of_object,
    json_schema,
    key_of,
    stream_of,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen to be read.

    Attributes:
        tables: Which tables, in the order of the catalogue.
        without: Columns that are not wanted, by table.
    """

    tables: tuple[str, ...]
    without: Mapping[str, Collection[str]] = field(default_factory=dict)


def catalog(more_columns: Mapping[str, Mapping[str, DataType]]) -> dict[str, Any]:
    """Return every table as a catalogue entry.

    Args:
        more_columns: Columns that are not declared, by table: those of custom fields. Custom
            objects have their tables by it.
    """
    objects = [table for table in more_columns if is_of_object(table)]
    tables = [*STREAM_OF, *objects, REJECTED_TABLE]
    return {"streams": [_entry(table, more_columns.get(table, {})) for table in tables]}


def _entry(table: str, more_columns: Mapping[str, DataType]) -> dict[str, Any]:
    key = key_of(table)
    is_rejected = table == REJECTED_TABLE
    cursor = None if is_rejected else cursor_of(table)
    types = {**declared_types(table), **more_columns}
    is_whole = is_rejected or stream_of(table).write != "merge"
    method = "FULL_TABLE" if is_whole else "INCREMENTAL"
    root: dict[str, Any] = {
        "inclusion": "available",
        "selected-by-default": is_by_default(table),
        "table-key-properties": list(key),
        "forced-replication-method": method,
    }
    if cursor is not None:
        root["valid-replication-keys"] = [cursor]
    if not is_rejected and stream_of(table).name != table:
        root["parent-tap-stream-id"] = stream_of(table).name
    metadata: list[dict[str, Any]] = [{"breadcrumb": [], "metadata": root}]
    for name in types:
        inclusion = "automatic" if name in _needed(table) else "available"
        told = {"inclusion": inclusion, "selected-by-default": True}
        metadata.append({"breadcrumb": ["properties", name], "metadata": told})
    entry: dict[str, Any] = {
        "tap_stream_id": table,
        "stream": table,
        "key_properties": list(key),
        "replication_method": method,
        "schema": json_schema(types, key),
        "metadata": metadata,
    }
    if cursor is not None:
        entry["replication_key"] = cursor
    return entry


def is_by_default(table: str) -> bool:
    """Whether a table is read unless something else was chosen."""
    return table == REJECTED_TABLE or stream_of(table).is_core


def default_selection() -> Selection:
    """Return what is read without a catalogue."""
    return Selection(tuple(table for table in (*STREAM_OF, REJECTED_TABLE) if is_by_default(table)))


def selection_of(given: Mapping[str, Any]) -> Selection:
    """Return what a catalogue file selects.

    Raises:
        ConfigurationError: It is no catalogue, or names what the tap does not read.
    """
    entries = given.get("streams")
    if not isinstance(entries, list):
        raise ConfigurationError(
            "The catalogue has no list of streams.", "Make one anew with --discover."
        )
    chosen: dict[str, set[str]] = {}
    for entry in entries:
        table = str(entry.get("tap_stream_id") or entry.get("stream"))
        told = {tuple(each["breadcrumb"]): each["metadata"] for each in entry.get("metadata", [])}
        if not _is_selected(told.get((), {}), entry):
            continue
        if table not in STREAM_OF and table != REJECTED_TABLE and not is_of_object(table):
            is_each = table == RECORDS.name
            why = ": each custom object has a table of its own" if is_each else ""
            raise ConfigurationError(
                f"The tap does not read {table}, which the catalogue selects{why}.",
                "Take its selection out, or make the catalogue anew with --discover.",
            )
        chosen[table] = _unwanted(table, told)
    objects = (table for table in chosen if is_of_object(table))
    tables = tuple(table for table in (*STREAM_OF, *objects, REJECTED_TABLE) if table in chosen)
    return Selection(tables, chosen)


def _is_selected(metadata: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    for told in (metadata.get("selected"), entry.get("schema", {}).get("selected")):
        if told is not None:
            return bool(told)
    return bool(metadata.get("selected-by-default"))


def _unwanted(table: str, told: Mapping[tuple[str, ...], Mapping[str, Any]]) -> set[str]:
    """Return the columns that are not selected, of those that can be left out."""
    return {
        breadcrumb[1]
        for breadcrumb, metadata in told.items()
        if len(breadcrumb) == 2 and breadcrumb[1] not in _needed(table) and not _is_wanted(metadata)
    }


def _needed(table: str) -> set[str | None]:
    """Return the columns that cannot be left out."""
    cursor = None if table == REJECTED_TABLE else cursor_of(table)
    return {*key_of(table), cursor, SYNCED_AT}


def _is_wanted(metadata: Mapping[str, Any]) -> bool:
    if metadata.get("inclusion") in ("automatic", "unsupported"):
        return bool(metadata["inclusion"] == "automatic")
    return bool(metadata.get("selected", metadata.get("selected-by-default", True)))


def has_version(table: str) -> bool:
    """Whether the rows of a table are those of a whole list."""
    return table != REJECTED_TABLE and is_list(stream_of(table))
