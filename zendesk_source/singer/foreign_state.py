"""The state of another connector, told by its shape: each stream goes on where that one stood."""

from __future__ import annotations

from typing import Any

from zendesk_source.extract.kept import POSITIONS
from zendesk_source.extract.taken_over import (
    AIRBYTE,
    TAP_ZENDESK,
    TakenOver,
    airbyte_bookmarks,
    places_of,
    positions_from,
    singer_bookmarks,
)
from zendesk_source.singer.state import BOOKMARKS
from zendesk_source.singer.tables import TAP_STREAMS
from zendesk_source.times import time_text


def taken_over(document: Any) -> tuple[Any, list[str]]:
    """Return a state of ours, and sentences on what another connector's state became.

    Args:
        document: What a state file holds; one of ours is returned as it is.

    Raises:
        ConfigurationError: The state of another connector is damaged.
    """
    if (theirs := airbyte_bookmarks(document)) is not None:
        return _made_of(places_of(theirs, AIRBYTE))
    keys = {(rule.theirs, rule.key) for rule in TAP_ZENDESK}
    theirs = {
        stream: mark
        for stream, mark in (singer_bookmarks(document) or {}).items()
        if any((stream, key) in keys for key in mark)
    }
    return _made_of(places_of(theirs, TAP_ZENDESK)) if theirs else (document, [])


def _made_of(found: TakenOver) -> tuple[dict[str, Any], list[str]]:
    tables = {stream.name: [table.name for table in stream.tables] for stream in TAP_STREAMS}
    marks = {
        table: {POSITIONS: positions_from(time)}
        for name, time in found.places.items()
        for table in tables[name]
    }
    told = [
        f"{name} goes on from {time_text(time)}, where the other connector stood"
        + (f"; {found.doubts[name]}." if found.doubts[name] else ".")
        for name, time in found.places.items()
    ]
    told.append("Every stream not named so is read from its start.")
    return {BOOKMARKS: marks}, told
