"""How JSON keys are spelt as columns, so that any destination takes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b

from zendesk_source.account.connection import Connection
from zendesk_source.names import ACCOUNT_COLUMN

_NOT_ZENDESKS = ("_dlt_", "_zendesk_")
LONGEST_NAME = 54
"""Letters of a column's name; with `__v_bigint` or another suffix it stays within Postgres's 63."""


def column_name(naming: Callable[[str], str], connection: Connection) -> Callable[[str], str]:
    """Return a function that spells JSON keys as columns that any destination accepts.

    A key that would be named like a column of dlt's or ours gets another name, and so does an
    empty key.
    """

    def spelt(key: str) -> str:
        name = naming(key if key.strip() else "unnamed")
        is_ours = name.startswith(_NOT_ZENDESKS) or (
            name == ACCOUNT_COLUMN and connection.options.account_column
        )
        name = f"zendesk_{name.lstrip('_')}" if is_ours else name
        if len(name) <= LONGEST_NAME:
            return name
        digest = blake2b(name.encode(), digest_size=4).hexdigest()
        return f"{name[: LONGEST_NAME - len(digest) - 1].rstrip('_')}_{digest}"

    return spelt


def snake_case(key: str) -> str:
    """Return a key in lower-case words of ASCII: ``isPublic`` is ``is_public``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    name = re.sub(r"[^a-z0-9_]", "_", words.lower())
    return f"_{name}" if name[:1].isdigit() else name
