"""DuckDB's file between processes: one may write it, or several may read it.

DuckDB refuses a second process at once. A sync keeps the file open from end to end, because
opening it again costs more. A process that wants to read therefore asks, with a file beside the
DuckDB file, and the sync closes the DuckDB file while it waits for Zendesk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations.exceptions import DestinationConnectionError
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.api.clock import Clock
from zendesk_source.errors import DestinationBusy

USUAL_WAIT_SECONDS = 20.0
LONGEST_WAIT_SECONDS = 900.0
"""With ``--wait``."""

LOOK_AGAIN_SECONDS = 0.2
ASKED_LATELY_SECONDS = 5.0
"""A process asks again and again; an older file was left by one that was killed."""

_TAKEN = ("Could not set lock on file", "File is already open in")

Tell = Callable[[str, float], object]
"""Called with the reason why something waits, and the seconds."""


class OpenFile:
    """A connection that keeps other processes from writing a DuckDB file.

    Args:
        client: Opens the file; its credentials say whether it may write.
        path: The file; None for a database in memory, which no other process can open.
        clock: Time and the way to wait.
        wait_seconds: How long to wait for other processes.
        tell: Called before it waits.
    """

    def __init__(
        self,
        client: SqlClientBase[Any],
        path: Path | None,
        clock: Clock,
        wait_seconds: float,
        tell: Tell | None = None,
    ) -> None:
        self.client = client
        self.on_open: Callable[[], None] | None = None
        self.before_closing: Callable[[], None] | None = None
        self.is_open = False
        self._path = path
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._tell = tell
        self._lock = threading.RLock()

    @property
    def log_bytes(self) -> int:
        """Size of the log beside the file, which holds what is not in the file yet."""
        if self._path is None:
            return 0
        try:
            return log_of(self._path).stat().st_size
        except OSError:
            return 0

    def open(self, *, asks: bool = False) -> None:
        """Open the file, unless it is open.

        Args:
            asks: Ask a sync that has it open to let go of it.

        Raises:
            DestinationConnectionError: Another process has it, or it cannot be opened.
        """
        with self._lock:
            if self.is_open:
                return
            asked = _beside(self._path) if asks and self._path is not None else None
            try:
                self._open_when_free(asked)
            finally:
                if asked is not None:
                    with suppress(OSError):
                        asked.unlink(missing_ok=True)
            self.is_open = True
            if self.on_open is not None:
                self.on_open()

    def close(self) -> None:
        """Close the file, so that other processes can open it."""
        with self._lock:
            if self.is_open:
                try:
                    if self.before_closing is not None:
                        self.before_closing()
                finally:
                    self.is_open = False
                    self.client.close_connection()

    def open_anew(self) -> None:
        """Close it and open it again; what was loaded is in the file, or in its log."""
        with self._lock:
            self.client.close_connection()
            self._open_when_free(None)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Open the file and keep it open, even while it is lent."""
        with self._lock:
            self.open()
            yield

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let go of the file when somebody asks for it; it is open again at the end."""
        if self._path is None:
            yield
            return
        is_over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(self._path, is_over), daemon=True)
        watch.start()
        try:
            yield
        finally:
            is_over.set()
            watch.join()
        self.open()

    def _watch(self, path: Path, is_over: threading.Event) -> None:
        while not is_over.wait(LOOK_AGAIN_SECONDS):
            if self.is_open and _is_asked_for(path):
                with suppress(Exception):  # what is wrong shows when it is opened again
                    self.close()

    def _open_when_free(self, asked: Path | None) -> None:
        waited = 0.0
        while True:
            try:
                self.client.open_connection()
            except Exception as error:
                if not is_taken(error) or waited >= self._wait_seconds:
                    raise
            else:
                return
            if asked is not None:
                with suppress(OSError):  # a folder that we may only read
                    asked.touch()
            if self._tell is not None and waited == 0:
                self._tell(f"another process has {self._path} open", self._wait_seconds)
            self._clock.sleep(LOOK_AGAIN_SECONDS)
            waited += LOOK_AGAIN_SECONDS


@contextmanager
def open_for_reading(
    pipeline: dlt.Pipeline, path: Path, clock: Clock, wait_seconds: float, tell: Tell | None
) -> Iterator[None]:
    """Keep a DuckDB file open for reading, so that no sync takes it meanwhile.

    Args:
        pipeline: A pipeline that only reads.
        path: The file.
        clock: Time and the way to wait.
        wait_seconds: How long to wait for a sync to let go of the file.
        tell: Called before it waits.

    Raises:
        DestinationBusy: A process that writes the file did not let go of it.
    """
    file = OpenFile(pipeline.sql_client(), path, clock, wait_seconds, tell)
    try:
        file.open(asks=True)
    except DestinationConnectionError as error:
        if not is_taken(error):
            raise
        raise DestinationBusy(
            f"The DuckDB file {path} is open in another process that writes it: a load, or"
            f" another program. It was not free within {wait_seconds:.0f} s.",
            "Try again when that process has ended, or use --wait.",
        ) from None
    try:
        yield
    finally:
        file.close()


def log_of(path: Path) -> Path:
    """Return the path of a DuckDB file's log, which is not always there."""
    return path.with_name(f"{path.name}.wal")


def is_taken(error: BaseException) -> bool:
    """Whether DuckDB says that another process has a file open."""
    return any(text in str(error) for text in _TAKEN)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.wanted")


def _is_asked_for(path: Path) -> bool:
    try:
        return time.time() - _beside(path).stat().st_mtime < ASKED_LATELY_SECONDS
    except OSError:
        return False
