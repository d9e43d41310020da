"""Name and type the columns of custom fields by their definitions, which are read once in a sync.

If Zendesk refuses the definitions, custom fields stay JSON until they can be read, and a note
says so. A column keeps its name and type for ever, so a field of which only the id is known gets
none. Once the definitions can be read, the stream is read again from its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.kept import FIELDS_AS_JSON, FORGOTTEN_OF_RESOURCE
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
    """Return the columns of a stream's custom fields; None if the fields become no columns.

    Args:
        stream: The stream.
        connection: Its options decide.
        names: Column names by owner and field id. New ones are added; dlt's state keeps them.
    """
    if stream.custom_fields is None or connection.options.custom_fields != "columns":
        return None
    owner = stream.name if stream.custom_fields == "custom_object" else stream.custom_fields
    return FieldColumns(owner, names.setdefault(owner, {}))


def describe(fields: FieldColumns, unknown: Set[str], connection: Connection) -> None:
    """Name the columns of custom fields by their definitions at Zendesk.

    Args:
        fields: The columns.
        unknown: Keys, as rows have them, of fields that must be described. If definitions that
            were read before lack one of them, it is newer, and they are read again.
        connection: The account to ask.

    Raises:
        StreamRefused: Zendesk refuses the definitions.
    """

    def learn(pages: Iterable[Page]) -> bool:
        rows = (row for page in pages for row in page.rows)
        fields.learn(row for row in rows if row.get("id") is not None)
        return unknown <= fields.by_key.keys()

    learn(connection.pages_read_once(connection.field_lists[fields.owner], learn))


def describe_first(
    fields: FieldColumns, stream: Stream, connection: Connection, run: StreamRun
) -> bool:
    """Ask for the definitions before the first row, if none was ever read.

    Returns:
        Whether the fields are described, in this sync or in an earlier one.
    """
    if fields.names:
        return True
    return _describe(fields, frozenset(), stream, connection, run, _AT_FIRST)


def describe_new(
    fields: FieldColumns, unknown: Set[str], stream: Stream, connection: Connection, run: StreamRun
) -> None:
    """Ask for the definitions because rows have fields that this sync does not know."""
    _describe(fields, unknown, stream, connection, run, _LATER)


def begin_anew(state: dict[str, Any], *, is_refused: bool, is_open: bool) -> None:
    """Forget where a stream stands if its rows were loaded without columns for custom fields.

    Args:
        state: The stream's part of the state; notes whether they were.
        is_refused: Whether the definitions are still refused.
        is_open: Whether all of the stream is read, and not a window of it.
    """
    if is_refused:
        state[FIELDS_AS_JSON] = True
    elif is_open and state.pop(FIELDS_AS_JSON, False):
        for key in FORGOTTEN_OF_RESOURCE:
            state.pop(key, None)


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
