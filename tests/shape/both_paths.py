"""Runs the same pages through both shapers and compares the tables, value by value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import pyarrow as pa

from zendesk_source.catalogue import STREAMS, DataType, with_custom_field_rows
from zendesk_source.names import SYNCED_AT
from zendesk_source.shape.arrow import ArrowShaper, TableArrow
from zendesk_source.shape.arrow.values import ARROW_TYPES
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.tables import TableRows

BY_NAME = {stream.name: stream for stream in STREAMS}
FIRST_READ = datetime(2026, 1, 1, tzinfo=timezone.utc)

Definitions = Iterable[Mapping[str, Any]]


def column_name(key: str) -> str:
    """Spell as a destination would: lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", key.lower()) or "_"


def field_columns(stream: str, definitions: Definitions | None) -> FieldColumns | None:
    owner = BY_NAME[stream].custom_fields
    if owner is None or definitions is None:
        return None
    columns = FieldColumns(owner, {})
    columns.learn(definitions)
    return columns


class BothPaths:
    """The two shapers of one stream, fed with the same pages."""

    def __init__(
        self,
        stream: str,
        definitions: Definitions | None = (),
        known: Mapping[str, Mapping[str, DataType]] | None = None,
        *,
        as_rows: bool = False,
    ) -> None:
        self.stream = with_custom_field_rows(BY_NAME[stream]) if as_rows else BY_NAME[stream]
        self.exact = RowShaper(
            self.stream, known or {}, field_columns(stream, definitions), column_name
        )
        self.arrow = ArrowShaper(
            self.stream, known or {}, field_columns(stream, definitions), column_name
        )
        self._read_at = FIRST_READ

    def read(self, body: bytes) -> list[TableArrow]:
        """Shape a page both ways, compare, and return the Arrow tables."""
        self._read_at += timedelta(seconds=1)
        envelope = orjson.loads(body)
        parsed = self.arrow.parse(body)
        assert parsed.keys() == envelope.keys()
        assert self.arrow.undescribed_fields(parsed) == self.exact.undescribed_fields(envelope)
        expected = list(self.exact.tables(envelope, self._read_at))
        tables = list(self.arrow.tables(parsed, self._read_at))
        assert [table.table for table in tables] == [table.table for table in expected]
        for got, wanted in zip(tables, expected, strict=True):
            self._compare(got, wanted)
        return tables

    def page(self, *rows: Mapping[str, Any], **beside: Any) -> list[TableArrow]:
        """Shape a page made of these rows."""
        return self.read(orjson.dumps({self.stream.rows_key: rows, **beside}))

    def _compare(self, got: TableArrow, wanted: TableRows) -> None:
        assert dict(got.new_columns) == dict(wanted.new_columns), got.table
        types = {
            name: self.exact.columns[got.table].data_type(name)
            for name in got.rows.column_names
            if name != SYNCED_AT
        }
        assert {name: got.rows.schema.field(name).type for name in types} == {
            name: ARROW_TYPES[kind] for name, kind in types.items() if kind is not None
        }
        in_arrow = [_plain(row, types) for row in got.rows.to_pylist()]
        exact = [_plain(row, types) for row in wanted.rows]
        assert sorted(in_arrow, key=_sorted_by) == sorted(exact, key=_sorted_by), got.table


def _plain(row: Mapping[str, Any], types: Mapping[str, DataType | None]) -> dict[str, Any]:
    return {
        name: orjson.loads(value) if types.get(name) == "json" and isinstance(value, str) else value
        for name, value in row.items()
        if value is not None
    }


def _sorted_by(row: Mapping[str, Any]) -> str:
    return str(sorted((name, repr(_comparable(value))) for name, value in row.items()))


def _comparable(value: Any) -> Any:
    # Decimal("1.5") and Decimal("1.500000000") are equal but do not look so.
    return float(value) if type(value).__name__ == "Decimal" else value


def field_names(table: pa.Table) -> list[str]:
    names: list[str] = table.schema.names
    return names
