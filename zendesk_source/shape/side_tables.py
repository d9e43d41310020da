"""Rows of side tables: what a page tells beside its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from zendesk_source.catalogue import DataType, Origin, SideTable

Row = dict[str, Any]
Page = Mapping[str, Any]

# Key columns are NOT NULL; a row that only says "this parent has none" needs something in them.
_PLACEHOLDERS: Mapping[DataType, Any] = {"bigint": 0, "text": ""}


def _object_rows(side: SideTable, parents: list[Row], _page: Page) -> Iterator[Row]:
    for parent in parents:
        # Missing or null on deleted tickets.
        if (row := parent.get(side.key)) is not None:
            yield {side.parent_column: parent["id"], **row}


def _element_rows(side: SideTable, parents: list[Row], _page: Page) -> Iterator[Row]:
    (element_column,) = set(side.primary_key) - {side.parent_column}
    for parent in parents:
        for element in dict.fromkeys(parent.get(side.key) or ()):
            yield {side.parent_column: parent["id"], element_column: element}


def _rows_beside(side: SideTable, _parents: list[Row], page: Page) -> Iterator[Row]:
    yield from page.get(side.key) or ()


def _comment_rows(side: SideTable, parents: list[Row], _page: Page) -> Iterator[Row]:
    for event in parents:
        for child in event.get(side.key) or ():
            if child.get("event_type") == "Comment" and "body" in child:
                yield {
                    **child,
                    "ticket_id": event.get("ticket_id"),
                    side.parent_column: event["id"],
                }


SIDE_ROWS: Mapping[Origin, Callable[[SideTable, list[Row], Page], Iterator[Row]]] = {
    Origin.OBJECT: _object_rows,
    Origin.ELEMENTS: _element_rows,
    Origin.BESIDE: _rows_beside,
    Origin.COMMENT_EVENTS: _comment_rows,
}


class WholeSets:
    """Makes removals visible where each page shows *all* rows of its parents.

    The merge deletes what the destination holds of every parent in the load package, and
    inserts what the package says. Two things it cannot see are added here: a parent that has
    no rows left, and a row that an earlier page of the same package still had.
    """

    def __init__(self, side: SideTable) -> None:
        self._side = side
        self._shown: dict[Any, dict[tuple[Any, ...], Row]] = {}

    def complete(
        self, rows: list[Row], parents: list[Row], page: Page, removed_column: str
    ) -> list[Row]:
        """Return the rows with a marker for each one that is gone.

        Args:
            rows: Rows of this page.
            parents: The rows they belong to.
            page: The decoded page.
            removed_column: Column that marks a removed row.
        """
        side = self._side
        if not side.is_whole_set or (side.origin is Origin.BESIDE and side.key not in page):
            return rows
        shown: dict[Any, dict[tuple[Any, ...], Row]] = {parent["id"]: {} for parent in parents}
        for row in rows:
            key = tuple(row[column] for column in side.primary_key)
            shown.setdefault(row[side.parent_column], {})[key] = row
        gone = [
            {**self._key_of(row), removed_column: True}
            for parent, before in ((p, self._shown.get(p, {})) for p in shown)
            for key, row in before.items()
            if key not in shown[parent]
        ]
        emptied = [self._no_rows(p, removed_column) for p, now in shown.items() if not now]
        self._shown.update(shown)
        return [*rows, *gone, *emptied]

    def forget(self) -> None:
        """Begin a new load package."""
        self._shown.clear()

    def knows(self, parent_id: Any) -> bool:
        """Return whether an earlier page showed the rows of a parent."""
        return parent_id in self._shown

    def remember(self, parent_id: Any, rows: Iterable[Row]) -> None:
        """Take the rows of a parent for shown by an earlier page."""
        columns = self._side.primary_key
        self._shown[parent_id] = {tuple(row[column] for column in columns): row for row in rows}

    def _key_of(self, row: Row) -> Row:
        return {name: row[name] for name in (*self._side.primary_key, self._side.parent_column)}

    def _no_rows(self, parent_id: Any, removed_column: str) -> Row:
        columns = self._side.columns
        key = {name: _PLACEHOLDERS[columns[name]] for name in self._side.primary_key}
        return {**key, self._side.parent_column: parent_id, removed_column: True}
