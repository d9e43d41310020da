"""Ask only once for what several streams of a sync need."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadOnce(Generic[T]):
    """Holds what was read by name; safe for the threads of many streams."""

    def __init__(self) -> None:
        self._found: dict[str, T] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(
        self, name: str, read: Callable[[], T], is_enough: Callable[[T], bool] | None = None
    ) -> T:
        """Return what is held under a name; read it if there is nothing yet.

        Args:
            name: Key of what is read. Other threads that ask for it meanwhile wait.
            read: Reads it. If that fails nothing is held.
            is_enough: Whether the held value will do; if not it is read again.
        """
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            found = self._found.get(name)
            if found is None or (is_enough is not None and not is_enough(found)):
                found = self._found[name] = read()
            return found
