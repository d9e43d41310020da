"""Where other connectors stood: their states, read as a time for each stream to go on from.

The tables stay where they are: what was written before that time came from the other connector.
A ``start_time`` is inclusive and compared with the export's own time. That is never before
``updated_at``, so the newest ``updated_at`` of an export that was read to its end is a safe place
to go on from.

Sources, read in their released code:
    https://github.com/singer-io/tap-zendesk (2.8.2)
    https://github.com/airbytehq/airbyte (source-zendesk-support)
    https://github.com/dlt-hub/verified-sources (zendesk)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.kept import POSITIONS, TAKEN_OVER, State
from zendesk_source.extract.positions import SETTLE_SECONDS, STATE_VERSION, window_key
from zendesk_source.times import epoch_of

_HOUR, _DAY = 3_600, 86_400
_SYSTEM_UPDATES_SEEN = 1_772_323_200
"""1 March 2026: from then on Airbyte's tickets may lack what `updated_at` does not move for."""
_EVENTS_MAY_LACK = "a change of its last minutes may be missing where a run came a week late"
_RUNS_DO_NOT_END_THERE = "its position does not lie where its runs ended"


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
        loses: Why rows would be missing for certain, so that the stream is read from its start.
    """

    theirs: str
    key: str
    ours: str
    back_seconds: int = SETTLE_SECONDS
    latest: int | None = None
    doubt: str = ""
    loses: str = ""


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
    Rule("user_identities", "updated_at", "users"),
    Rule("articles", "updated_at", "hc_articles"),
    Rule("ticket_comments", "created_at", "ticket_events"),
    Rule("audit_logs", "created_at", "audit_logs", _HOUR),
    Rule(
        "ticket_metric_events",
        "time",
        "ticket_metric_events",
        loses="nobody knows whether its walk through that export came to the end",
    ),
    Rule(
        "ticket_audits", "created_at", "ticket_audits", loses="it lacks those of archived tickets"
    ),
)
VERIFIED_SOURCE = (
    Rule("ticket_events", "timestamp", "ticket_events"),
    Rule("ticket_metric_events", "time", "ticket_metric_events"),
    Rule(
        "tickets",
        "updated_at",
        "tickets",
        loses="it dropped tickets whose `updated_at` lay behind its position",
    ),
    Rule("calls_incremental", "updated_at", "talk_calls", loses=_RUNS_DO_NOT_END_THERE),
    Rule("legs_incremental", "updated_at", "talk_call_legs", loses=_RUNS_DO_NOT_END_THERE),
    Rule("chats", "update_timestamp", "chat_chats", loses=_RUNS_DO_NOT_END_THERE),
)

Bookmarks = Mapping[str, Mapping[str, Any]]
"""What a connector noted, by its stream and key."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Where streams go on that another connector has read.

    Attributes:
        places: Epoch seconds to go on from, by stream of ours.
        doubts: What may be missing, by stream; empty where nothing is.
        basis: Which bookmark a place comes from, by stream.
        lost: Why a stream of which the state tells is read from its start all the same.
    """

    places: Mapping[str, int]
    doubts: Mapping[str, str]
    basis: Mapping[str, str]
    lost: Mapping[str, str]


def places_of(theirs: Bookmarks, rules: Iterable[Rule]) -> TakenOver:
    """Return what bookmarks mean here.

    Raises:
        ConfigurationError: A bookmark is no time.
    """
    places: dict[str, int] = {}
    doubts: dict[str, str] = {}
    basis: dict[str, str] = {}
    lost: dict[str, str] = {}
    for rule in rules:
        marks = theirs.get(rule.theirs, {})
        if rule.loses and marks:  # whatever their releases call the key
            lost[rule.ours] = rule.loses
        value = marks.get(rule.key)
        if rule.loses or value is None:
            continue
        time = _second_of(value)
        if time is None:
            raise ConfigurationError(
                f"The state of the other connector is damaged: `{rule.key}` of {rule.theirs}"
                " is no time.",
                "Hand in its last state as it was written.",
            )
        time = max(0, min(time, rule.latest or time) - rule.back_seconds)
        if time <= places.get(rule.ours, time):
            places[rule.ours], doubts[rule.ours] = time, rule.doubt
            basis[rule.ours] = f"`{rule.key}` of {rule.theirs} there"
    return TakenOver(places, doubts, basis, lost)


def _second_of(value: Any) -> int | None:
    """Return a time that is an epoch, an epoch as a text, or ISO 8601."""
    if isinstance(value, str):
        value = value.strip()
        if "\ue000" <= value[:1] <= "\uf8ff":  # dlt marks what is no plain text by such a letter
            value = value[1:]
        if value.isdecimal():
            value = int(value)
    time = epoch_of(value)
    return None if time is None or time < 0 else time


def singer_bookmarks(document: Any) -> Bookmarks | None:
    """Return the bookmarks in a Singer state, also as Meltano keeps it; None if it is none."""
    inner = document.get("singer_state", document) if isinstance(document, dict) else None
    found = inner.get("bookmarks") if isinstance(inner, dict) else None
    return _mappings(found.items()) if isinstance(found, dict) else None


_AIRBYTE_WRAPPERS = ("state", "stream", "global", "global_state", "stream_states", "stream_state")
"""Keys around the states of streams: as messages have them, and as its connections show them."""


def airbyte_bookmarks(document: Any) -> Bookmarks | None:
    """Return the bookmarks in Airbyte's state; None if it is none.

    Args:
        document: A list of states, as its connector writes them, or the object that its settings of
            a connection show. Keys may be in camel case.
    """
    is_object = isinstance(document, dict) and {"stateType", "streamState"} & document.keys()
    if not is_object and not isinstance(document, list):
        return None
    return _mappings(_airbyte_streams(document))


def _airbyte_streams(document: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(document, list):
        for each in document:
            yield from _airbyte_streams(each)
    elif isinstance(document, dict):
        found = {_in_snake_case(key): value for key, value in document.items()}
        descriptor, state = found.get("stream_descriptor"), found.get("stream_state")
        if isinstance(descriptor, dict):
            name = descriptor.get("name")
            is_sliced = isinstance(state, dict) and isinstance(state.get("slices"), list)
            yield name, _of_slices(name, state) if is_sliced else state
            return
        for key in _AIRBYTE_WRAPPERS:
            yield from _airbyte_streams(found.get(key))


def _in_snake_case(key: str) -> str:
    return re.sub("[A-Z]", lambda upper: f"_{upper[0].lower()}", key)


def _of_slices(name: Any, state: Any) -> dict[str, Any]:
    """Return a state of slices as bookmarks: the first slice was read to its newest row.

    It does not tell the key. Where there are several, each gets the time, and the most careful
    rule wins.
    """
    slices = [each for each in state["slices"] if isinstance(each, dict)]
    first = min(slices, key=lambda each: _second_of(each.get("start")) or 0, default={})
    time = first.get("most_recent_cursor_value") or first.get("start")
    return {rule.key: time for rule in AIRBYTE if rule.theirs == name}


def verified_source_bookmarks(document: Any) -> Bookmarks | None:
    """Return the last values in the state of a dlt pipeline; None if it is none."""
    sources = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(sources, dict):
        return None
    marks: dict[str, Mapping[str, Any]] = {}
    for section in ("zendesk_support", "zendesk_talk", "zendesk_chat"):
        for name, state in _part(_part(sources, section), "resources").items():
            cursors = _part(state, "incremental")
            marks[name] = {key: _part(cursors, key).get("last_value") for key in cursors}
    return marks


def _part(state: Any, key: str) -> Mapping[str, Any]:
    found = state.get(key) if isinstance(state, dict) else None
    return found if isinstance(found, dict) else {}


def _mappings(found: Iterable[tuple[Any, Any]]) -> Bookmarks:
    return {str(name): mark for name, mark in found if isinstance(mark, dict)}


@dataclass(frozen=True, slots=True)
class _Connector:
    """A connector whose state can be taken over.

    Attributes:
        title: Its name in a sentence.
        read: Returns its bookmarks; None where a document is not of its form.
        rules: What they mean.
        form: What its state looks like.
    """

    title: str
    read: Callable[[Any], Bookmarks | None]
    rules: tuple[Rule, ...]
    form: str


Connector = Literal["singer", "airbyte", "dlt"]
CONNECTORS: Mapping[Connector, _Connector] = MappingProxyType(
    {
        "singer": _Connector(
            "tap-zendesk", singer_bookmarks, TAP_ZENDESK, 'an object with "bookmarks"'
        ),
        "airbyte": _Connector(
            "Airbyte's connector", airbyte_bookmarks, AIRBYTE, 'a list with a "stream_state" each'
        ),
        "dlt": _Connector(
            "dlt's verified source",
            verified_source_bookmarks,
            VERIFIED_SOURCE,
            'the state.json of its pipeline, an object with "sources"',
        ),
    }
)


def taken_over(document: Any, connector: Connector) -> TakenOver:
    """Return where streams go on that another connector has read, for ``sync(take_over=...)``.

    Args:
        document: What its state file holds, read as JSON.
        connector: ``singer`` for tap-zendesk, ``airbyte``, or ``dlt`` for dlt's verified source.

    Raises:
        ConfigurationError: That is no state of this connector, it is damaged, or it tells of no
            stream.
    """
    if connector not in CONNECTORS:
        raise ConfigurationError(
            f"There is no connector {connector!r} to take over from.",
            f"Known: {', '.join(CONNECTORS)}.",
        )
    known = CONNECTORS[connector]
    theirs = known.read(document)
    found = places_of(theirs or {}, known.rules)
    if theirs is None or not (found.places or found.lost):
        what = "is no state" if theirs is None else "tells of no stream that is known in a state"
        raise ConfigurationError(
            f"What is to be taken over {what} of {known.title}.", f"That is {known.form}."
        )
    return found


def note_places(source_state: State, places: Mapping[str, int]) -> None:
    """Note where streams go on, in the package that has the first rows.

    Args:
        source_state: The account's part of the state of the source.
        places: Epoch seconds by stream.
    """
    if places:
        source_state.setdefault(TAKEN_OVER, dict(places))


def begin_where_it_stood(stream: str, source_state: State, state: State) -> None:
    """Let a stream that was never read begin at its noted place, which is thereby used up.

    Args:
        stream: Its name.
        source_state: The account's part of the state of the source.
        state: The account's part of the state of the stream.
    """
    place = source_state.get(TAKEN_OVER, {}).pop(stream, None)
    if place is not None and not state.get(POSITIONS):
        state[POSITIONS] = positions_from(place)


def positions_from(time: int) -> State:
    """Return the positions of a stream that is read from a time on."""
    # The window begins at 0: one that began at the place would have all before it read as well.
    position = {"version": STATE_VERSION, "start": 0, "lanes": [{"place": {"start_time": time}}]}
    return {window_key(0, None): position}
