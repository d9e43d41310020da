"""All accounts as one: views over their DuckDB files, or one file with copies of their tables.

Every row gets the name of its account in the column ``account``. Columns are put together by name:
what an account lacks is empty there, and a column that has another type there becomes text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from zendesk_source.api.clock import SystemClock
from zendesk_source.destination.duckdb_file import STORAGE_SETTING, STORAGE_VERSION
from zendesk_source.destination.duckdb_lock import (
    LONGEST_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    OpenFile,
    Tell,
    is_taken,
)
from zendesk_source.destination.working_folder import private_files
from zendesk_source.errors import ConfigurationError, DestinationBusy, ZendeskError
from zendesk_source.fleet.accounts_file import Unit
from zendesk_source.names import ACCOUNT_COLUMN
from zendesk_source.views.database import literal

Columns = dict[str, str]
"""Types of a table's columns, by name, in order."""

Tables = dict[str, Columns]

_COLUMNS = """
select table_name, column_name, data_type
from duckdb_tables() join duckdb_columns() using (database_name, schema_name, table_name)
where database_name = ? and schema_name = ? and not starts_with(table_name, '_dlt_')
order by table_name, column_index
"""


@dataclass(frozen=True, slots=True)
class UnionReport:
    """What was put together.

    Attributes:
        file: The file that was written.
        tables: Names of the accounts that have it, by table.
        left_out: Why an account is not there, by its name.
    """

    file: Path
    tables: dict[str, list[str]]
    left_out: dict[str, str] = field(default_factory=dict)


def write_union(
    units: Sequence[Unit], file: str | Path, *, tell: Tell | None = None, waits_long: bool = False
) -> UnionReport:
    """Put the tables of many accounts together.

    Args:
        units: The accounts, from ``read_accounts``; all of them in DuckDB files.
        file: What to write. A name that ends in ``.sql`` makes a script that attaches the accounts'
            files for reading and makes a view a table: always up to date, but no account can be
            loaded while a program has them attached. Any other name makes a DuckDB file with copies
            of the tables, which takes the place of the one before when it is whole.
        tell: Called with the reason and the seconds when a load has a DuckDB file open.
        waits_long: Wait 15 minutes for such a load, not 20 seconds.

    Returns:
        What was put together. An account that was never loaded, or whose file is in use, is
        left out and named.

    Raises:
        ConfigurationError: An account is not in a DuckDB file, or the file cannot be written.
        ZendeskError: No account was loaded yet.
    """
    path = Path(file).expanduser().absolute()
    if others := [unit["account"] for unit in units if not unit["database"]]:
        raise ConfigurationError(
            f"Only DuckDB files can be put together, and {others[0]} is elsewhere.",
            "In one database or lake, a view over the accounts' datasets does it.",
        )
    seconds = LONGEST_WAIT_SECONDS if waits_long else USUAL_WAIT_SECONDS
    found: dict[str, Tables] = {}
    left_out: dict[str, str] = {}
    with duckdb.connect() as database:
        for unit in units:
            with (
                _noted(left_out, unit["account"]),
                _attached(database, unit, seconds, tell),
            ):
                found[unit["account"]] = _tables_of(database, unit)
    if not any(found.values()):
        why = " ".join(sorted(set(left_out.values())))
        raise ZendeskError(f"No account has a table to put together. {why}".rstrip())
    loaded = [unit for unit in units if found.get(unit["account"])]
    with _replaced(path) as new:
        if path.suffix == ".sql":
            new.write_text(_script(loaded, found), encoding="utf-8")
        else:
            left_out.update(_copied(new, loaded, found, seconds, tell))
    tables: dict[str, list[str]] = {}
    for account in found.keys() - left_out.keys():
        for table in found[account]:
            tables.setdefault(table, []).append(account)
    return UnionReport(path, {table: sorted(tables[table]) for table in sorted(tables)}, left_out)


def _script(units: Sequence[Unit], found: Mapping[str, Tables]) -> str:
    """Return SQL that attaches the accounts' files, and makes a view over each table."""
    lines = ["-- Made by `zendesk-source union`. With new columns or accounts, make it anew."]
    lines += [f"{_attach(unit)};" for unit in units]
    for table, joint in _joint(found).items():
        parts = [
            _select(unit, table, found[unit["account"]][table], joint)
            for unit in units
            if table in found[unit["account"]]
        ]
        view = "\nUNION ALL BY NAME\n".join(parts)
        lines.append(f"CREATE OR REPLACE VIEW {_quoted(table)} AS\n{view};")
    return "\n".join(lines) + "\n"


def _copied(
    file: Path,
    units: Sequence[Unit],
    found: Mapping[str, Tables],
    wait_seconds: float,
    tell: Tell | None,
) -> dict[str, str]:
    """Copy the tables into a new DuckDB file, and return who was left out, and why.

    A file is attached no longer than its own tables take, because no load can write it meanwhile.
    """
    joint = _joint(found)
    left_out: dict[str, str] = {}
    with duckdb.connect(str(file), config={STORAGE_SETTING: STORAGE_VERSION}) as database:
        for table, columns in joint.items():
            declared = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
            database.execute(f"CREATE TABLE {_quoted(table)} ({declared})")
        for unit in units:
            with (
                _noted(left_out, unit["account"]),
                _attached(database, unit, wait_seconds, tell),
                _all_or_nothing(database),
            ):
                for table, columns in found[unit["account"]].items():
                    rows = _select(unit, table, columns, joint[table])
                    database.execute(f"INSERT INTO {_quoted(table)} BY NAME {rows}")
    return left_out


def _joint(found: Mapping[str, Tables]) -> Tables:
    """Return the columns that each table has in any account, that of the account first."""
    joint: Tables = {}
    for tables in found.values():
        for table, columns in tables.items():
            together = joint.setdefault(table, {ACCOUNT_COLUMN: "VARCHAR"})
            for name, kind in columns.items():
                together[name] = kind if together.get(name, kind) == kind else "VARCHAR"
    return dict(sorted(joint.items()))


def _select(unit: Unit, table: str, columns: Columns, joint: Columns) -> str:
    shown = [] if ACCOUNT_COLUMN in columns else [f"{literal(unit['account'])} AS {ACCOUNT_COLUMN}"]
    for name, kind in columns.items():
        column = _quoted(name)
        is_same = kind == joint[name]
        shown.append(column if is_same else f"CAST({column} AS VARCHAR) AS {column}")
    place = ".".join(map(_quoted, (_alias(unit), unit["dataset"], table)))
    return f"SELECT {', '.join(shown)} FROM {place}"  # noqa: S608


def _tables_of(database: duckdb.DuckDBPyConnection, unit: Unit) -> Tables:
    tables: Tables = {}
    found = database.execute(_COLUMNS, [_alias(unit), unit["dataset"]]).fetchall()
    for table, column, kind in found:
        tables.setdefault(table, {})[column] = kind
    return tables


@contextmanager
def _noted(left_out: dict[str, str], account: str) -> Iterator[None]:
    """Note why an account is left out, and go on with the others."""
    try:
        yield
    except ZendeskError as error:
        left_out[account] = str(error)


@contextmanager
def _all_or_nothing(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Copy an account in one transaction: a part of its tables would pass for all of them.

    Raises:
        DestinationBusy: Its tables are not those that were found.
    """
    database.begin()
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException):
        database.rollback()
        raise DestinationBusy(
            "Its tables were changed while they were copied.", "Try again when its load has ended."
        ) from None
    database.commit()


@contextmanager
def _attached(
    database: duckdb.DuckDBPyConnection, unit: Unit, wait_seconds: float, tell: Tell | None
) -> Iterator[None]:
    """Attach an account's file for reading; a load that has it open is asked to let go of it.

    Raises:
        DestinationBusy: It did not.
        ConfigurationError: There is no such file, or it cannot be read.
    """
    path = Path(unit["database"])
    if not path.exists():
        raise ConfigurationError(f"There is no file {path}.", "Load the account first.")
    client: Any = _Attachment(database, unit)
    file = OpenFile(client, path, SystemClock(), wait_seconds, tell)
    try:
        file.open(asks=True)
    except duckdb.Error as error:
        if not is_taken(error):
            what = f"{path} cannot be read: {type(error).__name__}."
            raise ConfigurationError(what, "Is it a file of DuckDB?") from None
        raise DestinationBusy(
            f"The DuckDB file {path} is open in another process that writes it.",
            "Try again when that has ended, or use --wait.",
        ) from None
    try:
        yield
    finally:
        file.close()


class _Attachment:
    """What opens and closes one attached file, as a connection does."""

    def __init__(self, database: duckdb.DuckDBPyConnection, unit: Unit) -> None:
        self._database = database
        self._unit = unit

    def open_connection(self) -> None:
        self._database.execute(_attach(self._unit))

    def close_connection(self) -> None:
        self._database.execute(f"DETACH {_quoted(_alias(self._unit))}")


def _attach(unit: Unit) -> str:
    return (
        f"ATTACH IF NOT EXISTS {literal(unit['database'])} AS {_quoted(_alias(unit))} (READ_ONLY)"
    )


def _alias(unit: Unit) -> str:
    return f"zendesk_{unit['account']}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Let a file be written beside the old one, and put it in its place when it is whole."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with private_files():
            yield new
        if path.exists():
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except (OSError, duckdb.IOException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"{path} cannot be written: {reason}.", "Name another file with --out."
        ) from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
