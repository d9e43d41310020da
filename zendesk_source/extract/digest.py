"""Digests of rows, which tell whether they are still as they were loaded."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec
import orjson

from zendesk_source.api.mending import json_value

_BYTES = 12


def digest_of(parts: Iterable[Any], key: bytes) -> str:
    """Return a digest of JSON values. The order of parts counts, the order of keys does not.

    Args:
        parts: The values.
        key: With it nobody else can try out which values have the digest; empty for none.
    """
    digest = blake2b(digest_size=_BYTES, key=key)
    for part in parts:
        digest.update(orjson.dumps(part, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


def value_of(row: Any) -> Any:
    """Return a row as a JSON value for its digest, without the keys that are null.

    Args:
        row: A mapping, or a record of the decoder, which has a null for every key that it may have.
    """
    items = json_value(msgspec.json.encode(row)).items()
    return {key: value for key, value in items if value is not None}
