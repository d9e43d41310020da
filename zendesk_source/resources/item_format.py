"""In which form rows are handed to dlt: Arrow tables, or objects."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import dlt
import orjson
import pyarrow as pa
from dlt.common.configuration.container import Container
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.common.utils import uniq_id

from zendesk_source.catalogue import Stream
from zendesk_source.settings.options import ItemFormat

LOAD_ID, ROW_ID = "_dlt_load_id", "_dlt_id"

# In parquet, JSON is text there: refused by BigQuery, kept as a string by the other two.
_NO_JSON_IN_PARQUET = {"bigquery", "snowflake", "redshift"}
_KEPT_HINTS = "several column hints were different"


def takes_arrow(stream: Stream, item_format: ItemFormat, known_columns: Any) -> bool:
    """Whether a stream's rows become Arrow tables, which costs a tenth of the CPU.

    Args:
        stream: Which rows; whole lists and custom objects are small and stay objects.
        item_format: What the user asked for; ``auto`` asks the destination.
        known_columns: Columns its table has; empty for a new one.
    """
    if not stream.is_incremental or stream.custom_fields == "custom_object":
        return False
    if known_columns and ROW_ID not in known_columns:
        return True  # made from Arrow tables: it has no place for the ids of objects
    if item_format != "auto":
        return item_format == "arrow"
    if DestinationCapabilitiesContext not in Container():
        return False  # no destination: a preview
    capabilities = Container()[DestinationCapabilitiesContext]
    formats = [
        *(capabilities.supported_loader_file_formats or ()),
        *(capabilities.supported_staging_file_formats or ()),
    ]
    destination = dlt.current.pipeline().destination
    kind = destination.destination_type.rpartition(".")[2]
    return "parquet" in formats and kind not in _NO_JSON_IN_PARQUET


def with_texts_in_json(
    rows: list[dict[str, Any]], json_columns: Collection[str]
) -> list[dict[str, Any]]:
    """Return the rows with the texts of JSON columns quoted once more.

    dlt parses a text in such a column, and writes what it finds there as it is: ``"support"``
    would reach the destination without its quotes, which is no JSON, and nothing would load.
    """
    for row in rows:
        for name in json_columns:
            if isinstance(value := row.get(name), str):
                row[name] = orjson.dumps(value).decode()
    return rows


def with_dlt_columns(rows: pa.Table, known_columns: Any) -> pa.Table:
    """Return the rows with the columns that dlt adds to objects and not to Arrow tables.

    Args:
        rows: Of one table.
        known_columns: Columns the table has. A table that was made from objects wants an id
            for every row, also from Arrow tables.
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
    """Drop dlt's warning that a declared type is kept where Arrow knows only text, as for JSON.

    dlt compares the types while it holds what a resource has yielded, so a resource that yields
    Arrow tables does so within this.
    """
    logger = logging.getLogger("dlt")

    def keep(record: logging.LogRecord) -> bool:
        return _KEPT_HINTS not in str(record.msg)

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
