"""How much memory a sync takes, whatever the size of the account.

Left to itself DuckDB takes four fifths of the machine's memory and all of its cores. A sync waits
for Zendesk most of the time, so DuckDB gets little of both, and more only when a package needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

import dlt
import pyarrow as pa
from dlt.destinations.exceptions import DatabaseException

from zendesk_source.destination.duckdb_lock import OpenFile
from zendesk_source.destination.duckdb_row_groups import UnwrittenRows
from zendesk_source.destination.free_memory import map_large_blocks

DUCKDB_MEMORY_MB = 130
"""A little less than the page bodies of a full package take; DuckDB puts the rest on the disk."""

RESTING_MEMORY_MB = 32
"""What DuckDB keeps between two packages."""

CHECKPOINT_COLUMN_MB = 1.5
"""For each column of the widest table, while the file is written."""

USUAL_COLUMNS = 250
"""Each column beyond so many takes as much to load, too: DuckDB has blocks of every one."""

MOST_DOUBLINGS = 6
_MOST_MEMORY_MB = DUCKDB_MEMORY_MB * 2**MOST_DOUBLINGS

OUT_OF_MEMORY = re.compile(r"\([\d.]+ \w+/[\d.]+ \w+ used\)")
"""In DuckDB's messages, whatever the error is called."""


class DatabaseMemory:
    """What a destination holds in this process: nothing, unless it is DuckDB."""

    def more(self) -> bool:
        """Allow more after it ran out; False at the upper limit, or when the user has set one."""
        return False

    def after_package(self) -> None:
        """Free what only the package just loaded needed."""

    def lent(self) -> AbstractContextManager[None]:
        """Let other processes read the file, if they ask, while we wait for Zendesk."""
        return nullcontext()

    def used(self) -> AbstractContextManager[None]:
        """Keep other processes out, even while the file is lent."""
        return nullcontext()


class _DuckDBMemory(DatabaseMemory):
    """What DuckDB holds in this process.

    Args:
        file: Open as long as the sync runs, except while it is lent.
        columns: Returns the number of columns of the widest table.
        ours: Names of the settings that the user has left to us.
    """

    def __init__(self, file: OpenFile, columns: Callable[[], int], ours: Collection[str]) -> None:
        self._file = file
        self._client = file.client
        self._columns = columns
        self._ours = ours
        self._limit_mb = self._needed_mb(DUCKDB_MEMORY_MB)
        self._unwritten = UnwrittenRows(file)
        self.set_up()

    def _needed_mb(self, least: int) -> int:
        return max(least, int((self._columns() - USUAL_COLUMNS) * CHECKPOINT_COLUMN_MB))

    def lent(self) -> AbstractContextManager[None]:
        return self._file.lent()

    def used(self) -> AbstractContextManager[None]:
        return self._file.used()

    def more(self) -> bool:
        if "memory_limit" not in self._ours or self._limit_mb >= _MOST_MEMORY_MB:
            return False
        self._limit_mb = self._needed_mb(self._limit_mb * 2)
        self._start_anew()
        return True

    def after_package(self) -> None:
        self.rest(is_written=self._unwritten.fill_a_row_group())

    def rest(self, *, is_written: bool) -> None:
        """Move loaded rows to the disk, and give free memory back to the system.

        Args:
            is_written: Whether to write the loaded rows to the file now. dlt lets DuckDB wait
                until there is a gigabyte, which then takes hundreds of megabytes at once.
        """
        self._let_go()
        if is_written:
            self._write()
            self._unwritten.were_written()
            self._let_go()

    def _write(self) -> None:
        self._limit_to(max(self._limit_mb, int(self._columns() * CHECKPOINT_COLUMN_MB)))
        try:
            self._client.execute_sql("CHECKPOINT")
        except DatabaseException as error:
            if not OUT_OF_MEMORY.search(str(error)):
                raise
            if not self.more():
                self._start_anew()  # nothing is lost: what was loaded is in the log beside the file

    def _start_anew(self) -> None:
        """Open the file again, after DuckDB ran out of memory in a commit or a checkpoint.

        What DuckDB holds in memory may be wrong then, and it says so only later. Its file and its
        log are right.
        """
        self._file.open_anew()
        self.set_up()

    def set_up(self) -> None:
        """Apply our settings to a connection that was just opened."""
        self._limit_to(self._limit_mb)
        if "threads" in self._ours:
            self._client.execute_sql("SET threads = 1")

    def _let_go(self) -> None:
        """Lower the limit for a moment, which makes DuckDB free what it can."""
        with suppress(DatabaseException):
            self._limit_to(min(RESTING_MEMORY_MB, self._limit_mb))
        self._limit_to(self._limit_mb)

    def _limit_to(self, megabytes: int) -> None:
        if "memory_limit" in self._ours:
            self._client.execute_sql(f"SET memory_limit = '{megabytes}MB'")


@contextmanager
def little_memory(pipeline: dlt.Pipeline, file: OpenFile | None) -> Iterator[DatabaseMemory]:
    """Limit the memory of DuckDB and Arrow.

    Settings of the user in ``global_config`` stay as they are.

    Args:
        pipeline: The pipeline that loads.
        file: The DuckDB file, if it loads into one. It stays open, because DuckDB writes the file
            anew whenever its last connection closes, which dlt does several times a package.
    """
    before = pa.default_memory_pool()
    # Arrow's own pools keep what they once had.
    pa.set_memory_pool(pa.system_memory_pool())
    map_large_blocks()
    try:
        if file is None:
            yield DatabaseMemory()
        else:
            with _one_load_at_a_time(pipeline), _bounded(pipeline, file) as memory:
                yield memory
    finally:
        pa.set_memory_pool(before)


@contextmanager
def _bounded(pipeline: dlt.Pipeline, file: OpenFile) -> Iterator[DatabaseMemory]:
    client = file.client
    configured = getattr(client.credentials, "global_config", None) or {}
    ours = [name for name in ("memory_limit", "threads") if name not in configured]
    before = client.execute_sql("SELECT current_setting('memory_limit')")

    def columns() -> int:
        tables = [table for schema in pipeline.schemas.values() for table in schema.tables.values()]
        return max((len(table["columns"]) for table in tables), default=0)

    memory = _DuckDBMemory(file, columns, ours)

    def end() -> None:
        # Here and not when the connection is closed, where no limit of ours holds.
        memory.rest(is_written=True)
        if "memory_limit" in ours and before:
            # RESET alone changes what the setting says, and leaves the limit where it is.
            client.execute_sql(f"SET memory_limit = '{before[0][0]}'")
        for name in ours:
            client.execute_sql(f"RESET {name}")

    file.on_open, file.before_closing = memory.set_up, end
    yield memory


@contextmanager
def _one_load_at_a_time(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Load one table after the other, unless the user has set another strategy."""
    parameters = pipeline.destination.caps_params
    before = dict(parameters)
    parameters.setdefault("loader_parallelism_strategy", "sequential")
    try:
        yield
    finally:
        parameters.clear()
        parameters.update(before)
