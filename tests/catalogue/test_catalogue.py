"""What must hold for every stream that is declared, now and later."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

import zendesk_source.catalogue
from docs.write_streams import reference
from tests.facts.derive import FACTS
from zendesk_source.catalogue import STREAMS, TAKEN_AT, Paging, SideTable, Stream
from zendesk_source.catalogue.not_loaded import NOT_LOADED
from zendesk_source.catalogue.stream import columns

DOCS = "https://developer.zendesk.com/"
SNAKE_CASE = NamingConvention()
SIDE_TABLES = [table for stream in STREAMS for table in stream.side_tables]
TABLES: list[Stream | SideTable] = [*STREAMS, *SIDE_TABLES]
DATA_TYPES = {"bigint", "text", "bool", "timestamp", "date", "double", "decimal", "json"}


def test_no_two_tables_share_a_name() -> None:
    names = Counter(table.name for table in TABLES)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_declared_stream_is_in_the_list() -> None:
    modules = pkgutil.walk_packages(zendesk_source.catalogue.__path__, "zendesk_source.catalogue.")
    declared = {
        value.name
        for module in modules
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Stream)
    }
    assert declared == {stream.name for stream in STREAMS}


def test_key_columns_are_declared() -> None:
    assert [t.name for t in TABLES if not t.primary_key] == []
    assert [t.name for t in TABLES if not set(t.primary_key) <= set(t.columns)] == []


def test_names_stay_as_they_are_in_the_destination() -> None:
    names = {name for table in TABLES for name in (table.name, *table.columns)}
    assert sorted(name for name in names if SNAKE_CASE.normalize_identifier(name) != name) == []
    # dlt's own mark, for nested tables and variant columns
    assert sorted(name for name in names if "__" in name) == []


def test_columns_have_types_that_dlt_knows() -> None:
    assert [t.name for t in TABLES if not set(t.columns.values()) <= DATA_TYPES] == []
    assert [t.name for t in TABLES if not isinstance(t.columns, MappingProxyType)] == []


def test_docs_link_to_zendesk() -> None:
    assert [t.name for t in TABLES if not t.docs.startswith(DOCS)] == []


def test_path_is_absolute_and_without_a_query() -> None:
    assert [s.name for s in STREAMS if not s.path.startswith("/api/") or "?" in s.path] == []


def test_cursor_and_write_disposition_agree() -> None:
    assert [s.name for s in STREAMS if not _writes_what_its_cursor_allows(s)] == []


def _writes_what_its_cursor_allows(stream: Stream) -> bool:
    if stream.write == "append":  # a snapshot: nothing is ever shown twice
        return stream.cursor_field is None and TAKEN_AT in stream.primary_key
    if stream.parent is not None:
        # The rows of changed parents are replaced; those of all parents, where all are asked.
        fits = stream.write == "merge" or not stream.parent.tells_of_changes
        return stream.cursor_field is None and fits
    if stream.cursor_field is None:
        return stream.write == "replace"  # read whole: what is gone at Zendesk goes here too
    # Pages overlap: append would double rows.
    return stream.write == "merge" and stream.columns[stream.cursor_field] in (
        "bigint",
        "timestamp",
    )


def test_versions_are_kept_of_what_is_read_whole() -> None:
    assert [s.name for s in STREAMS if s.keeps_history and s.write != "replace"] == []


def test_exports_have_a_cursor_and_rate_limits_of_their_own() -> None:
    exports = [s for s in STREAMS if s.paging in (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT)]
    assert exports
    assert [s.name for s in exports if s.cursor_field is None or not s.bucket] == []


def test_page_size_fits_the_paging() -> None:
    sized = [s for s in STREAMS if s.paging is not Paging.TIME_EXPORT]  # theirs may be unknown
    whole = (Paging.SINGLE, Paging.OBJECT)
    assert [s.name for s in sized if (s.page_size == 0) != (s.paging in whole)] == []


def test_lookback_only_where_there_is_a_position() -> None:
    assert [s.name for s in STREAMS if s.lookback_seconds < 0] == []
    assert [s.name for s in STREAMS if s.lookback_seconds and not s.is_incremental] == []


def test_parent_has_what_is_asked_of_it() -> None:
    children = [stream for stream in STREAMS if stream.parent]
    wrong = {stream.name: list(_not_had_by_its_parent(stream)) for stream in children}
    assert children
    assert {name: found for name, found in wrong.items() if found} == {}


def _not_had_by_its_parent(stream: Stream) -> Iterator[str]:
    parent = stream.parent
    assert parent is not None
    told = {*parent.signs, *parent.count.split()}
    in_path = set(re.findall(r"\{(\w+)\}", stream.path))
    yield from (in_path | told) - {*parent.stream.columns, *parent.stream.primary_key}
    # Of a list no more is remembered.
    kinds = ("bigint", "timestamp", "bool")
    yield from (name for name in told if parent.stream.columns.get(name) not in kinds)
    (key,) = parent.stream.primary_key
    kind = stream.columns[parent.column]
    if kind != parent.stream.columns[key] or kind not in ("bigint", "text"):
        yield f"{parent.column} is {kind}"
    if parent.stream.is_incremental and parent.signs:
        yield "signs of an export"
    if parent.stream.parent is not None and parent.stream.parent.stream.parent is not None:
        yield "parents of parents of parents"


def test_side_table_knows_its_parent() -> None:
    assert [t.name for t in SIDE_TABLES if t.parent_column not in t.columns] == []
    sets = [t for t in SIDE_TABLES if t.is_whole_set]
    assert [t.name for t in sets if t.columns[t.parent_column] not in ("bigint", "text")] == []


def test_a_column_cannot_be_declared_twice() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        columns(bigint="id", text="subject id")


def test_the_reference_of_streams_is_current() -> None:
    docs = Path(__file__).parents[2] / "docs"
    figures = json.loads((docs / "requests.json").read_text(encoding="utf-8"))
    written = (docs / "streams.md").read_text(encoding="utf-8")
    assert written == "\n".join(reference(figures)) + "\n", "run: make docs"


def test_what_is_not_loaded_is_named_once_and_is_not_loaded() -> None:
    names = [name for entry in NOT_LOADED for name in entry.streams.split()]
    side_tables = {table.name for table in SIDE_TABLES}
    assert len(names) == len(set(names))
    assert not set(names) & {stream.name for stream in STREAMS}
    assert {table.name for table in TABLES} & set(names) <= side_tables


def test_every_endpoint_of_zendesk_is_loaded_or_has_a_reason_not_to_be() -> None:
    names = set(json.loads(FACTS.read_bytes())["endpoints"])
    explained = {name for entry in NOT_LOADED for name in entry.streams.split()}
    of_a_kind = {"hc_section_translations", "hc_category_translations"}  # one entry there
    assert names == ({stream.name for stream in STREAMS} - of_a_kind) | explained


def test_it_is_said_of_each_stream_of_the_help_center_whether_each_brand_has_its_own() -> None:
    of_the_account = {"hc_user_segments", "hc_permission_groups", "hc_content_tags"}
    guide = {stream.name for stream in STREAMS if stream.product == "help_center"}
    of_brand = {stream.name for stream in STREAMS if stream.is_of_brand}
    assert of_brand == guide - of_the_account
    assert [s.name for s in STREAMS if s.is_of_brand and "brand_id" not in s.columns] == []
    children = [(s, s.parent.stream) for s in STREAMS if s.parent is not None]
    assert [s.name for s, parent in children if s.is_of_brand != parent.is_of_brand] == []
