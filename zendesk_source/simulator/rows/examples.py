"""Make rows from an example, with the same keys and types but their own ids and times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID

from zendesk_source.catalogue import Stream
from zendesk_source.simulator.state import STREAM_BY_NAME, State, address_of, shown_key
from zendesk_source.simulator.store import Row, iso

_REFERENCES = {
    "user_id": "users",
    "author_id": "users",
    "actor_id": "users",
    "agent_id": "users",
    "customer_id": "users",
    "responder_id": "users",
    "created_by": "users",
    "created_by_user_id": "users",
    "updated_by_user_id": "users",
    "group_id": "groups",
    "default_group_id": "groups",
    "organization_id": "organizations",
    "brand_id": "brands",
    "ticket_id": "tickets",
    "ticket_form_id": "ticket_forms",
    "custom_status_id": "custom_statuses",
    "category_id": "hc_categories",
    "section_id": "hc_sections",
    "permission_group_id": "hc_permission_groups",
    "topic_id": "hc_topics",
    "call_id": "talk_calls",
    "phone_number_id": "talk_phone_numbers",
    "line_id": "talk_phone_numbers",
    "badge_category_id": "hc_badge_categories",
    "badge_id": "hc_badges",
}
_PARENT_TOO = {"source_id", "item_id", "content_id"}
_TITLES = ("title", "name", "subject", "label")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
_ULID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(rf"[{_ULID_LETTERS}]{{26}}")


def rows_like(
    state: State, stream: Stream, example: Row, count: int, rng: Random, start: int, end: int
) -> Iterator[Row]:
    """Make rows of a stream, in the order of their times.

    Args:
        state: Gives new ids, and the rows that others refer to.
        stream: The stream of the rows.
        example: A row as the API shows it.
        count: How many rows to make.
        rng: Source of random choices.
        start: Epoch second of the first row.
        end: Epoch second before which the last row was changed.
    """
    step = max(1, (end - start) // max(1, count + 1))
    key = shown_key(stream)
    targets = _targets(stream, example)
    moments = [name for name, value in example.items() if _is_moment(value)]
    for number in range(count):
        row = dict(example)  # what is nested stays as it is
        for name in key:
            if name not in (*_REFERENCES, "type") and not _is_moment(row[name]):
                row[name] = _new_key(state, row[name], number, rng)
        _refer(state, stream, row, targets, number, rng)
        _date(row, moments, start + number * step, step, rng)
        for name in _TITLES:
            if number and isinstance(row.get(name), str) and name not in key:
                row[name] += f" {number + 1}"
        if "url" in row:
            suffix = f"/{row['id']}.json" if "id" in row else ".json"
            row["url"] = address_of(stream) + suffix
        yield row


def references_of(stream: Stream) -> dict[str, str]:
    """Return the streams that a stream's columns refer to."""
    if stream.parent is None:
        return _REFERENCES
    return {**_REFERENCES, stream.parent.column: stream.parent.stream.name}


def _new_key(state: State, value: Any, number: int, rng: Random) -> Any:
    if isinstance(value, int):
        return state.new_id()
    if _ULID.fullmatch(value):
        return "01J" + "".join(rng.choices(_ULID_LETTERS, k=23))
    if value.count("-") == 4:
        return str(UUID(int=rng.getrandbits(128)))
    if value.isdigit():
        return str(state.new_id())
    return value if number == 0 else f"{value}_{number + 1}"


def _targets(stream: Stream, example: Row) -> dict[str, str]:
    """Return what is pointed at by the columns of an example that hold something."""
    return {
        name: target
        for name, target in references_of(stream).items()
        if example.get(name)
        and target != stream.name
        and STREAM_BY_NAME[target].product in ("support", stream.product)
    }


def _refer(
    state: State, stream: Stream, row: Row, targets: Mapping[str, str], number: int, rng: Random
) -> None:
    """Let ids point at existing rows: keys in turn, others at random."""
    key = shown_key(stream)
    for name, target in targets.items():
        store = state.stores[target]
        ids = store.keys()
        if stream.parent is not None and name == stream.parent.column:
            ids = [each for each in ids if each not in store.marked.get("deleted", ())]
        if ids:
            chosen = ids[number % len(ids)] if name in key else rng.choice(ids)
            row[name] = str(chosen) if isinstance(row[name], str) else chosen
    if stream.parent is not None:
        for name in _PARENT_TOO & row.keys():
            row[name] = row[stream.parent.column]


def _date(row: Row, moments: Sequence[str], second: int, step: int, rng: Random) -> None:
    """Give a row its own times: when it was made, and when it was changed, if ever."""
    changed = second + rng.choice((0, step // 2))
    for name in moments:
        moment = iso(changed if name == "updated_at" else second).removesuffix("Z")
        row[name] = moment + row[name][len(moment) :]


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None
