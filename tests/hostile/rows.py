"""Rows, keys and values that no Zendesk should send: one more row in the first page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.hostile.inputs import BY_NAME, Hostile, literal, says, with_row
from zendesk_source.catalogue import Stream

ChangeRow = Callable[[dict[str, Any]], Any]

NO_ROWS: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "a fraction": 1.5,
    "a text": "row",
    "an empty text": "",
    "a list": [],
    "a list of lists": [[{}]],
    "an object": {},
    "a huge number": 10**400,
    "NaN": literal("NaN"),
}

IDS: dict[str, Any] = {
    "null": None,
    "an empty text": "",
    "a blank": " ",
    "a text": "x",
    "a number as text": "900000005",
    "a number with a blank": "900000005 ",
    "leading zeros": "000900000005",
    "a fraction": 900000005.5,
    "an exponent": literal("9.00000005e8"),
    "above 2^63": 2**63,
    "below -2^63": -(2**63) - 1,
    "true": True,
    "false": False,
    "an empty list": [],
    "a list": [900000005],
    "an object": {"id": 900000005},
    "a NUL": "a\u0000b",
    "half a pair": "\ud800",
    "5,000 letters": "a" * 5_000,
    "400 digits": 10**400,
    "SQL": "'; drop table tickets; --",
    "NaN": literal("NaN"),
}

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "a negative": -1,
    "a fraction": 0.1,
    "above 2^63": 2**63,
    "above 2^64": 2**64,
    "400 digits": 10**400,
    "1e400": literal("1e400"),
    "NaN": literal("NaN"),
    "Infinity": literal("-Infinity"),
    "an empty text": "",
    "a text": "some words",
    "a quoted number": "12",
    "a NUL": "a\u0000b",
    "half a pair": "a\ud800b",
    "the other half": "\udc00",
    "a control character": literal('"a\u0001b"'),
    "right to left": "\u202egnp.exe",
    "100,000 letters": "x" * 100_000,
    "SQL": "'; drop table tickets; --",
    "HTML": "<script>alert(1)</script>",
    "a format": "{0} %s %(x)s {x!r}",
    "an empty list": [],
    "a list of null": [None],
    "a list of texts": ["a", "b"],
    "a list of lists": [[[]]],
    "an empty object": {},
    "an object": {"a": {"b": [1, None, "c"]}},
    "an object with an empty key": {"": 1},
    "an object with a NUL": {"a\u0000": "b\u0000"},
    "a day": "2026-02-30",
    "year zero": "0000-00-00T00:00:00Z",
    "year 99999": "99999-01-01T00:00:00Z",
    "a leap second": "2016-12-31T23:59:60Z",
    "a zone of 99 hours": "2026-01-01T00:00:00+99:99",
    "milliseconds": 1_768_478_400_000,
    "microseconds": 1_768_478_400_000_000,
}

COLUMNS = {
    "text": ("talk_phone_numbers", "nickname"),
    "status": ("tickets", "status"),
    "number": ("ticket_metric_events", "instance_id"),
    "flag": ("users", "active"),
    "time": ("organizations", "created_at"),
    "json": ("groups", "url"),
    "name": ("macros", "title"),
}

CURSOR_FIELDS = (
    ("tickets", "generated_timestamp"),
    ("users", "updated_at"),
    ("organizations", "updated_at"),
    ("ticket_events", "timestamp"),
    ("ticket_metric_events", "time"),
    ("talk_calls", "updated_at"),
    ("satisfaction_ratings", "updated_at"),
)

LISTS = (
    ("tickets", "tags"),
    ("tickets", "follower_ids"),
    ("tickets", "custom_fields"),
    ("tickets", "metric_set"),
    ("tickets", "via"),
    ("users", "tags"),
    ("users", "user_fields"),
    ("organizations", "domain_names"),
    ("organizations", "organization_fields"),
    ("ticket_events", "child_events"),
    ("chat_chats", "history"),
    ("chat_chats", "timestamp"),
    ("ticket_forms", "ticket_field_ids"),
    ("macros", "actions"),
    ("schedules", "intervals"),
)

LIST_VALUES: dict[str, Any] = {
    name: VALUES[name]
    for name in ("null", "true", "zero", "a text", "a list of null", "a list of lists", "an object")
} | {
    "two words": "a b",
    "numbers in a text": "1,2",
    "a list of odd things": [1, "x", None, {"id": 1}, [2], 1.5, True],
    "the same twice": ["a", "a"],
    "objects without a key": [{}, {"value": 1}],
    "objects with odd keys": [{"id": "x", "value": {"a": 1}}, {"id": None}, {"id": 2**70}],
    "half a pair": ["\ud800"],
    "a NUL": ["a\u0000b"],
}

KEYS: dict[str, str] = {
    "empty": "",
    "a blank": " ",
    "a quote": "'",
    "two quotes": '"',
    "a line break": "a\nb",
    "a NUL": "a\u0000b",
    "half a pair": "\ud800",
    "1,000 letters": "k" * 1_000,
    "a dot": "a.b",
    "two underscores": "a__b",
    "a variant": "status__v_bigint",
    "a digit": "0",
    "a hyphen": "-",
    "a per cent": "%s",
    "braces": "{}",
    "an emoji": "\U0001f600",
    "another script": "\u0442\u0430\u0431\u043b",
    "a reserved word": "select",
    "upper case": "ID",
    "dlt's load": "_dlt_load_id",
    "dlt's id": "_dlt_id",
    "our time": "_zendesk_synced_at",
    "our mark": "_zendesk_removed",
    "our deletion": "_zendesk_deleted_at",
    "the account": "account",
    "a custom field's": "cf_subject",
    "a prototype": "__proto__",
}

DEPTHS = (100, 1_000, 20_000)


def row_inputs() -> Iterator[Hostile]:
    """Yield every input that is a row."""
    for name, value in NO_ROWS.items():
        yield with_row(f"row: {name}", _instead(value))
    for name, value in IDS.items():
        yield with_row(f"id: {name}", _with("id", value))
    for name, value in IDS.items():
        yield with_row(f"key: {name}", _keyed(value))
    for what, (stream, column) in COLUMNS.items():
        for name, value in VALUES.items():
            yield _valued(f"{what}: {name}", stream, column, value)
    for stream, column in CURSOR_FIELDS:
        for name, value in VALUES.items():
            yield _valued(f"cursor field of {stream}: {name}", stream, column, value)
    for stream, column in LISTS:
        for name, value in LIST_VALUES.items():
            yield _valued(f"{column} of {stream}: {name}", stream, column, value)
    for name, key in KEYS.items():
        yield with_row(f"new key: {name}", _with(key, "v"))
        yield with_row(f"new key, a list: {name}", _with(key, [1]))
    for depth in DEPTHS:
        lists, objects = "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth
        for what, text in (("lists", lists), ("objects", objects)):
            yield with_row(f"{depth} {what}", _with("deep", literal(text)))
    yield says("the same row 50 times", _repeated)


def _valued(name: str, stream: str, column: str, value: Any) -> Hostile:
    return with_row(name, _with(column, value), stream)


def _instead(value: Any) -> ChangeRow:
    return lambda row: value


def _with(key: str, value: Any) -> ChangeRow:
    return lambda row: {**row, key: value}


def _keyed(value: Any) -> ChangeRow:
    """Put an odd value under the references that side tables are keyed by."""
    return lambda row: {**row, "ticket_id": value, "user_id": value}


def _repeated(envelope: Any, stream: Stream) -> Any:
    for key in stream.rows_key.split():
        if isinstance(envelope, dict) and isinstance(envelope.get(key), list):
            envelope[key] += envelope[key][-1:] * 50
    return envelope


assert {name for name, _ in LISTS} <= BY_NAME.keys()
