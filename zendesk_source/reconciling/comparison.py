"""Compare a page of Zendesk's rows, shaped as a load would shape them, with the stored rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zendesk_source.account.connection import Connection
from zendesk_source.account.shaping import tables_and_rejected
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import DataType, Origin, SideTable, Stream
from zendesk_source.names import ACCOUNT_COLUMN, REMOVED
from zendesk_source.reconciling.report import Id
from zendesk_source.reconciling.stored import Row, Stored
from zendesk_source.reconciling.values import decoded, same
from zendesk_source.shape.parts import fields_in, ignore
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.sides import says_something
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.shape.tables import TableRows

Kind = Literal["missing", "stale", "extra"]
RowsByParent = Mapping[Any, Mapping[tuple[str, ...], Row]]

_VARIANT = "__v_"
_OF_THE_LOADER = ("_dlt_", "_zendesk_")


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not what Zendesk shows, or the rows of one parent in a side table.

    Attributes:
        table: The table.
        kind: ``stale`` if values differ, or rows are missing and others are too many.
        id: Key of the row, or of the parent.
        columns: Columns that differ.
    """

    table: str
    kind: Kind
    id: Id
    columns: frozenset[str] = frozenset()


@dataclass(slots=True)
class Comparison:
    """Compares pages of one stream with its tables.

    Attributes:
        stream: The stream.
        shape: Makes tables of its pages, as rows.
        stored: The tables.
        connection: The account.
        run: Collects notes of the shaping.
        ignored: Tables and columns that do not count: ``users`` or ``users.notes``.
    """

    stream: Stream
    shape: StreamShape
    stored: Stored
    connection: Connection
    run: StreamRun
    ignored: frozenset[str]

    def tables(self) -> list[Stream | SideTable]:
        """Return the tables that are compared, the stream's own first, even if it is ignored."""
        sides = (side for side in self.stream.side_tables if side.name not in self.ignored)
        return [self.stream, *sides]

    def shaped(self, page: Page) -> dict[str, list[Row]]:
        """Return the rows that a load would write, by table; without those that are removed."""
        self.shape.begin_package()
        tables, _ = tables_and_rejected(page, self.shape, self.connection, self.run)
        rows: dict[str, list[Row]] = {}
        for table in tables:
            assert isinstance(table, TableRows)
            newest = table.newest(self._table(table.table).primary_key)
            rows[table.table] = [row for row in newest.rows if not row.get(REMOVED)]
        return rows

    def own(
        self, page: Page, expected: Iterable[Row], found: Iterable[Row]
    ) -> Iterator[Difference]:
        """Yield the rows of the stream's own table that differ, or are on one side only.

        Args:
            page: The page of the expected rows.
            expected: Rows as they would be loaded.
            found: Rows of the table.
        """
        key = self.stream.primary_key
        raw = {_key(row, key): row for row in page.rows}
        theirs = {_key(row, key): row for row in expected}
        ours = {_key(row, key): row for row in found}
        for each in theirs.keys() | ours.keys():
            if each not in ours:
                yield Difference(self.stream.name, "missing", _id(each))
            elif each not in theirs:
                yield Difference(self.stream.name, "extra", _id(each))
            else:
                shown = self._columns_shown(raw.get(each, {}))
                if columns := self._differing(self.stream, theirs[each], ours[each], shown):
                    yield Difference(self.stream.name, "stale", _id(each), columns)

    def own_extra(self, found: Iterable[Row]) -> Iterator[Difference]:
        """Yield all rows of the stream's own table, as those of a list that shows none."""
        for row in found:
            key = _id(_key(row, self.stream.primary_key))
            yield Difference(self.stream.name, "extra", key)

    def side(
        self, side: SideTable, page: Page, expected: Iterable[Row], found: Iterable[Row]
    ) -> tuple[set[Id], list[Difference]]:
        """Return the parents of which a page tells the rows in a side table, and what differs.

        Args:
            side: The side table.
            page: The page of the expected rows.
            expected: Rows as they would be loaded.
            found: Rows of the table, of the parents on the page.
        """
        told = set(self._parents_told(side, page))
        theirs, ours = _by_parent(side, expected), _by_parent(side, found)
        if side.origin is Origin.FIELD_VALUES:
            ours = self._without_removed_fields(page, ours)
        shown = self._side_columns_shown(side, page)
        differences = []
        for parent in told:
            here, there = ours.get(parent, {}), theirs.get(parent, {})
            lacks, has_more = there.keys() - here.keys(), here.keys() - there.keys()
            columns: frozenset[str] = frozenset()
            for key in there.keys() & here.keys():
                columns |= self._differing(side, there[key], here[key], shown)
            if columns or (lacks and has_more):
                differences.append(Difference(side.name, "stale", parent, columns))
            elif lacks or has_more:
                kind: Kind = "missing" if lacks else "extra"
                differences.append(Difference(side.name, kind, parent))
        return told, differences

    def _table(self, name: str) -> Stream | SideTable:
        return next(table for table in self.stream.tables if table.name == name)

    def _parents_told(self, side: SideTable, page: Page) -> Iterator[Any]:
        """Yield the ids of the rows on a page that say what the side table holds."""
        if side.origin is Origin.BESIDE:
            yield from (row["id"] for row in page.rows if side.key in page.envelope)
            return
        for row in page.rows:
            is_told = says_something(side, row)
            if side.origin is Origin.OBJECT:  # a row that shows no metrics may have some
                is_told = isinstance(row.get(side.key), Mapping)
            if is_told:
                yield row["id"]

    def _columns_shown(self, raw: Mapping[str, Any]) -> set[str]:
        """Return the columns of which a row says what they hold."""
        shaper, fields = self.shaper, self.shape.fields
        names = set(map(shaper.columns[self.stream.name].column_of, raw.keys() - shaper.moved_keys))
        if self.stream.derive is not None:
            names |= self.stream.derive(raw).keys()
        if fields is not None:
            # A field that was removed from the account keeps the values that were loaded.
            own = (fields.column(key).name for key in self._fields_shown(raw))
            names |= {shaper.columns[self.stream.name].column_of(name) for name in own}
        if self.stream.by_id is not None:
            names -= set(self.stream.by_id.only_in_export)
        return {name for name in names if name is not None}

    def _fields_shown(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the custom fields that a row shows, by their keys."""
        keys = self.shaper.field_keys
        key = next((key for key in keys if raw.get(key) is not None), None)
        if key is None:
            return {}
        return {str(name): value for name, value in fields_in("", raw, key, ignore)}

    def _without_removed_fields(self, page: Page, ours: RowsByParent) -> RowsByParent:
        shown = {row["id"]: self._fields_shown(row).keys() for row in page.rows}
        return {
            parent: {key: row for key, row in rows.items() if key[-1] in shown.get(parent, ())}
            for parent, rows in ours.items()
        }

    def _side_columns_shown(self, side: SideTable, page: Page) -> set[str]:
        keys: set[str] = set()
        if side.origin is Origin.BESIDE:
            rows = page.envelope.get(side.key) or ()
        elif side.origin is Origin.OBJECT:
            rows = [row.get(side.key) for row in page.rows]
        elif side.origin is Origin.OBJECTS:
            rows = [each for row in page.rows for each in row.get(side.key) or ()]
        else:
            return set(side.columns)
        for each in rows:
            keys |= each.keys() if isinstance(each, Mapping) else set()
        column_of = self.shaper.columns[side.name].column_of
        return {name for key in keys if (name := column_of(key)) is not None}

    def _differing(
        self, table: Stream | SideTable, theirs: Row, ours: Row, shown: set[str]
    ) -> frozenset[str]:
        """Return the columns that differ, of those that the table has and Zendesk shows."""
        types: dict[str, DataType] = self.stored.types(table.name)
        names = [
            name
            for name in theirs.keys() | {name for name, value in ours.items() if value is not None}
            if name in types
            and name.partition(_VARIANT)[0] in shown
            and name != ACCOUNT_COLUMN
            and not name.startswith(_OF_THE_LOADER)
            and f"{table.name}.{name}" not in self.ignored
        ]
        return frozenset(
            name
            for name in names
            if not same(theirs.get(name), ours.get(name), types[name])
            and not (name in self.shaper.field_keys and self._same_fields(name, theirs, ours))
        )

    def _same_fields(self, column: str, theirs: Row, ours: Row) -> bool:
        """Whether JSON of custom fields says the same of all fields that Zendesk still shows."""
        now = self._fields_shown({column: decoded(theirs.get(column))})
        then = self._fields_shown({column: decoded(ours.get(column))})
        return all(then.get(key) == value for key, value in now.items())

    @property
    def shaper(self) -> RowShaper:
        """What shapes the rows."""
        assert isinstance(self.shape.shaper, RowShaper)
        return self.shape.shaper


def _key(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row.get(column)) for column in columns)


def _id(key: tuple[str, ...]) -> Id:
    text = "/".join(key)
    return int(text) if text.isdigit() else text


def _by_parent(side: SideTable, rows: Iterable[Row]) -> RowsByParent:
    found: defaultdict[Any, dict[tuple[str, ...], Row]] = defaultdict(dict)
    for row in rows:
        found[row[side.parent_column]][_key(row, side.primary_key)] = row
    return found
