"""What pages show of whole sets, as Arrow columns: `shape.whole_sets` says what is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zendesk_source.shape.arrow.values import ARROW_TYPES, Arrays
from zendesk_source.shape.columns import TableColumns
from zendesk_source.shape.whole_sets import Key, Markers


class ArrowKeys:
    """The keys of Arrow rows: looked at only when one of their parents comes again.

    Args:
        arrays: Of a table on one page.
        columns: The key columns, the parent's first.
    """

    def __init__(self, arrays: Arrays, columns: Sequence[str]) -> None:
        self._columns = {name: arrays[name] for name in columns} if arrays else {}
        self._parent_column = columns[0]
        of = self._columns[columns[0]].to_pylist() if arrays else ()
        self.parents: Collection[Any] = dict.fromkeys(of)

    def of(self, parents: Collection[Any]) -> Sequence[Key]:
        """Return the keys of some parents' rows."""
        if not self._columns:
            return []
        table = pa.table(self._columns)
        of = table[self._parent_column]
        chosen = table.filter(pc.is_in(of, value_set=pa.array(list(parents), of.type)))
        return list(zip(*(column.to_pylist() for column in chosen.columns), strict=True))


def marker_arrays(columns: TableColumns, markers: Markers) -> Arrays:
    """Return the markers of what is gone as Arrow columns."""
    types = {name: columns.data_type(name) or "text" for name in markers}
    return {name: pa.array(values, ARROW_TYPES[types[name]]) for name, values in markers.items()}
