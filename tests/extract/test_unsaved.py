"""Which states are saved though no row came with them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from zendesk_source.extract.kept import own_part
from zendesk_source.extract.unsaved import must_be_saved

LANE = {"place": {"cursor": "abc"}, "newest": 1_700_000_000}
OPEN = {"version": 1, "start": 0, "lanes": [LANE]}


def state_of(account: str = "", **kept: Any) -> dict[str, Any]:
    """Return the state of a source in which one stream keeps something."""
    resource: dict[str, Any] = {}
    own_part(resource, account).update(kept)
    return {"resources": {"a_stream": resource}}


def is_saved(before: Any, after: Any, account: str = "") -> bool:
    return must_be_saved("a_stream", before, after, account)


def parents(number: int, refused: Any = (), **seen: str) -> dict[str, Any]:
    known = {"version": 1, "round": number, "seen": seen, "refused": dict(refused)}
    return {"positions": {"parents": known}}


@pytest.mark.parametrize("account", ["", "acme"])
def test_a_place_that_moved_past_loaded_rows_waits_for_the_next_row(account: str) -> None:
    moved = {**OPEN, "lanes": [{**LANE, "place": {"start_time": 1_700_000_001}}]}
    before = state_of(account, positions={"open": OPEN}, newest_rows=["a", "b"])
    after = state_of(account, positions={"open": moved}, newest_rows=["a"])
    assert not is_saved(before, after, account)
    assert not is_saved(state_of(account, incremental={}), state_of(account), account)


@pytest.mark.parametrize(
    "positions",
    [
        {},
        {"open": {**OPEN, "lanes": [LANE, LANE]}},
        {"open": {**OPEN, "lanes": [{**LANE, "newest": 1_700_000_001}]}},
        {"open": {**OPEN, "lanes": [{**LANE, "until": 1_700_000_001}]}},
        {"open": {**OPEN, "begins": 7}},
        {"open": OPEN, "0-1700000000": {**OPEN, "lanes": [{**LANE, "until": 1_700_000_000}]}},
    ],
)
def test_a_window_that_is_read_or_has_more_to_read_is_saved(positions: Any) -> None:
    before = state_of(positions={"open": OPEN})
    assert is_saved(before, state_of(positions=positions))
    assert is_saved(state_of(positions=positions), before)


def test_a_stream_that_was_never_read_is_saved() -> None:
    assert is_saved({}, state_of(positions={"open": OPEN}, first_read_at=1_700_000_000))


def test_one_more_round_through_all_parents_is_not_saved() -> None:
    before = state_of(**parents(5, a="#4 rows x", b="#4", c="told 7"))
    after = state_of(**parents(6, a="#5 rows x", b="#5", c="told 7"))
    assert not is_saved(before, after)


def test_a_round_that_was_half_done_is_saved_or_its_first_half_would_never_be_asked_again() -> None:
    before = state_of(**parents(5, a="#5 rows x", b="#4"))
    after = state_of(**parents(6, a="#5 rows x", b="#5"))
    assert is_saved(before, after)


@pytest.mark.parametrize(
    "after",
    [
        parents(5, a="#5 rows x", b="#4"),
        parents(6, a="#5 rows y", b="#5"),
        parents(6, a="#5 rows x"),
        parents(6, {"b": ["403", 1_700_000_000, 1]}, a="#5 rows x", b="#4"),
    ],
)
def test_what_was_learned_of_parents_is_saved(after: Any) -> None:
    assert is_saved(state_of(**parents(5, a="#4 rows x", b="#4")), state_of(**after))


def test_parts_of_a_stream_are_looked_into() -> None:
    before = state_of(positions={"another.zendesk.com": {"positions": {"open": OPEN}}})
    after = deepcopy(before)
    (lane,) = after["resources"]["a_stream"]["positions"]["another.zendesk.com"]["positions"][
        "open"
    ]["lanes"]
    lane["place"] = {"cursor": "later"}
    assert not is_saved(before, after)
    lane["newest"] += 1
    assert is_saved(before, after)


@pytest.mark.parametrize("key", ["loaded_lists", "listed", "refused_parents"])
def test_what_is_kept_of_a_list_is_saved(key: str) -> None:
    assert is_saved({key: {"a_stream": "x"}}, {key: {"a_stream": "y"}})
    assert not is_saved({key: {"another": "x"}}, {key: {"another": "y"}})
