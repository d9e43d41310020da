"""What stands in for the exports: searches, and all audits.

Sources: https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results
https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/#list-all-ticket-audits
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any
from urllib.parse import urlencode

import orjson

from zendesk_source.simulator.pages.answers import (
    CURSOR_INVALID,
    Answer,
    Refusal,
    json_answer,
    pagination_refused,
)
from zendesk_source.simulator.pages.lists import listed_ticket
from zendesk_source.simulator.rows.ticket_events import is_comment
from zendesk_source.simulator.rows.tickets import via
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, epoch_seconds

Query = Mapping[str, str]

MOST_FOUND_A_PAGE = 1000
CURSOR_LIVES_SECONDS = 3_600
MOST_AUDITS_A_PAGE = 1000
_TERM = re.compile(r"(created|updated)(?:_at)?(>=|<=|>|<)(\S+)")
_COMPARISONS = {">=": ge, "<=": le, ">": gt, "<": lt}
_OF_A_CHILD = ("event_type", "via", "via_reference_id", "previous_value", "id")
_CHANNELS = {"Web form": "web", "Mail": "email", "Web service": "api", "Chat": "chat"}


def search_export(state: State, url: str, query: Query) -> Answer:
    """Return the tickets that a search finds, archived ones too, the newest first."""
    if query.get("filter[type]") != "ticket":
        raise Refusal(json_answer(422, {"error": "invalid", "description": "filter[type]"}))
    size = int(query.get("page[size]", "100"))
    if not 1 <= size <= MOST_FOUND_A_PAGE:
        raise Refusal(pagination_refused("page[size] cannot be greater than 1000"))
    began, after = state.now_second(), None
    if "page[after]" in query:
        began, after = _session(query["page[after]"])
        if state.now_second() - began >= CURSOR_LIVES_SECONDS:
            raise Refusal(CURSOR_INVALID)
    store, terms = state.stores["tickets"], _terms(query.get("query", ""))
    latest = state.now_second() - state.search_lag_seconds
    found = []
    for ticket in store:
        created = epoch_seconds(ticket["created_at"])
        if ticket["status"] == "deleted" or created > latest:
            continue
        times = {"created": created, "updated": epoch_seconds(ticket["updated_at"])}
        if all(holds(times[name], second) for name, holds, second in terms):
            found.append([-created if state.sorts_lists else created, ticket["id"]])
    left = sorted(each for each in found if after is None or each > after)
    page = left[:size]
    cursor = _cursor({"sessionStart": began, "sortValues": page[-1]}) if page else None
    params = {**query, "page[after]": cursor}
    rows = b",".join(listed_ticket({**store[key], "result_type": "ticket"}) for _, key in page)
    envelope = {
        "facets": None,
        "meta": {"has_more": len(left) > size, "after_cursor": cursor, "before_cursor": None},
        "links": {"prev": None, "next": f"{url}?{urlencode(params)}" if page else None},
    }
    return Answer(200, b'{"results":[' + rows + b"]," + orjson.dumps(envelope)[1:])


def _terms(text: str) -> list[tuple[str, Callable[[int, int], bool], int]]:
    return [
        (name, _COMPARISONS[sign], epoch_seconds(moment))
        for name, sign, moment in _TERM.findall(text)
    ]


def _cursor(place: Any) -> str:
    return base64.b64encode(orjson.dumps(place)).decode()


def _session(cursor: str) -> tuple[int, list[int]]:
    try:
        place = orjson.loads(base64.b64decode(cursor, validate=True))
        return place["sessionStart"], place["sortValues"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Refusal(CURSOR_INVALID) from None


def audits_newest_first(state: State, url: str, query: Query) -> Answer:
    """Return the audits of all tickets that are neither archived nor deleted."""
    size = min(int(query.get("limit", "100")), MOST_AUDITS_A_PAGE)
    tickets, events = state.stores["tickets"], state.stores["ticket_events"]
    hidden = tickets.marked["deleted"] | state.archived_ticket_ids
    listed = sorted(
        (
            (epoch_seconds(event["created_at"]), event["id"])
            for event in events
            if event["ticket_id"] not in hidden
        ),
        reverse=True,
    )
    if "cursor" in query:
        before = _audit_place(query["cursor"])
        listed = [place for place in listed if place < before]
    page = listed[:size]
    envelope: Row = {"audits": [_audit(events[key]) for _, key in page]}
    before_text = "|{}.0||{}".format(*page[-1]) if len(listed) > size else None
    after_text = "{}.0||{}|".format(*page[0]) if page else None
    for name, text in (("before", before_text), ("after", after_text)):
        cursor = None if text is None else base64.b64encode(text.encode()).decode()
        link = f"{url}?{urlencode({'cursor': cursor, 'limit': size})}"
        envelope |= {f"{name}_cursor": cursor, f"{name}_url": link if cursor else None}
    return json_answer(200, envelope)


def _audit_place(cursor: str) -> tuple[int, int]:
    try:
        _, second, _, key = base64.b64decode(cursor, validate=True).decode().split("|")
        return int(float(second)), int(key)
    except (binascii.Error, ValueError):
        raise Refusal(CURSOR_INVALID) from None


def _audit(event: Row) -> Row:
    return {
        "id": event["id"],
        "ticket_id": event["ticket_id"],
        "created_at": event["created_at"],
        "author_id": event["updater_id"],
        "metadata": {"system": event["system"], "custom": event["metadata"]},
        "events": [_event_of_audit(child) for child in event["child_events"]],
        "via": _via(event),
    }


def _via(event: Row) -> Row:
    """Return where an audit came from: what its comment says, or what the text of it means."""
    said = (child["via"] for child in event["child_events"] if is_comment(child))
    return next(said, via(_CHANNELS.get(event["via"], "web")))


def _event_of_audit(child: Row) -> Row:
    kind = child["event_type"]
    if is_comment(child):
        of_the_export = ("event_type", "via", "via_reference_id", "created_at")
        return {key: value for key, value in child.items() if key not in of_the_export}
    if kind not in ("Create", "Change"):
        left_out = ("event_type", "via", "via_reference_id")
        kept = {key: value for key, value in child.items() if key not in left_out}
        return {**kept, "type": kind}
    named = (*_OF_A_CHILD, "added_tags", "removed_tags")
    ((name, value),) = ((key, each) for key, each in child.items() if key not in named)
    if name == "custom_ticket_fields":
        ((name, value),) = value.items()
    told = {"id": child["id"], "type": kind, "value": _text(value), "field_name": name}
    if "previous_value" in child:
        told["previous_value"] = _text(child["previous_value"])
    return told


def _text(value: Any) -> Any:
    """Return a value as audits have it: numbers are texts there."""
    is_number = isinstance(value, (int, float))
    return orjson.dumps(value).decode() if is_number else value
