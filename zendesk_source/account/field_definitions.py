"""Columns of custom fields, named and typed by their definitions, which are read once a sync.

Where Zendesk refuses the definitions, custom fields are JSON until they are described, and a note
says so. A column keeps its name and its type for ever, so none is made for a field of which
nothing is known but its id. Once the definitions can be read, the stream is read from its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.kept import FIELDS_AS_JSON, POSITIONS
from zendesk_source.extract.newest_rows import forget_newest
from zendesk_source.shape.custom_fields import FieldColumns

_AT_FIRST = (
    "Custom fields are kept as JSON as long as their definitions cannot be read; after that"
    " {} is read from its start once more, each field into a column of its type."
)
_LATER = (
    "The custom fields of {} keep the columns they have; one that was never described is named"
    " by its id or key, and typed by its values."
)


def field_columns(
    stream: Stream, connection: Connection, names: dict[str, dict[str, str]]
) -> FieldColumns | None:
    """Return the columns of a stream's custom fields; None where they become none.

    Args:
        stream: Whose rows.
        connection: Its settings decide.
        names: Column names by owner and field id; added to, and kept in dlt's state.
    """
    if stream.custom_fields is None or connection.options.custom_fields != "columns":
        return None
    owner = stream.name if stream.custom_fields == "custom_object" else stream.custom_fields
    return FieldColumns(owner, names.setdefault(owner, {}))


def describe(fields: FieldColumns, unknown: Set[str], connection: Connection) -> None:
    """Name the columns of custom fields, by their definitions at Zendesk.

    Args:
        fields: Their columns.
        unknown: What rows call those that must be described; when definitions that were
            read before lack one of them, it is newer, and they are read anew.
        connection: To ask with.

    Raises:
        StreamRefused: The definitions must not be read.
    """

    def learn(pages: Iterable[Page]) -> bool:
        rows = (row for page in pages for row in page.rows)
        fields.learn(row for row in rows if row.get("id") is not None)
        return unknown <= fields.by_key.keys()

    learn(connection.pages_read_once(connection.field_lists[fields.owner], learn))


def describe_first(
    fields: FieldColumns, stream: Stream, connection: Connection, run: StreamRun
) -> bool:
    """Ask for the definitions before the first row, where none was ever read.

    Returns:
        Whether the fields are described, in this sync or in an earlier one.
    """
    if fields.names:
        return True
    return _describe(fields, frozenset(), stream, connection, run, _AT_FIRST)


def describe_new(
    fields: FieldColumns, unknown: Set[str], stream: Stream, connection: Connection, run: StreamRun
) -> None:
    """Ask for the definitions because rows hold fields that this sync knows nothing of."""
    _describe(fields, unknown, stream, connection, run, _LATER)


def begin_anew(state: dict[str, Any], *, is_refused: bool, is_open: bool) -> None:
    """Forget where a stream stands if its rows are loaded without columns for the fields.

    Args:
        state: Of the stream; notes whether they are.
        is_refused: Whether the fields cannot be described now either.
        is_open: Whether all of the stream is read, and not a window of it.
    """
    if is_refused:
        state[FIELDS_AS_JSON] = True
    elif is_open and state.pop(FIELDS_AS_JSON, False):
        state.pop(POSITIONS, None)
        forget_newest(state)


def _describe(
    fields: FieldColumns,
    unknown: Set[str],
    stream: Stream,
    connection: Connection,
    run: StreamRun,
    what_follows: str,
) -> bool:
    try:
        describe(fields, unknown, connection)
    except StreamRefused as error:
        text = f"{error.what} {what_follows.format(stream.name)}"
        run.note("custom fields", text, is_missing=False)
        return False
    return True
