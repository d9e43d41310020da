"""Decide in which form rows are handed to dlt: Arrow tables, or dicts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import dlt
import orjson
import pyarrow as pa
from dlt.common.utils import uniq_id

from zendesk_source.catalogue import Stream
from zendesk_source.destination.abilities import Abilities
from zendesk_source.settings.options import ItemFormat

LOAD_ID, ROW_ID = "_dlt_load_id", "_dlt_id"

_KEPT_HINTS = "several column hints were different"


def takes_arrow(
    stream: Stream, item_format: ItemFormat, known_columns: Any, abilities: Abilities
) -> bool:
    """Whether a stream's rows become Arrow tables, which costs a tenth of the CPU.

    Args:
        stream: The stream. Whole lists and custom objects are small and stay dicts.
        item_format: What the user asked for. With ``auto`` the destination decides.
        known_columns: Columns that its table has; empty for a new table.
        abilities: What the destination can do; for a preview, nothing.
    """
    if not stream.is_incremental or stream.custom_fields == "custom_object":
        return False
    if known_columns and ROW_ID not in known_columns:
        return True  # made from Arrow tables: it has no place for the ids of objects
    if item_format != "auto":
        return item_format == "arrow"
    return abilities.takes_parquet


def with_texts_in_json(
    rows: list[dict[str, Any]], json_columns: Collection[str]
) -> list[dict[str, Any]]:
    """Return the rows with texts in JSON columns quoted once more.

    dlt parses a text in such a column and writes the result: ``"support"`` would reach the
    destination without its quotes. That is no JSON, and nothing would load.
    """
    for row in rows:
        for name in json_columns:
            if isinstance(value := row.get(name), str):
                row[name] = orjson.dumps(value).decode()
    return rows


def with_dlt_columns(rows: pa.Table, known_columns: Any) -> pa.Table:
    """Return the rows with the columns that dlt adds to dicts but not to Arrow tables.

    Args:
        rows: Rows of one table.
        known_columns: Columns that the table has. A table that was made from dicts needs an id
            for every row, even from Arrow tables.
    """
    load_id = str(dlt.current.load_package_state()["load_id"])
    rows = rows.append_column(LOAD_ID, pa.repeat(pa.scalar(load_id), rows.num_rows))
    if ROW_ID in known_columns:
        prefix = uniq_id()
        ids = pa.array([f"{prefix}{n}" for n in range(rows.num_rows)], pa.string())
        rows = rows.append_column(pa.field(ROW_ID, pa.string(), nullable=False), ids)
    return rows


@contextmanager
def quiet_about_kept_hints() -> Iterator[None]:
    """Drop dlt's warning that it keeps a declared type, such as JSON, where Arrow has only text.

    dlt compares the types while a resource is at a yield, so a resource yields its Arrow tables
    within this context.
    """
    logger = logging.getLogger("dlt")

    def keep(record: logging.LogRecord) -> bool:
        return _KEPT_HINTS not in str(record.msg)

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
