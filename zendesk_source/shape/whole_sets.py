"""Find rows that a parent no longer has, where Zendesk shows all rows of a parent at once.

For every parent in the load package the merge deletes the destination's rows, and inserts those of
the package. It cannot see two things, which are marked here: that a parent has no rows left, and
that a row is gone which an earlier page of the same package still had.

Rows and Arrow tables share this code: it looks only at the keys of a page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from zendesk_source.api.paging.door import are_keys
from zendesk_source.catalogue import DataType, Origin, SideTable, Stream
from zendesk_source.extract.positions import row_time
from zendesk_source.names import REMOVED
from zendesk_source.shape.columns import Row, TableColumns
from zendesk_source.shape.sides import says_something
from zendesk_source.shape.values import fit

# Key columns are NOT NULL; a row that only says "this parent has none" needs something in them.
_PLACEHOLDERS: Mapping[DataType, Any] = {"bigint": 0, "text": ""}

Key = tuple[Any, ...]
"""The values of a row's key columns, its parent's first."""

NO_PARENTS: Mapping[Any, bool] = MappingProxyType({})

Markers = Mapping[str, Sequence[Any]]
"""Rows that mark what is gone, column by column; no columns if nothing is gone."""


class PageKeys(Protocol):
    """The keys of a table's rows on one page."""

    @property
    def parents(self) -> Collection[Any]:
        """The parents that have rows, in the order of the page."""

    def where(self, place: int, values: Collection[Any]) -> Sequence[Key]:
        """Return the keys that have one of the values at an index."""


class RowKeys:
    """The keys of rows with typed values; ``columns`` are the key columns, the parent's first."""

    def __init__(self, rows: Iterable[Row], columns: Sequence[str]) -> None:
        self._keys = [tuple(map(row.get, columns)) for row in rows]
        self.parents: Collection[Any] = dict.fromkeys(key[0] for key in self._keys)

    def where(self, place: int, values: Collection[Any]) -> Sequence[Key]:
        """As of ``PageKeys``."""
        wanted = set(values)
        return [key for key in self._keys if key[place] in wanted]


class WholeSets:
    """The tables of one stream in which a parent's rows on a page replace all it had.

    Args:
        stream: The stream of the tables.
        columns: Columns of these tables, by name of the table.

    Attributes:
        changed_since: Epoch second. Rows last written before it come for the first time.
    """

    def __init__(self, stream: Stream, columns: Mapping[str, TableColumns]) -> None:
        self.changed_since = 0
        self._stream = stream
        self._tables: dict[str, _WholeSet] = {}
        if stream.write == "merge":
            for side in stream.side_tables:
                if side.is_whole_set:
                    own = columns[side.name]
                    self._tables[side.name] = _WholeSet(side.parent_column, side.primary_key, own)
            if stream.parent is not None:
                own = columns[stream.name]
                whole_set = _WholeSet(stream.parent.column, stream.primary_key, own)
                self._tables[stream.name] = whole_set

    def key_columns(self, table: str) -> Sequence[str]:
        """Return the columns that make up the ``PageKeys`` of a table; none if it has no sets."""
        return self._tables[table].key_columns if table in self._tables else ()

    def begin_package(self) -> None:
        """Forget what the pages of the last load package showed."""
        for whole_set in self._tables.values():
            whole_set.begin_package()

    def gone_from_side(
        self,
        side: SideTable,
        page: PageKeys,
        envelope: Mapping[str, Any],
        ids: Iterable[Any],
        parents: Sequence[Any],
    ) -> Markers:
        """Return what is gone from a side table.

        Args:
            side: The side table.
            page: Its keys on a page.
            envelope: The page.
            ids: Ids of the stream's own rows on the page.
            parents: These rows, in the same order.
        """
        is_shown = side.origin is not Origin.BESIDE or side.key in envelope
        if side.name not in self._tables or not is_shown:
            return {}
        whole_set = self._tables[side.name]
        ids = whole_set.parents(ids)
        bare = {i: row for i, row in zip(ids, parents, strict=True) if i not in page.parents}
        new = self._new_ids(ids, parents) if bare else ()
        may_be_emptied = (i for i in bare if i in whole_set or i not in new)
        emptied = [i for i in may_be_emptied if says_something(side, bare[i])]
        return whole_set.gone(page, emptied)

    def gone_from_parents(self, page: PageKeys, shown: Mapping[Any, bool]) -> Markers:
        """Return what is gone from a stream that is asked for parent by parent.

        Args:
            page: Its keys on a page.
            shown: The parents on the page, as in ``Page.shown_parents``.
        """
        whole_set = self._tables[self._stream.name]
        parents = zip(whole_set.parents(shown), shown.values(), strict=True)
        bare = ((i, may_be_held) for i, may_be_held in parents if i not in page.parents)
        return whole_set.gone(page, [i for i, may_be_held in bare if may_be_held or i in whole_set])

    def _new_ids(self, ids: Sequence[Any], parents: Sequence[Any]) -> Collection[Any]:
        """Return the ids of rows that no earlier load can have brought in an older state.

        Rows come in the order of their last change. A row that has not changed since the stream
        was first read comes for the first time.
        """
        if not self._stream.moves_with_every_change:
            return ()
        last = row_time(parents[-1], self._stream)
        if last is not None and last < self.changed_since:
            return set(ids)
        times = ((i, row_time(row, self._stream)) for i, row in zip(ids, parents, strict=True))
        return {i for i, time in times if time is not None and time < self.changed_since}


class _WholeSet:
    """What the pages of a load package have shown of one table's parents."""

    def __init__(
        self, parent_column: str, primary_key: Sequence[str], columns: TableColumns
    ) -> None:
        self.key_columns = tuple(dict.fromkeys((parent_column, *primary_key)))
        self._columns = columns
        self._can_move = parent_column not in primary_key
        self._pages: list[PageKeys] = []
        self._page_of: dict[Any, int] = {}
        self._nothing = tuple(
            self._typed(name, _PLACEHOLDERS[columns.declared[name]])
            for name in self.key_columns[1:]
        )

    def __contains__(self, parent: Any) -> bool:
        """Whether the package holds rows of a parent."""
        return parent in self._page_of

    def begin_package(self) -> None:
        self._pages.clear()
        self._page_of.clear()

    def parents(self, ids: Iterable[Any]) -> list[Any]:
        """Return ids as the table has them: an id may come as a number or as its digits."""
        found, column = list(ids), self.key_columns[0]
        if not found or are_keys(found, self._columns.data_type(column) or "text"):
            return found
        return [self._typed(column, each) for each in found]

    def gone(self, page: PageKeys, emptied: Collection[Any]) -> Markers:
        """Return the markers of what is gone, and remember what the page shows.

        Args:
            page: The keys on a page.
            emptied: Parents that have no rows by this page.
        """
        keys = [(parent, *self._nothing) for parent in emptied if parent not in self._page_of]
        shown = dict.fromkeys((*page.parents, *emptied))
        again = [parent for parent in shown if parent in self._page_of]
        before = self._take_keys(again)
        self._page_of.update(dict.fromkeys(page.parents, len(self._pages)))
        self._pages.append(page)
        if before:
            still_there = {*page.where(0, again), *self._moved(before)}
            keys += [key for key in before if key not in still_there]
        if not keys:
            return {}
        if not self._columns.has(REMOVED):
            self._columns.add(REMOVED, "bool")
        markers = dict(zip(self.key_columns, zip(*keys, strict=True), strict=True))
        return {**markers, REMOVED: [True] * len(keys)}

    def _take_keys(self, parents: Iterable[Any]) -> dict[Key, int]:
        """Forget parents; return the keys they had, each with the page that showed it."""
        shown_on: dict[int, list[Any]] = {}
        for parent in parents:
            shown_on.setdefault(self._page_of.pop(parent), []).append(parent)
        return {
            key: number
            for number, shown in shown_on.items()
            for key in self._pages[number].where(0, shown)
        }

    def _moved(self, keys: Mapping[Key, int]) -> Iterator[Key]:
        """Yield the keys that a later page shows with another parent.

        An identity moves when users are merged. A marker for the old parent would also delete it
        from the new one.
        """
        if not self._can_move:
            return
        firsts = {key[1] for key in keys}
        shown_on: dict[Key, int] = {}
        for number in range(min(keys.values()) + 1, len(self._pages)):
            for shown in self._pages[number].where(1, firsts):
                if self._page_of.get(shown[0]) == number:
                    shown_on[shown[1:]] = number
        for key, number in keys.items():
            if shown_on.get(key[1:], number) > number:
                yield key

    def _typed(self, column: str, value: Any) -> Any:
        return fit(value, self._columns.data_type(column) or "text")[0]
