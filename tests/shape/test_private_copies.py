"""A rule for a column holds for every place where the value of that column stands."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zendesk_source.account.private import cover_of_stored, note_private
from zendesk_source.account.shaping import tables_and_rejected
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import STREAMS
from zendesk_source.shape.private.fields import FieldGuide
from zendesk_source.shape.private.guard import Guard
from zendesk_source.shape.private.rules import rules_of
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.simulator import Account

SECRET = "what nobody shall read"
FIELD = {"id": 360001, "title": "IBAN number", "type": "dropdown"}
CHANGES = [
    {"event_type": "Create", "subject": SECRET},
    {"event_type": "Change", "subject": "new", "previous_value": SECRET},
    {"event_type": "Change", "custom_ticket_fields": {"360001": SECRET}, "previous_value": SECRET},
    {"event_type": "Comment", "body": SECRET},
]
NAMED = ("tickets.cf_iban_number", "tickets.360001", "tickets.IBAN number", "tickets.cf_*")
OWNERS = ("tickets", "users", "organizations")
RULES = (
    *("contact", "content", "*.name", "*.details", "tickets.subject", "tickets.via.source"),
    *("tickets.via.source.from.address", "tickets.custom_fields", "tickets.tags", "users.phone"),
    *("users.user_fields", "organizations.domain_names", "*.created_at", "tickets.brand_id"),
)


def guard_of(stream: str, **private: str) -> Guard:
    own = next(each for each in STREAMS if each.name == stream)
    guides = {"tickets": FieldGuide(lambda: [FIELD])}
    return Guard(own, rules_of(private), b"key", guides, lambda _column: None)


def test_what_an_event_tells_again_is_as_private_as_the_column() -> None:
    rules = {"tickets.subject": "drop", "tickets.360001": "drop", "ticket_comments.body": "drop"}
    cover = guard_of("ticket_events", **rules).cover("ticket_events", "child_events", is_json=True)
    assert cover is not None
    covered = cover(CHANGES)
    assert SECRET not in str(covered)
    assert [each["event_type"] for each in covered] == ["Create", "Change", "Change", "Comment"]


@pytest.mark.parametrize("name", NAMED)
def test_a_field_is_private_in_its_history_whatever_a_rule_calls_it(name: str) -> None:
    guard = guard_of("ticket_events", **{name: "drop"})
    cover = guard.field_cover("ticket_field_history", "value", "360001")
    assert cover is not None
    assert cover(SECRET) is None


@pytest.mark.parametrize("column", ["phone__v_json", "ssn__v_text", "last_login_at__v_text"])
def test_a_rule_for_a_column_is_one_for_its_variants(column: str) -> None:
    rules = {f"users.{name}": "drop" for name in ("phone", "ssn", "last_login_at")}
    cover = guard_of("users", **rules).cover("users", column, is_json=column.endswith("json"))
    assert cover is not None
    assert cover([SECRET] if column.endswith("json") else SECRET) is None


def test_what_fits_no_table_is_covered_on_pages_that_are_read_back_too() -> None:
    guard = guard_of("users", contact="drop")
    shape = StreamShape(
        guard.stream,
        RowShaper(guard.stream, {"users": {}}, None, str),
        False,
        None,
        False,
        False,
        guard,
    )
    now = datetime.now(timezone.utc)
    page = Page(
        {"users": []},
        [],
        Position(),
        True,
        now,
        now,
        0,
        is_read_back=True,
        rejected=(Rejected("users", "no id", {"name": SECRET}),),
    )
    _, rejected = tables_and_rejected(page, shape, None, StreamRun())  # type: ignore[arg-type]
    assert rejected
    assert SECRET not in str(rejected)


def test_a_row_that_is_read_back_is_covered_if_it_is_older_than_the_rules() -> None:
    row = {"id": 1, "name": SECRET, "_zendesk_more": {"notes": SECRET}}
    guard = guard_of("users", contact="drop", content="drop")
    since = datetime(2026, 1, 2, tzinfo=timezone.utc)
    state = {"private_rules": {"since": since.isoformat()}}
    cover = cover_of_stored(guard, state)
    assert cover(row, since) == row
    for before in (since - timedelta(seconds=1), "2026-01-01 23:59:59", None):
        assert SECRET not in str(cover(row, before)), before
    assert SECRET not in str(cover_of_stored(guard, {})(row, since)), "nobody knows since when"
    assert cover_of_stored(None, state)(row, None) == row


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(RULES), st.sampled_from(["keep", "drop", "hash"])))
def test_what_is_covered_already_stays_as_it_is_when_it_is_read_back(rules: dict[str, str]) -> None:
    """So a row of which nobody knows whether it is covered can be covered."""
    told = {
        n: "drop" if n.endswith(("_at", "_id")) and a == "hash" else a for n, a in rules.items()
    }
    account = Account.generate(seed=3, tickets=6, users=4, organizations=2)
    for name in OWNERS:
        guard = guard_of(name, **told)
        for row in account.truth(name):
            covered = guard.covered_row(row)
            assert guard.of_stored().covered_row(covered) == covered


def test_the_time_since_which_it_is_private_is_noted_where_an_older_release_noted_none() -> None:
    rules, clock = rules_of({"tickets.subject": "mask"}), datetime(2026, 1, 2, tzinfo=timezone.utc)
    options = SimpleNamespace(rules=rules)
    connection: Any = SimpleNamespace(options=options, private_key="", made_at=clock)
    state: dict[str, Any] = {"private_rules": {"rules": rules.text}}
    assert note_private(connection, state, has_rows=True) == ""
    cover = cover_of_stored(guard_of("tickets", **{"tickets.subject": "mask"}), state)
    assert cover({"subject": "12"}, clock + timedelta(hours=1)) == {"subject": "12"}
