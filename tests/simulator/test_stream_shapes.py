"""What the simulator serves has the shape that Zendesk documents and that was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from tests.facts.derive import FACTS, MATERIAL, derived, written
from tests.support.simulated import TOKEN, served
from zendesk_source.account.connection import Connection
from zendesk_source.account.first_page import first_page
from zendesk_source.catalogue import STREAMS, WHOLE_ANSWER, Paging, Stream
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account
from zendesk_source.source import configured_connection

KNOWN = json.loads(FACTS.read_bytes())
ANSWERS: Mapping[str, list[str]] = KNOWN["answers"]
ROWS: Mapping[str, Mapping[str, str | None]] = KNOWN["rows"]
RECORDED: Mapping[str, list[str]] = KNOWN["recorded"]
OF_ANSWERS, OF_ROWS, OF_RECORDED = 57, 57, 26
"""Of how many streams something is known, at the least."""

# Recorded with a sideload that is not asked for.
SOMETIMES_THERE = {"macros": {"permissions"}}
# Recorded or told on the reference pages, and missing in the specification.
KNOWN_BEYOND_THE_SCHEMA = {
    "recipient_addresses": {"url"},
    "targets": {"url"},
    "ticket_metric_events": {"sla", "group_sla", "status"},
    "tickets": {"deleted_ticket_form_id"},
    "users": {"permanently_deleted"},
    "views": {"raw_title", "url", "watchable"},
}
# How a list pages is described for all lists together; some endpoints tell of the older style.
CURSOR_KEYS = {"links", "meta"}
OFFSET_KEYS = {"count", "next_page", "previous_page"}
NAMED_CURSOR_KEYS = {"after_cursor", "after_url", "before_cursor", "before_url"}
PAGING_KEYS = {
    Paging.CURSOR: CURSOR_KEYS,
    Paging.OFFSET: OFFSET_KEYS,
    Paging.SINGLE: OFFSET_KEYS,
}
# Documented for several endpoints together, or beside the rows without being asked for.
NOT_SERVED = {
    "incremental_routing_attributes": {"attribute_values", "instance_values"},
    "incremental_routing_attribute_values": {"attributes", "instance_values"},
    "incremental_routing_instance_values": {"attributes", "attribute_values"},
    "ticket_activities": {"actors", "users"},
}
JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.generate(seed=2, tickets=60, users=40, organizations=8)


@pytest.fixture(scope="module")
def connection(account: Account) -> Iterator[Connection]:
    with served(account) as zendesk:
        credentials = ZendeskOAuthToken(
            subdomain="acme", oauth_token=TOKEN, base_url=zendesk.base_url
        )
        yield configured_connection(credentials, clock=account.clock)


def test_the_facts_are_what_can_be_derived_of_the_material() -> None:
    if not MATERIAL.is_dir():
        pytest.skip(f"the facts are all there is here: there is no {MATERIAL}")
    facts = FACTS.read_text(encoding="utf-8")
    assert facts == written(derived(MATERIAL)), "run: python -m tests.facts.derive"


def test_served_rows_have_documented_keys_and_types(account: Account) -> None:
    described = [stream for stream in STREAMS if stream.name in ROWS]
    found = {
        stream.name: sorted(_beyond_the_documentation(account, stream)) for stream in described
    }
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(described) >= OF_ROWS


def _beyond_the_documentation(account: Account, stream: Stream) -> set[str]:
    types = ROWS[stream.name]
    known = {*types, *RECORDED.get(stream.name, ())}
    known |= KNOWN_BEYOND_THE_SCHEMA.get(stream.name, set())
    if stream.parent is not None:
        known.add(stream.parent.column)  # named by the path, and not always by the row
    found = set()
    for row in account.truth(stream.name):
        found |= row.keys() - known
        for name, value in row.items():
            allowed = JSON_TYPES.get(types.get(name) or "")
            if value is not None and allowed and type(value) not in allowed:
                found.add(f"{name}: {value!r} is no {types[name]}")
    return found


def test_served_answers_have_documented_keys(connection: Connection) -> None:
    described = [stream for stream in STREAMS if stream.name in ANSWERS]
    found = {stream.name: list(_unlike_the_answer(connection, stream)) for stream in described}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(described) >= OF_ANSWERS


def _unlike_the_answer(connection: Connection, stream: Stream) -> Iterator[str]:
    documented = set(ANSWERS[stream.name])
    page = first_page(connection, stream, rows=2)
    if page is None:
        yield "no page"
        return
    served = page.envelope.keys()
    asked_for = set(stream.params.get("include", "").split(","))
    yield from served - documented - PAGING_KEYS.get(stream.paging, set()) - asked_for
    is_by_cursor = stream.paging is Paging.CURSOR
    older = OFFSET_KEYS | NAMED_CURSOR_KEYS if is_by_cursor else set()
    missing = documented - served - older - NOT_SERVED.get(stream.name, set())
    yield from (f"without {name}" for name in missing)
    if is_by_cursor:
        yield from (f"without {name}" for name in CURSOR_KEYS - served)


def test_served_rows_have_every_recorded_key(account: Account) -> None:
    recorded = [name for name in RECORDED if name != "ticket_events"]
    found = {}
    for name in recorded:
        served = {key for row in account.truth(name) for key in row}
        found[name] = set(RECORDED[name]) - served - SOMETIMES_THERE.get(name, set())
    assert {name: missing for name, missing in found.items() if missing} == {}
    assert len(recorded) >= OF_RECORDED


def test_only_answers_without_an_envelope_are_taken_whole() -> None:
    bare = (Paging.OBJECT, Paging.SINGLE, Paging.SINCE_ID)
    whole = [stream for stream in STREAMS if stream.rows_key == WHOLE_ANSWER]
    assert [stream.name for stream in whole if stream.paging not in bare] == []
