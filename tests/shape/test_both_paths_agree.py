"""Whatever a page holds, the Arrow path gives the tables of the exact path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shape.both_paths import BY_NAME, BothPaths
from zendesk_source.catalogue import DataType, Origin, SideTable

STREAMS = [
    "tickets",
    "ticket_events",
    "ticket_metric_events",
    "users",
    "organizations",
    "satisfaction_ratings",
    "groups",
]
IDS = st.integers(1, 4)
FIELD_TYPES = {
    11: "checkbox",
    12: "integer",
    13: "decimal",
    14: "date",
    15: "multiselect",
    16: "text",
    17: "lookup",
}
DEFINITIONS = [
    {"id": id_, "key": f"k{id_}", "type": kind, "title": f"{kind} {id_}"}
    for id_, kind in FIELD_TYPES.items()
]

TIMES = st.sampled_from(
    [
        "2024-01-31T08:00:00Z",
        "2024-01-31 08:00:00Z",
        "2024-01-31T08:00:00.5Z",
        "2024-01-31T08:00:00.123456789Z",
        "2024-01-31T08:00:00+02:00",
        "2024-01-31T08:00:00+0200",
        "2024-01-31T08:00Z",
        "2024-01-31T08:00:00",
        "2024-01-31T24:00:00Z",
        "2024-02-30T08:00:00Z",
        "0000-01-31T08:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2024-01-31",
        "0000-01-31",
        "2024-W01-1",
        "2024-01-31T00:00:00Z",
    ]
)
NUMBER_TEXTS = st.sampled_from(
    [
        "7",
        "-0",
        "007",
        "+7",
        "1.50",
        "1.1234567891",
        "1e3",
        "0x1F",
        " 7",
        "7\n",
        "NaN",
        "1_0",
        "",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "9" * 29,
        "9" * 30,
        "0.0000000000",
        "99999999999999999999999999999.123456789",
    ]
)
NUMBERS = st.sampled_from(
    [
        0,
        -1,
        2**53 + 1,
        2**63 - 1,
        2**63,
        2**64 - 1,
        2**64,
        10**25,
        -(2**63),
        -(2**63) - 1,
        1.0,
        1.5,
        -0.0,
        0.1,
        1e25,
        123456789.123456789,
        1e-10,
        12345678901234.5,
    ]
)
TEXTS = st.text(max_size=6) | st.sampled_from(["null", '"', "\x00", "é", "\U0001f642", "Comment"])
ODD = (
    st.none()
    | st.booleans()
    | NUMBERS
    | TIMES
    | NUMBER_TEXTS
    | TEXTS
    | st.lists(st.none() | NUMBERS | TEXTS, max_size=2)
    | st.dictionaries(TEXTS, st.none() | NUMBERS | TEXTS, max_size=2)
)
USUAL: dict[DataType, st.SearchStrategy[Any]] = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "text": TEXTS,
    "bool": st.booleans(),
    "timestamp": st.just("2024-01-31T08:00:00Z"),
    "date": st.just("2024-01-31"),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "decimal": st.sampled_from(["1.50", "-3", 2, 2.25]),
    "json": st.lists(TEXTS, max_size=2) | st.dictionaries(TEXTS, TEXTS, max_size=1),
}
NEW_KEYS = st.sampled_from(
    ["new_key", "New Key", "newer", "changed_at", "cf_text_16", "is_deleted"]
)


def values(data_type: DataType) -> st.SearchStrategy[Any]:
    usual = st.none() | USUAL[data_type]
    return st.integers(0, 11).flatmap(lambda n: ODD if n == 0 else usual)


@st.composite
def objects(draw: st.DrawFn, columns: Any, *, keys: tuple[str, ...] = ("id",)) -> dict[str, Any]:
    """Draw an object with some of the declared keys, and perhaps one that is new."""
    chosen = draw(st.lists(st.sampled_from(sorted(columns)), unique=True, max_size=6))
    row = {key: draw(values(columns[key])) for key in chosen}
    if draw(st.integers(0, 9)) == 0:
        row[draw(NEW_KEYS)] = draw(ODD)
    row.update({key: draw(IDS) for key in keys})
    return row


CUSTOM_VALUES = {
    "checkbox": st.booleans(),
    "integer": st.integers(0, 99) | st.just("12"),
    "decimal": st.sampled_from(["1.5", 2, None, 2.5]),
    "date": st.just("2024-01-31"),
    "multiselect": st.lists(TEXTS, max_size=2),
    "text": TEXTS,
    "lookup": TEXTS,
}


def custom_value(field_id: int) -> st.SearchStrategy[Any]:
    usual = st.none() | CUSTOM_VALUES[FIELD_TYPES.get(field_id, "text")]
    return st.integers(0, 11).flatmap(lambda n: ODD if n == 0 else usual)


@st.composite
def with_custom_fields(draw: st.DrawFn, row: dict[str, Any], owner: str, ids: list[int]) -> Any:
    if draw(st.integers(0, 9)) == 0:
        ids = draw(st.lists(st.integers(11, 19), max_size=4))
    if owner == "ticket":
        fields = [{"id": id_, "value": draw(custom_value(id_))} for id_ in ids]
        row["custom_fields"] = row["fields"] = fields
        for key in ("custom_fields", "fields"):
            if draw(st.integers(0, 14)) == 0:
                del row[key]
    else:
        row[f"{owner}_fields"] = {f"k{id_}": draw(custom_value(id_)) for id_ in ids}
    return row


KINDS = ["Comment", "VoiceComment", "Change", "Create", "NewComment", "ChatStartedEvent"]


@st.composite
def chats(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the child of a ticket event that tells of a chat, or something like it."""
    entry = st.fixed_dictionaries(
        {},
        optional={
            "chat_index": values("bigint"),
            "timestamp": st.integers(0, 2_000_000_000_000) | ODD,
            **{key: values("text") for key in ("actor_id", "actor_type", "type", "message")},
        },
    )
    chat = st.fixed_dictionaries(
        {"chat_id": values("text"), "history": st.lists(entry | ODD, max_size=3) | ODD},
        optional={"visitor_id": values("text"), "channel": TEXTS},
    )
    kind = draw(st.sampled_from(["ChatStartedEvent", "ChatEndedEvent"]))
    return {"id": draw(IDS), "event_type": kind, "value": draw(chat | ODD)}


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the child of a ticket event that gives the ticket a schedule."""
    ids = {
        f"{key}_schedule_id": draw(values("bigint") | NUMBER_TEXTS) for key in ("new", "previous")
    }
    return {"id": draw(IDS), "event_type": "ScheduleAssignment", **ids}


@st.composite
def with_side(draw: st.DrawFn, row: dict[str, Any], side: SideTable) -> Any:
    if side.origin is Origin.OBJECT:
        row[side.key] = draw(st.none() | objects(side.columns))
    elif side.origin is Origin.ELEMENTS:
        row[side.key] = draw(st.none() | st.lists(TEXTS | NUMBERS, max_size=3))
    elif side.origin is Origin.COMMENT_EVENTS:
        kinds = st.sampled_from(KINDS)
        children = draw(st.lists(objects(side.columns) | chats() | schedules(), max_size=3))
        row[side.key] = [{"event_type": draw(kinds), **child} for child in children]
    return row


@st.composite
def pages(draw: st.DrawFn, name: str) -> dict[str, Any]:
    stream = BY_NAME[name]
    keys = stream.primary_key
    ids = draw(st.sampled_from([[11, 12, 13], [11, 12, 13, 14, 15, 16, 17], [18, 11]]))
    page: dict[str, Any] = {stream.rows_key: []}
    for _ in range(draw(st.integers(0, 4))):
        row = draw(objects(stream.columns, keys=keys))
        if stream.custom_fields:
            row = draw(with_custom_fields(row, stream.custom_fields, ids))
        for side in stream.side_tables:
            row = draw(with_side(row, side))
        page[stream.rows_key].append(row)
    for side in stream.side_tables:
        if side.origin is Origin.BESIDE and draw(st.booleans()):
            beside = objects(side.columns, keys=(*side.primary_key, side.parent_column))
            page[side.key] = draw(st.lists(beside, max_size=4))
    return page


WAYS: dict[str, tuple[Any, bool]] = {
    "described": (DEFINITIONS, False),
    "not described": ((), False),
    "json": (None, False),
    "rows": (None, True),
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "way"),
    [
        (name, way)
        for name in STREAMS
        for way in (WAYS if BY_NAME[name].custom_fields else ("json",))
    ],
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_both_paths_give_the_same_tables(name: str, way: str, data: st.DataObject) -> None:
    definitions, as_rows = WAYS[way]
    both = BothPaths(name, definitions, as_rows=as_rows)
    for page in data.draw(st.lists(pages(name), min_size=1, max_size=4)):
        text = json.dumps(
            page,
            ensure_ascii=data.draw(st.booleans()),
            indent=data.draw(st.sampled_from([None, 1])),
        )
        both.read(text.encode("utf-8", "surrogatepass"))
