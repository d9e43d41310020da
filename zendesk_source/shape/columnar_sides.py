"""Side tables of a decoded page: their rows as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.catalogue import Origin, SideTable
from zendesk_source.shape.columnar_layout import COMMENT, EVENT_TYPE, PageLayout
from zendesk_source.shape.columnar_values import (
    Arrays,
    raw_arrays,
    typed_arrays,
    value_arrays,
)
from zendesk_source.shape.decoding import Record, RecordLayout
from zendesk_source.shape.side_tables import SIDE_ROWS, Page, Row, WholeSets
from zendesk_source.shape.tables import REMOVED, TableColumns

_TEXT_LISTS = msgspec.json.Decoder(list[list[str] | None])


@dataclass(frozen=True, slots=True)
class PageRecords:
    """A decoded page, as the side tables need it.

    Attributes:
        layout: How it was decoded.
        envelope: The page.
        parents: The stream's own rows.
        parent_ids: Their ids.
    """

    layout: PageLayout
    envelope: Page
    parents: Sequence[Record]
    parent_ids: Sequence[Any]


@dataclass(frozen=True, slots=True)
class SideArrays:
    """Rows of a side table.

    Attributes:
        count: How many.
        arrays: Their columns.
    """

    count: int
    arrays: Arrays


def record_arrays(columns: TableColumns, layout: RecordLayout, records: Sequence[Any]) -> Arrays:
    """Convert records, key by key."""
    arrays: Arrays = {}
    for slot in layout.slots:
        values = slot.values(records)
        convert = raw_arrays if slot.is_raw else typed_arrays
        arrays.update(convert(columns, slot.key, values))
    return arrays


def _object_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    layout = page.layout.sides[side.name]
    nested = list(map(attrgetter(page.layout.own.attribute(side.key)), page.parents))
    pairs = [(each, id_) for each, id_ in zip(nested, page.parent_ids, strict=True) if each]
    records = [each for each, _ in pairs]
    arrays = record_arrays(columns, layout, records)
    said = map(attrgetter(layout.attribute(side.parent_column)), records)
    parents = [id_ if of is msgspec.UNSET else of for of, (_, id_) in zip(said, pairs, strict=True)]
    arrays.update(value_arrays(columns, side.parent_column, parents))
    return SideArrays(len(records), arrays)


def _element_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    (element_column,) = set(side.primary_key) - {side.parent_column}
    lists = _text_lists(page.layout.own, page.parents, side.key)
    if lists is None:
        rows = list(SIDE_ROWS[side.origin](side, page.parents, page.envelope))  # type: ignore[arg-type]
        parents = [row[side.parent_column] for row in rows]
        elements = [row[element_column] for row in rows]
    else:
        elements = list(chain.from_iterable(lists))
        counts = map(len, lists)
        parents = [i for i, n in zip(page.parent_ids, counts, strict=True) for _ in range(n)]
    arrays = value_arrays(columns, side.parent_column, parents)
    arrays.update(value_arrays(columns, element_column, elements))
    return SideArrays(len(elements), arrays)


def _text_lists(own: RecordLayout, parents: Sequence[Record], key: str) -> list[list[str]] | None:
    """Return lists of different texts; None where one of them is something else."""
    texts = list(map(attrgetter(own.attribute(key)), parents))
    try:
        lists = [each or [] for each in _TEXT_LISTS.decode(b"[" + b",".join(texts) + b"]")]
    except (msgspec.ValidationError, TypeError):
        return None
    is_distinct = sum(map(len, map(set, lists))) == sum(map(len, lists))
    return lists if is_distinct else None


def _arrays_beside(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    records = page.envelope.get(side.key) or ()
    return SideArrays(len(records), record_arrays(columns, page.layout.sides[side.name], records))


def _comment_arrays(side: SideTable, page: PageRecords, columns: TableColumns) -> SideArrays:
    layout, children = page.layout.sides[side.name], page.layout.children
    assert children is not None
    raws = map(attrgetter(page.layout.own.attribute(side.key)), page.parents)
    body = attrgetter(layout.attribute("body"))
    record = layout.record
    found = [
        (child, number)
        for number, raw in enumerate(raws)
        for child in children.decode(raw) or ()
        if type(child) is record and body(child) is not msgspec.UNSET
    ]
    comments = [child for child, _ in found]
    arrays = record_arrays(columns, layout, comments)
    tickets = page.layout.own.values(page.parents, "ticket_id")
    computed = {
        EVENT_TYPE: [COMMENT] * len(comments),
        "ticket_id": [tickets[number] for _, number in found],
        side.parent_column: [page.parent_ids[number] for _, number in found],
    }
    for key, values in computed.items():
        arrays.update(value_arrays(columns, key, values))
    return SideArrays(len(comments), arrays)


SIDE_ARRAYS: Mapping[Origin, Callable[[SideTable, PageRecords, TableColumns], SideArrays]] = {
    Origin.OBJECT: _object_arrays,
    Origin.ELEMENTS: _element_arrays,
    Origin.BESIDE: _arrays_beside,
    Origin.COMMENT_EVENTS: _comment_arrays,
}
"""A stream with a side table of another origin is shaped row by row."""


class ShownPages:
    """What decoded pages showed of whole sets; looked at only when a parent comes again.

    Args:
        side: The side table.
        sets: What the exact path knows; takes over the parents that come again.
    """

    def __init__(self, side: SideTable, sets: WholeSets) -> None:
        self._side = side
        self._sets = sets
        self._page_of: dict[Any, Arrays] = {}

    def markers(self, page: PageRecords, shown: SideArrays) -> list[Row]:
        """Return a marker for each row that is gone, and for each parent that has none."""
        side = self._side
        if not side.is_whole_set or (
            side.origin is Origin.BESIDE and side.key not in page.envelope
        ):
            return []
        keys = {name: shown.arrays.get(name) for name in (*side.primary_key, side.parent_column)}
        arrays = {name: array for name, array in keys.items() if array is not None}
        now = arrays[side.parent_column].to_pylist() if shown.count else []
        parents = dict.fromkeys(chain(page.parent_ids, now))
        again = {
            parent for parent in parents if parent in self._page_of or self._sets.knows(parent)
        }
        rows = self._rows_of(arrays, again)
        self._hand_over(again)
        has_rows = set(now)
        seen = [{"id": parent} for parent in parents if parent in again or parent not in has_rows]
        for parent in parents:
            if parent in has_rows and parent not in again:
                self._page_of[parent] = arrays
        completed = self._sets.complete(rows, seen, page.envelope, REMOVED)
        return completed[len(rows) :]

    def forget(self) -> None:
        """Begin a new load package."""
        self._page_of.clear()

    def hand_over_page(self, parents: Sequence[Mapping[str, Any]], page: Page) -> None:
        """Tell the exact path what decoded pages showed of the parents in its next page."""
        if not self._page_of:
            return
        ids = [parent.get("id") for parent in parents]
        if self._side.origin is Origin.BESIDE:
            ids += [row.get(self._side.parent_column) for row in page.get(self._side.key) or ()]
        self._hand_over(ids)

    def _hand_over(self, parents: Iterable[Any]) -> None:
        pages: dict[int, tuple[Arrays, dict[Any, list[Row]]]] = {}
        for parent in parents:
            arrays = self._page_of.pop(parent, None)
            if arrays is not None:
                pages.setdefault(id(arrays), (arrays, {}))[1][parent] = []
        for arrays, rows_of in pages.values():
            for row in self._rows_of(arrays, set(rows_of)):
                rows_of[row[self._side.parent_column]].append(row)
            for parent, rows in rows_of.items():
                self._sets.remember(parent, rows)

    def _rows_of(self, arrays: Arrays, parents: set[Any]) -> list[Row]:
        if not parents or not arrays:
            return []
        table = pa.table(arrays)
        of = table.column(self._side.parent_column)
        rows: list[Row] = table.filter(
            pc.is_in(of, value_set=pa.array(list(parents), of.type))
        ).to_pylist()
        return rows
