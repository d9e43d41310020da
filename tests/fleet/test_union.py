"""The tables of many accounts, put together from their DuckDB files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from zendesk_source.command_line import main
from zendesk_source.fleet import union as union_of_files

Rows = list[dict[str, Any]]

TABLES = {
    "acme": [
        "CREATE TABLE tickets (id BIGINT, subject VARCHAR, cf_size BIGINT, via JSON)",
        "INSERT INTO tickets VALUES (1, 'first', 7, '{\"channel\": \"web\"}')",
        "INSERT INTO tickets VALUES (2, 'second', 8, NULL)",
        "CREATE TABLE macros (id BIGINT)",
        "INSERT INTO macros VALUES (1)",
        "CREATE TABLE _dlt_loads (id BIGINT)",
        "CREATE VIEW tickets_labeled AS SELECT * FROM tickets",
    ],
    "acme-emea": [
        "CREATE TABLE tickets (cf_size VARCHAR, id BIGINT, cf_color VARCHAR)",
        "INSERT INTO tickets VALUES ('large', 1, 'red')",
        "CREATE TABLE users (id BIGINT, account VARCHAR)",
        "INSERT INTO users VALUES (5, 'acme-emea')",
    ],
}
EXPECTED = [
    {"account": "acme", "id": 1, "subject": "first", "cf_size": "7", "cf_color": None},
    {"account": "acme", "id": 2, "subject": "second", "cf_size": "8", "cf_color": None},
    {"account": "acme-emea", "id": 1, "subject": None, "cf_size": "large", "cf_color": "red"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two accounts with tables, and one that was never loaded."""
    for account, statements in TABLES.items():
        with duckdb.connect(str(tmp_path / f"{account}.duckdb")) as database:
            schema = f"zendesk_{account}".replace("-", "_")
            database.execute(f"CREATE SCHEMA {schema}; USE {schema}")
            for statement in statements:
                database.execute(statement)
    file = tmp_path / "accounts.toml"
    lines = [f'database = "{tmp_path}/{{account}}.duckdb"', 'oauth_token = "env:TOKEN"']
    file.write_text("\n".join([*lines, *(f"[accounts.{name}]" for name in (*TABLES, "new"))]))
    return file


def union(file: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    code = main(["union", "--accounts", str(file), "--out", str(out), "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == document["exit_code"]
    return document


def rows_of(database: duckdb.DuckDBPyConnection, table: str) -> Rows:
    found = database.execute(f"SELECT * FROM {table} ORDER BY account, id")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("suffix", [".sql", ".duckdb"])
def test_tables_are_put_together_by_name_whatever_columns_each_account_has(
    file, suffix, tmp_path, capsys
):
    out = tmp_path / f"all{suffix}"
    document = union(file, out, capsys)
    assert document["tables"] == {
        "macros": ["acme"],
        "tickets": ["acme", "acme-emea"],
        "users": ["acme-emea"],
    }
    assert list(document["left_out"]) == ["new"]
    assert "Load the account first" in document["left_out"]["new"]
    assert document["exit_code"] == 5
    with duckdb.connect(str(out) if suffix == ".duckdb" else ":memory:") as database:
        if suffix == ".sql":
            database.execute(out.read_text())
        tickets = rows_of(database, "tickets")
        assert [row.pop("via") for row in tickets] == ['{"channel": "web"}', None, None]
        assert tickets == EXPECTED
        assert rows_of(database, "users") == [{"id": 5, "account": "acme-emea"}]
        assert len(rows_of(database, "macros")) == 1


def test_copies_take_the_place_of_the_ones_before_and_readers_keep_theirs(file, tmp_path, capsys):
    out = tmp_path / "all.duckdb"
    union(file, out, capsys)
    out.chmod(0o640)
    with duckdb.connect(str(out), read_only=True) as reading:
        with duckdb.connect(str(tmp_path / "acme.duckdb")) as database:
            database.execute("DELETE FROM zendesk_acme.tickets WHERE id = 2")
        union(file, out, capsys)
        assert len(rows_of(reading, "tickets")) == 3
    assert out.stat().st_mode & 0o777 == 0o640
    with duckdb.connect(str(out), read_only=True) as database:
        assert len(rows_of(database, "tickets")) == 2
    assert [path.name for path in tmp_path.iterdir() if ".new" in path.name] == []


def test_a_file_that_another_process_writes_is_left_out_and_named(
    file, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("zendesk_source.fleet.union.USUAL_WAIT_SECONDS", 0.0)
    script = (
        f"import duckdb; c = duckdb.connect({str(tmp_path / 'acme.duckdb')!r}); print(); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        document = union(file, tmp_path / "all.sql", capsys)
        writer.communicate(b"\n")
    assert sorted(document["left_out"]) == ["acme", "new"]
    assert "is open in another process that writes it" in document["left_out"]["acme"]
    assert document["tables"]["tickets"] == ["acme-emea"]


def test_a_folder_that_is_not_there_is_said_so(file, tmp_path, capsys):
    assert main(["union", "--accounts", str(file), "--out", str(tmp_path / "no" / "all.sql")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_accounts_elsewhere_than_in_duckdb_are_refused(tmp_path, capsys):
    file = tmp_path / "accounts.toml"
    file.write_text('destination = "postgres"\noauth_token = "env:TOKEN"\n[accounts.acme]')
    assert main(["union", "--accounts", str(file)]) == 2
    assert "Only DuckDB files can be put together" in capsys.readouterr().err


def test_an_account_whose_tables_change_meanwhile_is_left_out_as_a_whole(
    file, tmp_path, capsys, monkeypatch
):
    put_together = union_of_files._joint

    def after_a_drop(found: Any) -> Any:
        monkeypatch.undo()
        with duckdb.connect(str(tmp_path / "acme-emea.duckdb")) as database:
            database.execute("DROP TABLE zendesk_acme_emea.users")
        return put_together(found)

    monkeypatch.setattr(union_of_files, "_joint", after_a_drop)
    out = tmp_path / "all.duckdb"
    document = union(file, out, capsys)
    assert "changed while they were copied" in document["left_out"]["acme-emea"]
    with duckdb.connect(str(out)) as database:
        assert {row["account"] for row in rows_of(database, "tickets")} == {"acme"}
