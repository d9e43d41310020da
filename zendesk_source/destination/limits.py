"""What a destination cannot hold: the one place that knows.

Nothing is refused for it: a character is replaced and counted, and a value that finds no room in
a column is kept as JSON in one column that all of a table's rows share. At a destination that
holds everything, as DuckDB does, nothing is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dlt.common.configuration.container import Container
from dlt.common.destination.capabilities import DestinationCapabilitiesContext

# As JSON has it, after an even number of backslashes; after an odd one it is a backslash and text.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_NUL_HINT = rb"\u0000"
_REPLACED = rb"\1\\ufffd"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination takes.

    Attributes:
        name: Of the destination's kind, for messages.
        takes_nul: Whether texts may hold the character U+0000.
        columns: Most columns that a table may get beside those that are declared; None = any.
        row_bytes: Most bytes that the values of a row may take in the row itself, where long ones
            are kept elsewhere; None = any.
    """

    name: str = ""
    takes_nul: bool = True
    columns: int | None = None
    row_bytes: int | None = None

    def holdable(self, body: bytes) -> tuple[bytes, int]:
        """Return an answer without the characters that cannot be held, and how many there were.

        Args:
            body: JSON, not decoded yet: so that texts, names, and what lies in columns of JSON
                are all treated alike, and a look at a page is one search.
        """
        if self.takes_nul or _NUL_HINT not in body:
            return body, 0
        return _NUL.subn(_REPLACED, body)

    def told(self, table: str, column: str, columns: int, rows: int) -> str:
        """Return what to say of a table that holds more than there are columns for.

        Args:
            table: Its name.
            column: Where values are that found no column.
            columns: How many columns it did not get.
            rows: How many rows have more values than a row takes.
        """
        what = [f"{columns} columns" if columns else "", f"values of {rows} rows" if rows else ""]
        return (
            f"{self.name} has no room for {' and '.join(filter(None, what))} of {table}: they are"
            f' in its column {column}, as JSON. With custom_fields = "rows" each custom field is a'
            " row instead."
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


def limits_here() -> Limits:
    """Return the limits of the destination that dlt extracts for; none where there is none."""
    if DestinationCapabilitiesContext not in Container():
        return Limits()
    dialect = Container()[DestinationCapabilitiesContext].sqlglot_dialect
    return _LIMITS.get(str(dialect), Limits())
