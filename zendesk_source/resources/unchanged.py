"""Lists that are as they were loaded last: they are read, and not written again.

To write a table costs dlt as much as to shape thousands of rows, and most lists of an account do
not change from one day to the next. dlt's state remembers a digest of what was loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import dlt

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.connection import Connection
from zendesk_source.extract.digest import digest_of
from zendesk_source.extract.slices import current_slice


def is_as_loaded(stream: Stream, answers: Sequence[Page], connection: Connection) -> bool:
    """Compare a list with what was loaded of it last, and note it.

    Args:
        stream: Which list.
        answers: All its pages.
        connection: Its settings decide about the table's rows, too.

    Returns:
        Whether its table holds it already. Outside of ``sync`` nobody has looked whether the
        table is still there, so it is written.
    """
    settings = [connection.deleted, sorted(stream.columns.items())]
    now = digest_of(chain(settings, (page.rows for page in answers)))
    # Not the resource's own state: dlt forgets that of a resource that replaces its table.
    loaded = connection.own_state(dlt.current.source_state()).setdefault("loaded_lists", {})
    before = loaded.get(stream.name)
    loaded[stream.name] = now
    return before == now and _is_there(stream)


def keep_table() -> None:
    """Let the current resource yield nothing, without dlt emptying the table that it replaces.

    Said with an empty list of rows, it would cost as much as a table that is written.
    """
    dlt.current.resource().apply_hints(write_disposition="merge")


def _is_there(stream: Stream) -> bool:
    part = current_slice()
    columns = dlt.current.source_schema().tables.get(stream.name, {}).get("columns", {})
    is_known = any("data_type" in column for column in columns.values())
    return part is not None and is_known and stream.name not in part.sync.missing_tables
