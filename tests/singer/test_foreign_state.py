"""The state files of other connectors, as their releases write them: nothing is read twice or lost.

What was loaded before stands for the other connector's tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.singer import run_tap, selected
from tests.support.take_over import edit
from zendesk_source.extract.taken_over import AIRBYTE, TAP_ZENDESK, Rule
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.foreign_state import taken_over
from zendesk_source.singer.tables import STREAM_OF

TAKEN_OVER = {
    "singer": ("tickets", "users", "organizations", "ticket_metric_events", "satisfaction_ratings"),
    "airbyte": ("tickets", "users", "organizations", "satisfaction_ratings"),
}


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=300, users=40, organizations=6)


def newest(account: Account, stream: str, key: str) -> Any:
    return max(row[key] for row in account.truth(stream))


def singer_state(account: Account) -> Any:
    keys = [(name, STREAM_OF[name].cursor_field or "") for name in TAKEN_OVER["singer"]]
    marks: dict[str, Any] = {name: {key: newest(account, name, key)} for name, key in keys}
    return {
        "bookmarks": {**marks, "groups": {"updated_at": newest(account, "groups", "updated_at")}}
    }


def airbyte_state(account: Account) -> Any:
    marks = {
        "tickets": {"generated_timestamp": str(newest(account, "tickets", "generated_timestamp"))},
        "users": {"updated_at": newest(account, "users", "updated_at")},
        "organizations": {"updated_at": newest(account, "organizations", "updated_at")},
        "satisfaction_ratings": {
            "updated_at": newest(account, "satisfaction_ratings", "updated_at")
        },
        "brands": {},
    }
    return [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": n}, "stream_state": mark}}
        for n, mark in marks.items()
    ]


@pytest.mark.parametrize("connector", ["singer", "airbyte"])
def test_streams_go_on_where_the_other_connector_stood_and_no_row_is_lost(
    account: Account, zendesk: Simulator, tmp_path: Path, connector: str
) -> None:
    tables = [t.name for name in TAKEN_OVER[connector] for t in STREAM_OF[name].tables]
    before = run_tap(tmp_path, zendesk, catalog=selected(*tables)).target
    state = {"singer": singer_state, "airbyte": airbyte_state}[connector](account)
    edit(account)
    ended = run_tap(tmp_path, zendesk, state=state, catalog=selected(*tables))
    assert ended.exit_code == 0, ended.told
    assert "tickets goes on from" in ended.told
    read = ended.target
    for name in ("organizations", "ticket_metric_events"):
        if name in TAKEN_OVER[connector]:
            assert len(read.rows[name]) < len(account.truth(name)), name
    before.take(ended.lines).assert_equals(account, tables)


def place(state: Any, table: str) -> Any:
    document, _ = taken_over(state)
    mark = document["bookmarks"].get(table)
    return None if mark is None else mark["positions"]["open"]["lanes"][0]["place"]["start_time"]


def airbyte(**marks: Any) -> Any:
    return [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": n}, "stream_state": mark}}
        for n, mark in marks.items()
    ]


def test_each_place_lies_as_far_before_the_bookmark_as_the_other_connector_demands() -> None:
    at = 1_780_000_000
    singer = {"bookmarks": {"tickets": {"generated_timestamp": at}}}
    assert place(singer, "ticket_metrics") == at - 61
    assert place(singer, "ticket_comments") == at - 7 * 86_400
    assert place(singer, "users") is None
    # Between two of its releases tickets went by `updated_at`, and system changes were not read.
    assert place(airbyte(tickets={"updated_at": str(at)}), "tickets") == 1_772_323_200 - 61
    both = airbyte(users={"updated_at": str(at)}, user_identities={"updated_at": str(at - 500)})
    assert place(both, "user_identities") == at - 561
    assert place(airbyte(audit_logs={"created_at": str(at)}), "audit_logs") == at - 3_600
    assert place(airbyte(ticket_metric_events={"time": str(at)}), "ticket_metric_events") is None


FORMS = {
    "as the connector writes it": [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": 0}}
    ],
    "in camel case": [{"streamDescriptor": {"name": "users"}, "streamState": 0}],
    "as messages": [
        {
            "type": "STATE",
            "state": {
                "type": "STREAM",
                "stream": {"stream_descriptor": {"name": "users"}, "stream_state": 0},
            },
        }
    ],
    "as the settings of a connection show it": {
        "stateType": "stream",
        "connectionId": "c",
        "streamState": [{"streamDescriptor": {"name": "users"}, "streamState": 0}],
    },
    "global": [
        {
            "type": "GLOBAL",
            "global": {
                "stream_states": [{"stream_descriptor": {"name": "users"}, "stream_state": 0}]
            },
        }
    ],
}


@pytest.mark.parametrize("form", FORMS)
def test_airbytes_state_is_read_in_every_form_it_is_handed_around_in(form: str) -> None:
    document = json.loads(json.dumps(FORMS[form]).replace(": 0", ': {"updated_at": "1780000000"}'))
    assert place(document, "users") == 1_780_000_000 - 61


def slices(*found: Any) -> Any:
    return {"slices": list(found), "state_type": "date-range", "legacy": {}, "parent_state": {}}


def test_a_state_of_slices_goes_on_from_the_newest_row_of_the_first() -> None:
    first = {"start": "1577836800", "end": "1780000500", "most_recent_cursor_value": "1780000000"}
    later = {"start": "1790000000", "end": "1790000500"}
    assert place(airbyte(users=slices(later, first)), "users") == 1_780_000_000 - 61
    # Nothing was found: its end is when it ran, and that is no time of a row.
    assert place(airbyte(users=slices(later)), "users") == 1_790_000_000 - 61
    # Which key it has is not told, so that the more careful rule holds.
    assert place(airbyte(tickets=slices(first)), "tickets") == 1_772_323_200 - 61
    assert place(airbyte(users=slices()), "users") is None


def test_articles_go_on_where_the_other_connector_stood() -> None:
    found = place(airbyte(articles={"updated_at": "1780000000"}), "hc_articles")
    assert found == 1_780_000_000 - 61


def test_a_bookmark_that_is_no_time_is_refused_before_anything_is_read(
    zendesk: Simulator, tmp_path: Path
) -> None:
    ended = run_tap(tmp_path, zendesk, state={"bookmarks": {"users": {"updated_at": "soon"}}})
    assert (ended.exit_code, ended.lines, zendesk.requests) == (2, [], [])
    assert "`updated_at` of users is no time" in ended.told


def test_a_state_of_ours_is_left_as_it_is() -> None:
    ours = {"account": "acme", "bookmarks": {"groups": {"columns": {}}}}
    assert taken_over(ours) == (ours, [])
    assert taken_over({}) == ({}, [])


@pytest.mark.parametrize("rules", [TAP_ZENDESK, AIRBYTE])
def test_every_rule_leads_to_a_stream_that_is_asked_for_what_changed(rules: Iterable[Rule]) -> None:
    assert all(STREAM_OF[rule.ours].is_incremental for rule in rules if not rule.loses)
