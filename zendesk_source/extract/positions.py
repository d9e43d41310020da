"""Where a stream stands: how a page moves its position, and how the position is saved.

A position is the API's own cursor, or the time of a row that was seen. It is never the time of a
clock, neither ours nor Zendesk's: rows may appear late, behind any clock, and a row after the last
one seen must be found however late it appears.

Each window has a position. Every sync continues the open window. A window with an end is
forgotten once it has been read, so that asking for it again reads it again. A window is read in
lanes, each with its own place and end. One lane is enough to be correct.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from zendesk_source.api.paging import Page, Position
from zendesk_source.api.paging.chat import seconds_of
from zendesk_source.api.paging.checked import AHEAD_SECONDS
from zendesk_source.api.refusals import where
from zendesk_source.catalogue import Paging, Stream
from zendesk_source.errors import UnexpectedAnswer
from zendesk_source.extract.kept import check_version
from zendesk_source.times import epoch_of

STATE_VERSION = 1

SETTLE_SECONDS = 61
"""Zendesk refuses a ``start_time`` of the last minute. Only the exports of tickets and their events
hold that minute back: in others, a younger row can still change within its second."""

EXPORTS = (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT, Paging.CHAT_EXPORT)
"""These are ordered by the cursor field, so that a lane can end at a time. Lists are not."""

_BY_LINK_ALONE = (Paging.CHANGE_LOG, Paging.NEXT_PAGE_URL)
"""These cannot be asked for a time, so they cannot go back to one."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One walk through a part of the window.

    Attributes:
        place: Where the next request begins.
        until: Epoch seconds at which the lane is done; None for the open end.
        newest: Epoch seconds of the newest row seen. In a list changes lie anywhere, so there
            only rows count that were there when the walk began.
        settled: Position of the last row that could no longer change without moving when it was
            read. The walk comes back to it at its end. None if all rows so far were that old.
    """

    place: Position
    until: int | None = None
    newest: int | None = None
    settled: Position | None = None


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """Where one stream stands in one window.

    Attributes:
        start: Epoch seconds at which the window begins.
        lanes: What is left to read; empty once a window with an end has been read.
        begins: Epoch seconds of the first wanted row, if an earlier window left something to
            read.
    """

    start: int
    lanes: tuple[Lane, ...]
    begins: int | None = None


def window_key(start: int, end: int | None) -> str:
    """Return the key of a window's position in the state."""
    return "open" if end is None else f"{start}-{end}"


def open_position(
    state: Mapping[str, Any], start: int, end: int | None, *, lookback_seconds: int = 0
) -> StreamPosition:
    """Return where to go on in a window, from what an earlier run left in the state.

    If an open window is to begin earlier than before, it gets a second lane for the part that was
    never read. A window that begins where another one ends takes over what that one left to read:
    a scheduler asks for each interval only once, and for its last minute too early.

    Args:
        state: Positions by window, as ``save_position`` left them.
        start: Epoch seconds at which the window begins.
        end: Epoch seconds at which it ends, or None.
        lookback_seconds: How far before the window its first walk begins. A list needs this if
            its filter may look at another time of a row than its cursor field.

    Raises:
        ConfigurationError: The state was written by a newer release.
    """
    place = Position(start_time=max(0, start - lookback_seconds))
    position = _saved(state, window_key(start, end))
    if position is None:
        position = StreamPosition(start, (Lane(place, until=end),))
    elif end is None and start < position.start:
        earlier = Lane(place, until=position.start)
        position = StreamPosition(start, (earlier, *position.lanes), position.begins)
    keys = _keys_of_windows_before(state, position.start)
    before = [window for key in keys if (window := _saved(state, key)) is not None]
    if not before:
        return position
    left = [lane for window in before for lane in window.lanes]
    begins = min(window.begins or window.start for window in before)
    return StreamPosition(position.start, (*left, *position.lanes), begins)


def open_end(state: Mapping[str, Any]) -> StreamPosition | None:
    """Return where the window without an end stands; None if it was never read.

    Args:
        state: Positions by window, as ``save_position`` left them.

    Raises:
        ConfigurationError: The state was written by a newer release.
    """
    return _saved(state, window_key(0, None))


def _keys_of_windows_before(state: Mapping[str, Any], start: int) -> list[str]:
    return [key for key in state if key.endswith(f"-{start}")]


def _saved(state: Mapping[str, Any], key: str) -> StreamPosition | None:
    saved = state.get(key)
    if saved is None:
        return None
    check_version(saved, STATE_VERSION)
    lanes = tuple(map(_lane_from, saved["lanes"]))
    return StreamPosition(saved["start"], lanes, saved.get("begins"))


def reached(state: Mapping[str, Any], start: int) -> int:
    """Return up to when all of an open window was read, in epoch seconds; its start at first.

    Args:
        state: Positions by window, as ``save_position`` left them.
        start: Epoch seconds at which the window begins.
    """
    lanes = open_position(state, start, None).lanes
    return max(start, min(map(_stands_at, lanes), default=start))


def has_begun(state: Mapping[str, Any]) -> bool:
    """Whether an open window was ever read."""
    return window_key(0, None) in state


def without_future(position: StreamPosition, name: str, now: int) -> StreamPosition:
    """Return a saved position without places in the future, which earlier releases could save.

    Args:
        position: The position as it was saved.
        name: Name of the stream.
        now: Epoch seconds of Zendesk's clock.

    Raises:
        UnexpectedAnswer: Nothing tells where else to go on.
    """
    latest = now + AHEAD_SECONDS
    sane: list[Lane] = []
    for lane in position.lanes:
        newest = None if (lane.newest or 0) > latest else lane.newest
        if (lane.place.start_time or 0) <= latest or lane.place.start_time == position.start:
            sane.append(replace(lane, newest=newest))
        elif newest is not None:
            sane.append(replace(lane, place=Position(start_time=newest), newest=newest))
        elif sane:
            sane[-1] = replace(sane[-1], until=lane.until)
        else:
            raise UnexpectedAnswer(
                f"The saved position of {name} lies in the future.",
                f"Read it anew: zendesk-source reset {name}",
            )
    return replace(position, lanes=tuple(sane))


def save_position(state: dict[str, Any], position: StreamPosition, end: int | None) -> None:
    """Write the position into the state; a finished window with an end is forgotten."""
    for taken_over in _keys_of_windows_before(state, position.start):
        del state[taken_over]
    key = window_key(position.start, end)
    if not position.lanes:
        state.pop(key, None)
        return
    state[key] = {
        "version": STATE_VERSION,
        "start": position.start,
        "lanes": [_lane_to(lane) for lane in position.lanes],
    }
    if position.begins is not None:
        state[key]["begins"] = position.begins


def lane_after(lane: Lane, page: Page, stream: Stream) -> tuple[Lane, bool]:
    """Return the lane as it stands after a page, and whether it has been read to its end.

    Raises:
        UnexpectedAnswer: All rows lie after Zendesk's own clock.
    """
    if stream.paging not in EXPORTS:
        after = replace(lane, place=page.after, newest=_newest_of_list(lane, page, stream))
        is_read = lane.until is not None and page.is_last and lane.until <= _settled_until(page)
        return (_before_the_next_walk(after, stream) if page.is_last else after), is_read
    after = _along_the_export(lane, page, stream)
    is_read = _has_reached_its_end(after, page)
    return (_at_the_open_end(after, stream) if page.is_last else after), is_read


def hand_on(lane: Lane, waiting: list[Lane], stream: Stream) -> None:
    """Let the last lane begin where a finished lane met the end of the export before its own end.

    A lane begins at a time of the clock, not at a row. A row that appears late, between the last
    row of the lane before and that time, would otherwise belong to no lane.

    Args:
        lane: A lane that has been read to its end.
        waiting: Lanes that are not begun, in order; the last one may be changed.
        stream: The stream of the lanes.
    """
    if not waiting or stream.paging not in EXPORTS or _stands_at(lane) >= (lane.until or 0):
        return
    heir = waiting[-1]
    if _stands_at(lane) < _stands_at(heir):
        waiting[-1] = replace(heir, place=lane.place, newest=lane.newest)


def _stands_at(lane: Lane) -> int:
    return lane.place.start_time or 0 if lane.newest is None else lane.newest


def _settled_until(page: Page) -> int:
    return int(page.server_time.timestamp()) - SETTLE_SECONDS


def _along_the_export(lane: Lane, page: Page, stream: Stream) -> Lane:
    place, newest, settled = page.after, _newest_of(lane, page, stream), lane.settled
    if stream.paging is Paging.TIME_EXPORT:
        if newest is None and page.rows:
            newest = place.start_time  # its rows do not say when they were written
        elif newest is None and lane.newest is None:
            place = lane.place  # an end_time behind no row at all is a clock
    newest = max((t for t in (newest, lane.newest) if t is not None), default=None)
    until = _settled_until(page)
    is_young = newest is not None and newest > until
    if is_young and settled is None and (lane.until is None or until < lane.until):
        settled = _last_settled(lane, page, stream)
    return replace(lane, place=place, newest=newest, settled=settled)


def _last_settled(lane: Lane, page: Page, stream: Stream) -> Position:
    """Return the last row that could no longer change when it was read."""
    until = _settled_until(page)
    times = (row_time(row, stream) for row in page.rows)
    second = max((t for t in times if t is not None and t <= until), default=lane.newest)
    return lane.place if second is None else Position(start_time=second)


def _has_reached_its_end(lane: Lane, page: Page) -> bool:
    """Whether no row before the lane's end can still appear, or change unseen."""
    if lane.until is None or lane.until > _settled_until(page) or lane.settled is not None:
        return False
    return page.is_last or (lane.newest is not None and lane.newest >= lane.until)


def _at_the_open_end(lane: Lane, stream: Stream) -> Lane:
    """Step back from the end of an export as far as rows can still appear or change."""
    place, seen = lane.place, lane.newest
    if lane.settled is not None:
        place, seen = lane.settled, lane.settled.start_time
    elif seen is not None and stream.paging is Paging.TIME_EXPORT:
        # An end_time may lie far behind the last row; of a page that is one second, by one.
        place = place if (place.start_time or 0) <= seen + 1 else Position(start_time=seen)
    if stream.lookback_seconds and seen is not None:
        place = Position(start_time=max(0, seen - stream.lookback_seconds))
    return replace(lane, place=place, settled=None)


def _before_the_next_walk(lane: Lane, stream: Stream) -> Lane:
    """Let the next walk through a list begin behind the newest row of this one, or earlier.

    A row that can still change, or join the newest row in its second, was written less than
    ``lookback_seconds`` before this walk began. That time comes from a clock, so it may only move
    the place back.
    """
    start, began = lane.place.start_time, lane.place.began
    if stream.paging in _BY_LINK_ALONE:
        return lane
    if lane.newest is not None:
        changing = (lane.newest if began is None else began) - stream.lookback_seconds
        start = max(0, min(lane.newest + 1, changing))
    return replace(lane, place=Position(start_time=start))


def _newest_of(lane: Lane, page: Page, stream: Stream) -> int | None:
    """Return the time of the newest row, ignoring times in the future.

    Raises:
        UnexpectedAnswer: The rows have times, and all of them lie in the future.
    """
    latest = int(page.server_time.timestamp()) + AHEAD_SECONDS
    least = max(lane.newest or 0, lane.place.start_time or 0)
    last = row_time(page.rows[-1], stream) if page.rows else None
    if last is not None and least <= last <= latest:
        return last  # as nearly always: rows come in the order of their times
    times = [time for row in page.rows if (time := row_time(row, stream)) is not None]
    if times and min(times) > latest:
        raise UnexpectedAnswer(
            f"{where(stream.name, stream.path)} has only rows whose `{stream.cursor_field}` lies"
            " after Zendesk's own clock.",
            "The position before them is kept; run again later, and report it if it stays.",
        )
    return max((time for time in times if time <= latest), default=None)


def _newest_of_list(lane: Lane, page: Page, stream: Stream) -> int | None:
    """Return the time of the newest row that was there when the walk began."""
    began = page.after.began
    latest = int(page.server_time.timestamp()) if began is None else began
    times = [row_time(row, stream) for row in page.rows]
    seen = (time for time in (*times, lane.newest) if time is not None and time <= latest)
    return max(seen, default=None)


def row_time(row: Any, stream: Stream) -> int | None:
    """Return when Zendesk last wrote a row, in epoch seconds; None where it does not say.

    Args:
        row: A mapping, or a record of the decoder that has ``get`` as well.
        stream: The stream of the row.
    """
    name = stream.cursor_field
    assert name is not None
    if not hasattr(row, "get"):
        return None
    value = row.get(name)
    if value is None and stream.derive is not None and stream.paging not in EXPORTS:
        with suppress(AttributeError, TypeError, ValueError, KeyError):  # an odd row has no time
            value = stream.derive(row).get(name)
    time = epoch_of(seconds_of(value) if stream.paging is Paging.CHAT_EXPORT else value)
    return None if time is None or time <= 0 else time


def _lane_to(lane: Lane) -> dict[str, Any]:
    # A walk that breaks off among rows that could still change comes back to them at once.
    from_place = lane.settled or lane.place
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
