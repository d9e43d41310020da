"""What was changed at Zendesk after the last sync, by the place up to which the sync has read.

The export is asked from that place on, because some changes leave `updated_at` as it is, and a
deleted row is not shown elsewhere. What an export hides for its first minute is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.support.second_roads import SECOND_ROADS
from zendesk_source.extract.kept import LISTS, POSITIONS, of_resource
from zendesk_source.extract.positions import SETTLE_SECONDS, open_end, row_time
from zendesk_source.extract.second_road.newest_first import OVERLAP_SECONDS
from zendesk_source.extract.second_road.reading import read_through
from zendesk_source.reconciling.asked import changes
from zendesk_source.times import epoch_of

Touched = Callable[[Mapping[str, Any]], Mapping[Any, int]]
"""Returns what a row of an export touches, and how often."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Up to where a stream was loaded.

    Attributes:
        start: Epoch seconds; what was changed last before that was never wanted.
        place: Where the next sync begins to read.
        through: Epoch seconds. Every change up to here was loaded; in the second behind it, none
            is sure.
    """

    start: int
    place: Position
    through: int

    def has_loaded(self, row: Mapping[str, Any]) -> bool:
        """Whether a row, by the times that it shows, was not written after the last sync."""
        written = epoch_of(row.get("updated_at")) or epoch_of(row.get("created_at")) or 0
        return written <= self.through

    def wanted(self, row: Mapping[str, Any]) -> bool:
        """Whether a row was written since the time at which the loads begin."""
        written = epoch_of(row.get("updated_at")) or epoch_of(row.get("created_at")) or 0
        return written >= self.start


def standing_of(
    stream: Stream, state: Mapping[str, Any], connection: Connection
) -> Standing | None:
    """Return up to where a stream was loaded; None if it was never read to its end.

    Args:
        stream: An export.
        state: dlt's state of the source.
        connection: The account.
    """
    own = connection.known_state(of_resource(state, stream.name))
    by_export, by_lists = _of_export(own.get(POSITIONS, {})), read_through(own.get(LISTS))
    if by_lists is None:
        return by_export
    # The next sync reads so much of the lists again.
    through = by_lists - OVERLAP_SECONDS
    if by_export is None:
        return Standing(0, Position(start_time=max(0, through)), through)
    return replace(by_export, through=max(by_export.through, through))


def _of_export(positions: Mapping[str, Any]) -> Standing | None:
    position = open_end(positions)
    if position is None or len(position.lanes) != 1:
        return None
    lane = position.lanes[0]
    if lane.until is not None or lane.newest is None:
        return None
    through = lane.newest
    if lane.place.cursor is None and lane.place.start_time is not None:
        through = min(through, lane.place.start_time)  # younger rows may still have changed
    return Standing(position.begins or position.start, lane.place, through)


def deleted_since(
    stream: Stream, standing: Standing, connection: Connection
) -> frozenset[Any] | None:
    """Return the ids of rows that were deleted after the last sync, where the export is closed.

    Returns:
        None where no list shows deletions.

    Raises:
        StreamRefused: That list is closed, too.
    """
    road = SECOND_ROADS.get(stream.name)
    if road is None or road.deletions is None:
        return None
    deletions, found = road.deletions, set()
    for page in changes(deletions, Position(), connection):
        times = [row_time(row, deletions) or 0 for row in page.rows]
        later = [time > standing.through for time in times]
        found |= {row["id"] for row, is_later in zip(page.rows, later, strict=True) if is_later}
        if not any(later):
            break
    return frozenset(found)


@dataclass(slots=True)
class Changes:
    """What was changed after the last sync, read from the export as far as it is needed.

    Attributes:
        stream: The export.
        standing: Where the last sync has ended.
        connection: The account.
        touched: What a row touches: its own id, or the ticket of an event.
    """

    stream: Stream
    standing: Standing
    connection: Connection
    touched: Touched
    _found: Counter[Any] = field(default_factory=Counter)
    _place: Position | None = None
    _read_at: datetime | None = None

    def up_to(self, moment: datetime) -> Mapping[Any, int]:
        """Return what was changed after the last sync and up to a moment, and how often.

        Args:
            moment: Zendesk's time, when rows were asked for that are to be judged.

        Raises:
            StreamRefused: The export is closed.
        """
        if not self._reaches(moment):
            self._read()
        if not self._reaches(moment):
            wait_seconds = SETTLE_SECONDS + 1 - (self._now() - moment).total_seconds()
            self.connection.clock.sleep(max(0.0, wait_seconds))
            self._read()
        return self._found

    def _reaches(self, moment: datetime) -> bool:
        return self._read_at is not None and (
            (self._read_at - moment).total_seconds() > SETTLE_SECONDS
        )

    def _now(self) -> datetime:
        return self.connection.client.now()

    def _read(self) -> None:
        self._read_at = self._now()
        self._found.clear()  # the walk begins where it began: a last page may have been growing
        for row in self._rows():
            time = row_time(row, self.stream)
            if time is None or time > self.standing.through:
                self._found.update(self.touched(row))

    def _rows(self) -> Iterator[Any]:
        page: Page
        for page in changes(self.stream, self.standing.place, self.connection):
            yield from page.rows
