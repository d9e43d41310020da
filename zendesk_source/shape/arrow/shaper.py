"""Make tables of pages without a dict for each row: from bytes to typed records to Arrow columns.

`RowShaper` decides what a page means; this is a faster way to the same tables. The decoder refuses
what it was not made for (an unknown key, a value of another type). Such a page goes through
`RowShaper`, and the decoder learns from it for later pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson
import pyarrow as pa

from zendesk_source.api.mending import json_value
from zendesk_source.api.paging.door import Rejected, own_keys
from zendesk_source.catalogue import DataType, SideTable, Stream
from zendesk_source.names import REMOVED, SYNCED_AT
from zendesk_source.shape.arrow.decoder import DecodedPage, PageDecoder
from zendesk_source.shape.arrow.garbage import no_collection
from zendesk_source.shape.arrow.records import Record
from zendesk_source.shape.arrow.sides import (
    SIDE_ARRAYS,
    PageRecords,
    SideArrays,
    joined,
    record_arrays,
)
from zendesk_source.shape.arrow.table import TableArrow
from zendesk_source.shape.arrow.values import (
    ARROW_TYPES,
    Arrays,
    arrays_of_rows,
    raw_arrays,
    typed_arrays,
    value_arrays,
)
from zendesk_source.shape.arrow.whole_sets import ArrowKeys, marker_arrays
from zendesk_source.shape.columns import Row
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.sides import EVENT_COLUMNS, SIDE_ROWS
from zendesk_source.shape.whole_sets import NO_PARENTS


class ArrowShaper:
    """Turns the pages of one stream into Arrow tables, as `RowShaper` turns them into dicts.

    Other threads may parse pages ahead of the one that is being shaped.

    Args:
        stream: The stream of the pages.
        known_types: Column types by table that the destination already has.
        fields: Columns of the custom fields; None keeps them as JSON.
        column_name: Turns a JSON key into the destination's spelling.

    Attributes:
        exact_pages: How many pages had to be shaped row by row.
        whole_sets: As in ``RowShaper``.
    """

    def __init__(
        self,
        stream: Stream,
        known_types: Mapping[str, Mapping[str, DataType]],
        fields: FieldColumns | None,
        column_name: Callable[[str], str],
    ) -> None:
        self.exact_pages = 0
        self._stream = stream
        self._fields = fields
        self._exact = RowShaper(stream, known_types, fields, column_name)
        self.whole_sets = self._exact.whole_sets
        self._tables = {table.name: table for table in stream.tables}
        can_decode = all(side.origin in SIDE_ARRAYS for side in stream.side_tables)
        self._decoder = PageDecoder(stream, self._exact, fields) if can_decode else None

    def begin_package(self) -> None:
        """Forget what the pages of the load package before showed."""
        self._exact.begin_package()

    def take_rejected(self) -> tuple[Rejected, ...]:
        """As of ``RowShaper``."""
        return self._exact.take_rejected()

    def parse(self, body: bytes) -> Mapping[str, Any]:
        """Decode a page, once, into its envelope.

        Args:
            body: JSON as Zendesk sent it.

        Returns:
            The envelope. Its rows are records, or dicts if the page holds something unexpected.
            Both have ``get``.

        Raises:
            ValueError: It is not JSON.
        """
        decoded = None if self._decoder is None else self._decoder.decode(body)
        if decoded is not None:
            return decoded
        self.exact_pages += 1
        page: Mapping[str, Any] = orjson.loads(body)
        return page

    def values(self, envelope: Mapping[str, Any], key: str) -> list[Any]:
        """Return the values under a key of all rows of a page."""
        if not isinstance(envelope, DecodedPage):
            return self._exact.values(envelope, key)
        return envelope.layout.own.values(envelope[self._stream.rows_key], key)

    def undescribed_fields(self, envelope: Mapping[str, Any]) -> set[str]:
        """Return the keys of custom fields on a page whose definition was not read yet."""
        if not isinstance(envelope, DecodedPage):
            return self._exact.undescribed_fields(envelope)
        rows, layout = envelope[self._stream.rows_key], envelope.layout
        if self._fields is None or layout.custom is None or not rows:
            return set()
        return layout.custom.keys(layout.own, rows) - self._fields.by_key.keys()

    def tables(
        self,
        envelope: Mapping[str, Any],
        read_at: datetime,
        shown_parents: Mapping[Any, bool] = NO_PARENTS,
    ) -> Iterator[TableArrow]:
        """Shape one page: side tables first, the stream's own rows last.

        Args:
            envelope: The result of ``parse``.
            read_at: When it was answered; must be later than for the page before.
            shown_parents: As in ``Page``.

        Yields:
            The stream's own table always, side tables if the page has rows for them.
        """
        with no_collection():
            if isinstance(envelope, DecodedPage):
                tables = self._decoded_tables(envelope, read_at)
                self._learn({})
            else:
                tables = self._exact_tables(envelope, read_at, shown_parents)
                self._learn(envelope)
        yield from tables

    def _learn(self, envelope: Mapping[str, Any]) -> None:
        if self._decoder is not None:
            self._decoder.learn(envelope)

    def _exact_tables(
        self, envelope: Mapping[str, Any], read_at: datetime, shown_parents: Mapping[Any, bool]
    ) -> list[TableArrow]:
        tables = []
        for table in self._exact.tables(envelope, read_at, shown_parents):
            rows: list[Row] = [_without_time(row) for row in table.rows]
            columns = self._exact.columns[table.table]
            arrow = self._table(table.table, len(rows), arrays_of_rows(columns, rows), read_at)
            new, json = table.new_columns, table.json_columns
            tables.append(TableArrow(table.table, arrow, new, json))
        return tables

    def _decoded_tables(self, page: DecodedPage, read_at: datetime) -> list[TableArrow]:
        layout, rows = page.layout, page[self._stream.rows_key]
        # Only rows that have side tables need an id: some are told apart by another column.
        parent_ids = layout.own.values(rows, "id") if self._stream.side_tables else []
        records = PageRecords(layout, page, rows, parent_ids, self._exact.reject)
        tables = []
        for side in self._stream.side_tables:
            shaped = self._side_table(side, records, read_at)
            if shaped is not None:
                tables.append(shaped)
        tables.append(self._finished(self._stream.name, len(rows), self._own_arrays(page), read_at))
        return tables

    def _side_table(
        self, side: SideTable, page: PageRecords, read_at: datetime
    ) -> TableArrow | None:
        columns = self._exact.columns[side.name]
        try:
            shaped = SIDE_ARRAYS[side.origin](side, page, columns)
        except msgspec.ValidationError:
            shaped = None
        if shaped is None or not _are_keyed(shaped, side):
            shaped = self._exact_side(side, page)

        shaped = joined(shaped, self._gone(side, page, shaped))
        if not shaped.count:
            return None
        return self._finished(side.name, shaped.count, shaped.arrays, read_at)

    def _gone(self, side: SideTable, page: PageRecords, shaped: SideArrays) -> SideArrays:
        """Return the markers of rows that are gone from a side table by this page."""
        key_columns = self.whole_sets.key_columns(side.name)
        if not key_columns:
            return SideArrays(0, {})
        shown = ArrowKeys(shaped.arrays if shaped.count else {}, key_columns)
        markers = self.whole_sets.gone_from_side(
            side, shown, page.envelope, page.parent_ids, page.parents
        )
        count = len(markers[REMOVED]) if markers else 0
        return SideArrays(count, marker_arrays(self._exact.columns[side.name], markers))

    def _exact_side(self, side: SideTable, page: PageRecords) -> SideArrays:
        """Shape a side table row by row because a decoded page holds something unexpected in it."""
        self.exact_pages += 1
        columns = self._exact.columns[side.name]
        parents: list[Any] = [
            {
                "id": id_,
                side.key: _plain(parent.get(side.key)),
                **{key: parent.get(key) for key in EVENT_COLUMNS.values()},
            }
            for id_, parent in zip(page.parent_ids, page.parents, strict=True)
        ]
        beside = {side.key: list(map(_plain, page.envelope.get(side.key) or ()))}
        found = SIDE_ROWS[side.origin](side, parents, beside, self._exact.reject)
        rows = [columns.typed(row) for row in self._exact.fitting(side, found)]
        self._learn({self._stream.rows_key: parents})
        return SideArrays(len(rows), arrays_of_rows(columns, rows))

    def _own_arrays(self, page: DecodedPage) -> Arrays:
        layout, rows = page.layout, page[self._stream.rows_key]
        columns = self._exact.columns[self._stream.name]
        arrays = record_arrays(columns, layout.own, rows)
        if layout.custom is not None and self._fields is not None:
            for field in layout.custom.fields(layout.own, rows):
                key = self._fields.column(field.key).name
                convert = raw_arrays if field.is_raw else typed_arrays
                arrays.update(convert(columns, key, field.values))
        if self._stream.derive is not None:
            flags = list(map(self._stream.derive, rows))
            for key in flags[0] if flags else ():
                arrays.update(value_arrays(columns, key, [row[key] for row in flags]))
        return arrays

    def _finished(self, table: str, count: int, arrays: Arrays, read_at: datetime) -> TableArrow:
        columns = self._exact.columns[table]
        new, json = columns.take_new(), columns.of_type("json")
        return TableArrow(table, self._table(table, count, arrays, read_at), new, json)

    def _table(self, table: str, count: int, arrays: Arrays, read_at: datetime) -> pa.Table:
        """Put columns in order: all declared ones, and the time of reading last."""
        columns = self._exact.columns[table]
        keys = self._tables[table].primary_key
        fields, ordered = [], []
        for name in columns.in_order((*columns.declared, *arrays)):
            array = arrays.get(name)
            if array is None:
                data_type = columns.data_type(name)
                assert data_type is not None
                array = pa.nulls(count, ARROW_TYPES[data_type])
            is_key = name in keys and not array.null_count
            fields.append(pa.field(name, array.type, nullable=not is_key))
            ordered.append(array)
        time = pa.scalar(read_at, ARROW_TYPES["timestamp"])
        fields.append(pa.field(SYNCED_AT, time.type))
        return pa.Table.from_arrays([*ordered, pa.repeat(time, count)], schema=pa.schema(fields))


def _are_keyed(shaped: SideArrays, side: SideTable) -> bool:
    """Whether every row has its key; a value that does not fit a key column leaves it empty."""
    arrays = [shaped.arrays.get(key) for key in own_keys(side)]
    return not shaped.count or all(a is not None and not a.null_count for a in arrays)


def _plain(value: Any) -> Any:
    """Return a record as the JSON object it was decoded from."""
    return json_value(msgspec.json.encode(value)) if isinstance(value, Record) else value


def _without_time(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != SYNCED_AT}
