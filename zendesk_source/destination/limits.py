"""What a destination cannot hold, and what happens to it.

No row is refused. A character that the destination does not take is replaced and counted. A value
for which there is no column is kept as JSON, in one column of its table. A destination without
limits, such as DuckDB, costs no check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# As JSON has it, after an even number of backslashes; after an odd one it is a backslash and text.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_NUL_HINT = rb"\u0000"
_REPLACED = rb"\1\\ufffd"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination takes.

    Attributes:
        name: Name of the kind of destination, for messages.
        takes_nul: Whether texts may hold the character U+0000.
        columns: How many columns a table may get beside the declared ones; None = any number.
        row_bytes: How many bytes the values of a row may take in the row itself, where long values
            are kept elsewhere; None = any number.
    """

    name: str = ""
    takes_nul: bool = True
    columns: int | None = None
    row_bytes: int | None = None

    def holdable(self, body: bytes) -> tuple[bytes, int]:
        """Return an answer without the characters that cannot be held, and how many there were.

        Args:
            body: JSON that is not decoded yet. Texts, names and nested JSON are so treated alike,
                and a page takes one search.
        """
        if self.takes_nul or _NUL_HINT not in body:
            return body, 0
        return _NUL.subn(_REPLACED, body)

    def told(self, table: str, column: str, columns: int, rows: int) -> str:
        """Return what to say of a table that has more values than columns.

        Args:
            table: Name of the table.
            column: Name of the column that holds the values without one.
            columns: Number of columns that the table did not get.
            rows: Number of rows with more values than a row takes.
        """
        what = [f"{columns} columns" if columns else "", f"values of {rows} rows" if rows else ""]
        return (
            f"{self.name} has no room for {' and '.join(filter(None, what))} of {table}: they are"
            f' in its column {column}, as JSON. With custom_fields = "rows" each custom field'
            " becomes a row instead."
        )


# Below what each allows (Postgres 1,600, SQL Server 1,024, BigQuery 10,000): dropped columns count
# on, dlt has columns of its own, and a later release may declare some.
_LIMITS: Mapping[str, Limits] = MappingProxyType(
    {
        "postgres": Limits("Postgres", takes_nul=False, columns=1_500, row_bytes=7_700),
        "redshift": Limits("Redshift", takes_nul=False, columns=1_500),
        "tsql": Limits("SQL Server", columns=950),
        "fabric": Limits("Fabric", columns=950),
        "bigquery": Limits("BigQuery", columns=9_500),
    }
)
"""By the SQL dialect that dlt knows the destination by."""


def limits_of(dialect: str) -> Limits:
    """Return the limits of a kind of destination.

    Args:
        dialect: The SQL dialect that dlt knows it by.
    """
    return _LIMITS.get(dialect, Limits())
