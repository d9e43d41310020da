"""A small dlt resource around the shapers: what `source.py` does, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import orjson

from benchmarks.pages import CUSTOM_FIELDS, USER_FIELDS, field_definitions
from zendesk_source.catalogue import STREAMS, SideTable, Stream
from zendesk_source.shape.columnar import ColumnarShaper, TableArrow, together
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.tables import REMOVED, SYNCED_AT, Shaper, TableRows

_FIELDS = {"tickets": CUSTOM_FIELDS, "users": USER_FIELDS}


def shaped_resource(name: str, paths: list[Path], read_at: datetime, pages_together: int) -> Any:
    """Return a resource that reads a stream's pages from files and merges them by key.

    Args:
        name: Of the stream.
        paths: Its pages.
        read_at: When the first one was answered.
        pages_together: Pages handed over at once as Arrow tables; 0 hands over dicts.
    """
    (stream,) = (stream for stream in STREAMS if stream.name == name)

    def read() -> Iterator[Any]:
        tables = _arrow_tables if pages_together else _dict_tables
        for table in tables(stream, paths, read_at, pages_together):
            yield _marked(table, stream)

    resource = dlt.resource(
        read,
        name=name,
        primary_key=list(stream.primary_key),
        write_disposition="merge",
        columns=_column_hints(stream),
        file_format="parquet",
        max_table_nesting=0,
    )
    for side in stream.side_tables:
        no_columns: Any = {}
        for columns in (no_columns, _column_hints(side)):
            resource.apply_hints(
                table_name=side.name,
                primary_key=list(side.primary_key),
                merge_key=side.parent_column if side.is_whole_set else "",
                columns=columns,
                create_table_variant=True,
            )
    return resource


def _arrow_tables(
    stream: Stream, paths: list[Path], read_at: datetime, pages_together: int
) -> Iterator[TableArrow]:
    shaper = ColumnarShaper(stream, *_shaper_arguments(stream))
    shaped: list[TableArrow] = []
    for number, path in enumerate(paths, 1):
        page = shaper.parse(path.read_bytes())
        shaped.extend(shaper.tables(page, read_at + timedelta(microseconds=number)))
        if number % pages_together == 0 or number == len(paths):
            yield from together(shaped)
            shaped = []


def _dict_tables(
    stream: Stream, paths: list[Path], read_at: datetime, _pages_together: int
) -> Iterator[TableRows]:
    shaper = Shaper(stream, *_shaper_arguments(stream))
    for number, path in enumerate(paths, 1):
        page = orjson.loads(path.read_bytes())
        yield from shaper.tables(page, read_at + timedelta(microseconds=number))


def _shaper_arguments(stream: Stream) -> tuple[Any, FieldColumns | None, Any]:
    schema = dlt.current.source_schema()
    fields = None
    if stream.custom_fields is not None:
        names = dlt.current.source_state().setdefault("custom_field_columns", {})
        fields = FieldColumns(stream.custom_fields, names.setdefault(stream.custom_fields, {}))
        fields.learn(field_definitions(_FIELDS.get(stream.name, 0)))
    known = {
        table.name: {
            name: column["data_type"]
            for name, column in schema.tables.get(table.name, {}).get("columns", {}).items()
            if "data_type" in column
        }
        for table in stream.tables
    }
    return known, fields, schema.naming.normalize_identifier


def _column_hints(table: Stream | SideTable) -> Any:
    hints: dict[str, dict[str, Any]] = {
        name: {"data_type": data_type} for name, data_type in table.columns.items()
    }
    hints[SYNCED_AT] = {"data_type": "timestamp"}
    newest_wins_by = SYNCED_AT
    if isinstance(table, Stream) and table.cursor_field == "generated_timestamp":
        newest_wins_by = table.cursor_field
    hints[newest_wins_by]["dedup_sort"] = "desc"
    if isinstance(table, SideTable) and table.is_whole_set:
        hints[REMOVED] = {"data_type": "bool", "hard_delete": True}
    return hints


def _marked(table: TableArrow | TableRows, stream: Stream) -> Any:
    columns: Any = {name: {"data_type": kind} for name, kind in table.new_columns.items()}
    rows: Any = table.rows
    if table.table != stream.name and not columns:
        # The hints of the variant stand; saying them again has dlt validate them, every page.
        return dlt.mark.with_table_name(rows, table.table)
    if table.table != stream.name:
        hints = dlt.mark.make_hints(table_name=table.table, columns=columns or None)
        return dlt.mark.with_hints(rows, hints, create_table_variant=True)
    if columns:
        return dlt.mark.with_hints(rows, dlt.mark.make_hints(columns=columns))
    return rows
