"""Decide which rows are not loaded because the last sync has loaded them as they are.

An export goes on from its last second, so the rows of that second come again with every sync
until there is a newer one. A list that is asked for changes since a time goes back further, by
its look-back. To merge one such row costs as much as to merge thousands, and a warehouse charges
for it. So the state keeps a digest of each.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from itertools import dropwhile, takewhile
from typing import Any

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Origin, Stream
from zendesk_source.extract.digest import digest_of, value_of
from zendesk_source.extract.kept import NEWEST_ROWS
from zendesk_source.extract.positions import EXPORTS, row_time

MOST_ROWS = 20
"""If more rows come again, such as those of one second after a bulk edit, all are loaded."""


def not_loaded(
    stream: Stream, pages: Sequence[Page], state: Mapping[str, Any], digest_key: bytes
) -> list[Page]:
    """Return the pages without the first ones that hold nothing new.

    Every page behind a new one counts as new: the new one may have brought a row in another
    state than the remembered one.

    Args:
        stream: The stream of the pages.
        pages: Pages in the order in which they were read.
        state: The stream's part of the state.
        digest_key: As of ``digest_of``.
    """
    loaded = set(state.get(NEWEST_ROWS, ()))

    def is_loaded(page: Page) -> bool:
        if len(page.rows) + len(page.rejected) > len(loaded):
            return False
        return loaded.issuperset(_digests(page.rows, page, digest_key))

    return list(dropwhile(is_loaded, pages))


def remember_newest(
    stream: Stream, pages: Sequence[Page], state: MutableMapping[str, Any], digest_key: bytes
) -> None:
    """Note the newest rows of pages that are loaded, together with their position.

    Args:
        stream: The stream of the pages.
        pages: Pages in the order in which they were read.
        state: The stream's part of the state.
        digest_key: As of ``digest_of``.
    """
    if any(side.origin is Origin.BESIDE for side in stream.side_tables):
        return  # the row alone does not say all that the page says of it
    for page in reversed(pages):
        if page.rows or page.rejected:
            state[NEWEST_ROWS] = sorted(_digests(_newest(stream, page.rows), page, digest_key))
            return


def forget_newest(state: MutableMapping[str, Any]) -> None:
    """Let all rows be loaded again."""
    state.pop(NEWEST_ROWS, None)


def _newest(stream: Stream, rows: Sequence[Any]) -> list[Any]:
    if not rows:
        return []
    if stream.paging in EXPORTS:
        last = row_time(rows[-1], stream)
        newest = list(takewhile(lambda row: row_time(row, stream) == last, reversed(rows)))
    else:
        times = [row_time(row, stream) or 0 for row in rows]
        last = max(times)
        for since in (last - stream.lookback_seconds, last):
            newest = [row for row, time in zip(rows, times, strict=True) if time >= since]
            if len(newest) <= MOST_ROWS:
                break
    return newest if len(newest) <= MOST_ROWS else []


def _digests(rows: Sequence[Any], page: Page, key: bytes) -> list[str]:
    """Return digests of some rows of a page, and of those that were taken out of it."""
    rejected = page.rejected[:MOST_ROWS]
    return [
        *(digest_of([value_of(row)], key) for row in rows),
        *(digest_of([each.reason, each.row], key) for each in rejected),
    ]
