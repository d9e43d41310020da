"""The order of an incremental export: keys by (timestamp, key), ascending."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any

Key = Any
"""Identity of a row: an int, a string, or a tuple of them; one kind a stream."""

Position = tuple[Any, ...]
"""(epoch second, key), or (epoch second,), which sorts before every row of that second."""


class Timeline:
    """The place of each row in an export; reading a page takes time for its own rows only.

    Until the first reading rows are only collected, so that a large account fills fast.
    """

    def __init__(self) -> None:
        self._positions: list[Position] = []
        self._second_of: dict[Key, int] = {}
        self._is_sorted = False

    def __len__(self) -> int:
        return len(self._second_of)

    def place(self, key: Key, second: int) -> None:
        """Move a row to a second."""
        standing = self._second_of.get(key)
        if standing == second:
            return
        if standing is not None:
            self.drop(key)
        self.add(key, second)

    def add(self, key: Key, second: int) -> None:
        """Put a row that is known to be new at a second."""
        if self._is_sorted:
            insort(self._positions, (second, key))
        else:
            self._positions.append((second, key))
        self._second_of[key] = second

    def drop(self, key: Key) -> None:
        """Take a row out; nothing happens if it is not there."""
        second = self._second_of.pop(key, None)
        if second is not None:
            self._sort()
            del self._positions[bisect_left(self._positions, (second, key))]

    def second_of(self, key: Key) -> int:
        """Return the second of a row."""
        return self._second_of[key]

    def from_position(self, position: Position) -> Iterator[Position]:
        """Yield the positions at or after one, in order."""
        self._sort()
        for index in range(bisect_left(self._positions, position), len(self._positions)):
            yield self._positions[index]

    def _sort(self) -> None:
        if not self._is_sorted:
            self._positions.sort()
            self._is_sorted = True
