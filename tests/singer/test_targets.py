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
from tests.support.singer import ROOT, Target, lines_until, run_tap, selected, tap_command
from tests.support.tables import moment
from zendesk_source.names import SYNCED_AT
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.catalog import default_selection
from zendesk_source.singer.tables import STREAM_OF

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
            Metrics of tickets that were deleted stay in any case.
        by_csv: Whether the target loads CSV, in which an empty text and nothing are the same.
    """
    nothing = (None, "") if by_csv else (None,)
    for table in CORE:
        key, rows = written.keys[table], written.rows[table]
        stored = {tuple(str(row[name]) for name in key): row for row in read(table)}
        keys = {tuple(map(str, each)) for each in rows}
        assert keys <= stored.keys(), f"{table}: {len(keys - stored.keys())} rows are missing"
        may_stay = may_keep or table == "ticket_metrics"
        assert may_stay or keys == stored.keys(), f"{table}: {stored.keys() - keys} stayed"
        for each, row in rows.items():
            found = stored[tuple(map(str, each))]
            sent = {name: value for name, value in row.items() if name != SYNCED_AT}
            sent = {name: value for name, value in sent.items() if value not in nothing}
            odd = [name for name, value in sent.items() if not says(value, found.get(name))]
            assert not odd, f"{table}: {[(n, row[n], found.get(n)) for n in odd][:3]}"


def killed(
    zendesk: Simulator, folder: Path, target: str, config: Row, *, tells_early: bool
) -> Row | None:
    """Kill tap and target in mid-run; the last state that the target gave back until then."""
    file = folder / "target.json"
    file.write_text(json.dumps(config))
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    command = tap_command(folder, zendesk, is_small=True)
    with (
        subprocess.Popen(command, stdout=pipe, stderr=nothing) as tap,
        subprocess.Popen(
            [target, "--config", str(file)], stdin=pipe, stdout=pipe, stderr=nothing, cwd=folder
        ) as loading,
    ):
        assert loading.stdin is not None
        assert loading.stdout is not None
        for line in lines_until(tap, 12):
            loading.stdin.write(line)
        loading.stdin.write(b'{"type":"RECORD","stream":"tick')  # a kill cuts a line in two
        loading.stdin.flush()
        told = [loading.stdout.readline()] if tells_early else []
        tap.kill()
        loading.kill()
        told += loading.stdout.readlines()
    return json.loads(told[-1]) if told else None


def load_all(
    zendesk: Simulator,
    account: Account,
    folder: Path,
    target: str,
    config: Row,
    *,
    tells_early: bool = False,
) -> Target:
    """Load the account through a kill, two days of edits and a field that appears in mid-run.

    Args:
        zendesk: Serves the account.
        account: Edited between the runs.
        folder: For files.
        target: Its command.
        config: Its settings.
        tells_early: Whether it gives a state back before its input ends.

    Returns:
        What a first run at the end writes, which equals the account.
    """
    state = killed(zendesk, folder, target, config, tells_early=tells_early)
    assert state is not None or not tells_early
    for day in range(2):
        eventful_day(account)
        if day == 0:
            added = add_field_in_mid_run(account, zendesk)
        ended = run_tap(folder, zendesk, state=state, is_small=day == 0)
        assert ended.exit_code == 0, ended.told
        state = load(target, config, ended.lines, folder)
        assert state == ended.target.state
    assert added
    whole = run_tap(folder, zendesk).target
    whole.assert_equals(account, CORE)
    assert any("cf_in_mid_run" in row for row in whole.rows["tickets"].values())
    return whole


def add_field_in_mid_run(account: Account, zendesk: Simulator) -> list[int]:
    """Add a custom field, with a value, once tickets are asked for; returns its id then."""
    added: list[int] = []

    def add(request: Any) -> None:
        if "/incremental/tickets" in request.path and not added:
            field = account.add_field("ticket", "integer", "In mid-run")
            added.append(field["id"])
            open_ones = (row for row in account.truth("tickets") if row["status"] == "open")
            account.set_custom_field(next(open_ones)["id"], field["id"], 7)
            account.clock.advance(120)  # the export holds the last minute back

    zendesk.before_answer(add)
    return added


def test_singer_check_tap_accepts_the_lines_of_every_stream(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    check = installed("singer-tools", "singer-check-tap")
    objects = [f"custom_object_{row['key']}" for row in account.truth("custom_objects")]
    ended = run_tap(tmp_path, zendesk, catalog=selected(*STREAM_OF, *objects))
    assert ended.exit_code == 0, ended.told
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
    written = load_all(zendesk, account, tmp_path, target, config)

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
    config = {"path": str(file), "default_target_schema": "main", "batch_size_rows": 200}
    written = load_all(zendesk, account, tmp_path, target, config, tells_early=True)
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
    config["batch_size_rows"] = 200
    written = load_all(zendesk, account, tmp_path, target, config)
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
    config |= {"dbname": database, "default_target_schema": "public", "batch_size_rows": 200}
    written = load_all(zendesk, account, tmp_path, target, config, tells_early=True)
    assert_loaded(written, postgres_rows(postgres_url, "public"), may_keep=True, by_csv=True)
