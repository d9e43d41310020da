"""Messages to stdout: a table's SCHEMA before its rows, and again when a column appears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO

import orjson

from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import DataType
from zendesk_source.extract.digest import digest_of
from zendesk_source.names import REJECTED_TABLE
from zendesk_source.shape.rejected import rejected_rows
from zendesk_source.shape.tables import Table, TableRows
from zendesk_source.singer.catalog import Selection, has_version
from zendesk_source.singer.lines import record_lines
from zendesk_source.singer.state import State
from zendesk_source.singer.tables import cursor_of, declared_types, json_schema, key_of

SMALL_STATE_BYTES = 64 * 1024
"""A STATE up to this size follows every page. Signs of many parents make it larger."""


class Writer:
    """Writes the messages of one run.

    Args:
        out: Standard output, or whatever takes the lines; it gets whole ones only.
        selection: Tables and columns that are wanted.
        state: Written by ``state``. It notes columns that the catalogue does not declare.
        version: Number of the whole lists of this run, higher than that of every run before:
            epoch milliseconds.
        tells_versions: Whether rows of lists have it, and ACTIVATE_VERSION ends a list.

    Attributes:
        counts: Rows written, by table.
    """

    def __init__(
        self,
        out: BinaryIO,
        selection: Selection,
        state: State,
        version: int,
        *,
        tells_versions: bool,
    ) -> None:
        self._out = out
        self._selection = selection
        self._state = state
        self._version = version
        self._tells_versions = tells_versions
        self._types: dict[str, dict[str, DataType]] = {}
        self._state_bytes = self._bytes_since_state = 0
        self.counts: Counter[str] = Counter()

    def begin(self, table: str, described: Mapping[str, DataType] | None = None) -> None:
        """Write what the rows of a table look like.

        Args:
            table: Name of a table of which no row was written yet.
            described: Type of each column of a custom field, as far as Zendesk describes them.
        """
        self._state.add_columns(table, described or {})
        self._types[table] = {**declared_types(table), **self._state.columns(table)}
        self._schema(table)

    def rows(self, tables: Iterable[Table], read_at: datetime) -> None:
        """Write the rows of one page, of all its tables.

        Args:
            tables: Those that are not selected are passed over.
            read_at: When Zendesk answered with the page, in UTC.
        """
        for table in tables:
            name = table.table
            if name not in self._selection.tables:
                continue
            if new := {c: t for c, t in table.new_columns.items() if c not in self._types[name]}:
                self._types[name].update(new)
                self._state.add_columns(name, new)
                if not new.keys() <= set(self._selection.without.get(name, ())):
                    self._schema(name)
            version = self._version if has_version(name) and self._tells_versions else None
            without = self._selection.without.get(name, ())
            types = self._types[name]
            lines = record_lines(table, types, read_at, without=without, version=version)
            self._write(lines)
            self.counts[name] += len(table.rows)

    def rejected(self, rejected: Sequence[Rejected], read_at: datetime) -> None:
        """Write rows, and parts of rows, that fit no table, as ``_zendesk_rejected_rows``."""
        if REJECTED_TABLE not in self._selection.tables or not rejected:
            return
        if REJECTED_TABLE not in self._types:
            self.begin(REJECTED_TABLE)
        rows = [
            {"id": digest_of([each.table, each.reason, each.row], b""), **row}
            for each, row in zip(rejected, rejected_rows(rejected, read_at), strict=True)
        ]
        self.rows([TableRows(REJECTED_TABLE, rows, {}, ("row",))], read_at)

    def end_of_list(self, table: str) -> None:
        """Tell a target that all rows of a list were written: others are gone at Zendesk."""
        if self._tells_versions:
            self._line({"type": "ACTIVATE_VERSION", "stream": table, "version": self._version})

    def state(self) -> None:
        """Write where every stream stands once what was written so far is loaded."""
        self._state_bytes = self._line({"type": "STATE", "value": self._state.document})
        self._bytes_since_state = 0
        self._out.flush()

    def state_behind_rows(self) -> None:
        """Write a state, unless it is large, and larger than the rows that it would be behind."""
        if self._state_bytes <= max(SMALL_STATE_BYTES, self._bytes_since_state):
            self.state()

    def _schema(self, table: str) -> None:
        without, key = self._selection.without.get(table, ()), key_of(table)
        types = {name: kind for name, kind in self._types[table].items() if name not in without}
        message: dict[str, Any] = {"type": "SCHEMA", "stream": table}
        message["schema"] = json_schema(types, key)
        message["key_properties"] = list(key)
        cursor = None if table == REJECTED_TABLE else cursor_of(table)
        if cursor is not None:
            message["bookmark_properties"] = [cursor]
        self._line(message)

    def _line(self, message: Mapping[str, Any]) -> int:
        line = orjson.dumps(message) + b"\n"
        self._write(line)
        return len(line)

    def _write(self, lines: bytes) -> None:
        self._out.write(lines)
        self._bytes_since_state += len(lines)
