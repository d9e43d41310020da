"""When what was loaded is written to a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.simulated import duckdb_pipeline
from zendesk_source.api.clock import SystemClock
from zendesk_source.destination.duckdb_lock import OpenFile
from zendesk_source.destination.duckdb_row_groups import ROW_GROUP_ROWS, UnwrittenRows


@pytest.fixture
def file() -> Iterator[OpenFile]:
    """Yield a file with a wide table and a narrow one."""
    client = duckdb_pipeline().sql_client()
    file = OpenFile(client, Path("zendesk.duckdb"), SystemClock(), wait_seconds=1)
    file.open()
    client.execute_sql("CREATE TABLE wide AS SELECT 0 AS a, 0 AS b, 0 AS c, 0 AS d, 0 AS e LIMIT 0")
    client.execute_sql("CREATE TABLE narrow AS SELECT 0 AS a LIMIT 0")
    yield file
    file.close()


def packages_a_checkpoint(file: OpenFile, wide: int, narrow: int) -> list[int]:
    """Load 24 packages and return after how many of them the file was written each time."""
    unwritten, counts, count = UnwrittenRows(file), [], 0
    for _ in range(24):
        file.client.execute_sql(f"INSERT INTO wide SELECT 1, 2, 3, 4, 5 FROM range({wide})")
        file.client.execute_sql(f"INSERT INTO narrow SELECT 1 FROM range({narrow})")
        count += 1
        if unwritten.fill_a_row_group():
            file.client.execute_sql("CHECKPOINT")
            unwritten.were_written()
            counts.append(count)
            count = 0
    return counts


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (32_000, 100_000, [3] * 8),
        (30_000, 0, [4] * 6),
        (10_000, 9_000, [12, 12]),
        (100_000, 0, [1] * 24),
        (0, 61_000, [2] * 12),
        (0, 0, []),
    ],
)
def test_as_many_packages_as_fit_into_a_row_group_of_the_largest_table_are_written_at_once(
    file, wide, narrow, expected
):
    assert packages_a_checkpoint(file, wide, narrow) == expected
    assert all(count * max(wide, 1) <= ROW_GROUP_ROWS for count in expected)


def test_rows_that_replace_others_count_as_well(file):
    unwritten = UnwrittenRows(file)
    for _ in range(3):
        file.client.execute_sql("DELETE FROM wide")
        file.client.execute_sql("INSERT INTO wide SELECT 1, 2, 3, 4, 5 FROM range(32000)")
        is_full = unwritten.fill_a_row_group()
    assert is_full


def test_a_table_that_was_dropped_is_no_trouble(file):
    unwritten = UnwrittenRows(file)
    file.client.execute_sql("DROP TABLE wide")
    assert not unwritten.fill_a_row_group()
