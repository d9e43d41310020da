"""Lists that stand in for exports: any edits, kills and orders, and no row is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zendesk_source.api.paging import Page, Position
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.support.second_roads import SECOND_ROADS
from zendesk_source.errors import AccessDenied, ConfigurationError, ZendeskError
from zendesk_source.extract.second_road.newest_first import OVERLAP_SECONDS, Walked, newest_first
from zendesk_source.extract.second_road.reading import (
    ARCHIVED_SECONDS,
    INDEX_SECONDS,
    SEARCH_SECONDS,
    Backfill,
    ListsPosition,
    begun,
    opened,
    read_backfill,
    read_follow_up,
    saved_position,
)
from zendesk_source.simulator.store import iso

ROAD = replace(SECOND_ROADS["tickets"], by_id=None)
CHANGES = ROAD.changes
NOW = 1_790_000_000
SETTINGS = settings(max_examples=300, deadline=None)
Row = dict[str, Any]


class Listed:
    """A list that changes between its pages.

    Args:
        rows: How many rows it has at first, one made and changed each minute of the past.
        size: Rows in a page.
        seed: Decides what changes, and when.
        edits: The most changes between two pages.
        late: How long the list shows a row as it was before a change.
        is_ordered: Whether it comes in the order that is asked for.
        cursor_lives: Seconds after which a cursor is refused; 0 for never.
        knows_order: Whether it can be asked for an order; one that cannot comes in its own.
    """

    def __init__(
        self,
        rows: int,
        size: int,
        seed: int,
        *,
        edits: int = 0,
        late: int = 0,
        is_ordered: bool = True,
        cursor_lives: int = 0,
        knows_order: bool = True,
    ) -> None:
        self.random, self.size, self.edits, self.late = Random(seed), size, edits, late
        self.is_ordered, self.cursor_lives = is_ordered and knows_order, cursor_lives
        self.knows_order = knows_order
        self.now, self.requests, self.page_seconds = NOW, 0, 1
        self._rows: dict[int, list[Row]] = {}
        for number in range(rows):
            self._put(number + 1, NOW - 60 * (rows - number) // 2)

    def truth(self) -> dict[int, int]:
        return {key: versions[-1]["version"] for key, versions in self._rows.items()}

    def walk(self, stream: Stream, place: Position) -> Iterator[Page]:
        column = stream.cursor_field or ""
        terms = [each.partition("<=")[2] for each in stream.params.get("query", "").split()]
        until = next((each for each in terms if each), "9999")
        began, after = self.now, json.loads(place.cursor or "null")
        if not self.knows_order and "sort" in stream.params:
            self.requests += 1
            raise refusal()
        while True:
            self.requests += 1
            self._change()
            if self.cursor_lives and after and self.now - began >= self.cursor_lives:
                raise refusal()
            shown = [self._shown(versions) for versions in self._rows.values()]
            found = sorted(
                (self._order(row, column), row["id"], row)
                for row in shown
                if row is not None and row[column] <= until
            )
            left = [each for each in found if after is None or [*each[:2]] > after]
            page, rest = left[: self.size], left[self.size :]
            after = [*page[-1][:2]] if page else after
            yield self._page(stream, [row for *_, row in page], json.dumps(after), not rest)
            if not rest:
                return

    def _page(self, stream: Stream, rows: list[Row], cursor: str, is_last: bool) -> Page:
        moment = datetime.fromtimestamp(self.now, timezone.utc)
        after = Position() if is_last else Position(cursor=cursor)
        envelope = {stream.rows_key: rows}
        return Page(envelope, rows, after, is_last, moment, moment, 1)

    def _order(self, row: Row, column: str) -> int:
        if not self.is_ordered:
            return 0
        return -int(datetime.fromisoformat(row[column].replace("Z", "+00:00")).timestamp())

    def _shown(self, versions: Sequence[Row]) -> Row | None:
        seen = [row for row in versions if row["at"] + self.late <= self.now or self.late == 0]
        return seen[-1] if seen else None

    def _change(self) -> None:
        self.now += self.page_seconds
        for _ in range(self.random.randint(0, self.edits)):
            if self.random.random() < 0.3 or not self._rows:
                self._put(len(self._rows) + 1, self.now)
            else:
                self._put(self.random.choice(list(self._rows)), self.now)

    def _put(self, key: int, second: int) -> None:
        versions = self._rows.setdefault(key, [])
        made = versions[0]["created_at"] if versions else iso(second)
        row = {"id": key, "created_at": made, "updated_at": iso(second), "at": second}
        versions.append({**row, "version": len(versions)})


def refusal() -> RequestRefused:
    return RequestRefused("refused", status=400, server_time=datetime.now(timezone.utc))


def load(table: dict[int, int], pages: Sequence[Page]) -> None:
    for page in pages:
        table.update((row["id"], row["version"]) for row in page.rows)


@SETTINGS
@given(
    st.integers(0, 60),
    st.integers(1, 9),
    st.integers(0, 9999),
    st.integers(0, 4),
    st.sampled_from([0, 0, 100, OVERLAP_SECONDS - 60]),
    st.sampled_from(["ordered", "in its own order", "refuses an order"]),
)
def test_whatever_changes_and_wherever_a_walk_is_killed_the_next_ones_end_with_the_truth(
    rows: int, size: int, seed: int, edits: int, late: int, order: str
) -> None:
    listed = Listed(
        rows,
        size,
        seed,
        edits=edits,
        late=late,
        is_ordered=order == "ordered",
        knows_order=order != "refuses an order",
    )
    table: dict[int, int] = {}
    saved = Walked()
    for _ in range(6):
        pending: list[Page] = []
        for page, walked in newest_first(CHANGES, saved, listed.walk, b""):
            pending.append(page)
            if listed.random.random() < 0.5:
                load(table, pending)
                pending, saved = [], walked
            if listed.random.random() < 0.2:
                break  # what waits to be loaded is lost with its position
            if listed.requests > 400:
                listed.edits = 0
        listed.now += listed.random.choice([0, 5, 400])
    listed.edits = 0
    listed.now += 2 * OVERLAP_SECONDS
    for _ in range(2):
        for page, walked in newest_first(CHANGES, saved, listed.walk, b""):
            load(table, [page])
            saved = walked
    assert table == listed.truth()


def found_after_its_change(key: int, listed: Listed, walked: Walked) -> set[int]:
    """Change a row an hour later, and return the ids that the next walk shows."""
    listed.now += 3_600
    listed._put(key, listed.now)
    pages = newest_first(CHANGES, walked, listed.walk, b"")
    return {row["id"] for page, _ in pages for row in page.rows}


def test_a_walk_ends_at_what_was_read_before() -> None:
    listed = Listed(500, 10, 1)
    (*_, (_, walked)) = newest_first(CHANGES, Walked(), listed.walk, b"")
    assert listed.requests == 50
    listed.requests = 0
    listed.now += 3_600
    for key in range(1, 36):
        listed._put(key, listed.now)
    found = [
        row for page, _ in newest_first(CHANGES, walked, listed.walk, b"") for row in page.rows
    ]
    assert {row["id"] for row in found} >= set(range(1, 36))
    assert listed.requests <= 6


def test_what_was_read_as_it_is_comes_no_more_though_the_walk_overlaps() -> None:
    listed = Listed(60, 30, 1)
    (*_, (_, walked)) = newest_first(CHANGES, Walked(), listed.walk, b"")
    listed.requests = 0
    ((page, again),) = newest_first(CHANGES, walked, listed.walk, b"")
    assert page.rows == []
    assert again == walked
    assert listed.requests == 1


def test_a_list_in_another_order_is_read_to_its_end_every_time() -> None:
    listed = Listed(50, 10, 1, is_ordered=False)
    for _ in range(2):
        (*_, (_, walked)) = newest_first(CHANGES, Walked(NOW - 600), listed.walk, b"")
    assert listed.requests == 10
    assert walked.through >= NOW - 60


def test_a_list_that_knows_no_order_is_read_without_one_and_goes_on_where_it_broke_off() -> None:
    listed = Listed(50, 10, 1, knows_order=False)
    walks = newest_first(CHANGES, Walked(), listed.walk, b"")
    _, walked = [next(walks) for _ in range(3)][-1]
    assert listed.requests == 1 + 3
    listed.requests = 0
    found = [page.rows for page, _ in newest_first(CHANGES, walked, listed.walk, b"")]
    assert [len(rows) for rows in found[:2]] == [10, 10]
    assert found[0][0]["id"] == 31
    assert listed.requests == 2 + 1 + 5  # what was left, then all of it, which may have changed


def test_a_list_that_refused_an_order_is_read_to_its_end_though_its_rows_look_ordered() -> None:
    """It shows the newest id first, and most rows never change after they were made."""
    listed = Listed(50, 10, 1, knows_order=False)
    listed._order = lambda row, _: -int(row["id"])  # type: ignore[method-assign,assignment]
    (*_, (_, walked)) = newest_first(CHANGES, Walked(), listed.walk, b"")
    assert 3 in found_after_its_change(3, listed, walked)


def test_rows_that_were_imported_at_once_do_not_pass_for_an_order() -> None:
    """The list is ordered by id: its first page is old, and what changed is further down."""
    listed = Listed(0, 10, 1, is_ordered=False)
    for key in range(1, 101):
        listed._put(key, NOW - 86_400 - key // 50)
    (*_, (_, walked)) = newest_first(CHANGES, Walked(), listed.walk, b"")
    assert 77 in found_after_its_change(77, listed, walked)


def test_a_walk_that_broke_off_goes_on_and_only_then_looks_at_what_came_on_top() -> None:
    listed = Listed(100, 10, 1)
    walks = newest_first(CHANGES, Walked(), listed.walk, b"")
    _, walked = [next(walks) for _ in range(4)][-1]
    listed.requests, listed.now = 0, listed.now + 3_600
    listed._put(100, listed.now)
    found = [page.rows for page, _ in newest_first(CHANGES, walked, listed.walk, b"")]
    assert found[0][0]["id"] == 60  # where it broke off, not at the top
    assert found[6][0]["id"] == 100
    assert listed.requests == 8


def test_a_cursor_that_has_died_lets_the_walk_begin_anew() -> None:
    listed = Listed(30, 10, 1)
    asked: list[str | None] = []

    def walk(stream: Stream, place: Position) -> Iterator[Page]:
        asked.append(place.cursor)
        if place.cursor is not None:
            raise refusal()
        yield from listed.walk(stream, place)

    found = [page for page, _ in newest_first(CHANGES, Walked(0, "dead", NOW), walk, b"")]
    assert asked == ["dead", None]
    assert sum(len(page.rows) for page in found) == 30


@SETTINGS
@given(
    st.integers(0, 60),
    st.integers(3, 9),
    st.integers(0, 9999),
    st.integers(0, 3),
    st.sampled_from([1, 100, 200]),
    st.booleans(),
)
def test_a_search_that_is_killed_or_loses_its_cursor_finds_every_row(
    rows: int, size: int, seed: int, edits: int, page_seconds: int, is_ordered: bool
) -> None:
    listed = Listed(rows, size, seed, edits=edits, is_ordered=is_ordered)
    listed.page_seconds, listed.cursor_lives = page_seconds, 3_600 if is_ordered else 0
    position = begun(ROAD, 0, NOW)
    table: dict[int, int] = {}
    for _ in range(5):
        pending: list[Page] = []
        for step in read_backfill(ROAD, position, listed.walk):
            pending.append(step.page)
            if listed.random.random() < 0.5:
                load(table, pending)
                pending, position = [], step.position
            if listed.random.random() < 0.2 or listed.requests > 300:
                break
    listed.edits = 0
    for step in read_backfill(ROAD, position, listed.walk):
        load(table, [step.page])
        position = step.position
    assert position.backfill is None
    listed.cursor_lives = 0
    for step in follow_up(position, listed):
        load(table, [step.page] if step.part == "changes" else [])
    assert table == listed.truth()


def follow_up(position: ListsPosition, listed: Listed) -> Iterator[Any]:
    def refused(_: ZendeskError) -> None:
        raise AssertionError

    yield from read_follow_up(
        ROAD, position, listed.walk, digest_key=b"", has_deletions=False, on_refused=refused
    )


def test_a_search_begins_anew_before_its_cursor_dies() -> None:
    listed = Listed(100, 5, 1, cursor_lives=3_600)
    listed.page_seconds = SEARCH_SECONDS // 4
    steps = list(read_backfill(ROAD, begun(ROAD, 0, NOW), listed.walk))
    assert {row["id"] for step in steps for row in step.page.rows} == set(range(1, 101))
    assert listed.requests < 40
    last = steps[-1].position
    assert last.changes.through == NOW + listed.page_seconds - INDEX_SECONDS


def test_a_search_that_is_refused_at_once_fails() -> None:
    def walk(stream: Stream, place: Position) -> Iterator[Page]:
        raise AccessDenied("no")

    with pytest.raises(AccessDenied):
        list(read_backfill(ROAD, begun(ROAD, 0, NOW), walk))


def test_lists_begin_where_the_export_stands_and_search_only_what_is_archived_meanwhile() -> None:
    assert begun(ROAD, NOW - 60, NOW) == ListsPosition(NOW - 60, Walked(NOW - 60), Walked(NOW - 60))
    assert begun(ROAD, NOW - ARCHIVED_SECONDS - 1, NOW).backfill is not None
    assert begun(SECOND_ROADS["users"], 0, NOW).backfill is None


def test_a_position_survives_json_and_gives_way_to_an_export_that_has_come_further() -> None:
    position = replace(begun(ROAD, 0, NOW), changes=Walked(5, "c", 7, 9, "top"))
    saved = json.loads(json.dumps(saved_position(position)))
    assert opened(saved, ROAD, 0, NOW) == position
    assert opened(saved, ROAD, 5, NOW) == position
    assert opened(saved, ROAD, NOW - 1, NOW) == begun(ROAD, NOW - 1, NOW)
    with pytest.raises(ConfigurationError, match="newer release"):
        opened({**saved, "version": 99}, ROAD, 0, NOW)


def test_lists_begin_anew_where_earlier_rows_are_wanted() -> None:
    start = NOW - 30 * 86_400
    saved = saved_position(replace(begun(ROAD, start, NOW), changes=Walked(NOW - 60)))
    assert opened(saved, ROAD, start, NOW).changes == Walked(NOW - 60)
    assert opened(saved, ROAD, 0, NOW) == begun(ROAD, 0, NOW)


def test_lists_that_were_not_read_for_long_search_what_was_archived_meanwhile() -> None:
    read = replace(begun(ROAD, NOW - 60, NOW), changes=Walked(NOW), deletions=Walked(NOW - 5))
    saved = saved_position(read)
    assert opened(saved, ROAD, NOW - 60, NOW + ARCHIVED_SECONDS).backfill is None
    position = opened(saved, ROAD, NOW - 60, NOW + ARCHIVED_SECONDS + 1)
    assert (position.backfill, position.since) == (Backfill(), NOW)
    assert position.deletions == read.deletions
    users = SECOND_ROADS["users"]
    assert opened(saved, users, NOW - 60, NOW + ARCHIVED_SECONDS + 1).changes == read.changes
