"""What ``include`` adds to the rows of an export, and beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from zendesk_source.simulator.rows.ticket_events import bare_comment_child, is_comment
from zendesk_source.simulator.state import State
from zendesk_source.simulator.timeline import Key


def rows_json(
    state: State, stream: str, keys: Iterable[Key], includes: set[str]
) -> Iterator[bytes]:
    """Return rows as they go over the wire, each with what is included in it."""
    store = state.stores[stream]
    if stream == "tickets" and "metric_sets" in includes:
        deleted, metric_sets = store.marked["deleted"], state.metric_sets
        for key in keys:
            # A deleted ticket has no metrics any more (singer-io/tap-zendesk PR #74).
            is_shown = key not in deleted and key in metric_sets
            metric_set = metric_sets.encoded(key) if is_shown else b"null"
            yield store.encoded(key)[:-1] + b',"metric_set":' + metric_set + b"}"
    elif stream == "ticket_events" and "comment_events" not in includes:
        for key in keys:
            event = store[key]
            event["child_events"] = [
                bare_comment_child(child, event["via"]) if is_comment(child) else child
                for child in event["child_events"]
            ]
            yield orjson.dumps(event)
    else:
        for key in keys:
            yield store.encoded(key)


def sideloaded_arrays(state: State, stream: str, keys: Iterable[Key], includes: set[str]) -> bytes:
    """Return the arrays beside the rows, as JSON members with their commas."""
    if stream != "users" or "identities" not in includes:
        return b""
    found = (
        state.identities.encoded(identity_id)
        for key in keys
        for identity_id in state.identity_ids_of.get(key, ())
    )
    return b'"identities":[' + b",".join(found) + b"],"
