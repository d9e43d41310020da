"""What rows say, in a few letters: whether they are as they were loaded last."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import orjson

_BYTES = 12


def digest_of(parts: Iterable[Any]) -> str:
    """Return a digest of JSON values; the order of keys does not count, that of parts does."""
    digest = blake2b(digest_size=_BYTES)
    for part in parts:
        digest.update(orjson.dumps(part, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()
