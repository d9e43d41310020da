"""Keep every version of a list's rows: what a setting was, and from when until when.

dlt's ``scd2`` closes versions that a list no longer shows, and opens new ones. This module decides
what makes a version: all that Zendesk says of a row, but not when it says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

import dlt
import orjson
from dlt.common.configuration.container import Container
from dlt.common.destination.capabilities import DestinationCapabilitiesContext

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.destination.place import current_pipeline
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.kept import VERSIONS
from zendesk_source.names import DELETED_AT, SYNCED_AT, VALID_FROM, VALID_TO, VERSION
from zendesk_source.resources.accounts import in_account, no_rows_of
from zendesk_source.shape.columns import Row

_OWN = {SYNCED_AT, VERSION, VALID_FROM, VALID_TO, DELETED_AT}
_VERSIONS: Any = {
    "disposition": "merge",
    "strategy": "scd2",
    "validity_column_names": [VALID_FROM, VALID_TO],
    "row_version_column_name": VERSION,
}
_REWRITTEN: Any = {"disposition": "merge", "strategy": "delete-insert"}
_BEGINNING: Any = {
    VERSION: {"data_type": "text"},
    VALID_FROM: {"data_type": "timestamp"},
    VALID_TO: {"data_type": "timestamp"},
}


def keeps_versions(stream: Stream, is_wanted: bool) -> bool:
    """Whether a list's table holds versions: because they are wanted now, or were begun once.

    Otherwise a table would lose all its versions once somebody forgets the setting.

    Raises:
        ConfigurationError: The destination cannot keep versions.
    """
    if VERSION in _columns_of(stream):
        return True
    if not is_wanted:
        return False
    if DestinationCapabilitiesContext in Container():
        capabilities = Container()[DestinationCapabilitiesContext]
        if "scd2" not in (capabilities.supported_merge_strategies or ()):
            name = current_pipeline().destination.destination_name
            raise ConfigurationError(
                f"The destination {name} cannot keep the history of {stream.name}.",
                "Set history to false, or load into one that can, such as duckdb or postgres.",
            )
    return True


def has_begun(stream: Stream, connection: Connection) -> bool:
    """Whether versions can be added; a table whose rows have no versions is written anew."""
    columns = _columns_of(stream)
    if connection.options.account_column:  # the table may hold versions of other accounts only
        begun = connection.known_state(dlt.current.source_state()).get(VERSIONS, ())
        return VERSION in columns and stream.name in begun
    return VERSION in columns or not columns


def remember_begun(stream: Stream, connection: Connection, *, has_versions: bool) -> None:
    """Note whether the table holds versions of this account, where it may hold those of others.

    It holds none any more once it was dropped and written without versions.
    """
    if not connection.options.account_column:
        return
    state = connection.own_state(dlt.current.source_state())
    begun = [name for name in state.get(VERSIONS, ()) if name != stream.name]
    begun += [stream.name] if has_versions else []
    if begun or VERSIONS in state:
        state[VERSIONS] = begun


def versions(rows: Iterable[Row], columns: Any, connection: Connection) -> Any:
    """Return rows with the hints by which dlt turns them into versions."""
    closing = in_account(_VERSIONS, connection)
    hints = dlt.mark.make_hints(write_disposition=closing, columns=columns or None)
    return dlt.mark.with_hints(list(map(_versioned, rows)), hints)


def first_versions(rows: Iterable[Row], columns: Any, connection: Connection) -> Any:
    """Return rows as the first versions of a table that had none; vanished ones are closed."""
    load_id = str(dlt.current.load_package_state()["load_id"])
    since = datetime.fromtimestamp(float(load_id), timezone.utc)  # what dlt closes versions by
    begun = [
        {
            **_versioned(row),
            VALID_FROM: row[SYNCED_AT] if DELETED_AT in row else since,
            VALID_TO: row.get(DELETED_AT),
        }
        for row in rows
    ]
    anew: Any = "replace"
    if connection.options.account_column:
        anew = in_account(_REWRITTEN, connection)
    hints = dlt.mark.make_hints(write_disposition=anew, columns={**_BEGINNING, **(columns or {})})
    return dlt.mark.with_hints(begun, hints)


def all_closed(stream: Stream, connection: Connection) -> Iterator[Any]:
    """Close every version of a list that is empty now; do nothing if it never had a row."""
    if VERSION in _columns_of(stream):  # without it dlt cannot make the table
        yield no_rows_of(stream.name, stream, in_account(_VERSIONS, connection))


def _columns_of(stream: Stream) -> Any:
    return dlt.current.source_schema().tables.get(stream.name, {}).get("columns", {})


def _versioned(row: Row) -> Row:
    said = {name: value for name, value in row.items() if name not in _OWN}
    text = orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)
    return {**row, VERSION: sha256(text).hexdigest()}
