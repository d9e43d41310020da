"""What a tap remembers from run to run, as the STATE lines hold it.

    {"account": "acme",
     "bookmarks": {"tickets": {"replication_key": "generated_timestamp",
                               "replication_key_value": 1795876531,
                               "positions": {...}, "newest_rows": [...], "tables": [...]}},
     "custom_field_columns": {...}, "columns": {...}}

``replication_key`` and its value are for people: only the rest is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.kept import ACCOUNT, CUSTOM_FIELD_COLUMNS, POSITIONS
from zendesk_source.extract.newest_rows import forget_newest
from zendesk_source.extract.positions import StreamPosition
from zendesk_source.singer.lines import time_text

BOOKMARKS = "bookmarks"
COLUMNS = "columns"
TABLES = "tables"


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
        self._bookmarks: dict[str, dict[str, Any]] = document.setdefault(BOOKMARKS, {})
        if not isinstance(self._bookmarks, dict):
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

    def bookmark(self, stream: str) -> dict[str, Any]:
        """Return what is kept of a stream, to write to."""
        return self._bookmarks.setdefault(stream, {})

    @property
    def custom_field_columns(self) -> dict[str, dict[str, str]]:
        """Columns of custom fields, by owner and field, to write to."""
        names: dict[str, dict[str, str]] = self.document.setdefault(CUSTOM_FIELD_COLUMNS, {})
        return names

    def columns(self, table: str) -> Mapping[str, DataType]:
        """Return the types of a table's columns that the catalogue does not declare."""
        types: Mapping[str, DataType] = self.document.get(COLUMNS, {}).get(table, {})
        return types

    def add_columns(self, table: str, types: Mapping[str, DataType]) -> None:
        """Note columns of a table that the catalogue does not declare, and this has not."""
        known = self.columns(table)
        if new := {name: kind for name, kind in types.items() if name not in known}:
            self.document.setdefault(COLUMNS, {})[table] = {**known, **new}

    def lacks_tables(self, stream: str, tables: Sequence[str]) -> bool:
        """Whether rows were read and not written, for tables that are wanted now.

        Args:
            stream: Which.
            tables: Those of the stream that are wanted; noted from now on.
        """
        bookmark = self.bookmark(stream)
        before = bookmark.get(TABLES, tables)
        bookmark[TABLES] = sorted(tables)
        return bool(bookmark.get(POSITIONS)) and not set(tables) <= set(before)

    def forget(self, stream: str) -> None:
        """Let a stream be read from its start."""
        bookmark = self.bookmark(stream)
        bookmark.pop(POSITIONS, None)
        forget_newest(bookmark)

    def show(self, stream: Stream, position: StreamPosition) -> None:
        """Note for people up to when a stream was read: all before that is there."""
        reached = [lane.newest or lane.place.start_time for lane in position.lanes]
        times = [time for time in reached if time is not None]
        cursor = stream.cursor_field
        if not times or cursor is None:
            return
        seen: Any = min(times)
        if stream.columns[cursor] != "bigint":
            seen = time_text(datetime.fromtimestamp(seen, timezone.utc))
        # First in the document, before the positions.
        rest = self._bookmarks[stream.name]
        shown = {"replication_key": cursor, "replication_key_value": seen}
        kept = {key: value for key, value in rest.items() if key not in shown}
        rest.clear()
        rest.update({**shown, **kept})
