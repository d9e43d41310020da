"""What benchmarks compare us with loads the same tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from benchmarks.__main__ import load_apart
from benchmarks.measure import DATASET

ROWS = 2000
ONLY_OURS = {"is_deleted", "is_scrubbed"}
"""Columns that are no key of Zendesk's, beside those that begin with an underscore."""


@pytest.mark.long
@pytest.mark.parametrize(
    ("stream", "ours", "by_hand"),
    [
        ("tickets", ("sync", "sync-changed"), ("hand", "hand-changed")),
        ("tickets", ("sync",), ("hand-tls",)),
        ("tickets", ("sync-tls",), ("hand",)),
        ("users", ("sync",), ("hand", "hand-tls")),
        ("ticket_events", ("sync",), ("hand", "hand-tls")),
    ],
)
def test_tables_by_hand_equal_ours(
    stream: str, ours: tuple[str, ...], by_hand: tuple[str, ...], tmp_path: Path
) -> None:
    for name, loads in (("ours", ours), ("hand", by_hand)):
        (tmp_path / name).mkdir()
        for load in loads:
            load_apart(load, stream, ROWS, tmp_path / "pages", str(tmp_path / name))
    with duckdb.connect() as connection:
        for name in ("ours", "hand"):
            database = tmp_path / name / "benchmark.duckdb"
            connection.execute(f"ATTACH '{database}' AS {name} (READ_ONLY)")
        columns = dict(_columns(connection, "ours"))
        further = dict(_columns(connection, "hand"))
        assert stream in columns
        for table, names in columns.items():
            assert further.pop(table) == names, table
            values = ", ".join(f'"{name}"' for name in names)
            one, other = (
                f"SELECT {values} FROM {each}.{DATASET}.{table}" for each in ("ours", "hand")
            )
            for left, right in ((one, other), (other, one)):
                left_over = connection.execute(f"{left} EXCEPT ALL {right} LIMIT 3").fetchall()
                assert not left_over, (table, left_over)
        for table in further:  # ours come with the first row
            assert not connection.execute(f"FROM hand.{DATASET}.{table} LIMIT 3").fetchall(), table


def _columns(
    connection: duckdb.DuckDBPyConnection, database: str
) -> Iterator[tuple[str, list[str]]]:
    found = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_name) FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? AND NOT starts_with(table_name, '_')"
        " AND NOT starts_with(column_name, '_') GROUP BY table_name",
        [database, DATASET],
    ).fetchall()
    for table, names in found:
        yield table, [name for name in names if name not in ONLY_OURS]
