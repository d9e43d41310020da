"""The position of a walk, and one of its pages."""

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
        start_time: Epoch seconds, inclusive; None for the beginning.
        cursor: Opaque, as Zendesk gave it; counts instead of ``start_time`` in a cursor export.
        began: Zendesk's time when the walk began, in epoch seconds. Lists that can be resumed
            start their next walk from there.
    """

    start_time: int | None = None
    cursor: str | None = None
    began: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a walk.

    Attributes:
        envelope: The whole decoded answer, including the rows.
        rows: The rows that fit, as the decoder made them.
        after: Position of the request that follows this page.
        is_last: Whether the walk ends here; then the next walk begins at ``after``.
        server_time: Zendesk's clock when it answered.
        received_at: Our clock when the body had arrived.
        body_bytes: Size of the body, unpacked.
        replaced: How many characters were replaced because the destination cannot hold them.
        mended: How many characters were invalid and are now U+FFFD.
        rejected: Rows that were taken out because they fit no table.
        shown_parents: For rows that are asked for parent by parent. The ids of the parents whose
            rows the page shows in full, and whether the destination may hold rows of each.
        is_read_back: Whether its rows come from the destination, where what is private is not.
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
    is_read_back: bool = False

    def with_rows(self, key: str, rows: list[Any]) -> Page:
        """Return a page with other rows, and all that stands beside them.

        Args:
            key: JSON key of the rows.
            rows: The rows.
        """
        return replace(self, rows=rows, envelope={**self.envelope, key: rows})

    def without_rows(self) -> Page:
        """Return a page without rows that says that the walk ends here."""
        nothing: dict[str, Any] = {"envelope": {}, "rows": [], "body_bytes": 0}
        nothing |= {"replaced": 0, "mended": 0, "rejected": (), "shown_parents": {}}
        return replace(self, **nothing, is_last=True)
