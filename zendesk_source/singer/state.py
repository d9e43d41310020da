"""What a tap remembers from run to run, as the STATE lines hold it.

    {"account": "acme",
     "bookmarks": {"tickets": {"replication_key": "generated_timestamp",
                               "replication_key_value": 1795876531,
                               "written": 12, "positions": {...}, "newest_rows": [...],
                               "custom_field_columns": {...}, "columns": {...}}},
     "custom_object_tables": {"book": "custom_object_book"}}

``replication_key`` and its value are for people: only the rest is read back.

Each table has a bookmark, though one page fills several. Targets load table by table, and some
hand back the bookmarks of those alone that they have loaded. A stream therefore goes on from the
oldest bookmark of its tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timezone
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.private import note_private
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.kept import (
    ACCOUNT,
    CUSTOM_FIELD_COLUMNS,
    CUSTOM_OBJECT_TABLES,
    POSITIONS,
    REFUSED_PARENTS,
)
from zendesk_source.extract.positions import StreamPosition
from zendesk_source.singer.lines import time_text

BOOKMARKS = "bookmarks"
COLUMNS = "columns"
WRITTEN = "written"
"""Pages of the stream that were written when a bookmark was made, over all runs."""
_OF_ONE_TABLE = ("replication_key", "replication_key_value", COLUMNS, CUSTOM_FIELD_COLUMNS)

Bookmark = dict[str, Any]


class State:
    """The state document of one run.

    Args:
        document: As the last STATE line held it; empty at the first run.

    Attributes:
        document: What the next STATE line will hold.

    Raises:
        ConfigurationError: It is no state.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._bookmarks: dict[str, Bookmark] = document.setdefault(BOOKMARKS, {})
        marks = self._bookmarks.values() if isinstance(self._bookmarks, dict) else [None]
        if not all(isinstance(mark, dict) for mark in marks):
            raise ConfigurationError(
                "The state has no bookmarks by stream.", "Hand in the last STATE as it was written."
            )

    def check_account(self, connection: Connection) -> None:
        """Refuse the positions of another account.

        Raises:
            ConfigurationError: They are.
        """
        account = self.document.setdefault(ACCOUNT, connection.account)
        if account != connection.account:
            raise ConfigurationError(
                f"The state is that of the account {account}, and these settings are for"
                f" {connection.account}.",
                "Give each account a state and a target of its own.",
            )

    def note_private(self, connection: Connection) -> str:
        """Note what is private now; return what to tell of rows that were written before."""
        has_rows = any(POSITIONS in mark for mark in self._bookmarks.values())
        return note_private(connection, self.document, has_rows=has_rows)

    def is_behind(self, tables: Sequence[str]) -> bool:
        """Whether one of a stream's tables has no rows yet, while others have."""
        have = [POSITIONS in self._bookmarks.get(table, {}) for table in tables]
        return any(have) and not all(have)

    def opened(self, tables: Sequence[str]) -> Bookmark:
        """Return what is kept of a stream, to write to: the oldest bookmark of its tables."""
        marks = [self._bookmarks.get(table, {}) for table in tables]
        if not all(POSITIONS in mark for mark in marks):
            marks = [{}]
        oldest = min(marks, key=lambda mark: int(mark.get(WRITTEN, 0)))
        return deepcopy({k: v for k, v in oldest.items() if k not in _OF_ONE_TABLE})

    def save(
        self,
        stream: Stream,
        tables: Sequence[str],
        kept: Bookmark,
        position: StreamPosition | None = None,
    ) -> None:
        """Note where a stream stands once all that was written of it is loaded.

        Args:
            stream: The stream.
            tables: Names of its tables that are written; each gets a bookmark.
            kept: What ``opened`` returned, with the positions behind what was written.
            position: Where the stream stands, to show people up to when all is there. None leaves
                what was shown before.
        """
        kept[WRITTEN] = int(kept.get(WRITTEN, 0)) + 1
        shown = {} if position is None else _shown(stream, position)
        for table in tables:
            own = self._bookmarks.get(table, {})
            own = {name: own[name] for name in _OF_ONE_TABLE if name in own}
            self._bookmarks[table] = {**own, **shown, **kept}

    def refused_parents(self, table: str) -> dict[str, Any]:
        """Return which parents of a list refused in earlier runs."""
        refused: dict[str, Any] = self._bookmarks.get(table, {}).get(REFUSED_PARENTS, {})
        return refused

    def keep_refused_parents(self, table: str, refused: Mapping[str, Any]) -> None:
        """Note which parents of a list refused."""
        self._bookmarks.setdefault(table, {})[REFUSED_PARENTS] = refused

    def object_tables(self) -> dict[str, str]:
        """Return the tables of custom objects by key, to write to."""
        tables: dict[str, str] = self.document.setdefault(CUSTOM_OBJECT_TABLES, {})
        return tables

    def all_field_columns(self) -> dict[str, dict[str, str]]:
        """Return the columns of all custom fields, by owner and field."""
        marks = (mark.get(CUSTOM_FIELD_COLUMNS, {}) for mark in self._bookmarks.values())
        return {owner: names for mark in marks for owner, names in mark.items()}

    def custom_field_columns(self, table: str) -> dict[str, dict[str, str]]:
        """Return the columns of a table's custom fields, by owner and field, to write to."""
        mark = self._bookmarks.setdefault(table, {})
        names: dict[str, dict[str, str]] = mark.setdefault(CUSTOM_FIELD_COLUMNS, {})
        return names

    def columns(self, table: str) -> Mapping[str, DataType]:
        """Return the types of a table's columns that the catalogue does not declare."""
        types: Mapping[str, DataType] = self._bookmarks.get(table, {}).get(COLUMNS, {})
        return types

    def add_columns(self, table: str, types: Mapping[str, DataType]) -> None:
        """Note columns of a table that the catalogue does not declare, and this has not."""
        known = self.columns(table)
        if new := {name: kind for name, kind in types.items() if name not in known}:
            self._bookmarks.setdefault(table, {})[COLUMNS] = {**known, **new}


def _shown(stream: Stream, position: StreamPosition) -> dict[str, Any]:
    """Return up to when a stream was read, in the form of its cursor."""
    reached = [lane.newest or lane.place.start_time for lane in position.lanes]
    times = [time for time in reached if time is not None]
    cursor = stream.cursor_field
    if not times or cursor is None:
        return {}
    seen: Any = min(times)
    if stream.columns[cursor] != "bigint":
        seen = time_text(datetime.fromtimestamp(seen, timezone.utc))
    return {"replication_key": cursor, "replication_key_value": seen}
