"""Decide which rows of a page lie in a window, because an answer does not end where it does.

The cursor field counts. A window includes its first second and excludes its last, so that where
two windows meet every row lies in exactly one of them.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Origin, Stream
from zendesk_source.extract.positions import EXPORTS, StreamPosition, row_time
from zendesk_source.extract.steps import Step


@dataclass(frozen=True, slots=True)
class Extent:
    """Which rows of a stream's pages are wanted.

    Attributes:
        stream: The stream of the pages.
        start: Epoch seconds of the first wanted row; None for all that Zendesk shows.
        end: Epoch seconds of the first row behind the window; None for all that Zendesk shows.
    """

    stream: Stream
    start: int | None
    end: int | None

    def of_step(self, step: Step) -> Step:
        """Return a step whose page holds only wanted rows."""
        page = self.of_page(step.page)
        return step if page is step.page else replace(step, page=page)

    def of_page(self, page: Page) -> Page:
        """Return a page with the wanted rows, and the side tables' rows beside them."""
        if self.start is None and self.end is None:
            return page
        kept = [row for row in page.rows if self._holds(row)]
        if len(kept) == len(page.rows):
            return page
        envelope: Any = copy(page.envelope)
        envelope[self.stream.rows_key] = kept
        dropped = {_value(row, "id") for row in page.rows} - {_value(row, "id") for row in kept}
        for side in self.stream.side_tables:
            if side.origin is Origin.BESIDE and envelope.get(side.key):
                beside = envelope[side.key]
                column = side.parent_column
                envelope[side.key] = [e for e in beside if _value(e, column) not in dropped]
        return replace(page, envelope=envelope, rows=kept)

    def _holds(self, row: Any) -> bool:
        time = row_time(row, self.stream)
        if time is None:  # nothing says that it lies elsewhere
            return True
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)


def extent_of(stream: Stream, position: StreamPosition, end: int | None) -> Extent:
    """Return which rows are wanted in a window.

    A list is asked for more than its window, because its filter may look at another time of a
    row than its cursor field. An export that is asked for a time shows nothing before it.

    Args:
        stream: The stream to read.
        position: Where it stands in the window.
        end: Epoch seconds at which the window ends, or None.
    """
    is_asked_for_more = stream.paging not in EXPORTS and (stream.lookback_seconds or end)
    begins = position.start if position.begins is None else position.begins
    return Extent(stream, begins if is_asked_for_more else None, end)


def _value(row: Any, key: str) -> Any:
    value = row.get(key) if hasattr(row, "get") else None
    return value if isinstance(value, (int, str)) else None
