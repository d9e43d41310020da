"""The keys and markers of whole sets as Arrow columns; `shape.whole_sets` decides what is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.shape.arrow.values import ARROW_TYPES, Arrays
from zendesk_source.shape.columns import TableColumns
from zendesk_source.shape.whole_sets import Key, Markers


class ArrowKeys:
    """The keys of Arrow rows, which become Python values only if a parent comes again.

    Args:
        arrays: Columns of a table on one page; empty if it has no rows.
        columns: The key columns; the parent's comes first.
    """

    def __init__(self, arrays: Arrays, columns: Sequence[str]) -> None:
        self._columns = [arrays[name] for name in columns] if arrays else []
        of = self._columns[0].to_pylist() if arrays else ()
        self.parents: Collection[Any] = dict.fromkeys(of)

    def where(self, place: int, values: Collection[Any]) -> Sequence[Key]:
        """As of ``PageKeys``."""
        if not self._columns or not values:
            return []
        found = self._columns[place]
        is_one = pc.is_in(found, value_set=pa.array(list(values), found.type))
        chosen = (column.filter(is_one).to_pylist() for column in self._columns)
        return list(zip(*chosen, strict=True))


def marker_arrays(columns: TableColumns, markers: Markers) -> Arrays:
    """Return the markers of what is gone as Arrow columns."""
    types = {name: columns.data_type(name) or "text" for name in markers}
    return {name: pa.array(values, ARROW_TYPES[types[name]]) for name, values in markers.items()}
