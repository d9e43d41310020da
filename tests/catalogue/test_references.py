"""What the columns point at, and the page that draws it."""

from __future__ import annotations

import re
from pathlib import Path

from docs.write_erd import diagrams
from zendesk_source.catalogue import STREAMS, SideTable, Stream
from zendesk_source.catalogue.references import (
    POINTS_AT_NOTHING,
    POINTS_ELSEWHERE,
    references_of,
    target_of,
)

DOCS = Path(__file__).parents[2] / "docs"
TABLES: dict[str, Stream | SideTable] = {
    table.name: table for stream in STREAMS for table in stream.tables
}


def test_columns_that_look_like_references_say_what_they_point_at() -> None:
    unexplained = [
        (table.name, column)
        for table in TABLES.values()
        for column in table.columns
        if column.endswith(("_id", "_by"))
        and column not in table.primary_key
        and column not in POINTS_AT_NOTHING
        and (table.name, column) not in POINTS_ELSEWHERE
        and not target_of(table.name, column)
    ]
    assert unexplained == [], "say in catalogue/references.py what they point at"


def test_references_point_at_the_key_of_a_table() -> None:
    wrong = []
    for table in TABLES.values():
        for reference in references_of(table):
            target = TABLES[reference.target]
            (key,) = target.primary_key
            kinds = {table.columns[reference.column], target.columns[key]}
            # Chat, custom objects and surveys write ids of users as text.
            if len(kinds) > 1 and kinds != {"text", "bigint"}:
                wrong.append((table.name, reference))
    assert wrong == []


def test_nothing_that_points_at_something_is_said_to_point_at_nothing():
    for table in TABLES.values():
        pointing = {each.column for each in references_of(table)}
        assert not pointing & POINTS_AT_NOTHING, table.name


def test_the_page_of_references_is_current():
    written = (DOCS / "erd.md").read_text(encoding="utf-8")
    assert written == "\n".join(diagrams()), "run: make docs"


def test_every_table_of_the_core_that_points_at_another_is_drawn():
    core = "\n".join(diagrams()).split("## ")[1]
    for stream in STREAMS:
        for table in stream.tables if stream.is_core else ():
            if any(True for _ in references_of(table)):
                assert re.search(rf"^    {table.name} \{{$", core, re.MULTILINE), table.name
    assert '    users |o--o{ tickets : "requester_id, submitter_id, assignee_id"' in core
    assert '    tickets |o--o{ ticket_tags : "ticket_id"' in core
