"""Store the rows of one stream as the bytes that go over the wire.

Each version of a row is encoded once, so that a page is a join of bytes and 200,000 tickets fit
into memory. Reading a row returns a fresh copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import orjson

from zendesk_source.simulator.timeline import Key, Timeline

Row = dict[str, Any]
"""One JSON object."""

Mark = Callable[[Row], bool]

DAY_SECONDS = 86_400
MAX_LISTINGS = 8


class RowStore:
    """The rows of one stream, with their place in its export.

    Args:
        primary_key: Columns that identify a row.
        cursor_field: Column that places a row in the export: epoch seconds or ISO 8601.
        marks: Named conditions; the store keeps which rows meet each, so that filters need
            not decode rows.
        parent_column: Column whose values the store keeps the rows of, for the same reason.
    """

    def __init__(
        self,
        primary_key: tuple[str, ...],
        cursor_field: str | None = None,
        marks: Mapping[str, Mark] | None = None,
        parent_column: str = "",
    ) -> None:
        self.primary_key = primary_key
        self.parent_column = parent_column
        self._of_parent: dict[Any, dict[Key, None]] = {}
        self.timeline = Timeline()
        self.marked: dict[str, set[Key]] = {name: set() for name in marks or {}}
        self.version = 0
        self._cursor_field = cursor_field
        self._marks = dict(marks or {})
        self._encoded: dict[Key, bytes] = {}
        self._listings: dict[object, tuple[int, list[tuple[Any, Key]]]] = {}

    def __len__(self) -> int:
        return len(self._encoded)

    def __contains__(self, key: Key) -> bool:
        return key in self._encoded

    def __iter__(self) -> Iterator[Row]:
        for key in list(self._encoded):
            yield self[key]

    def __getitem__(self, key: Key) -> Row:
        row: Row = orjson.loads(self._encoded[key])
        return row

    def keys(self) -> list[Key]:
        """Identities of all rows, oldest first."""
        return list(self._encoded)

    def first_key(self, default: int) -> int:
        """Return the identity of the oldest row, or a default if there is none."""
        return next(iter(self._encoded), default)

    def encoded(self, key: Key) -> bytes:
        """Return a row as it goes over the wire."""
        return self._encoded[key]

    def key_of(self, row: Row) -> Key:
        """Return the identity of a row."""
        if len(self.primary_key) == 1:
            return row[self.primary_key[0]]
        return tuple(row[name] for name in self.primary_key)

    def put(self, row: Row, second: int | None = None) -> None:
        """Add a row, or replace its stored version.

        Args:
            row: Keeps every key it has.
            second: Its place in the export, where that is not what its cursor field says.
        """
        key = self.key_of(row)
        self._leave_parent(key)
        if self.parent_column:
            self._of_parent.setdefault(row[self.parent_column], {})[key] = None
        # orjson's bytes keep the 4 KB they were written into; a copy keeps what it holds.
        self._encoded[key] = bytes(memoryview(orjson.dumps(row)))
        self.version += 1
        for name, meets in self._marks.items():
            if meets(row):
                self.marked[name].add(key)
            else:
                self.marked[name].discard(key)
        if self._cursor_field is not None:
            shown = epoch_seconds(row[self._cursor_field]) if second is None else second
            self.timeline.place(key, shown)

    def add(self, key: Key, row: Row, second: int) -> None:
        """Add a row quickly that is known to be new, to a stream without marks or parents."""
        self._encoded[key] = bytes(memoryview(orjson.dumps(row)))
        self.version += 1
        self.timeline.add(key, second)

    def drop(self, key: Key) -> None:
        """Remove a row; nothing happens if it is not there."""
        self._leave_parent(key)
        if self._encoded.pop(key, None) is None:
            return
        self.version += 1
        self.timeline.drop(key)
        for keys in self.marked.values():
            keys.discard(key)

    def keys_of_parent(self, parent: Any) -> list[Key]:
        """Return the identities of the rows that belong to a parent, oldest first."""
        return list(self._of_parent.get(parent, ()))

    def _leave_parent(self, key: Key) -> None:
        if self.parent_column and key in self._encoded:
            del self._of_parent[self[key][self.parent_column]][key]

    def listing(
        self, order: object, sort_key: Callable[[Row], Any], keep: Mark | None = None
    ) -> list[tuple[Any, Key]]:
        """Return (sort key, key) of the rows that are kept, in order.

        Args:
            order: Names the order and the filter; a listing is made once a version of the
                store and an order.
            sort_key: Value a row is sorted by.
            keep: Which rows are listed; all without it.
        """
        version, listed = self._listings.get(order, (-1, []))
        if version != self.version:
            listed = sorted(
                (sort_key(row), self.key_of(row)) for row in self if keep is None or keep(row)
            )
            self._remember(order, listed)
        return listed

    def listing_by_key(self, hidden: set[Key]) -> list[tuple[Any, Key]]:
        """Return (sort key, key) of the rows that are not hidden, by their identity."""
        version, listed = self._listings.get("key", (-1, []))
        if version != self.version:
            shown = sorted(key for key in self._encoded if key not in hidden)
            listed = [(key if isinstance(key, tuple) else (key,), key) for key in shown]
            self._remember("key", listed)
        return listed

    def _remember(self, order: object, listed: list[tuple[Any, Key]]) -> None:
        if len(self._listings) >= MAX_LISTINGS:
            self._listings.clear()
        self._listings[order] = (self.version, listed)


def epoch_seconds(moment: object) -> int:
    """Return a time of the API, ISO 8601 or a number, as whole epoch seconds."""
    if isinstance(moment, (int, float)):
        return int(moment)
    if isinstance(moment, str):
        read = datetime.fromisoformat(moment.replace("Z", "+00:00"))
        return int((read if read.tzinfo else read.replace(tzinfo=timezone.utc)).timestamp())
    return 0


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_SECONDS, timezone.utc).strftime("%Y-%m-%d")


@lru_cache(maxsize=4096)
def iso(second: int) -> str:
    """Return epoch seconds as Support writes times."""
    day, rest = divmod(second, DAY_SECONDS)
    return f"{_day(day)}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}Z"
