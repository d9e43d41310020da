"""Decide whether a stream that brought no row has a state that must be saved.

A state that was not saved is that of a sync which was killed: what was read is asked for again,
and nothing is lost. That costs nothing where only the place moved on past rows that are loaded, or
where all parents were gone through once more and none had anything new. All else is saved: windows
with an end, whose scheduler asks only once; parents that refuse; rounds that are half done; other
rules of what is private, which are told but once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zendesk_source.extract.kept import (
    FORGOTTEN_OF_SOURCE,
    NEWEST_ROWS,
    PRIVATE,
    of_resource,
    part_of,
)

_FOLLOWS = (NEWEST_ROWS, "incremental")
"""Without a new row there can be fewer digests, but no new ones; dlt's own cursor follows ours."""


def must_be_saved(
    stream: str, before: Mapping[str, Any], after: Mapping[str, Any], account: str = ""
) -> bool:
    """Whether what is kept of a stream changed in a way that asking again does not make good.

    Args:
        stream: Name of the stream.
        before: State of the source as it was saved.
        after: The same after the stream was read and had no row.
        account: Name of the account; empty if the dataset is not shared.
    """
    return bool(_kept_of(stream, before, account) != _kept_of(stream, after, account))


def _kept_of(stream: str, state: Mapping[str, Any], account: str) -> Any:
    of_source = part_of(state, account)
    lists = [of_source.get(key, {}).get(stream) for key in FORGOTTEN_OF_SOURCE]
    return of_source.get(PRIVATE), lists, _lasting(part_of(of_resource(state, stream), account))


def _lasting(kept: Any) -> Any:
    """Return a part of a state without what a sync that finds nothing may leave as it was."""
    if not isinstance(kept, Mapping):
        return kept
    if "lanes" in kept:  # a window
        return {**kept, "lanes": [{**lane, "place": None} for lane in kept["lanes"]]}
    if "seen" in kept and "round" in kept:  # parents
        return _rounds_ago(kept)
    return {k: lasting for k, v in kept.items() if k not in _FOLLOWS and (lasting := _lasting(v))}


def _rounds_ago(parents: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is remembered of parents, with rounds counted from the one that is next."""
    latest = f"#{parents['round'] - 1}"
    seen = {}
    for key, sign in parents["seen"].items():
        told, space, rows = sign.partition(" ")
        seen[key] = f"#latest{space}{rows}" if told == latest else sign
    return {**parents, "round": None, "seen": seen}
