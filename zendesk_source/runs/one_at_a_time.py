"""One sync of a pipeline at a time: two would share one rate limit and one state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path

from zendesk_source.api.clock import Stopped
from zendesk_source.errors import ConfigurationError
from zendesk_source.file_lock import file_lock

LOCK_FILE = "zendesk_sync.lock"
_LOOK_AGAIN_SECONDS = 1.0
_held: ContextVar[frozenset[Path]] = ContextVar("zendesk_sync_locks", default=frozenset())


class AnotherSync(ConfigurationError):
    """A sync of the same pipeline is running on this machine."""


@contextmanager
def only_sync_in(
    folder: Path, *, wait: bool = False, pause: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold a pipeline's lock, which ends with the process, however that ends.

    A caller that holds the lock already goes on.

    Args:
        folder: dlt's working folder of the pipeline; the lock file is beside it.
        wait: Wait for another sync to end instead of refusing.
        pause: Waits for a number of seconds; may raise ``Stopped``.

    Raises:
        AnotherSync: One of this pipeline runs on this machine.
        ConfigurationError: The lock cannot be made.
    """
    path = folder.parent / f"{folder.name}.{LOCK_FILE}"
    if path in _held.get():
        yield
        return

    def look_again() -> None:
        is_over = not wait
        if wait:
            try:
                pause(_LOOK_AGAIN_SECONDS)
            except Stopped:
                is_over = True
        if is_over:
            raise AnotherSync(
                f"Another sync of pipeline {folder.name!r} is running.",
                "Wait until it has ended, or use --wait. The lock ends with its process; there is"
                " no file to delete.",
            )

    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(file_lock(path, look_again))
        except OSError as error:
            raise ConfigurationError(
                f"dlt's working folder {folder.parent} cannot be used:"
                f" {error.strerror or type(error).__name__}.",
                "Set DLT_DATA_DIR to a folder that you may write to.",
            ) from error
        token = _held.set(_held.get() | {path})
        stack.callback(_held.reset, token)
        yield
