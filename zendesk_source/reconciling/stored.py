"""What the tables hold, read through dlt's SQL client from any destination that has one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import DELETED_NOW, DataType, Stream
from zendesk_source.names import ACCOUNT_COLUMN, DELETED_AT, VALID_TO

_ROWS_AT_ONCE = 5_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """The tables of one account at a destination.

    Attributes:
        client: Asks the destination.
        schema: The tables' columns.
        connection: The account whose rows are looked at.
        used: Keeps a DuckDB file open that is lent to others while Zendesk is asked.
    """

    client: SqlClientBase[Any]
    schema: dlt.Schema
    connection: Connection
    used: Callable[[], AbstractContextManager[None]]

    def types(self, table: str) -> dict[str, DataType]:
        """Return the columns of a table and their types; none if it was never loaded."""
        found: Any = self.schema.tables.get(table, {}).get("columns", {})
        types = {name: each["data_type"] for name, each in found.items() if "data_type" in each}
        return types if "_dlt_load_id" in types else {}

    def ids(self, stream: Stream) -> tuple[list[int], set[int]]:
        """Return the ids of rows that are not deleted, oldest first, and of those that are."""
        assert stream.by_id is not None
        assert stream.is_deleted is not None
        flags = [name for name in stream.by_id.deleted_as if name in self.types(stream.name)]
        live: list[int] = []
        deleted: set[int] = set()
        for row_id, *values in self._select(stream.name, ["id", *flags]):
            if stream.is_deleted(dict(zip(flags, values, strict=True))):
                deleted.add(row_id)
            else:
                live.append(row_id)
        return sorted(live), deleted

    def rows(self, table: str, column: str, values: Sequence[int]) -> list[Row]:
        """Return rows by the values of a column of numbers."""
        return self._rows(table, values, self._among(column, values))

    def current_rows(self, table: str) -> list[Row]:
        """Return the rows of a list that it showed when it was loaded last."""
        gone = [name for name in (DELETED_AT, VALID_TO) if name in self.types(table)]
        return self._rows(table, "all", *(f"{self._name(name)} IS NULL" for name in gone))

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        if not self.types(table):
            return 0
        ((number,),) = self._select(table, ["count(*)"])
        return int(number)

    def counts(self, table: str, column: str, values: Sequence[int]) -> Counter[int]:
        """Return how many rows have each of some values in a column of numbers."""
        if not self.types(table) or not values:
            return Counter()
        return Counter(
            value for (value,) in self._select(table, [column], self._among(column, values))
        )

    def keys(self, table: str, column: str, value: int) -> set[Any]:
        """Return the ids of the rows that have a value in a column of numbers."""
        return {key for (key,) in self._select(table, ["id"], self._among(column, [value]))}

    def mark_deleted(self, stream: Stream, ids: Sequence[int]) -> None:
        """Mark rows as deleted, or remove them with their rows in side tables."""
        assert stream.by_id is not None
        if self.connection.options.deleted == "remove":
            for side in stream.side_tables:
                self._change("DELETE FROM {}", side.name, side.parent_column, ids)
            self._change("DELETE FROM {}", stream.name, "id", ids)
            return
        now, types = self.connection.clock.now(), self.types(stream.name)
        marks = {name: value for name, value in stream.by_id.deleted_as.items() if name in types}
        sets = ", ".join(f"{self._name(name)} = %s" for name in marks)
        values = [now if value == DELETED_NOW else value for value in marks.values()]
        self._change(f"UPDATE {{}} SET {sets}", stream.name, "id", ids, *values)  # noqa: S608

    def _rows(self, table: str, wanted: Iterable[Any], *conditions: str) -> list[Row]:
        names = list(self.types(table))
        if not names or not wanted:
            return []
        found = self._select(table, names, *conditions)
        return [dict(zip(names, values, strict=True)) for values in found]

    def _change(self, what: str, table: str, column: str, ids: Sequence[int], *values: Any) -> None:
        if not self.types(table):
            return
        where, whose = self._where([self._among(column, ids)])
        change = what.format(self.client.make_qualified_table_name(table)) + where
        with self.used(), self.client as client:
            client.execute_sql(change, *values, *whose)

    def _select(self, table: str, names: Sequence[str], *wanted: str) -> Iterator[Any]:
        shown = ", ".join(each if "(" in each else self._name(each) for each in names)
        where, whose = self._where(wanted)
        query = f"SELECT {shown} FROM {self.client.make_qualified_table_name(table)}{where}"  # noqa: S608
        with self.used(), self.client as client, client.execute_query(query, *whose) as cursor:
            while batch := cursor.fetchmany(_ROWS_AT_ONCE):
                yield from batch

    def _where(self, wanted: Iterable[str]) -> tuple[str, Sequence[str]]:
        conditions, whose = list(wanted), []
        if self.connection.options.account_column:
            conditions.append(f"{self._name(ACCOUNT_COLUMN)} = %s")
            whose.append(self.connection.account)
        return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), whose

    def _among(self, column: str, values: Iterable[int]) -> str:
        return f"{self._name(column)} IN ({', '.join(str(int(each)) for each in values)})"

    def _name(self, column: str) -> str:
        return self.client.escape_column_name(column)
