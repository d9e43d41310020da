"""The state of another connector, read by its shape: each stream goes on where that one stood.

The tables stay where they are: what was written before that place came from the other connector.
A place is a ``start_time``, which is inclusive and compared with the export's own time. That is
never before ``updated_at``, so the newest ``updated_at`` of an export that was read to its end is
a safe place to go on from.

Sources, read in their released code:
    https://github.com/singer-io/tap-zendesk (2.8.2)
    https://github.com/airbytehq/airbyte (source-zendesk-support)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zendesk_source.extract.kept import POSITIONS
from zendesk_source.extract.positions import SETTLE_SECONDS, STATE_VERSION
from zendesk_source.singer.state import BOOKMARKS
from zendesk_source.singer.tables import TAP_STREAMS
from zendesk_source.times import epoch_of, time_text

_HOUR, _DAY = 3_600, 86_400
_SYSTEM_UPDATES_SEEN = 1_772_323_200
"""1 March 2026: from then on Airbyte's tickets may lack what `updated_at` does not move for."""
_EVENTS_MAY_LACK = "a change of its last minutes may be missing where a run came a week late"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a bookmark of another connector means here.

    Attributes:
        theirs: Stream there.
        key: Key of the bookmark there.
        ours: Stream here.
        back_seconds: How far before the bookmark to go on.
        latest: Epoch seconds behind which the bookmark cannot be trusted.
        doubt: What may be missing; nothing where the takeover loses no row.
    """

    theirs: str
    key: str
    ours: str
    back_seconds: int = SETTLE_SECONDS
    latest: int | None = None
    doubt: str = ""


_BOTH = (
    Rule("tickets", "generated_timestamp", "tickets"),
    Rule("users", "updated_at", "users"),
    Rule("organizations", "updated_at", "organizations"),
    Rule("satisfaction_ratings", "updated_at", "satisfaction_ratings", 30 * _DAY),
)
TAP_ZENDESK = (
    *_BOTH,
    Rule("ticket_metric_events", "time", "ticket_metric_events"),
    Rule("tickets", "generated_timestamp", "ticket_events", 7 * _DAY, doubt=_EVENTS_MAY_LACK),
)
AIRBYTE = (
    *_BOTH,
    Rule("tickets", "updated_at", "tickets", latest=_SYSTEM_UPDATES_SEEN),
    Rule("users_identities", "updated_at", "users"),
    Rule("ticket_comments", "created_at", "ticket_events"),
    Rule("audit_logs", "created_at", "audit_logs", _HOUR),
)

Bookmarks = Mapping[str, Mapping[str, Any]]


def taken_over(document: Any) -> tuple[Any, list[str]]:
    """Return a state of ours, and sentences on what another connector's state became.

    Args:
        document: What a state file holds; one of ours is returned as it is.
    """
    if isinstance(document, list):
        return _made_of(dict(_airbyte_bookmarks(document)), AIRBYTE)
    found = document.get(BOOKMARKS) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        return document, []
    keys = {(rule.theirs, rule.key) for rule in TAP_ZENDESK}
    theirs = {
        stream: mark
        for stream, mark in found.items()
        if isinstance(mark, dict) and any((stream, key) in keys for key in mark)
    }
    return _made_of(theirs, TAP_ZENDESK) if theirs else (document, [])


def _airbyte_bookmarks(messages: Iterable[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for message in messages:
        stream = message.get("stream") if isinstance(message, dict) else None
        if isinstance(stream, dict):
            name = stream.get("stream_descriptor", {}).get("name")
            yield str(name), stream.get("stream_state") or {}


def _made_of(theirs: Bookmarks, rules: Iterable[Rule]) -> tuple[dict[str, Any], list[str]]:
    places: dict[str, int] = {}
    doubts: dict[str, str] = {}
    for rule in rules:
        time = _second_of(theirs.get(rule.theirs, {}).get(rule.key))
        if time is None:
            continue
        time = max(0, min(time, rule.latest or time) - rule.back_seconds)
        places[rule.ours] = min(time, places.get(rule.ours, time))
        doubts[rule.ours] = rule.doubt
    tables = {stream.name: [table.name for table in stream.tables] for stream in TAP_STREAMS}
    marks = {table: _bookmark(time) for name, time in places.items() for table in tables[name]}
    told = [
        f"{name} goes on from {time_text(time)}, where the other connector stood"
        + (f"; {doubts[name]}." if doubts[name] else ".")
        for name, time in places.items()
    ]
    told.append("Every stream not named so is read from its start.")
    return {BOOKMARKS: marks}, told


def _bookmark(time: int) -> dict[str, Any]:
    # The window begins at 0: one that began at the place would have all before it read as well.
    position = {"version": STATE_VERSION, "start": 0, "lanes": [{"place": {"start_time": time}}]}
    return {POSITIONS: {"open": position}}


def _second_of(value: Any) -> int | None:
    """Return a time that is an epoch, an epoch as a text, or ISO 8601."""
    is_epoch = isinstance(value, str) and value.strip().isdigit()
    return epoch_of(int(value) if is_epoch else value)
