"""Keep rows that a list no longer shows: they stay in its table, with the time of their vanishing.

A list replaces its table. Therefore vanished rows are read back from the destination and written
again with the list. dlt's state keeps, in a few bytes for each list, which keys were shown last and
whether the table holds vanished rows. If neither requires it, nothing is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from dlt.common.destination.exceptions import SqlClientNotAvailable

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.errors import UnexpectedAnswer
from zendesk_source.names import DELETED_AT
from zendesk_source.resources.read_back import Row, rows_read_back

Key = tuple[str, ...]


def vanished_rows(
    stream: Stream,
    shown: Sequence[Row],
    missed_at: datetime | None,
    state: dict[str, Any],
    connection: Connection,
    is_hidden: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """Read back the rows that a list showed once and shows no more.

    Args:
        stream: The list.
        shown: All its rows.
        missed_at: When they were read. None if a row was rejected: it may be one of those that
            are missing, so none can be said to have vanished.
        state: By stream; notes what is shown now.
        connection: The account.
        is_hidden: Whether a row that is not shown may still exist.

    Returns:
        Rows as they were loaded last, vanished ones with the time of their vanishing.
    """
    keys = {_key(row, stream.primary_key) for row in shown}
    digest = sha256(orjson.dumps(sorted(keys))).hexdigest()
    before = state.get(stream.name, {})
    is_same = before.get("keys") == digest and is_hidden is None
    stored: Iterable[Row] = ()
    if not is_same or before["gone"]:
        is_needed = is_hidden is not None
        stored = _stored_rows(stream.name, connection, only_vanished=is_same, is_needed=is_needed)
    missed = [row for row in stored if _key(row, stream.primary_key) not in keys]
    are_marked = connection.options.deleted == "mark" and stream.misses_rows
    kept, gone = [], []
    for row in missed:
        if is_hidden is not None and is_hidden(row):
            kept.append(row)
        elif are_marked:
            gone.append({DELETED_AT: missed_at, **row})
    # The keys of a part of the list say nothing about the next list.
    state[stream.name] = {"keys": digest if is_hidden is None else "", "gone": len(gone)}
    if missed_at is None:
        del state[stream.name]  # they are to be read back next time, too
    return [*kept, *gone]


def _key(row: Row, columns: Sequence[str]) -> Key:
    return tuple(str(row.get(column)) for column in columns)


def _stored_rows(
    table: str, connection: Connection, *, only_vanished: bool, is_needed: bool
) -> Iterator[Row]:
    """Read an account's rows at the destination; none if it has no table or cannot be asked.

    Raises:
        UnexpectedAnswer: The rows are needed, and the destination cannot be asked.
    """

    def vanished(escape: Callable[[str], str]) -> str:
        return f"{escape(DELETED_AT)} IS NOT NULL"

    try:
        yield from rows_read_back(table, connection, vanished if only_vanished else None)
    except SqlClientNotAvailable:
        if is_needed:
            raise UnexpectedAnswer(
                f"A part of {table} was not read, and the destination does not say what it holds.",
                "The table stays as it is.",
            ) from None
