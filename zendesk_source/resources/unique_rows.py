"""Leave one row a key in all that a stream hands on in one load package.

Of two rows with one key dlt's delete-insert loads the newer one. A merge by keys, as of Delta and
Iceberg tables, loads both into a new table, and fails where the table is there: for good, because
the package stays. An export shows its last second twice, so this would happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract.hints import HintsMeta
from dlt.extract.items import DataItemWithMeta, TableNameMeta

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.names import REJECTED_TABLE, SYNCED_AT
from zendesk_source.resources.destination import merged_key
from zendesk_source.resources.item_format import quiet_about_kept_hints


def unique_in_package(
    items: Iterator[Any], stream: Stream, connection: Connection
) -> Iterator[Any]:
    """Hand on the newest row of every key, once all rows of a package are known.

    The package is in memory until then. In a sync it has a limit; in a plain ``pipeline.run`` it
    is all that there is to read.

    Args:
        items: What the stream hands to dlt; it may change the stream's state in between.
        stream: The stream.
        connection: The account.
    """
    state = dlt.current.resource_state()
    before = deepcopy(state)
    held: list[Any] = []
    try:
        for item in items:
            if item is None:  # nothing has arrived yet: dlt goes on with another stream
                yield None
            else:
                held.append(item)
        with quiet_about_kept_hints():
            yield from _newest(held, stream, _keys(held, stream, connection))
    except GeneratorExit:  # rows that are not handed on are to be read again
        state.clear()
        state.update(before)
        raise


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one table, as they are handed on.

    Attributes:
        table: Name of the table.
        item: The rows, with or without what dlt is told of them.
    """

    table: str
    item: Any

    @property
    def rows(self) -> Any:
        return self.item.data if isinstance(self.item, DataItemWithMeta) else self.item

    @property
    def says_types(self) -> bool:
        """Whether dlt is told of new columns with these rows, which it is told but once."""
        meta = self.item.meta if isinstance(self.item, DataItemWithMeta) else None
        return isinstance(meta, HintsMeta) and bool(meta.hints.get("columns"))

    def values(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of some columns, row by row."""
        rows = self.rows
        if isinstance(rows, pa.Table):
            return zip(*(rows[name].to_pylist() for name in names), strict=True)
        return (tuple(map(row.get, names)) for row in rows)

    def only(self, numbers: Sequence[int]) -> Any:
        """Return the item with some of its rows."""
        rows = self.rows
        if len(numbers) == len(rows):
            return self.item
        kept = rows.take(numbers) if isinstance(rows, pa.Table) else [rows[n] for n in numbers]
        is_marked = isinstance(self.item, DataItemWithMeta)
        return DataItemWithMeta(self.item.meta, kept) if is_marked else kept


def _newest(items: Sequence[Any], stream: Stream, keys: Mapping[str, Sequence[str]]) -> list[Any]:
    """Return items without rows that are there in a newer state."""
    parts = [_Part(_table_of(item, stream), item) for item in items]
    newest: dict[tuple[Any, ...], tuple[Any, int, int]] = {}
    for place, part in enumerate(parts):
        if part.table in keys:  # rejected rows have no key
            names = (SYNCED_AT, *keys[part.table])
            for number, (time, *key) in enumerate(part.values(names)):
                row = (part.table, *key)
                if row not in newest or newest[row][0] <= time:
                    newest[row] = (time, place, number)
    kept: dict[int, list[int]] = {}
    for _, place, number in newest.values():
        kept.setdefault(place, []).append(number)
    return [
        part.only(sorted(kept.get(place, ()))) if part.table in keys else part.item
        for place, part in enumerate(parts)
        if place in kept or part.table not in keys or part.says_types
    ]


def _keys(items: Sequence[Any], stream: Stream, connection: Connection) -> dict[str, Sequence[str]]:
    """Return the key of each table; those of custom objects have the key of their stream."""
    keys = {table.name: merged_key(table, connection) for table in stream.tables}
    others = {_table_of(item, stream) for item in items} - keys.keys() - {REJECTED_TABLE}
    return {**dict.fromkeys(others, keys[stream.name]), **keys}


def _table_of(item: Any, stream: Stream) -> str:
    """Return the name of the table that an item is handed on for."""
    meta = item.meta if isinstance(item, DataItemWithMeta) else None
    if isinstance(meta, TableNameMeta):
        return meta.table_name
    if isinstance(meta, HintsMeta):
        return str(meta.hints.get("table_name") or stream.name)
    return stream.name
