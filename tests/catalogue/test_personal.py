"""Every table says which of its columns are personal, and says it of columns that it has."""

from __future__ import annotations

from zendesk_source.catalogue import CUSTOM_FIELD_ROWS, STREAMS, SideTable, Stream
from zendesk_source.catalogue.personal import PERSONAL

TABLES: dict[str, Stream | SideTable] = {
    **{table.name: table for stream in STREAMS for table in stream.tables},
    **{side.name: side for side in CUSTOM_FIELD_ROWS.values()},
}


def test_every_table_says_what_is_personal_in_it() -> None:
    unsaid = TABLES.keys() - PERSONAL.keys()
    assert not unsaid, "say in catalogue/personal.py which of their columns are personal"
    assert not PERSONAL.keys() - TABLES.keys()


def test_personal_paths_begin_with_columns_that_hold_texts() -> None:
    wrong = []
    for name, personal in PERSONAL.items():
        for path in personal:
            column, _, inside = path.partition(".")
            types = ("json",) if inside else ("json", "text")
            if TABLES[name].columns.get(column) not in types:
                wrong.append((name, path))
    assert wrong == []


def test_a_harmless_part_lies_within_a_personal_one() -> None:
    """What is in no personal part needs no word, and would say nothing."""
    wrong = []
    for name, personal in PERSONAL.items():
        for path, kind in personal.items():
            parts = path.split(".")
            outer = [".".join(parts[:count]) for count in range(1, len(parts))]
            if kind is None and not any(personal.get(each) for each in outer):
                wrong.append((name, path))
    assert wrong == []
