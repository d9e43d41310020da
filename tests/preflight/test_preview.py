"""A preview shows what a load would bring, of every stream there is."""

from __future__ import annotations

from typing import Any

from tests.command_line.conftest import account, zendesk
from zendesk_source.catalogue import STREAMS, Paging, Stream
from zendesk_source.preflight.preview import preview
from zendesk_source.simulator import Simulator

__all__ = ["account", "zendesk"]

FIRST_PARENT_MAY_HAVE_NONE = {stream.name for stream in STREAMS if stream.parent is not None}


def keys_of(stream: Stream, rows: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    columns = [name for name in stream.primary_key if stream.columns[name] == "bigint"]
    return {tuple(str(row.get(name)) for name in columns) for row in rows}


def test_a_preview_shows_rows_of_every_stream_with_the_keys_that_a_load_gives_them(
    zendesk: Simulator,
) -> None:
    empty: set[str] = set()
    other: dict[str, set[tuple[str, ...]]] = {}
    for stream in STREAMS:
        shown = preview(stream.name, rows=3).get(stream.name, [])
        if not shown:
            empty.add(stream.name)
        elif stream.each_of is None and stream.paging is not Paging.OBJECT:
            made_up = keys_of(stream, shown) - keys_of(stream, zendesk.account.truth(stream.name))
            other |= {stream.name: made_up} if made_up else {}
    assert other == {}
    assert empty <= FIRST_PARENT_MAY_HAVE_NONE
    assert len(empty) < len(FIRST_PARENT_MAY_HAVE_NONE) / 2


def test_a_preview_of_records_has_a_column_for_each_field_of_their_object(
    zendesk: Simulator,
) -> None:
    (record, *_) = preview("custom_object_records")["custom_object_records"]
    assert [name for name in record if name.startswith("cf_")]
