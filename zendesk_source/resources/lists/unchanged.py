"""Decide which lists are not written again because they are as they were loaded last.

Writing a table costs dlt as much as shaping thousands of rows, and most lists of an account do not
change from one day to the next. dlt's state keeps a digest of what was loaded.

A snapshot is added to those before. One that says what the last one said is left out within the
same hour of the clock only, so that every hour with a sync has a snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

import dlt

from zendesk_source.account.connection import Connection
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.extract.digest import digest_of
from zendesk_source.extract.kept import LOADED_LISTS, SNAPSHOTS_TAKEN
from zendesk_source.resources.run import current_slice

SAME_FOR = timedelta(minutes=50)
"""After this time a snapshot is taken although nothing changed; an hourly sync may come early."""

_HOUR = 3_600


def digest_of_list(
    stream: Stream, answers: Sequence[Page], connection: Connection, unread: Sequence[str] = ()
) -> str:
    """Return a digest of all pages of a list, and of all else that decides on its table's rows.

    Args:
        stream: The list.
        answers: All its pages.
        connection: Its options decide.
        unread: Parts of the list that were not read, and stay in the table as they are.
    """
    settings: list[object] = [connection.options.deleted, sorted(stream.columns.items()), *unread]
    rejected = [[each.reason, each.row] for page in answers for each in page.rejected]
    parts = chain(settings, (page.rows for page in answers), rejected)
    return digest_of(parts, connection.digest_key)


def is_as_loaded(stream: Stream, digest: str, connection: Connection) -> bool:
    """Whether a list's table holds already what a digest was made from.

    Outside of ``sync`` it is unknown whether the table still exists, so it is written.
    """
    state = connection.known_state(dlt.current.source_state())
    if state.get(LOADED_LISTS, {}).get(stream.name) != digest or not _is_there(stream):
        return False
    if stream.write != "append":
        return True
    taken: int = state.get(SNAPSHOTS_TAKEN, {}).get(stream.name, 0)
    now = connection.clock.now().timestamp()
    is_of_this_hour = now // _HOUR == taken // _HOUR
    return is_of_this_hour and 0 <= now - taken < SAME_FOR.total_seconds()


def remember_list(stream: Stream, digest: str, connection: Connection) -> None:
    """Note the digest of a list, once all of it is handed on."""
    state = connection.own_state(dlt.current.source_state())
    state.setdefault(LOADED_LISTS, {})[stream.name] = digest
    if stream.write == "append":
        now = int(connection.clock.now().timestamp())
        state.setdefault(SNAPSHOTS_TAKEN, {})[stream.name] = now


def _is_there(stream: Stream) -> bool:
    part = current_slice()
    columns = dlt.current.source_schema().tables.get(stream.name, {}).get("columns", {})
    is_known = any("data_type" in column for column in columns.values())
    tables = {table.name for table in stream.tables}
    return part is not None and is_known and tables.isdisjoint(part.sync.missing_tables)
