"""Pages to tables: the stream's own rows and those of its side tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson

from zendesk_source.api.paging.door import Reject, Rejected, kind_of, misfits
from zendesk_source.catalogue import DataType, Origin, SideTable, Stream
from zendesk_source.extract.positions import row_time
from zendesk_source.names import REMOVED, SYNCED_AT
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.parts import fields_in, ignore
from zendesk_source.shape.sides import SIDE_ROWS, WholeSets
from zendesk_source.shape.values import fit, type_of

Row = dict[str, Any]

REMOVED_KEY: Any = (REMOVED,)
"""Its key in a row that is not typed yet: none that JSON can have, whatever Zendesk sends."""

NO_PARENTS: Mapping[Any, bool] = MappingProxyType({})

_CUSTOM_FIELDS_KEYS = {
    "ticket": ("custom_fields", "fields"),  # the same list twice
    "user": ("user_fields",),
    "organization": ("organization_fields",),
    "custom_object": ("custom_object_fields",),
}


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of one table, and the columns they bring that it did not have.

    Attributes:
        table: Table name.
        rows: Rows with typed values.
        new_columns: Types of columns seen for the first time.
        json_columns: Columns that hold JSON; a text in one of them is quoted already.
    """

    table: str
    rows: list[Row]
    new_columns: Mapping[str, DataType]
    json_columns: tuple[str, ...] = ()


class Shaper:
    """Turns the pages of one stream into tables, remembering the types it has given.

    Args:
        stream: Whose pages.
        known_types: Column types by table that the destination already has; they win over
            what a value would suggest.
        fields: Columns of the custom fields; None keeps them as JSON.
        column_name: Turns a JSON key into the destination's spelling.

    Attributes:
        changed_since: Epoch second; rows written last before it were never loaded before.
    """

    def __init__(
        self,
        stream: Stream,
        known_types: Mapping[str, Mapping[str, DataType]],
        fields: FieldColumns | None,
        column_name: Callable[[str], str],
    ) -> None:
        self.changed_since = 0
        self._rejected: list[Rejected] = []
        self._stream = stream
        self._fields = fields
        self.field_keys = _CUSTOM_FIELDS_KEYS[stream.custom_fields] if stream.custom_fields else ()
        embedded = {side.key for side in stream.side_tables if side.replaces_key}
        # As JSON, one of the two equal lists of a ticket is enough.
        self.moved_keys = embedded | set(self.field_keys if fields else self.field_keys[1:])
        self.sets = {side.name: WholeSets(side) for side in stream.side_tables}
        if stream.parent is not None and stream.replaces_by_parent:
            self.sets[stream.name] = WholeSets(_set_of_children(stream, stream.parent.column))
        self.columns = {
            table.name: TableColumns(
                table.columns, known_types.get(table.name, {}), column_name, fields
            )
            for table in stream.tables
        }
        self._times_in_keys = {
            table.name: [key for key in table.primary_key if table.columns[key] == "timestamp"]
            for table in stream.tables
        }

    def new_ids(self, ids: Iterable[Any], parents: Sequence[Any]) -> set[Any]:
        """Return the ids of rows that no earlier load can have brought in an older state.

        Rows come in the order in which they were written last. One that has not been written
        since the stream was read for the first time comes for the first time.
        """
        if not parents or not self._stream.moves_with_every_change:
            return set()
        last = row_time(parents[-1], self._stream)
        if last is not None and last < self.changed_since:
            return set(ids)
        times = ((i, row_time(row, self._stream)) for i, row in zip(ids, parents, strict=True))
        return {i for i, time in times if time is not None and time < self.changed_since}

    def begin_package(self) -> None:
        """Forget what the pages of the load package before showed."""
        for whole_set in self.sets.values():
            whole_set.forget()

    @staticmethod
    def parse(body: bytes) -> Mapping[str, Any]:
        """Decode a page into its envelope."""
        page: Mapping[str, Any] = orjson.loads(body)
        return page

    def values(self, envelope: Mapping[str, Any], key: str) -> list[Any]:
        """Return what the rows of a page hold under a key."""
        return [row.get(key) for row in envelope[self._stream.rows_key]]

    def undescribed_fields(self, envelope: Mapping[str, Any]) -> set[str]:
        """Return the custom fields of a page that nobody has described yet."""
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
            read_at: When it was answered; later than that of the page before.
            shown_parents: As of ``Page``.

        Yields:
            Tables; the stream's own always, side tables when the page has rows for them. What
            fits none of them is handed out by ``take_rejected``.
        """
        parents: list[Row] = envelope[self._stream.rows_key]
        for side in self._stream.side_tables:
            rows = self._side_rows(side, parents, envelope)
            if rows:
                yield self._typed(side.name, rows, read_at)
        own = [self._own_row(row) for row in parents]
        if self._stream.replaces_by_parent:
            own = self._with_removals(own, envelope, shown_parents)
        yield self._typed(self._stream.name, own, read_at)

    def fitting(self, table: Stream | SideTable, rows: Iterable[Row]) -> list[Row]:
        """Return the rows of a table that have its key, and reject the others."""
        found = list(rows)
        unfit = dict(misfits(found, table))
        for at, why in unfit.items():
            self.reject(Rejected(table.name, why, found[at]))
        return [row for at, row in enumerate(found) if at not in unfit] if unfit else found

    def reject(self, rejected: Rejected) -> None:
        """Put aside what fits no table."""
        self._rejected.append(rejected)

    def take_rejected(self) -> tuple[Rejected, ...]:
        """Return what was rejected since the last call, each thing once."""
        rejected, self._rejected = self._rejected, []
        once = {(each.table, each.reason, orjson.dumps(each.row)): each for each in rejected}
        return tuple(once.values())

    def _with_removals(
        self, rows: list[Row], envelope: Mapping[str, Any], shown: Mapping[Any, bool]
    ) -> list[Row]:
        """Add a marker for each row that its parent no longer has."""
        parents: list[Row] = [{"id": parent} for parent in shown]
        new_ids = {parent for parent, may_be_held in shown.items() if not may_be_held}
        whole_set = self.sets[self._stream.name]
        return whole_set.complete(rows, parents, envelope, REMOVED_KEY, new_ids)

    def _side_rows(
        self, side: SideTable, parents: list[Row], envelope: Mapping[str, Any]
    ) -> list[Row]:
        rows = self.fitting(side, SIDE_ROWS[side.origin](side, parents, envelope, self.reject))
        if not side.is_whole_set or self._stream.write != "merge":
            return rows
        new_ids = self.new_ids((row["id"] for row in parents), parents)
        return self.sets[side.name].complete(rows, parents, envelope, REMOVED_KEY, new_ids)

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

    def _typed(self, table: str, rows: Iterable[Row], read_at: datetime) -> TableRows:
        columns = self.columns[table]
        typed = [{**columns.typed(row), SYNCED_AT: read_at} for row in rows]
        if not all(key in row for row in typed for key in self._times_in_keys[table]):
            typed = self._with_times(table, rows, typed)
        return TableRows(table, typed, columns.take_new(), columns.of_type("json"))

    def _with_times(self, table: str, rows: Iterable[Row], typed: list[Row]) -> list[Row]:
        """Return the rows whose key is whole: of a time, its reading alone tells whether it is."""
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
    """Whether the fields hold "[DELETED]": Zendesk writes it into all of them, numbers too."""
    return stream.is_deleted is not None and stream.is_deleted(row)


def _set_of_children(stream: Stream, parent_column: str) -> SideTable:
    """See a stream that is asked for parent by parent as the table beside its parents."""
    return SideTable(
        name=stream.name,
        origin=Origin.BESIDE,
        key=stream.rows_key,
        primary_key=stream.primary_key,
        parent_column=parent_column,
        is_whole_set=True,
        columns=stream.columns,
        docs=stream.docs,
    )


class TableColumns:
    """The columns of one table, growing with what rows bring."""

    def __init__(
        self,
        declared: Mapping[str, DataType],
        known: Mapping[str, DataType],
        column_name: Callable[[str], str],
        fields: FieldColumns | None,
    ) -> None:
        self.declared = declared
        self._types = {**declared, **known}
        self._fields = fields
        self._column_name = column_name
        # Not `known`: the key of a column from an earlier sync may be spelled otherwise.
        self._names: dict[str, str] = {REMOVED_KEY: REMOVED, **{name: name for name in declared}}
        self._new: dict[str, DataType] = {}

    def typed(self, row: Row) -> Row:
        """Return the row with every value under the column it fits; nulls left out."""
        typed: Row = {}
        for key, value in row.items():
            if value is None:
                continue
            name = self.claim(key)
            data_type = self._types.get(name) or self.add(name, self._type_of(name, value))
            value, own_type = fit(value, data_type)
            if own_type != data_type:
                name = f"{name}__v_{own_type}"
                if name not in self._types:
                    self.add(name, own_type)
            typed[name] = value
        return typed

    def column_of(self, key: str) -> str | None:
        """Return the column of a JSON key, or None where another key has its spelling."""
        known = self._names.get(key)
        if known is not None:
            return known
        name = self._column_name(key)
        return None if name in self._names.values() else name

    def claim(self, key: str) -> str:
        """Return the column of a JSON key and keep other keys out of it."""
        return self._names.get(key) or self._name(key)

    def data_type(self, name: str) -> DataType | None:
        """Return the type of a column; None as long as nothing tells it."""
        return self._types.get(name) or self._described_type(name)

    def has(self, name: str) -> bool:
        """Return whether the table has the column already."""
        return name in self._types

    def add(self, name: str, data_type: DataType) -> DataType:
        """Give the table a column it did not have."""
        self._types[name] = self._new[name] = data_type
        return data_type

    def of_type(self, data_type: DataType) -> tuple[str, ...]:
        """Return the columns of a type."""
        return tuple(name for name, kind in self._types.items() if kind == data_type)

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Return columns in the order the table got them."""
        wanted = set(names)
        return [name for name in self._types if name in wanted]

    def take_new(self) -> Mapping[str, DataType]:
        """Return the columns added since the last call."""
        new, self._new = self._new, {}
        return new

    def _type_of(self, name: str, value: Any) -> DataType:
        return self._described_type(name) or type_of(value, name)

    def _described_type(self, name: str) -> DataType | None:
        return self._fields.data_type(name) if self._fields is not None else None

    def _name(self, key: str) -> str:
        """Give a new key a column of its own: two keys may differ only in spelling."""
        name = self._column_name(key)
        taken = set(self._names.values())
        number = 2
        while name in taken:
            # Spelt anew: where names are cut to a length, what is added must not be cut off.
            name = self._column_name(f"{key}_{number}")
            number += 1
        self._names[key] = name
        return name
