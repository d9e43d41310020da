"""Where a walk stands, and one page of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from zendesk_source.api.paging.door import Rejected


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next request of a walk begins; nothing else is needed to go on.

    Attributes:
        start_time: Epoch seconds, inclusive; ``None`` = from the beginning.
        cursor: Opaque, as Zendesk gave it; wins over ``start_time`` in a cursor export.
        began: Epoch seconds of Zendesk's clock when the walk began, for lists that resume
            in the middle and start their next walk from there.
    """

    start_time: int | None = None
    cursor: str | None = None
    began: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a walk.

    Attributes:
        envelope: The whole decoded answer, rows included.
        rows: As the decoder made them; those that fit.
        after: Position of the request that follows this page.
        is_last: Whether the walk ends here; ``after`` is then where the next one begins.
        server_time: Zendesk's clock when it answered.
        received_at: Our clock when the body was there.
        body_bytes: Size of the body, unpacked.
        replaced: Characters of it that were replaced, because they cannot be held.
        mended: Letters that were no valid text and stand in it as U+FFFD.
        rejected: What was taken out of it because it does not fit.
        shown_parents: Where rows are asked for parent by parent: those of which the page shows
            all rows, by id, and whether the destination may hold rows of them.
    """

    envelope: Mapping[str, Any]
    rows: list[Any]
    after: Position
    is_last: bool
    server_time: datetime
    received_at: datetime
    body_bytes: int
    replaced: int = 0
    mended: int = 0
    rejected: tuple[Rejected, ...] = ()
    shown_parents: Mapping[Any, bool] = field(default_factory=dict)

    def without_rows(self) -> Page:
        """Return what only says that the walk has come to its end here."""
        nothing: dict[str, Any] = {"envelope": {}, "rows": [], "body_bytes": 0}
        nothing |= {"replaced": 0, "mended": 0, "rejected": (), "shown_parents": {}}
        return replace(self, **nothing, is_last=True)
