"""Decide which pages of a list are not loaded because the last walk through it has loaded them.

Of some lists Zendesk cannot say what changed, and they are merged, not replaced, because it shows
their rows for a while only. So each sync reads all that is shown. The state keeps a digest of each
page. A page is left out if it and all pages before it are as the last walk loaded them: a new one
may have brought a row in another state. These lists are ordered by a time that never changes, so
no row comes twice in a walk.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from zendesk_source.api.paging import Page
from zendesk_source.extract.digest import digest_of, value_of
from zendesk_source.extract.kept import WALKED_PAGES
from zendesk_source.extract.positions import StreamPosition

MOST_PAGES = 250
"""Of so many pages a digest is kept; those behind them are always loaded. dlt writes the whole
state as a row with every package, whichever stream it is of, and these rows stay."""

_DIGITS = 12
"""Of a digest, 48 bits: enough to tell a page from what it was."""


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a walk has come, beside the one before it.

    Attributes:
        pages: Digests of the pages as they were loaded, in the order of the walk. Those that this
            walk has not read yet are of the last one.
        read: How many pages this walk has read.
    """

    pages: tuple[str, ...] = ()
    read: int = 0

    def past(self, page: Page, digest_key: bytes) -> tuple[bool, Walked]:
        """Return whether a page is new, and how far the walk has come behind it."""
        digest = _digest(page, digest_key)
        pages, read = self.pages, self.read
        is_new = pages[read : read + 1] != (digest,)
        if is_new and read < MOST_PAGES:
            pages = (*pages[:read], digest)
        read += 1
        return is_new, Walked(pages[:read]) if page.is_last else Walked(pages, read)


def walked_to(position: StreamPosition, state: Mapping[str, Any]) -> Walked:
    """Return how far the walk has come that goes on at a position.

    Args:
        position: Where the stream stands.
        state: The stream's part of the state.
    """
    saved = state.get(WALKED_PAGES, {})
    walked = Walked(tuple(saved.get("pages", ())), saved.get("read", 0))
    is_one = len(position.lanes) == 1
    begins = is_one and position.lanes[0].place.cursor is None
    if is_one and begins == (walked.read == 0):
        return walked
    # Which page comes next is unknown, unless it is the first: the rest of the walk is loaded.
    return Walked() if begins else Walked((), MOST_PAGES)


def not_walked(
    pages: Sequence[Page], walked: Walked, digest_key: bytes
) -> tuple[list[Page], Walked]:
    """Return the pages that are new, and how far the walk has come behind all of them.

    Args:
        pages: The next pages of the walk.
        walked: How far it has come.
        digest_key: As of ``digest_of``.
    """
    new = []
    for page in pages:
        is_new, walked = walked.past(page, digest_key)
        if is_new:
            new.append(page)
    return new, walked


def remember_walked(state: MutableMapping[str, Any], walked: Walked | None) -> None:
    """Note how far a walk has come; None if something was loaded without comparing it."""
    if walked is None:
        state.pop(WALKED_PAGES, None)
    else:
        state[WALKED_PAGES] = {"pages": list(walked.pages), "read": walked.read}


def _digest(page: Page, key: bytes) -> str:
    rejected = ([each.reason, each.row] for each in page.rejected)
    return digest_of(chain(map(value_of, page.rows), rejected), key)[:_DIGITS]
