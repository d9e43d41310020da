"""Where a stream stands: what is written to dlt's state, and how a page moves it.

A position is the API's own cursor, never a column of the data: the exports are ordered by when
Zendesk last *wrote* a row, which no column but ``generated_timestamp`` shows. It is kept per
window: the open one, which every sync continues, and one for each window with an end, which is
forgotten once it has been read, so that asking for it again reads it again.

A window is read in lanes, each with its own place and end. One is enough to be correct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.times import epoch_of

STATE_VERSION = 1

SETTLE_SECONDS = 61
"""Zendesk refuses a ``start_time`` of the last minute, and only tickets and their events hold
that minute back: a younger row of another export can still change within its second."""

EXPORTS = (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT, Paging.CHAT_EXPORT)
"""Ordered by the cursor field, so that a lane can end at a time; other lists are not."""

_BY_LINK_ALONE = (Paging.CHANGE_LOG, Paging.NEXT_PAGE_URL)
"""Cannot be asked for a time, and so not go back to one."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One walk through a part of the window.

    Attributes:
        place: Where the next request begins.
        until: Epoch seconds at which the lane is done; ``None`` for the open end.
        newest: Epoch seconds of the newest row seen.
        settled: Epoch seconds from which rows were read so young that they could still change
            without moving; the walk comes back to them at its end.
    """

    place: Position
    until: int | None = None
    newest: int | None = None
    settled: int | None = None


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """Where one stream stands in one window.

    Attributes:
        start: Epoch seconds the window begins at.
        lanes: What is left to read; empty once a window with an end has been read.
    """

    start: int
    lanes: tuple[Lane, ...]


def window_key(start: int, end: int | None) -> str:
    """Return the key a window's position is kept under."""
    return "open" if end is None else f"{start}-{end}"


def open_position(state: Mapping[str, Any], start: int, end: int | None) -> StreamPosition:
    """Return where to go on in a window, from what an earlier run left in the state.

    An open window that is asked to begin earlier than before gets a second lane for the part
    that was never read.

    Args:
        state: Positions by window, as ``save_position`` left them.
        start: Epoch seconds the window begins at.
        end: Epoch seconds it ends at, or None.

    Raises:
        ConfigurationError: The state was written by a newer release.
    """
    saved = state.get(window_key(start, end))
    if saved is None:
        return StreamPosition(start, (Lane(Position(start_time=start), until=end),))
    if saved["version"] > STATE_VERSION:
        raise ConfigurationError(
            "The saved position was written by a newer release of zendesk_source.",
            "Upgrade it: pip install --upgrade zendesk-source",
        )
    lanes = tuple(_lane_from(lane) for lane in saved["lanes"])
    if end is None and start < saved["start"]:
        earlier = Lane(Position(start_time=start), until=saved["start"])
        return StreamPosition(start, (earlier, *lanes))
    return StreamPosition(saved["start"], lanes)


def save_position(state: dict[str, Any], position: StreamPosition, end: int | None) -> None:
    """Write the position into the state; a finished window with an end is forgotten."""
    key = window_key(position.start, end)
    if not position.lanes:
        state.pop(key, None)
        return
    state[key] = {
        "version": STATE_VERSION,
        "start": position.start,
        "lanes": [_lane_to(lane) for lane in position.lanes],
    }


def lane_after(lane: Lane, page: Page, stream: Stream) -> Lane | None:
    """Return the lane as it stands after a page, or None when it has reached its end."""
    settled_until = int(page.server_time.timestamp()) - SETTLE_SECONDS
    times = (row_time(row, stream) for row in page.rows[-1:])
    newest = max((t for t in (*times, lane.newest) if t is not None), default=None)
    settled = lane.settled
    can_go_back = stream.paging not in _BY_LINK_ALONE
    if can_go_back and settled is None and newest is not None and newest > settled_until:
        settled = max(0, settled_until)
    after = replace(lane, place=page.after, newest=newest, settled=settled)
    if _has_reached_its_end(after, page, settled_until, stream):
        return None
    return _at_the_open_end(after, stream) if page.is_last else after


def _has_reached_its_end(lane: Lane, page: Page, settled_until: int, stream: Stream) -> bool:
    """Tell whether no row before the lane's end can still appear, or change unseen."""
    until, settled = lane.until, lane.settled
    if until is None or until > settled_until or (settled is not None and settled < until):
        return False
    is_past = stream.paging in EXPORTS and lane.newest is not None and lane.newest >= until
    return page.is_last or is_past


def _at_the_open_end(lane: Lane, stream: Stream) -> Lane:
    """Step back from the end as far as rows can still appear, or change, there."""
    place = lane.place
    seen = place.start_time
    if stream.paging in EXPORTS:
        seen = lane.newest  # an export's end_time may lie behind its last row
    if stream.lookback_seconds and seen is not None:
        place = Position(start_time=max(0, seen - stream.lookback_seconds))
    elif lane.settled is not None:
        place = Position(start_time=lane.settled)
    return replace(lane, place=place, settled=None)


def row_time(row: Any, stream: Stream) -> int | None:
    """Return when Zendesk last wrote a row, as epoch seconds.

    Args:
        row: As the decoder made it: a mapping, or a record that has ``get`` as well.
        stream: Whose row.
    """
    name = stream.cursor_field
    assert name is not None
    return epoch_of(row.get(name))


def _lane_to(lane: Lane) -> dict[str, Any]:
    # A walk that breaks off among rows that could still change comes back to them at once.
    from_place = lane.place if lane.settled is None else Position(start_time=lane.settled)
    place = {name: value for name, value in asdict(from_place).items() if value is not None}
    saved: dict[str, Any] = {"place": place}
    if lane.until is not None:
        saved["until"] = lane.until
    if lane.newest is not None:
        saved["newest"] = lane.newest
    return saved


def _lane_from(saved: Mapping[str, Any]) -> Lane:
    known = {field.name for field in fields(Position)}
    place = Position(**{name: v for name, v in saved["place"].items() if name in known})
    return Lane(place, saved.get("until"), saved.get("newest"))
