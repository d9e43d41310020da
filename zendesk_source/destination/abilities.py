"""What a destination can do with the rows of a table, and what is not even tried there.

dlt knows which merges a destination offers. It does not say what a merge leaves undone: only one
that deletes before it inserts removes what a parent no longer has, and picks the newer of two rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.options import Options, TableFormat

Merge = Literal["sets", "keys", "nothing"]
"""``sets`` replaces all rows of a parent at once, ``keys`` a row by its key; else rows pile up."""

# In parquet JSON is text: refused by BigQuery, kept as a text by the others.
_NO_JSON_IN_PARQUET = frozenset({"bigquery", "snowflake", "redshift", "sqlalchemy"})

_NOT_SUPPORTED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("lancedb", "lance"), "it merges by a single column, and keys here have several")
    | dict.fromkeys(("qdrant", "weaviate"), "it holds vectors, and what is loaded here are tables")
)
"""Why a kind of destination is refused."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the destination of a load can do.

    Attributes:
        kind: Kind of destination, as dlt calls it; empty where there is none, as for a preview.
        merge: What a merge replaces.
        takes_parquet: Whether parquet reaches its tables with JSON as JSON.
        table_formats: Table formats that it can be asked for.
    """

    kind: str = ""
    merge: Merge = "sets"
    takes_parquet: bool = False
    table_formats: frozenset[str] = frozenset()

    @property
    def needs_unique_rows(self) -> bool:
        """Whether two rows of a key in one load package would both be loaded, or fail it."""
        return self.merge == "keys"

    def check(self, options: Options) -> None:
        """Refuse what cannot be loaded as it is asked for, before anything is read.

        Args:
            options: How the account is to be read.

        Raises:
            ConfigurationError: The destination cannot hold these tables, or not in this form.
        """
        if not self.kind:
            return
        if why := _NOT_SUPPORTED.get(self.kind):
            raise ConfigurationError(
                f"Zendesk cannot be loaded into {self.kind}: {why}.",
                "docs/destinations.md lists what it can be loaded into.",
            )
        if options.account_column and self.merge != "sets":
            raise ConfigurationError(
                f"The destination {self.kind} cannot merge, so one dataset cannot hold several"
                " accounts.",
                "Set account_column to false and give each account a dataset of its own:"
                " --dataset.",
            )
        if options.erase and self.merge != "sets":
            raise ConfigurationError(
                f"What was loaded into {self.kind} cannot be erased there: its files stay.",
                "Set erase to false, and delete the files of what is to be gone.",
            )
        if options.item_format == "arrow" and not self.takes_parquet:
            raise ConfigurationError(
                f"Arrow tables cannot be loaded into {self.kind}: their JSON would be text there.",
                "Leave item_format out.",
            )
        if options.table_format == "default" or options.table_format in self.table_formats:
            return
        able = " or ".join(sorted(self.table_formats & {"delta", "iceberg"}))
        raise ConfigurationError(
            f"The destination {self.kind} has no tables in the format {options.table_format}.",
            f"Set table_format to {able}." if able else "Leave table_format out.",
        )


def abilities_of(
    kind: str,
    merge_strategies: Collection[str],
    file_formats: Collection[str],
    table_formats: Collection[str],
    table_format: TableFormat = "default",
) -> Abilities:
    """Return what a destination can do.

    Args:
        kind: Kind of destination, such as ``duckdb``.
        merge_strategies: Those that dlt offers there, for the format of the tables.
        file_formats: File formats that dlt loads there, by itself or by way of a staging place.
        table_formats: Table formats that dlt can make there.
        table_format: The one that is asked for.
    """
    merge: Merge = "nothing"
    if "delete-insert" in merge_strategies:
        merge = "sets"
    elif "upsert" in merge_strategies and table_format != "iceberg":
        # pyiceberg (0.10 to 0.12) fails to merge into a table that has got a column since: with
        # the first new custom field no ticket would be loaded any more. Appending works.
        merge = "keys"
    takes_parquet = "parquet" in file_formats and kind not in _NO_JSON_IN_PARQUET
    return Abilities(kind, merge, takes_parquet, frozenset(table_formats))
