"""Whatever a package holds, a parent has what the last page about it shows after the merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shape.both_paths import BY_NAME, FIRST_READ, column_name
from zendesk_source.catalogue import SideTable
from zendesk_source.names import REMOVED, SYNCED_AT
from zendesk_source.shape.arrow import ArrowShaper
from zendesk_source.shape.rows import RowShaper

SHAPERS = pytest.mark.parametrize("make", [RowShaper, ArrowShaper])
USERS = BY_NAME["users"]
SIDES = {side.name: side for side in USERS.side_tables}
TAGS, IDENTITIES = SIDES["user_tags"], SIDES["user_identities"]
Shown = Mapping[int, Mapping[str, Any]]
"""What a page shows: users by id, each with its tags and identities, and perhaps a surprise."""

PARENTS = st.integers(1, 3)
SETS = st.fixed_dictionaries(
    {
        "tags": st.lists(st.sampled_from("abc"), unique=True),
        "identities": st.sets(st.integers(1, 4)),
        "odd": st.booleans(),  # one that makes the page go the exact way
        "as_text": st.booleans(),  # ids may come as their digits
    }
)


def without_shared(page: Shown) -> Shown:
    """Give each identity on a page to one user alone."""
    given_to = {each: user for user in page for each in page[user]["identities"]}
    return {
        user: {**of, "identities": {i for i in of["identities"] if given_to[i] == user}}
        for user, of in page.items()
    }


PAGES = st.lists(
    st.dictionaries(PARENTS, SETS, min_size=1, max_size=3).map(without_shared), max_size=4
)


def body(page: Shown) -> bytes:
    users, identities = [], []
    for user, of in page.items():
        odd = {"name": {"an": "object"}, "tags": [*of["tags"], *of["tags"]]} if of["odd"] else {}
        users.append({"id": str(user) if of["as_text"] else user, "tags": of["tags"], **odd})
        identities += [{"id": i, "user_id": user, "value": str(i)} for i in of["identities"]]
    return orjson.dumps({"users": users, "identities": identities})


class Destination:
    """Merges as the destinations do: by parent and by key, of equal keys the state read last."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {TAGS.name: [], IDENTITIES.name: []}

    def merge(self, side: SideTable, staged: list[dict[str, Any]]) -> None:
        key = side.primary_key
        parents = {row[side.parent_column] for row in staged}
        newest: dict[Any, dict[str, Any]] = {}
        for row in sorted(staged, key=lambda row: row[SYNCED_AT]):
            newest[tuple(row[name] for name in key)] = row
        kept = [
            row
            for row in self.tables[side.name]
            if row[side.parent_column] not in parents
            and tuple(row[name] for name in key) not in newest
        ]
        self.tables[side.name] = kept + [row for row in newest.values() if not row.get(REMOVED)]

    def held(self, side: SideTable) -> set[tuple[Any, ...]]:
        columns = dict.fromkeys((side.parent_column, *side.primary_key))
        return {tuple(row[name] for name in columns) for row in self.tables[side.name]}


def loaded(make: Any, packages: Iterable[list[Shown]]) -> Destination:
    shaper = make(USERS, {}, None, column_name)
    destination, read_at = Destination(), FIRST_READ
    for pages in packages:
        shaper.begin_package()
        staged: dict[str, list[dict[str, Any]]] = {}
        for page in pages:
            read_at += timedelta(seconds=1)
            for table in shaper.tables(shaper.parse(body(page)), read_at):
                rows = table.rows if isinstance(table.rows, list) else table.rows.to_pylist()
                staged.setdefault(table.table, []).extend(rows)
        for side in (TAGS, IDENTITIES):
            destination.merge(side, staged.get(side.name, []))
    return destination


def shown_last(packages: Iterable[list[Shown]]) -> tuple[set[Any], set[Any]]:
    """Return tags and identities by user; an identity that has moved is with its last user."""
    tags: dict[int, Any] = {}
    users_of: dict[int, int] = {}
    for page in (page for pages in packages for page in pages):
        for user, of in page.items():
            tags[user] = of["tags"]
            users_of = {i: owner for i, owner in users_of.items() if owner != user}
        for user, of in page.items():
            users_of |= dict.fromkeys(of["identities"], user)
    of_users = {(user, tag) for user, all_tags in tags.items() for tag in all_tags}
    return of_users, {(user, i) for i, user in users_of.items()}


@SHAPERS
@settings(deadline=None, max_examples=150)
@given(packages=st.lists(PAGES, min_size=1, max_size=2))
def test_a_parent_has_what_the_last_page_about_it_shows(
    make: Any, packages: list[list[Shown]]
) -> None:
    destination = loaded(make, packages)
    assert (destination.held(TAGS), destination.held(IDENTITIES)) == shown_last(packages)
