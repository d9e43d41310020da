"""Rows asked for by their ids: up to 100 at once, or a single one, and the comments of a ticket.

Zendesk does not say whether a deleted row, or an archived ticket, is shown among many; the state
says what this account does.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from zendesk_source.catalogue import Stream
from zendesk_source.simulator.pages.answers import RECORD_NOT_FOUND, Answer, Refusal, json_answer
from zendesk_source.simulator.pages.sideloads import rows_json, sideloaded_arrays
from zendesk_source.simulator.rows.ticket_events import is_comment
from zendesk_source.simulator.state import State
from zendesk_source.simulator.timeline import Key

Query = Mapping[str, str]

MOST_IDS = 100
TOO_MANY = json_answer(
    400,
    {
        "error": "TooManyValues",
        "description": f"Parameter  cannot specify more than {MOST_IDS} values",
        "max_count": MOST_IDS,
    },
)


def many_rows(state: State, stream: Stream, query: Query) -> Answer:
    """Return the rows with the ids of the query, as far as there are any."""
    asked = [int(each) for each in query.get("ids", "").split(",") if each.strip().isdigit()]
    if len(asked) > MOST_IDS:
        raise Refusal(TOO_MANY)
    store = state.stores[stream.name]
    hidden = set() if state.shows_deleted_by_id else store.marked["deleted"]
    if stream.name == "tickets":
        hidden = hidden | state.archived_ticket_ids
    shown = [key for key in dict.fromkeys(asked) if key in store and key not in hidden]
    includes = set(query.get("include", "").split(","))
    rows = b",".join(_row(state, stream.name, key, includes) for key in shown)
    beside = sideloaded_arrays(state, stream.name, shown, includes)
    tail = orjson.dumps({"next_page": None, "previous_page": None, "count": len(shown)})[1:]
    return Answer(200, b"".join((b'{"', stream.name.encode(), b'":[', rows, b"],", beside, tail)))


def one_row(state: State, stream: Stream, row_id: int) -> Answer:
    """Return one row; a deleted one is not found."""
    store = state.stores[stream.name]
    if row_id not in store or row_id in store.marked["deleted"]:
        raise Refusal(RECORD_NOT_FOUND)
    row = orjson.loads(_row(state, stream.name, row_id, set()))
    return json_answer(200, {stream.name.removesuffix("s"): row})


def ticket_comments(state: State, ticket_id: int) -> Answer:
    """Return all comments of a ticket, oldest first."""
    tickets = state.stores["tickets"]
    if ticket_id not in tickets or ticket_id in tickets.marked["deleted"]:
        raise Refusal(RECORD_NOT_FOUND)
    events = map(state.stores["ticket_events"].__getitem__, state.event_ids_of.get(ticket_id, ()))
    # The endpoint knows no events: neither what kind of event a comment is, nor a second via.
    left_out = ("event_type", "via_reference_id")
    comments = [
        {**{key: value for key, value in child.items() if key not in left_out}, "metadata": {}}
        for event in events
        for child in event["child_events"]
        if is_comment(child)
    ]
    meta = {"has_more": False, "after_cursor": None, "before_cursor": None}
    return json_answer(200, {"comments": comments, "meta": meta, "links": {}})


def _row(state: State, stream: str, key: Key, includes: set[str]) -> bytes:
    row = orjson.loads(next(iter(rows_json(state, stream, [key], includes))))
    row.pop("generated_timestamp", None)  # exists in the exports alone
    if stream == "tickets" and "comment_count" in includes:
        events = map(state.stores["ticket_events"].__getitem__, state.event_ids_of.get(key, ()))
        row["comment_count"] = sum(
            is_comment(child) for event in events for child in event["child_events"]
        )
    return orjson.dumps(row)
