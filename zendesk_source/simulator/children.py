"""Rows with parents: the paths that show them, and what their parents say about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from zendesk_source.catalogue import Stream
from zendesk_source.simulator.pages.answers import RECORD_NOT_FOUND, Refusal
from zendesk_source.simulator.state import STREAM_BY_NAME, State
from zendesk_source.simulator.store import Row, iso

# The rows of all others name their parent by another column, or not at all.
SHOWS_ITS_PARENT = (
    *("hc_article_attachments", "hc_post_comments", "side_conversations"),
    "routing_attribute_values",
)

# By stream: columns of the parent that count its rows, and that sum up what they say.
_COUNTED = {
    **dict.fromkeys(("hc_article_votes", "hc_post_votes"), ("vote_count", "vote_sum")),
    **dict.fromkeys(
        ("hc_article_comment_votes", "hc_post_comment_votes"), ("vote_count", "vote_sum")
    ),
    "hc_post_comments": ("comment_count", ""),
    "hc_post_subscriptions": ("follower_count", ""),
    "hc_topic_subscriptions": ("follower_count", ""),
}
# The parent counts as changed when they do.
_TOUCHING = (
    *("organization_merges", "macro_attachments", "trigger_revisions", "side_conversations"),
    *("hc_article_attachments", "hc_article_translations"),
)


def pattern_of(stream: Stream) -> re.Pattern[str]:
    """Return a pattern for the paths of a stream, which name a parent."""
    path = stream.path.removesuffix(".json")
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if n % 2 else re.escape(part) for n, part in enumerate(parts))
    )


def parent_asked(state: State, stream: Stream, ids: Mapping[str, str]) -> Any:
    """Return the id of the parent that a path names.

    Raises:
        Refusal: There is no such parent.
    """
    assert stream.parent is not None
    parents = stream.parent.stream
    is_number = parents.columns[parents.primary_key[0]] == "bigint"
    asked: Any = ids[parents.primary_key[0]]
    if is_number:
        asked = int(asked) if asked.isdigit() else None
    store = state.stores[parents.name]
    if asked not in store or asked in store.marked.get("deleted", ()):
        raise Refusal(RECORD_NOT_FOUND)
    return asked


def tell_parent(state: State, stream: Stream, row: Row) -> None:
    """Update the parent of a row that was added, changed or removed, if it shows that."""
    if stream.parent is None:
        return
    name, parent_id = stream.parent.stream.name, row[stream.parent.column]
    if parent_id not in state.stores[name]:
        return
    if stream.name in _COUNTED:
        _count(state, stream.name, name, parent_id)
    if stream.name in _TOUCHING:
        parent, now = state.stores[name][parent_id], state.now_second()
        parent["updated_at"] = iso(now)
        if name == "tickets":
            state.put_ticket({**parent, "generated_timestamp": now})
        else:
            state.stores[name].put(parent)


def count_children(state: State) -> None:
    """Set the number of rows in every parent that shows it."""
    for stream in STREAM_BY_NAME.values():
        if stream.parent is not None and stream.name in _COUNTED:
            parents = stream.parent.stream.name
            parent_ids = state.stores[parents].keys()
            for parent_id in parent_ids:
                _count(state, stream.name, parents, parent_id)


def _count(state: State, name: str, parents: str, parent_id: Any) -> None:
    count, total = _COUNTED[name]
    parent, store = state.stores[parents][parent_id], state.stores[name]
    rows = [store[key] for key in store.keys_of_parent(parent_id)]
    parent[count] = len(rows)
    if total:
        parent[total] = sum(each["value"] for each in rows)
    state.stores[parents].put(parent)


def remove_children(state: State, stream: str, row_id: Any) -> None:
    """Remove the rows whose parent was removed."""
    for child in STREAM_BY_NAME.values():
        if child.parent is None or child.parent.stream.name != stream:
            continue
        store = state.stores[child.name]
        for key in store.keys_of_parent(row_id):
            store.drop(key)
            remove_children(state, child.name, key)
