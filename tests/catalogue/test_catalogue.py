"""What must hold for every stream that is declared, now and later."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import Counter
from pathlib import Path
from types import MappingProxyType

import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

import zendesk_source.catalogue
from docs.write_streams import reference
from zendesk_source.catalogue import STREAMS, TAKEN_AT, Paging, SideTable, Stream
from zendesk_source.catalogue.not_loaded import NOT_LOADED
from zendesk_source.catalogue.stream import columns

DOCS = "https://developer.zendesk.com/"
SNAKE_CASE = NamingConvention()
SIDE_TABLES = [table for stream in STREAMS for table in stream.side_tables]
TABLES: list[Stream | SideTable] = [*STREAMS, *SIDE_TABLES]
DATA_TYPES = {"bigint", "text", "bool", "timestamp", "date", "double", "decimal", "json"}

each_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
each_side_table = pytest.mark.parametrize("table", SIDE_TABLES, ids=lambda table: table.name)
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


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


@each_table
def test_key_columns_are_declared(table: Stream | SideTable) -> None:
    assert table.primary_key
    assert set(table.primary_key) <= set(table.columns)


@each_table
def test_names_stay_as_they_are_in_the_destination(table: Stream | SideTable) -> None:
    for name in [table.name, *table.columns]:
        assert SNAKE_CASE.normalize_identifier(name) == name
        assert "__" not in name  # dlt's own mark, for nested tables and variant columns


@each_table
def test_columns_have_types_that_dlt_knows(table: Stream | SideTable) -> None:
    assert set(table.columns.values()) <= DATA_TYPES
    assert isinstance(table.columns, MappingProxyType)


@each_table
def test_docs_link_to_zendesk(table: Stream | SideTable) -> None:
    assert table.docs.startswith(DOCS)


@each_stream
def test_path_is_absolute_and_without_a_query(stream: Stream) -> None:
    assert stream.path.startswith("/api/")
    assert "?" not in stream.path


@each_stream
def test_cursor_and_write_disposition_agree(stream: Stream) -> None:
    if stream.write == "append":  # a snapshot: nothing is ever shown twice
        assert stream.cursor_field is None
        assert TAKEN_AT in stream.primary_key
    elif stream.parent is not None:
        assert stream.cursor_field is None
        # The rows of changed parents are replaced; those of all parents, where all are asked.
        assert stream.write == "merge" or not stream.parent.tells_of_changes
    elif stream.cursor_field is None:
        assert stream.write == "replace"  # read whole: what is gone at Zendesk goes here too
    else:
        assert stream.write == "merge"  # pages overlap: append would double rows
        assert stream.columns[stream.cursor_field] in ("bigint", "timestamp")


@each_stream
def test_versions_are_kept_of_what_is_read_whole(stream: Stream) -> None:
    assert stream.write == "replace" or not stream.keeps_history


@each_stream
def test_exports_have_a_cursor(stream: Stream) -> None:
    if stream.paging in (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT):
        assert stream.cursor_field is not None
        assert stream.bucket  # exports have rate limits of their own


@each_stream
def test_page_size_fits_the_paging(stream: Stream) -> None:
    may_be_unknown = stream.paging is Paging.TIME_EXPORT
    is_whole = stream.paging in (Paging.SINGLE, Paging.OBJECT)
    assert (stream.page_size == 0) == is_whole or may_be_unknown


@each_stream
def test_lookback_only_where_there_is_a_position(stream: Stream) -> None:
    assert stream.lookback_seconds >= 0
    assert not stream.lookback_seconds or stream.is_incremental


@pytest.mark.parametrize(
    "stream", [stream for stream in STREAMS if stream.parent], ids=lambda stream: stream.name
)
def test_parent_has_what_is_asked_of_it(stream: Stream) -> None:
    parent = stream.parent
    assert parent is not None
    given = {*parent.stream.columns, *parent.stream.primary_key}
    assert set(re.findall(r"\{(\w+)\}", stream.path)) <= given
    assert {*parent.signs, *parent.count.split()} <= given
    kinds = {parent.stream.columns[name] for name in (*parent.signs, *parent.count.split())}
    assert kinds <= {"bigint", "timestamp", "bool"}  # of a list no more is remembered
    (key,) = parent.stream.primary_key
    assert stream.columns[parent.column] == parent.stream.columns[key]
    assert stream.columns[parent.column] in ("bigint", "text")
    assert not (parent.stream.is_incremental and parent.signs)
    assert parent.stream.parent is None or parent.stream.parent.stream.parent is None


@each_side_table
def test_side_table_knows_its_parent(table: SideTable) -> None:
    assert table.parent_column in table.columns
    if table.is_whole_set:
        assert table.columns[table.parent_column] in ("bigint", "text")


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
    facts = Path(__file__).parents[3] / "shared" / "zendesk-api" / "endpoints.yaml"
    if not facts.exists():
        pytest.skip(f"there is no {facts}")
    names = set(re.findall(r"^- stream: (\w+)$", facts.read_text(encoding="utf-8"), re.MULTILINE))
    explained = {name for entry in NOT_LOADED for name in entry.streams.split()}
    of_a_kind = {"hc_section_translations", "hc_category_translations"}  # one entry there
    assert names == ({stream.name for stream in STREAMS} - of_a_kind) | explained


@each_stream
def test_it_is_said_of_each_stream_of_the_help_center_whether_each_brand_has_its_own(
    stream: Stream,
) -> None:
    of_the_account = {"hc_user_segments", "hc_permission_groups", "hc_content_tags"}
    is_of_brand = stream.product == "help_center" and stream.name not in of_the_account
    assert stream.is_of_brand == is_of_brand
    assert "brand_id" in stream.columns or not is_of_brand
    if stream.parent is not None:
        assert stream.parent.stream.is_of_brand == is_of_brand
