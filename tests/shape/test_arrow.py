"""The Arrow path where pages are as expected, and how it learns where they are not."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pyarrow as pa
import pytest

from tests.shape.both_paths import BY_NAME, FIRST_READ, BothPaths, column_name, field_columns
from zendesk_source.names import SYNCED_AT
from zendesk_source.shape.arrow import ArrowShaper, decoder, together

REAL = Path(__file__).parents[3] / "shared" / "real"
REAL_RESPONSES = {
    "tickets": ("tickets_incremental_cursor", "tickets_incremental_time", "tickets_list"),
    "users": ("users_incremental_cursor", "users_incremental_time", "users_list"),
    "organizations": ("organizations_incremental", "organizations_list"),
    "ticket_metric_events": ("ticket_metric_events_incremental",),
    "groups": ("groups",),
}
DEFINITIONS = [
    {"id": 7, "type": "tagger", "title": "Kind"},
    {"id": 8, "type": "decimal", "title": "Price"},
]


def ticket(number: int, **more: Any) -> dict[str, Any]:
    fields = [{"id": 7, "value": "a"}, {"id": 8, "value": "1.50"}]
    return {
        "id": number,
        "subject": f"Ticket {number}",
        "status": "open",
        "updated_at": "2026-01-31T08:00:00Z",
        "generated_timestamp": 1_769_846_400 + number,
        "tags": ["x", "y"],
        "via": {"channel": "web"},
        "custom_fields": fields,
        "fields": fields,
        "metric_set": {"id": 10 + number, "ticket_id": number, "reopens": 0},
        **more,
    }


def page(*tickets: dict[str, Any]) -> bytes:
    return orjson.dumps({"tickets": tickets, "after_cursor": "c", "end_of_stream": False})


def shaper() -> ArrowShaper:
    fields = field_columns("tickets", DEFINITIONS)
    return ArrowShaper(BY_NAME["tickets"], {}, fields, column_name)


def rows_of(shaped: ArrowShaper, body: bytes) -> list[dict[str, Any]]:
    *_, own = shaped.tables(shaped.parse(body), FIRST_READ)
    rows: list[dict[str, Any]] = own.rows.to_pylist()
    return rows


class Counted:
    """Counts the calls of a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.calls = 0
        self._function = function

    def __call__(self, *args: Any, **named: Any) -> Any:
        self.calls += 1
        return self._function(*args, **named)


def test_a_page_like_the_one_before_is_decoded_once_and_never_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tickets = shaper()
    tickets.whole_sets.changed_since = 2**40  # a first load: nothing to remove
    list(tickets.tables(tickets.parse(page(ticket(1))), FIRST_READ))
    sampled, exact = Counted(decoder._sample), Counted(orjson.loads)
    monkeypatch.setattr(decoder, "_sample", sampled)
    monkeypatch.setattr("zendesk_source.shape.columns.fit", Counted(_never))
    monkeypatch.setattr("orjson.loads", exact)
    for first in range(2, 40, 5):
        body = page(*(ticket(number) for number in range(first, first + 5)))
        assert len(list(tickets.tables(tickets.parse(body), FIRST_READ))) == 3
    assert (sampled.calls, exact.calls, tickets.exact_pages) == (0, 0, 0)


def _never(*_: Any) -> None:
    raise AssertionError("a value was looked at on its own")


def test_even_the_first_page_needs_no_dicts() -> None:
    tickets = shaper()
    rows_of(tickets, page(*map(ticket, range(1, 100))))
    assert tickets.exact_pages == 0


def test_the_envelope_has_the_keys_of_the_json_and_rows_can_be_asked_for_theirs() -> None:
    parsed = shaper().parse(page(ticket(1)))
    assert set(parsed) == {"tickets", "after_cursor", "end_of_stream"}
    assert (parsed["after_cursor"], parsed["end_of_stream"]) == ("c", False)
    row = parsed["tickets"][-1]
    assert row["generated_timestamp"] == 1_769_846_401
    assert row["via"] == {"channel": "web"}
    assert row.get("nobody_knows") is None


def test_what_is_not_json_is_refused() -> None:
    for body in (b"", b"<html>", page(ticket(1))[:-3], b'{"tickets": [{"subject": "\xff"}]}'):
        with pytest.raises(orjson.JSONDecodeError):
            shaper().parse(body)


def test_key_columns_are_not_nullable_and_types_are_those_of_the_catalogue() -> None:
    tickets = shaper()
    tables = {
        table.table: table.rows.schema
        for table in tickets.tables(tickets.parse(page(ticket(1))), FIRST_READ)
    }
    assert list(tables) == ["ticket_metrics", "ticket_tags", "tickets"]
    own = tables["tickets"]
    assert not own.field("id").nullable
    assert not tables["ticket_tags"].field("ticket_id").nullable
    assert own.field("subject").type == pa.string()
    assert own.field("updated_at").type == own.field(SYNCED_AT).type == pa.timestamp("us", "UTC")
    assert own.field("cf_price").type == pa.decimal128(38, 9)
    assert own.names[-1] == SYNCED_AT


def test_column_order_stays_when_columns_come_later() -> None:
    both = BothPaths("tickets", DEFINITIONS)
    *_, first = both.page(ticket(1))
    *_, second = both.page(ticket(2, new_one="x"), ticket(3))
    *_, third = both.page(ticket(4))
    names = first.rows.column_names
    assert second.rows.column_names == [*names[:-1], "new_one", SYNCED_AT]
    assert third.rows.column_names[: len(names) - 1] == names[:-1]


def test_a_surprise_costs_one_page_of_dicts_at_most() -> None:
    both = BothPaths("tickets", DEFINITIONS)
    both.page(ticket(1))
    for number in range(2, 8):
        both.page(ticket(number), ticket(number, external_id=7), ticket(number, extra=number))
    assert both.arrow.exact_pages <= 1


def test_a_type_of_child_event_that_is_new_costs_no_page_of_dicts() -> None:
    both = BothPaths("ticket_events")
    for number, kind in enumerate(("Comment", "Change", "TypeOfTomorrow", "Create"), 1):
        child = {"id": number, "event_type": kind, "priority": "high", "tags": ["a", "b"]}
        both.page({"id": number, "ticket_id": 7, "child_events": [child]})
    assert both.arrow.exact_pages == 0


@pytest.mark.parametrize(
    "children",
    [
        None,
        "Change",
        [3, {"id": 1, "event_type": "Change", "status": "open"}],
        [None],
        [{"id": 1, "status": "open"}],
        [{"id": 1, "event_type": 5, "status": "open"}],
        [{"id": 1, "event_type": None, "body": "x"}, {"id": 2, "event_type": "Create", "tags": 5}],
        [{"id": 1, "event_type": "Change", "added_tags": [], "removed_tags": None, "tags": ["a"]}],
    ],
)
def test_odd_child_events_are_in_both_paths_what_they_are(children: Any) -> None:
    both = BothPaths("ticket_events")
    for number in range(1, 5):
        usual = {"id": number * 10, "event_type": "Change", "type": "task", "previous_value": 5}
        events = [
            {"id": number * 2, "ticket_id": 7, "child_events": [usual]},
            {"id": number * 2 + 1, "ticket_id": "8", "child_events": children},
        ]
        both.page(*events)
        assert list(both.arrow.take_rejected()) == list(both.exact.take_rejected())


def test_a_custom_field_that_is_new_is_reported_once_it_is_seen() -> None:
    both = BothPaths("tickets", DEFINITIONS)
    both.page(ticket(1))
    longer = [{"id": 7, "value": "a"}, {"id": 9, "value": 3}, {"id": 8, "value": None}]
    both.page(ticket(2, custom_fields=longer))
    both.page(ticket(2), ticket(3, custom_fields=longer))
    assert both.arrow.exact_pages == 0


@pytest.mark.parametrize(
    "text",
    ["1.0", "1e2", "-0", "-0.0", "18446744073709551616", '"12"', "true", '"\\ud83d\\ude00"', '""'],
)
@pytest.mark.parametrize(
    "key", ["group_id", "subject", "is_public", "updated_at", "via", "cf", "brand_new"]
)
def test_numbers_and_texts_as_they_are_spelt(key: str, text: str) -> None:
    both = BothPaths("tickets", DEFINITIONS)
    value = f'"{key}": {text}'
    if key == "cf":
        value = f'"custom_fields": [{{"id": 7, "value": {text}}}, {{"id": 8, "value": {text}}}]'
    rest = '"custom_fields": [{"id": 7, "value": null}, {"id": 8, "value": 1.25}]'
    both.read(f'{{"tickets": [{{"id": 1, {rest}}}, {{"id": 2, {rest}, {value}}}]}}'.encode())


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    both = BothPaths("tickets", None)
    both.read(b'{"tickets": [{"id": 1, "id": 2, "subject": 5, "subject": "x", "subject": "y"}]}')


def test_a_ticket_that_comes_again_without_a_tag_loses_it() -> None:
    both = BothPaths("tickets", DEFINITIONS)
    both.page(ticket(1), ticket(2))
    both.page(ticket(1, tags=["x"]), ticket(3, tags=[]))
    both.page(ticket(1, tags=[]), ticket(2, tags=["z"], surprise={"a": 1}), ticket(3))


def test_event_types_nobody_knew_are_learned() -> None:
    both = BothPaths("ticket_events")
    comment = {"id": 2, "event_type": "Comment", "type": "Comment", "body": "b", "public": True}
    for kind in ("Change", "Create", "Change", "VoiceComment", "FacebookComment", "VoiceComment"):
        other = {"id": 3, "event_type": kind, "status": "open"}
        both.page({"id": 1, "ticket_id": 5, "child_events": [other, comment]})
        both.page({"id": 1, "ticket_id": 5, "child_events": [{**comment, "new": kind}]})
        social = {"id": 4, "event_type": kind, "data": {"via": kind}, "graph_object_id": "1_2"}
        both.page({"id": 1, "ticket_id": 5, "child_events": [social, {**comment, "data": None}]})
        bare = {"id": 5, "event_type": kind, "comment_present": True, "comment_public": True}
        both.page({"id": 1, "ticket_id": 5, "child_events": [bare, comment]})


def test_pages_can_be_put_together() -> None:
    tickets = shaper()
    tables = [
        table
        for first in (1, 3)
        for table in tickets.tables(
            tickets.parse(page(ticket(first, tags=[]), ticket(first + 1))), FIRST_READ
        )
    ]
    merged = together(tables)
    assert [table.table for table in merged] == ["ticket_metrics", "ticket_tags", "tickets"]
    assert merged[-1].rows["id"].to_pylist() == [1, 2, 3, 4]
    assert merged[-1].new_columns.keys() == {"cf_kind", "cf_price"}
    assert not merged[-1].rows.schema.field("id").nullable


def test_a_decoder_that_is_ahead_does_not_change_pages_read_before() -> None:
    tickets = shaper()
    first, second = page(ticket(1)), page(ticket(2, extra=5), ticket(3, tags="x"))
    parsed = [tickets.parse(first), tickets.parse(second), tickets.parse(first)]
    rows = [list(tickets.tables(each, FIRST_READ))[-1].rows.to_pylist() for each in parsed]
    assert [row["id"] for page_rows in rows for row in page_rows] == [1, 2, 3, 1]
    assert rows[1][0]["extra"] == 5


def test_times_of_reading_are_kept_to_the_microsecond() -> None:
    read_at = datetime(2026, 1, 1, 1, 1, 1, 123456, tzinfo=timezone.utc)
    tickets = shaper()
    for table in tickets.tables(tickets.parse(page(ticket(1))), read_at):
        assert set(table.rows[SYNCED_AT].to_pylist()) == {read_at}


@pytest.mark.parametrize("name", REAL_RESPONSES)
@pytest.mark.parametrize("has_definitions", [True, False])
def test_real_responses_give_the_same_tables(name: str, has_definitions: bool) -> None:
    if not REAL.is_dir():
        pytest.skip(f"the recorded responses are not at {REAL}")
    both = BothPaths(name, () if has_definitions else None)
    bodies = [
        orjson.loads(path.read_bytes())["body"]
        for folder in REAL_RESPONSES[name]
        for path in sorted((REAL / folder).glob("*.json"))
    ]
    pages = [body for body in bodies if isinstance(body, dict) and body.get(both.stream.rows_key)]
    assert pages
    for each in pages:
        both.read(orjson.dumps(each))


@pytest.mark.parametrize("is_on", [True, False])
def test_the_garbage_collector_rests_while_a_page_is_shaped_and_is_as_it_was(is_on: bool) -> None:
    seen: list[bool] = []

    def spelt(key: str) -> str:
        seen.append(gc.isenabled())
        return column_name(key)

    shaped = ArrowShaper(BY_NAME["tickets"], {}, None, spelt)
    envelope = shaped.parse(page(ticket(1, nobody_knew=1)))
    seen.clear()
    before = gc.isenabled()
    (gc.enable if is_on else gc.disable)()
    try:
        tables = shaped.tables(envelope, FIRST_READ)
        next(tables)
        assert gc.isenabled() is is_on
        assert set(seen) == {False}
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("value", [None, "null", "", [], {"rel": None, "é": "ü"}, [None]])
@pytest.mark.parametrize("others", [[], [None], [{"channel": "web"}, None, "null"]])
def test_json_is_in_its_column_as_it_came_and_null_is_null(value: Any, others: list[Any]) -> None:
    values = [value, *others]
    both = BothPaths("tickets")
    both.page(ticket(1))
    *_, shown = both.page(*(ticket(number, via=each) for number, each in enumerate(values)))
    assert shown.rows.column("via").to_pylist() == [
        None if each is None else orjson.dumps(each).decode() for each in values
    ]


def test_records_are_no_gc_objects() -> None:
    # A page is hundreds of thousands of objects; the collector would walk them again and again.
    (row,) = shaper().parse(page(ticket(1)))["tickets"]
    assert isinstance(row, msgspec.Struct)
    assert not row.__struct_config__.gc
