"""Which pages of a list that is read from its beginning are not loaded again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from dlt.common.versioned_state import compress_state

from zendesk_source.api.paging import Page, Position
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import STREAMS
from zendesk_source.extract import walked_pages
from zendesk_source.extract.positions import Lane, StreamPosition
from zendesk_source.extract.walked_pages import (
    Walked,
    not_walked,
    remember_walked,
    walked_to,
)

MOMENT = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
BEGINNING = StreamPosition(0, (Lane(Position()),))
HALFWAY = StreamPosition(0, (Lane(Position(cursor="abc")),))
LISTS = [stream for stream in STREAMS if stream.begins_anew]


def page(*rows: dict[str, Any], is_last: bool = False) -> Page:
    return Page({"rows": rows}, list(rows), Position(), is_last, MOMENT, MOMENT, 0)


def walk(*texts: str) -> list[Page]:
    """Return pages of a row each, the last one as the last of a walk."""
    pages = [page({"id": number, "text": text}) for number, text in enumerate(texts)]
    return [*pages[:-1], replace(pages[-1], is_last=True)]


def texts(pages: list[Page]) -> list[str]:
    return [row["text"] for each in pages for row in each.rows]


def walked_through(pages: list[Page], walked: Walked | None = None) -> tuple[list[str], Walked]:
    new, behind = not_walked(pages, walked or Walked(), b"")
    return texts(new), behind


def test_lists_that_are_read_from_their_beginning_are_known() -> None:
    assert {each.name for each in LISTS} == {"ticket_audits", "email_notifications", "engagements"}


def test_what_the_last_walk_loaded_is_not_loaded_again() -> None:
    new, walked = walked_through(walk("a", "b", "c"))
    assert new == ["a", "b", "c"]
    assert walked_through(walk("a", "b", "c"), walked) == ([], walked)


def test_every_page_behind_a_new_one_is_new() -> None:
    _, walked = walked_through(walk("a", "b", "c", "d"))
    new, walked = walked_through(walk("a", "other", "c", "d"), walked)
    assert new == ["other", "c", "d"]
    assert walked_through(walk("a", "other", "c", "d"), walked)[0] == []


def test_what_was_loaded_before_the_last_walk_is_new() -> None:
    _, walked = walked_through(walk("a", "b"))
    _, walked = walked_through(walk("a", "other"), walked)
    assert walked_through(walk("a", "b"), walked)[0] == ["b"]


@pytest.mark.parametrize("seen", [["a"], ["a", "b"], ["b", "a", "c"], ["a", "b", "c", "d"]])
def test_fewer_pages_more_and_others_are_told_apart(seen: list[str]) -> None:
    _, walked = walked_through(walk("a", "b", "c"))
    new, walked = walked_through(walk(*seen), walked)
    same = next((n for n, each in enumerate(seen) if each != "abcd"[n]), min(len(seen), 3))
    assert new == seen[same:]
    new, _ = walked_through(walk("a", "b", "c"), walked)
    assert set(new) >= {"a", "b", "c"} - set(seen[: len("abc")])


@pytest.mark.parametrize("stream", LISTS, ids=lambda stream: stream.name)
def test_a_change_in_any_one_column_is_new(stream: Any) -> None:
    row: dict[str, Any] = {name: f"{name} as it was" for name in stream.columns}
    _, walked = not_walked([page(row, is_last=True)], Walked(), b"")
    for name in (*stream.columns, "undeclared"):
        for value in (f"{name} as it is", None, ["nested", {"deeply": [1]}]):
            if row.get(name) != value:
                changed = page({**row, name: value}, is_last=True)
                assert not_walked([changed], walked, b"")[0] == [changed], (name, value)


def test_another_order_of_rows_and_a_rejected_row_are_new() -> None:
    one, two = {"id": 1}, {"id": 2}
    _, walked = not_walked([page(one, two, is_last=True)], Walked(), b"")
    rejected = (Rejected("rows", "It has no key.", {"id": None}),)
    for other in (
        page(two, one, is_last=True),
        page(one, is_last=True),
        page(one, two, two, is_last=True),
        replace(page(one, two, is_last=True), rejected=rejected),
    ):
        assert not_walked([other], walked, b"")[0] == [other]


def test_a_walk_that_breaks_off_goes_on_where_it_was() -> None:
    _, walked = walked_through(walk("a", "b", "c"))
    first, rest = walk("a", "b", "c")[:2], walk("a", "b", "c")[2:]
    _, walked = walked_through(first, walked)
    state: dict[str, Any] = {}
    remember_walked(state, walked)
    new, walked = walked_through(rest, walked_to(HALFWAY, state))
    assert (new, walked.read) == ([], 0)


@pytest.mark.parametrize("position", [BEGINNING, replace(BEGINNING, lanes=BEGINNING.lanes * 2)])
def test_a_walk_that_is_not_where_it_was_loads_everything(position: StreamPosition) -> None:
    _, walked = walked_through(walk("a", "b", "c"))
    _, walked = walked_through(walk("a", "b", "c")[:2], walked)
    state: dict[str, Any] = {}
    remember_walked(state, walked)
    assert walked_through(walk("a", "b", "c"), walked_to(position, state))[0] == ["a", "b", "c"]


def test_a_walk_that_begins_in_the_middle_loads_everything_and_so_does_the_next_one() -> None:
    new, walked = walked_through(walk("a", "b"), walked_to(HALFWAY, {}))
    assert (new, walked) == (["a", "b"], Walked())


def test_what_was_loaded_without_comparing_is_not_known() -> None:
    state: dict[str, Any] = {}
    remember_walked(state, walked_through(walk("a", "b"))[1])
    assert walked_through(walk("a", "b"), walked_to(BEGINNING, state))[0] == []
    remember_walked(state, None)
    assert state == {}


def test_what_is_kept_of_the_longest_walks_adds_little_to_each_load_package() -> None:
    """dlt adds the whole state to its table with every package, whichever stream is in it."""
    state: dict[str, Any] = {}
    for stream in LISTS:
        part = state.setdefault(stream.name, {})
        texts = [f"{stream.name} {number}" for number in range(walked_pages.MOST_PAGES + 1)]
        remember_walked(part, walked_through(walk(*texts))[1])
    assert len(compress_state(state)) < 10_000  # type: ignore[arg-type]


def test_pages_behind_those_that_are_kept_are_always_loaded(monkeypatch) -> None:
    monkeypatch.setattr(walked_pages, "MOST_PAGES", 2)
    for _ in range(3):
        _, walked = walked_through(walk("a", "b", "c", "d"))
        assert len(walked.pages) == 2
        new, walked = walked_through(walk("a", "b", "c", "d"), walked)
        assert new == ["c", "d"]
