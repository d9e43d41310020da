"""Each brand's Help Center: which rows it has, and at which address it shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zendesk_source.catalogue import Paging, Stream
from zendesk_source.simulator.state import STREAM_BY_NAME, State
from zendesk_source.simulator.store import Row
from zendesk_source.simulator.timeline import Key

SHOWS_ITS_BRAND = ("hc_badge_categories", "hc_redirect_rules")
"""These streams are shown at every address, and their rows name their brand."""


def is_at_one_address(stream: Stream) -> bool:
    """Whether a stream shows other rows at each brand's address."""
    return stream.is_of_brand and stream.name not in SHOWS_ITS_BRAND


def default_brand(state: State) -> int | None:
    """Return the brand at the account's own address; None where there are no brands."""
    return next((row["id"] for row in state.stores["brands"] if row["default"]), None)


def brand_at(state: State, url: str) -> int | None:
    """Return the brand whose address a URL begins with, or the default one."""
    brands = (row for row in state.stores["brands"] if url.startswith(f"{row['brand_url']}/"))
    return next((row["id"] for row in brands), default_brand(state))


def has_help_center(state: State, url: str) -> bool:
    """Whether a Help Center answers at an address."""
    brand_id = brand_at(state, url)
    return brand_id is None or bool(state.stores["brands"][brand_id]["has_help_center"])


def brand_of(state: State, stream: Stream, key: Key) -> int | None:
    """Return the brand that a row belongs to: that of its parent, if it has one."""
    if stream.parent is not None:
        parent_id = state.stores[stream.name][key][stream.parent.column]
        return brand_of(state, STREAM_BY_NAME[stream.parent.stream.name], parent_id)
    return state.brand_ids.get((stream.name, key), default_brand(state))


def is_shown(state: State, stream: Stream, key: Key, url: str) -> bool:
    """Whether a row is shown at an address."""
    return not is_at_one_address(stream) or brand_of(state, stream, key) == brand_at(state, url)


def rows_with_brands(state: State, stream: Stream) -> Iterator[Row]:
    """Yield all rows with the brand that shows them, if they do not name it themselves."""
    store = state.stores[stream.name]
    if not is_at_one_address(stream):
        yield from store
        return
    if stream.paging is Paging.OBJECT:
        for brand_id in _with_help_center(state) or [None]:
            yield from ({**row, "brand_id": brand_id} for row in store)
        return
    keys = store.keys()
    for key in keys:
        brand_id = brand_of(state, stream, key)
        yield store[key] if brand_id is None else {**store[key], "brand_id": brand_id}


def _with_help_center(state: State) -> list[Any]:
    brands = state.stores["brands"]
    return [row["id"] for row in brands if row["has_help_center"] and not row["is_deleted"]]
