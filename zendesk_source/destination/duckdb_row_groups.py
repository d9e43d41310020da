"""When a DuckDB file is written: as many rows at once as it packs into one row group.

DuckDB packs a row group with few rows again, together with its neighbours, at each later
checkpoint. Rows in odd numbers were packed several times: writing them cost half as much again, or
three times as much where packages are small.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from zendesk_source.destination.duckdb_lock import OpenFile

ROW_GROUP_ROWS = 122_880
"""What DuckDB packs together."""

LOG_BYTES = 256 * 1024**2
"""The log is not to become larger: after a kill it is read back into memory."""


class _Table(NamedTuple):
    schema: str
    name: str
    columns: int


class UnwrittenRows:
    """The rows that were loaded into a DuckDB file and not yet written, which stand in its log.

    Args:
        file: The file, open.
    """

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._written = self._loaded = self._rows()

    def fill_a_row_group(self) -> bool:
        """Whether it is time to write, after a package: one more like it would be too many.

        The table that counts is the one with the most values to be written.
        """
        before, self._loaded = self._loaded, self._rows()
        unwritten, package = self._loaded - self._written, self._loaded - before
        largest = max(unwritten, key=lambda table: unwritten[table] * table.columns, default=None)
        is_full = largest and unwritten[largest] + package[largest] > ROW_GROUP_ROWS
        return bool(is_full) or self._file.log_bytes > LOG_BYTES

    def were_written(self) -> None:
        """Note that there are none any more."""
        self._written = self._loaded = self._rows()

    def _rows(self) -> Counter[_Table]:
        """Return how many rows each table has; deleted ones count until the file is written."""
        found = self._file.client.execute_sql(
            "SELECT schema_name, table_name, column_count, estimated_size FROM duckdb_tables()"
            " WHERE database_name = current_database() AND NOT temporary"
        )
        return Counter({_Table(*row[:3]): row[3] for row in found or ()})
