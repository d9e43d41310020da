"""A lock between processes: a file holds it, and it ends with the process in any case."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zendesk_source.errors import ConfigurationError


@contextmanager
def file_lock(path: Path, wait: Callable[[], object]) -> Iterator[None]:
    """Hold the lock of a file that has no other use; the file stays behind, empty.

    Args:
        path: The file. It is made if it does not exist, readable only by its owner.
        wait: Called each time another process is found to hold the lock; raises to give up.

    Raises:
        ConfigurationError: The file system has no locks.
        OSError: The file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _is_taken(descriptor, path):
            wait()
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _is_taken(descriptor: int, path: Path) -> bool:
    try:
        _take(descriptor)
    except (BlockingIOError, PermissionError):  # the second is how Windows says it
        return False
    except OSError as error:
        raise ConfigurationError(
            f"The file {path} cannot be locked: {error.strerror or type(error).__name__}.",
            "Put it on a local disk; some network file systems have no locks.",
        ) from error
    return True


if os.name == "nt":  # pragma: no cover
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
