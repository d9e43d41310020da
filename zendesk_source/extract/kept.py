"""The keys of dlt's state, and which of them are forgotten when a stream is read anew.

dlt keeps a state for the source, and within it one for each resource. If several accounts share a
dataset, each has its own part of both. ``positions`` owns what stands in a position,
``parents.seen`` what is remembered of parents.

dlt forgets the state of a resource that replaces its table. Therefore what is kept of a list is in
the state of the source, by stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zendesk_source.errors import ConfigurationError

State = dict[str, Any]

# Of the source, whoever reads it.
ACCOUNT = "account"
"""Whose rows a dataset holds, where they are those of one account."""
ACCOUNTS = "accounts"
"""The parts of accounts that share a dataset, by name; of resources as well."""
CUSTOM_OBJECT_TABLES = "custom_object_tables"
"""Tables of custom objects, by key; accounts share them."""
LOGGED_SYNCS = "logged_syncs"
"""When syncs began whose rows of the log waited for a package that is loaded; the last ones."""

# Of the source, or of an account's part of it.
CUSTOM_FIELD_COLUMNS = "custom_field_columns"
"""Columns of custom fields, by owner and field."""
LOADED_LISTS = "loaded_lists"
"""Digest of a list as it was loaded, by stream."""
SNAPSHOTS_TAKEN = "snapshots_taken"
"""When a snapshot was loaded last, in epoch seconds, by stream."""
LISTED = "listed"
"""Digest of a list's keys, and how many rows have vanished, by stream."""
REFUSED_PARENTS = "refused_parents"
"""For lists that are read parent by parent and replaced whole: parents that refused, by stream."""
TAKEN_OVER = "taken_over"
"""Where another connector stood, by stream, until the stream is read for the first time."""
PRIVATE = "private_rules"
"""What was private when rows were last loaded, and a digest of the key of their hashes."""
VERSIONS = "versions"
"""Lists whose table holds versions of the account, where it may hold those of others."""

# Of a resource, or of an account's part of it.
POSITIONS = "positions"
"""Where the stream stands: by window, by brand or by object; and ``PARENTS``."""
PARENTS = "parents"
"""A key among the positions: which parents were read."""
LISTS = "lists"
"""Where the stream stands in the lists that are read where Zendesk refuses its export."""
LISTED_WHOLE_AT = "listed_whole_at"
"""When a list was last read whole that shows no deletions, to find what is gone."""
NEWEST_ROWS = "newest_rows"
"""Digests of rows that come again."""
WALKED_PAGES = "walked_pages"
"""Digests of the pages of a list that every sync reads from its beginning."""
FIRST_READ_AT = "first_read_at"
"""When the stream was read for the first time ever; older rows come for the first time."""
FIELDS_AS_JSON = "custom_fields_as_json"
"""Whether its rows are loaded without columns for custom fields, which nobody could describe."""

_OF_A_RESOURCE = "resources"  # which is dlt's own key
FORGOTTEN_OF_RESOURCE = (POSITIONS, LISTS, LISTED_WHOLE_AT, NEWEST_ROWS, WALKED_PAGES)
FORGOTTEN_OF_SOURCE = (LOADED_LISTS, SNAPSHOTS_TAKEN, LISTED, REFUSED_PARENTS, TAKEN_OVER)
"""By stream. Everything else stays when a stream is read anew."""


def part_of(state: Mapping[str, Any], account: str) -> Mapping[str, Any]:
    """Return an account's part of a state, to look at; empty if there is none.

    Args:
        state: State of the source or of a resource.
        account: Name of the account; empty if the dataset is not shared.
    """
    if not account:
        return state
    part: Mapping[str, Any] = state.get(ACCOUNTS, {}).get(account, {})
    return part


def own_part(state: State, account: str) -> State:
    """Return an account's part of a state, to write to.

    Args:
        state: State of the source or of a resource.
        account: Name of the account; empty if the dataset is not shared.
    """
    if not account:
        return state
    part: State = state.setdefault(ACCOUNTS, {}).setdefault(account, {})
    return part


def parts_of(state: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the parts of a state by account; under an empty name if the dataset is not shared."""
    return dict(state[ACCOUNTS]) if ACCOUNTS in state else {"": state}


def accounts_in(state: Mapping[str, Any]) -> list[str]:
    """Return the accounts that share a dataset; none if it is not shared."""
    return list(state.get(ACCOUNTS, ()))


def of_resource(state: Mapping[str, Any], stream: str) -> Mapping[str, Any]:
    """Return the state of a resource within that of its source."""
    found: Mapping[str, Any] = state.get(_OF_A_RESOURCE, {}).get(stream, {})
    return found


def has_positions(state: Mapping[str, Any]) -> bool:
    """Whether a resource was ever read from a position on, for any account."""
    return any(_stands(part) for part in (state, *parts_of(state).values()))


def _stands(part: Mapping[str, Any]) -> bool:
    return bool(part.get(POSITIONS) or part.get(LISTS))


def was_begun(state: Mapping[str, Any], account: str) -> bool:
    """Whether any stream stands somewhere, or is to go on where another connector stood.

    Args:
        state: State of the source.
        account: Name of the account; empty if the dataset is not shared.
    """
    resources = state.get(_OF_A_RESOURCE, {}).values()
    has_any = any(_stands(part_of(resource, account)) for resource in resources)
    return has_any or bool(part_of(state, account).get(TAKEN_OVER))


def forgotten(stream: str, account: str | None = "") -> list[str]:
    """Return the JSON paths of what a stream forgets, in the state of its source.

    Args:
        stream: Name of the stream.
        account: Name of the account; empty if the dataset is not shared, None for all that
            share it.
    """
    part = f'{ACCOUNTS}."{account}".' if account else ""
    part = f"{ACCOUNTS}.*." if account is None else part
    of_resource = (f"{_OF_A_RESOURCE}.{stream}.{part}{key}" for key in FORGOTTEN_OF_RESOURCE)
    return [*of_resource, *(f"{part}{key}.{stream}" for key in FORGOTTEN_OF_SOURCE)]


def check_version(saved: Mapping[str, Any], known: int) -> None:
    """Refuse a state that a newer release has written.

    Args:
        saved: A part of the state that holds its ``version``.
        known: The newest version that this release reads.

    Raises:
        ConfigurationError: It is newer.
    """
    if saved["version"] > known:
        raise ConfigurationError(
            "The saved position was written by a newer release of zendesk_source.",
            "Install that release, in the way this one was installed.",
        )
