"""What dlt's state keeps of a stream, and which of it goes when the stream is read anew.

What else is kept of it stays: when it was first read, because an older state of its rows may have
been loaded since; the columns of its custom fields; that its table holds versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zendesk_source.errors import ConfigurationError

POSITIONS = "positions"
"""Of the resource: where it stands, and what of its parents was read."""
NEWEST_ROWS = "newest_rows"
"""Of the resource: digests of rows that come again."""
LOADED_LISTS = "loaded_lists"
"""Of the source, by stream: digest of a list as it was loaded."""
LISTED = "listed"
"""Of the source, by stream: digest of a list's keys, and whether rows have vanished."""
ACCOUNTS = "accounts"
"""Of the source and of resources: the parts of accounts that share a dataset."""


def forgotten(stream: str, part: str = "") -> list[str]:
    """Return the JSON paths, in the state of a source, of what a stream forgets.

    Args:
        stream: Which.
        part: Path of the part that belongs to one account; empty where there is one account.
    """
    own = [f"resources.{stream}.{part}{name}" for name in (POSITIONS, NEWEST_ROWS)]
    return [*own, *(f"{part}{name}.{stream}" for name in (LOADED_LISTS, LISTED))]


def check_version(saved: Mapping[str, Any], known: int) -> None:
    """Refuse what a newer release has written.

    Args:
        saved: With its ``version``.
        known: The newest version that this release reads.

    Raises:
        ConfigurationError: It is newer.
    """
    if saved["version"] > known:
        raise ConfigurationError(
            "The saved position was written by a newer release of zendesk_source.",
            "Install that release, in the way this one was installed.",
        )
