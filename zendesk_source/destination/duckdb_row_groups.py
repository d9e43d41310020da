"""When a DuckDB file is written: as many rows at once as it packs into one row group.

DuckDB packs a row group with few rows again, together with its neighbours, at each later
checkpoint. Rows in odd numbers were packed several times: writing them cost half as much again, or
three times as much where packages are small.
"""

from __future__ import annotations

from typing import NamedTuple

from zendesk_source.destination.duckdb_lock import OpenFile

ROW_GROUP_ROWS = 122_880
"""What DuckDB packs together."""

LOG_BYTES = 256 * 1024**2
"""The log is not to become larger: after a kill it is read back into memory."""


class _Size(NamedTuple):
    rows: int
    columns: int


class UnwrittenRows:
    """The rows that were loaded into a DuckDB file and not yet written, which stand in its log.

    Args:
        file: The file, open.
    """

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._written = self._loaded = self._sizes()

    def fill_a_row_group(self) -> bool:
        """Whether it is time to write, after a package: one more like it would be too many.

        The table that counts is the one with the most values to be written.
        """
        before, self._loaded = self._loaded, self._sizes()
        values = {
            table: (size.rows - _rows(self._written, table)) * size.columns
            for table, size in self._loaded.items()
        }
        if not values:
            return False
        table = max(values, key=values.__getitem__)
        rows = _rows(self._loaded, table)
        with_one_more = 2 * rows - _rows(self._written, table) - _rows(before, table)
        return with_one_more > ROW_GROUP_ROWS or self._file.log_bytes > LOG_BYTES

    def were_written(self) -> None:
        """Note that there are none any more."""
        self._written = self._loaded

    def _sizes(self) -> dict[tuple[str, str], _Size]:
        found = self._file.client.execute_sql(
            "SELECT schema_name, table_name, estimated_size, column_count FROM duckdb_tables()"
            " WHERE database_name = current_database() AND NOT temporary"
        )
        return {(row[0], row[1]): _Size(row[2], row[3]) for row in found or ()}


def _rows(sizes: dict[tuple[str, str], _Size], table: tuple[str, str]) -> int:
    return sizes[table].rows if table in sizes else 0
