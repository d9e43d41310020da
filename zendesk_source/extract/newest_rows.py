"""The newest rows of an export, which it shows again: they are not loaded a second time.

An export goes on from its last second, so what was written in that second comes again with every
sync until something newer does. To merge such a row costs as much as to merge thousands, and a
warehouse asks money for it. The state remembers a digest of each.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from hashlib import blake2b
from itertools import takewhile
from typing import Any

import msgspec
import orjson

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Origin, Stream
from zendesk_source.extract.positions import row_time

MOST_ROWS = 20
"""Of more rows in one second, such as a bulk edit leaves, all come again."""

_STATE_KEY = "newest_rows"
_DIGEST_BYTES = 12


def not_loaded(
    stream: Stream, pages: Sequence[Page], state: MutableMapping[str, Any]
) -> list[Page]:
    """Return the pages that tell something new, and remember their newest rows.

    Args:
        stream: Whose pages.
        pages: In the order in which they were read.
        state: Of the stream; kept with its positions.
    """
    if any(side.origin is Origin.BESIDE for side in stream.side_tables):
        return list(pages)  # the row alone does not say all that the page says of it
    new = []
    for page in pages:
        loaded = set(state.get(_STATE_KEY, ()))
        is_longer = len(page.rows) > len(loaded)
        if is_longer or not loaded.issuperset(map(_digest, page.rows)):
            new.append(page)
        if page.rows:
            state[_STATE_KEY] = sorted(map(_digest, _newest(stream, page.rows)))
    return new


def _newest(stream: Stream, rows: Sequence[Any]) -> list[Any]:
    last = row_time(rows[-1], stream)
    newest = list(takewhile(lambda row: row_time(row, stream) == last, reversed(rows)))
    return newest if len(newest) <= MOST_ROWS else []


def _digest(row: Any) -> str:
    # Without the nulls: a decoded record has one for every key that it may have.
    items = orjson.loads(msgspec.json.encode(row)).items()
    said = {key: value for key, value in items if value is not None}
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()
