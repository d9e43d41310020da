"""The tap through the targets that people run, each installed by `make targets` beside us."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest

from tests.support.edits import eventful_day
from tests.support.simulated import served
from tests.support.singer import ROOT, Target, run_tap, tap_command
from tests.support.tables import moment
from zendesk_source.names import SYNCED_AT
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.catalog import default_selection

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CORE = [table for table in default_selection().tables if not table.startswith("_zendesk")]
Row = dict[str, Any]
Rows = list[Row]


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=300, users=40, organizations=6)


def installed(package: str, command: str) -> str:
    """Return the path of a target's command; skip the test where it is not installed."""
    path = ROOT / ".targets" / package / "bin" / command
    if not path.exists():
        pytest.skip(f"{package} is not installed: make targets")
    return str(path)


def load(target: str, config: Row, lines: Iterable[bytes], folder: Path) -> Row:
    """Let a target load lines; the last state that it gives back."""
    file = folder / "target.json"
    file.write_text(json.dumps(config))
    done = subprocess.run(
        [target, "--config", str(file)],
        input=b"".join(lines),
        capture_output=True,
        timeout=600,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3_000:]
    state: Row = json.loads(done.stdout.splitlines()[-1])
    return state


def says(expected: Any, stored: Any) -> bool:
    """Tell whether a target's value says what was written, whatever type it has there."""
    if isinstance(expected, bool) or stored is None:
        return expected is stored
    if isinstance(expected, (dict, list)):
        return bool(expected == (json.loads(stored) if isinstance(stored, str) else stored))
    if isinstance(expected, datetime):
        found = moment(stored) if isinstance(stored, str) else stored
        return expected == (found if found.tzinfo else found.replace(tzinfo=timezone.utc))
    if isinstance(expected, date):
        return expected.isoformat() == str(stored)[:10]
    if isinstance(expected, (int, Decimal)):
        return Decimal(expected) == Decimal(str(stored))
    # pipelinewise-target-postgres keeps a line break as the two letters that JSON has for it.
    return expected in (stored, stored.replace("\\n", "\n"))


def assert_loaded(
    written: Target, read: Callable[[str], Rows], *, may_keep: bool, by_csv: bool = False
) -> None:
    """Check that a target's tables hold what the tap has written.

    Args:
        written: What the lines say, which other tests compare with the account.
        read: Returns a table's rows.
        may_keep: Whether rows that vanished from a list stay, because the target cannot drop them.
        by_csv: Whether the target loads CSV, in which an empty text and nothing are the same.
    """
    nothing = (None, "") if by_csv else (None,)
    for table in CORE:
        key, rows = written.keys[table], written.rows[table]
        stored = {tuple(str(row[name]) for name in key): row for row in read(table)}
        keys = {tuple(map(str, each)) for each in rows}
        assert keys <= stored.keys(), f"{table}: {len(keys - stored.keys())} rows are missing"
        assert may_keep or keys == stored.keys(), f"{table}: {stored.keys() - keys} stayed"
        for each, row in rows.items():
            found = stored[tuple(map(str, each))]
            sent = {name: value for name, value in row.items() if name != SYNCED_AT}
            sent = {name: value for name, value in sent.items() if value not in nothing}
            odd = [name for name, value in sent.items() if not says(value, found.get(name))]
            assert not odd, f"{table}: {[(n, row[n], found.get(n)) for n in odd][:3]}"


def load_twice(
    zendesk: Simulator, account: Account, folder: Path, target: str, config: Row
) -> Target:
    """Load the account, edit it, and load it again from the state that the target gave back."""
    first = run_tap(folder, zendesk)
    assert first.exit_code == 0, first.told
    state = load(target, config, first.lines, folder)
    assert state == first.target.state
    eventful_day(account)
    second = run_tap(folder, zendesk, state=state)
    assert second.exit_code == 0, second.told
    load(target, config, second.lines, folder)
    written = first.target.take(second.lines)
    written.assert_equals(account, CORE)
    return written


def test_singer_check_tap_accepts_the_lines(zendesk: Simulator, tmp_path: Path) -> None:
    check = installed("singer-tools", "singer-check-tap")
    ended = run_tap(tmp_path, zendesk)
    done = subprocess.run(
        [check], input=b"".join(ended.lines), capture_output=True, timeout=300, check=False
    )
    told = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, told[-3_000:]
    assert "The output is valid" in told


def test_target_jsonl_which_validates_each_record_writes_every_row(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    target = installed("target-jsonl", "target-jsonl")
    folder = tmp_path / "files"
    folder.mkdir()
    config = {"destination_path": str(folder), "do_timestamp_file": False}
    written = load_twice(zendesk, account, tmp_path, target, config)

    def read(table: str) -> Rows:  # it appends: the last state of a row counts
        file = folder / f"{table}.jsonl"
        return list(map(json.loads, file.read_text().splitlines())) if file.exists() else []

    assert_loaded(written, read, may_keep=True)


def rows_of_cursor(cursor: Any) -> Rows:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def duckdb_rows(file: Path) -> Callable[[str], Rows]:
    def read(table: str) -> Rows:
        with duckdb.connect(str(file), read_only=True) as database:
            database.execute("SET TimeZone = 'UTC'")
            return rows_of_cursor(database.execute(f'SELECT * FROM main."{table}"'))

    return read


def test_target_duckdb_holds_every_row(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    target = installed("target-duckdb", "target-duckdb")
    file = tmp_path / "loaded.duckdb"
    config = {"path": str(file), "default_target_schema": "main"}
    written = load_twice(zendesk, account, tmp_path, target, config)
    assert_loaded(written, duckdb_rows(file), may_keep=True, by_csv=True)


def postgres_rows(url: str, schema: str) -> Callable[[str], Rows]:
    def read(table: str) -> Rows:
        with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute(f'SELECT * FROM {schema}."{table}"')
            return rows_of_cursor(cursor)

    return read


def test_meltanos_target_postgres_holds_every_row_and_drops_what_vanished(
    account: Account, zendesk: Simulator, tmp_path: Path, postgres_url: str
) -> None:
    target = installed("meltanolabs-target-postgres", "target-postgres")
    url = postgres_url.replace("postgresql://", "postgresql+psycopg2://")
    config = {"sqlalchemy_url": url, "default_target_schema": "public", "hard_delete": True}
    written = load_twice(zendesk, account, tmp_path, target, config)
    assert_loaded(written, postgres_rows(postgres_url, "public"), may_keep=False)


def test_pipelinewises_target_postgres_holds_every_row(
    account: Account, zendesk: Simulator, tmp_path: Path, postgres_url: str
) -> None:
    target = installed("pipelinewise-target-postgres", "target-postgres")
    login, _, place = postgres_url.removeprefix("postgresql://").partition("@")
    user, password = login.split(":")
    address, _, database = place.partition("/")
    host, port = address.split(":")
    config = {"host": host, "port": int(port), "user": user, "password": password}
    config |= {"dbname": database, "default_target_schema": "public"}
    written = load_twice(zendesk, account, tmp_path, target, config)
    assert_loaded(written, postgres_rows(postgres_url, "public"), may_keep=True, by_csv=True)


def test_a_kill_of_tap_and_target_loses_nothing(tmp_path: Path) -> None:
    target = installed("target-duckdb", "target-duckdb")
    account = Account.generate(seed=6, tickets=300, users=60, organizations=8)
    file = tmp_path / "loaded.duckdb"
    settings = tmp_path / "target.json"
    config = {"path": str(file), "default_target_schema": "main", "batch_size_rows": 200}
    settings.write_text(json.dumps(config))
    with served(account) as zendesk:
        tap_tells = subprocess.Popen(
            tap_command(tmp_path, zendesk, is_small=True),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        target_tells = subprocess.Popen(
            [target, "--config", str(settings)],
            stdin=tap_tells.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with tap_tells, target_tells:
            assert target_tells.stdout is not None
            for _ in range(3):
                state = json.loads(target_tells.stdout.readline())
            tap_tells.kill()
            target_tells.kill()
        eventful_day(account)
        ended = run_tap(tmp_path, zendesk, state=state, is_small=True)
        assert ended.exit_code == 0, ended.told
        load(target, config, ended.lines, tmp_path)
        whole = run_tap(tmp_path, zendesk).target
        whole.assert_equals(account, CORE)
    # A first load of everything shows what must be there; metrics of deleted tickets may be, too.
    assert_loaded(whole, duckdb_rows(file), may_keep=True, by_csv=True)
