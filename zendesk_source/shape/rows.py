"""Make tables of pages row by row: the stream's own rows, and those of its side tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from zendesk_source.api.paging.door import Reject, Rejected, kind_of, misfits
from zendesk_source.catalogue import DataType, SideTable, Stream
from zendesk_source.names import SYNCED_AT
from zendesk_source.shape.columns import Row, TableColumns
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.parts import fields_in, ignore
from zendesk_source.shape.sides import SIDE_ROWS
from zendesk_source.shape.tables import TableRows
from zendesk_source.shape.whole_sets import NO_PARENTS, Markers, RowKeys, WholeSets

_CUSTOM_FIELDS_KEYS = {
    "ticket": ("custom_fields", "fields"),  # the same list twice
    "user": ("user_fields",),
    "organization": ("organization_fields",),
    "custom_object": ("custom_object_fields",),
}


class RowShaper:
    """Turns the pages of one stream into tables, and remembers the types of their columns.

    Args:
        stream: The stream of the pages.
        known_types: Types of the columns that the destination has, by table. They count before
            the type of a value.
        fields: Columns of the custom fields; None keeps them as JSON.
        column_name: Turns a JSON key into the destination's spelling.

    Attributes:
        columns: Columns by table.
        whole_sets: Finds rows that are gone from the tables.
        field_keys: Keys of a row that hold its custom fields; the preferred one comes first.
        moved_keys: Keys of a row that do not become columns of the stream's own table.
    """

    def __init__(
        self,
        stream: Stream,
        known_types: Mapping[str, Mapping[str, DataType]],
        fields: FieldColumns | None,
        column_name: Callable[[str], str],
    ) -> None:
        self._rejected: list[Rejected] = []
        self._stream = stream
        self._fields = fields
        self.field_keys = _CUSTOM_FIELDS_KEYS[stream.custom_fields] if stream.custom_fields else ()
        embedded = {side.key for side in stream.side_tables if side.replaces_key}
        # As JSON, one of the two equal lists of a ticket is enough.
        self.moved_keys = embedded | set(self.field_keys if fields else self.field_keys[1:])
        self.columns = {
            table.name: TableColumns(
                table.columns, known_types.get(table.name, {}), column_name, fields
            )
            for table in stream.tables
        }
        self.whole_sets = WholeSets(stream, self.columns)
        self._times_in_keys = {
            table.name: [key for key in table.primary_key if table.columns[key] == "timestamp"]
            for table in stream.tables
        }

    def begin_package(self) -> None:
        """Forget what the pages of the load package before showed."""
        self.whole_sets.begin_package()

    @staticmethod
    def parse(body: bytes) -> Mapping[str, Any]:
        """Decode a page into its envelope."""
        page: Mapping[str, Any] = orjson.loads(body)
        return page

    def values(self, envelope: Mapping[str, Any], key: str) -> list[Any]:
        """Return the values under a key of all rows of a page."""
        return [row.get(key) for row in envelope[self._stream.rows_key]]

    def undescribed_fields(self, envelope: Mapping[str, Any]) -> set[str]:
        """Return the keys of custom fields on a page whose definition was not read yet."""
        if self._fields is None:
            return set()
        rows: list[Row] = envelope[self._stream.rows_key]
        return self._fields.unknown(self._custom_values(row, ignore) for row in rows)

    def tables(
        self,
        envelope: Mapping[str, Any],
        read_at: datetime,
        shown_parents: Mapping[Any, bool] = NO_PARENTS,
    ) -> Iterator[TableRows]:
        """Shape one page: side tables first, the stream's own rows last.

        Args:
            envelope: The decoded page.
            read_at: When it was answered; must be later than for the page before.
            shown_parents: As in ``Page``.

        Yields:
            The stream's own table always, side tables if the page has rows for them.
            ``take_rejected`` returns what fits none of them.
        """
        parents: list[Row] = envelope[self._stream.rows_key]
        for side in self._stream.side_tables:
            if rows := self._side_rows(side, parents, envelope):
                yield self._finished(side.name, rows, read_at)
        own = self._typed(self._stream.name, [self._own_row(row) for row in parents])
        if self._stream.replaces_by_parent:
            shown = RowKeys(own, self.whole_sets.key_columns(self._stream.name))
            own += _as_rows(self.whole_sets.gone_from_parents(shown, shown_parents))
        yield self._finished(self._stream.name, own, read_at)

    def fitting(self, table: Stream | SideTable, rows: Iterable[Row]) -> list[Row]:
        """Return the rows of a table that have its key, and reject the others."""
        found = list(rows)
        unfit = dict(misfits(found, table))
        for at, why in unfit.items():
            self.reject(Rejected(table.name, why, found[at]))
        return [row for at, row in enumerate(found) if at not in unfit] if unfit else found

    def reject(self, rejected: Rejected) -> None:
        """Put aside a row, or a part of one, that fits no table."""
        self._rejected.append(rejected)

    def take_rejected(self) -> tuple[Rejected, ...]:
        """Return what was rejected since the last call, without repetitions."""
        rejected, self._rejected = self._rejected, []
        once = {(each.table, each.reason, orjson.dumps(each.row)): each for each in rejected}
        return tuple(once.values())

    def _side_rows(
        self, side: SideTable, parents: list[Row], envelope: Mapping[str, Any]
    ) -> list[Row]:
        found = SIDE_ROWS[side.origin](side, parents, envelope, self.reject)
        rows = self._typed(side.name, self.fitting(side, found))
        key_columns = self.whole_sets.key_columns(side.name)
        if not key_columns:
            return rows
        shown, ids = RowKeys(rows, key_columns), (parent["id"] for parent in parents)
        gone = self.whole_sets.gone_from_side(side, shown, envelope, ids, parents)
        return [*rows, *_as_rows(gone)]

    def _own_row(self, row: Row) -> Row:
        own = {key: value for key, value in row.items() if key not in self.moved_keys}
        if self._fields is not None:
            own.update(self._fields.values_of(self._custom_values(row, self.reject)))
        if self._stream.derive is not None:
            own.update(self._stream.derive(row))
        return own

    def _custom_values(self, row: Row, reject: Reject) -> Iterable[tuple[Any, Any]]:
        if self._stream.custom_fields == "custom_object" and _is_erased(self._stream, row):
            return ()
        key = next((key for key in self.field_keys if row.get(key) is not None), None)
        return () if key is None else fields_in(self._stream.name, row, key, reject)

    def _typed(self, table: str, rows: Sequence[Row]) -> list[Row]:
        typed = list(map(self.columns[table].typed, rows))
        if all(key in row for row in typed for key in self._times_in_keys[table]):
            return typed
        return self._with_times(table, rows, typed)

    def _finished(self, table: str, rows: list[Row], read_at: datetime) -> TableRows:
        columns = self.columns[table]
        for row in rows:
            row[SYNCED_AT] = read_at
        return TableRows(table, rows, columns.take_new(), columns.of_type("json"))

    def _with_times(self, table: str, rows: Iterable[Row], typed: list[Row]) -> list[Row]:
        """Return the rows whose key is complete; whether a time is one shows only when parsed."""
        fitting = []
        for raw, row in zip(rows, typed, strict=True):
            unfit = [key for key in self._times_in_keys[table] if key not in row]
            if unfit:
                why = ", ".join(f"`{key}` is {kind_of(raw.get(key))} and no time" for key in unfit)
                self.reject(Rejected(table, why, raw))
            else:
                fitting.append(row)
        return fitting


def _is_erased(stream: Stream, row: Row) -> bool:
    """Whether Zendesk has overwritten all fields, even numbers, with "[DELETED]"."""
    return stream.is_deleted is not None and stream.is_deleted(row)


def _as_rows(markers: Markers) -> list[Row]:
    values = zip(*markers.values(), strict=True)
    return [dict(zip(markers, each, strict=True)) for each in values]
