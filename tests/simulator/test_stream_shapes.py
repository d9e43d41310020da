"""What the simulator serves has the shape that Zendesk documents and that was recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from zendesk_source.catalogue import STREAMS, WHOLE_ANSWER, Paging, Stream
from zendesk_source.preflight.preview import first_page
from zendesk_source.resources.connection import Connection
from zendesk_source.settings.credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, RateLimits, Simulator
from zendesk_source.source import configured_connection

SHARED = Path(__file__).parents[3] / "shared"
OPENAPI = SHARED / "zendesk-api" / "openapi" / "support-2025-06-12.oas.yaml"
RECORDED = SHARED / "zendesk-api" / "examples" / "real-records.json"

# Under what name that file holds a stream, where it is another.
RECORDED_AS = {
    "custom_statuses": "custom_ticket_statuses",
    "routing_attributes": "account_attributes",
    "hc_articles": "articles",
    "hc_categories": "categories",
    "hc_posts": "posts",
    "hc_topics": "topics",
    "talk_calls": "calls",
    "talk_call_legs": "call_legs",
}
# The specification shows metric events where ticket events should be.
WRONGLY_DOCUMENTED = ("ticket_events",)
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
# The export of records is not in the specification, their list is.
DOCUMENTED_AT = {"custom_object_records": "/api/v2/custom_objects/{}/records"}
JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@lru_cache(maxsize=1)
def specification() -> Any:
    if not OPENAPI.exists():
        pytest.skip(f"there is no {OPENAPI}")
    loader = yaml.CSafeLoader
    loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, _node: "=")
    return yaml.load(OPENAPI.read_bytes(), Loader=loader)


@lru_cache(maxsize=1)
def recorded_rows() -> Mapping[str, Mapping[str, Any]]:
    if not RECORDED.exists():
        pytest.skip(f"there is no {RECORDED}")
    rows: Mapping[str, Mapping[str, Any]] = json.loads(RECORDED.read_bytes())["by_stream"]
    return rows


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.generate(seed=2, tickets=60, users=40, organizations=8)


@pytest.fixture(scope="module")
def connection(account: Account) -> Iterator[Connection]:
    credentials = ZendeskOAuthToken()
    credentials.subdomain, credentials.oauth_token = "acme", "a-token"
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token="a-token") as zendesk:
        credentials.base_url = zendesk.base_url
        yield configured_connection(credentials, clock=account.clock)


def resolved(schema: Any) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        found = specification()
        for part in schema["$ref"].split("/")[1:]:
            found = found[part]
        schema = found
    return schema


def properties(schema: Any) -> dict[str, Any]:
    schema = resolved(schema)
    found = dict(schema.get("properties", {}))
    for word in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(word, ()):
            found |= properties(part)
    return found


@lru_cache(maxsize=1)
def operations() -> Mapping[str, Any]:
    """Return what can be got, by path; what a path names in braces goes by several names."""
    paths = specification()["paths"]
    return {re.sub(r"\{\w+\}", "{}", path): each.get("get") for path, each in paths.items()}


def documented_answer(stream: Stream) -> dict[str, Any]:
    """Return the keys of an answer by the specification, or skip where it does not tell."""
    path = DOCUMENTED_AT.get(stream.name, stream.path.removesuffix(".json"))
    operation = operations().get(re.sub(r"\{\w+\}", "{}", path))
    if operation is None:
        pytest.skip("not in the specification")
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return properties(schema)


def documented(stream: Stream) -> dict[str, Any]:
    """Return the keys of a row by the specification, or skip where it does not tell."""
    if stream.name in WRONGLY_DOCUMENTED:
        pytest.skip("wrong in the specification")
    rows = resolved(documented_answer(stream).get(stream.rows_key))
    row = rows.get("items", rows) if rows else None
    if row is None or not properties(row):
        pytest.skip("the specification does not describe the rows")
    return properties(row)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_served_rows_have_documented_keys_and_types(account: Account, stream: Stream) -> None:
    schema = documented(stream)
    recorded = recorded_rows().get(RECORDED_AS.get(stream.name, stream.name), {})
    known = {*schema, *recorded, *KNOWN_BEYOND_THE_SCHEMA.get(stream.name, ())}
    if stream.parent is not None:
        known.add(stream.parent.column)  # named by the path, and not always by the row
    for row in account.truth(stream.name):
        assert row.keys() <= known
        for name, value in row.items():
            kind = resolved(schema.get(name, {})).get("type")
            if value is not None and kind in JSON_TYPES:
                assert type(value) in JSON_TYPES[kind], f"{name}: {value!r} is no {kind}"


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_served_answers_have_documented_keys(connection: Connection, stream: Stream) -> None:
    documented = documented_answer(stream).keys()
    if stream.name in DOCUMENTED_AT or not documented:
        pytest.skip("the specification does not describe the answer")
    page = first_page(connection, stream, rows=2)
    assert page is not None
    served = page.envelope.keys()
    asked_for = set(stream.params.get("include", "").split(","))
    assert served - documented <= PAGING_KEYS.get(stream.paging, set()) | asked_for
    is_by_cursor = stream.paging is Paging.CURSOR
    older = OFFSET_KEYS | NAMED_CURSOR_KEYS if is_by_cursor else set()
    assert documented - served <= older | NOT_SERVED.get(stream.name, set())
    assert served >= CURSOR_KEYS or not is_by_cursor


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_served_rows_have_every_recorded_key(account: Account, stream: Stream) -> None:
    recorded = recorded_rows().get(RECORDED_AS.get(stream.name, stream.name))
    if recorded is None or stream.name == "ticket_events":
        pytest.skip("no row was recorded")
    served = {name for row in account.truth(stream.name) for name in row}
    assert recorded.keys() - served <= SOMETIMES_THERE.get(stream.name, set())


def test_only_answers_without_an_envelope_are_taken_whole() -> None:
    bare = (Paging.OBJECT, Paging.SINGLE, Paging.SINCE_ID)
    for stream in STREAMS:
        assert stream.rows_key != WHOLE_ANSWER or stream.paging in bare
