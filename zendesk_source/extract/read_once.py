"""What several streams of a sync need is asked for once, by the first of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadOnce(Generic[T]):
    """Holds what was read, for streams that read on threads of their own."""

    def __init__(self) -> None:
        self._found: dict[str, T] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(
        self, name: str, read: Callable[[], T], is_enough: Callable[[T], bool] | None = None
    ) -> T:
        """Return what is held under a name; read it where nothing is.

        Args:
            name: Of what is read; who asks for it meanwhile waits.
            read: Reads it; when that fails nothing is held.
            is_enough: Tells of what is held whether it will do; otherwise it is read anew.
        """
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            found = self._found.get(name)
            if found is None or (is_enough is not None and not is_enough(found)):
                found = self._found[name] = read()
            return found
