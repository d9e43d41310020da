"""Reading tables back and comparing them, value by value, with what Zendesk sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import dlt

from zendesk_source.catalogue import STREAMS, SideTable, Stream
from zendesk_source.simulator import Account

Row = dict[str, Any]
TABLES: dict[str, Stream | SideTable] = {
    table.name: table for stream in STREAMS for table in stream.tables
}
CORE_TABLES = [table.name for stream in STREAMS if stream.is_core for table in stream.tables]
CUSTOM_FIELD_KEYS = {
    "tickets": ("custom_fields", "fields"),
    "users": ("user_fields",),
    "organizations": ("organization_fields",),
}
OWNERS = {"tickets": "ticket", "users": "user", "organizations": "organization"}
DERIVED = {"is_deleted", "is_scrubbed", "brand_id"}


@dataclass(frozen=True)
class Dataset:
    """A loaded dataset, opened once: dlt looks for settings and files at each access.

    Attributes:
        client: Client of its database.
        tables: Tables as dlt declares them.
        state: State of the sources.
        read: Returns the rows of a table, where a client alone cannot.
    """

    client: Any
    tables: Mapping[str, Any]
    state: Mapping[str, Any]
    read: Callable[[str], list[Row]] | None = None


@contextmanager
def opened(loaded: dlt.Pipeline | Dataset) -> Iterator[Dataset]:
    """Open what a pipeline has loaded, to look at many tables; what is open stays so."""
    if isinstance(loaded, Dataset):
        yield loaded
        return
    with loaded.sql_client() as client:
        yield Dataset(client, loaded.default_schema.tables, loaded.state["sources"])


def whole_rows(loaded: dlt.Pipeline | Dataset, table: str) -> list[Row]:
    """Return a table's rows as the destination gives them, every column of them."""
    with opened(loaded) as dataset:
        if dataset.read is not None:
            return dataset.read(table)
        name = dataset.client.make_qualified_table_name(table)
        with dataset.client.execute_query(f"SELECT * FROM {name}") as cursor:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def stored_rows(loaded: dlt.Pipeline | Dataset, table: str) -> list[Row]:
    """Return a table's rows as Python values, JSON parsed, nulls and dlt's columns left out.

    Rows that are marked as vanished from their list are left out, too.
    """
    with opened(loaded) as dataset:
        raw, types = whole_rows(dataset, table), dataset.tables[table]["columns"]
    return [
        {
            name: _python_value(value, str(types[name].get("data_type")))
            for name, value in row.items()
            if value is not None and not name.startswith(("_dlt_", "_zendesk_"))
        }
        for row in raw
        if row.get("_zendesk_deleted_at") is None
    ]


def assert_table_equals(
    loaded: dlt.Pipeline | Dataset, table: str, sent: Iterable[Row], but_not: Collection[int] = ()
) -> None:
    """Check that a table holds exactly the rows Zendesk has, each value readable as sent.

    Rows of the tickets in ``but_not`` are left out of the comparison.
    """
    sent = [row for row in sent if row.get("ticket_id") not in but_not]
    with opened(loaded) as dataset:
        rows = stored_rows(dataset, table) if table in dataset.tables else []
        rows = [row for row in rows if row.get("ticket_id") not in but_not]
        assert_rows_equal(dataset, table, sent, rows, TABLES[table].primary_key)


def assert_equals_truth(
    pipeline: dlt.Pipeline | Dataset,
    account: Account,
    tables: Iterable[str] = tuple(CORE_TABLES),
) -> None:
    deleted = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    with opened(pipeline) as dataset:
        for table in tables:
            # The export shows no metrics of deleted tickets: theirs stay as they were last seen.
            but_not = deleted if table == "ticket_metrics" else ()
            assert_table_equals(dataset, table, account.truth(table), but_not=but_not)


def differences(
    pipeline: dlt.Pipeline, account: Account, streams: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield each table of some streams, and in what it differs from the truth: empty if in nothing.

    Tables that are made of other rows, which are compared, are left out.
    """
    for table in (table.name for s in STREAMS if s.name in streams for table in s.tables):
        try:
            account.truth(table)
        except KeyError:
            continue
        try:
            assert_equals_truth(pipeline, account, [table])
        except AssertionError as difference:
            yield table, str(difference)
        else:
            yield table, ""


def assert_rows_equal(
    loaded: dlt.Pipeline | Dataset,
    table: str,
    sent: Iterable[Row],
    stored: Iterable[Row],
    key: tuple[str, ...],
    account: str = "",
) -> None:
    """Check that stored rows of a table are those that were sent, told apart by a key.

    They are of one account, where several share the dataset.
    """
    sent_by_key = _by_key(sent, key, table)
    stored_by_key = _by_key(stored, key, table)
    assert stored_by_key.keys() == sent_by_key.keys(), (
        f"{table}: missing {sorted(map(str, sent_by_key.keys() - stored_by_key.keys()))[:5]},"
        f" too many {sorted(map(str, stored_by_key.keys() - sent_by_key.keys()))[:5]}"
    )
    names = custom_field_columns(loaded, table, account)
    for key, row in sent_by_key.items():
        assert_row_reads_back(table, row, stored_by_key[key], names)


def assert_row_reads_back(table: str, sent: Row, stored: Row, names: Mapping[str, str]) -> None:
    """Check that every value of a row stands in its column, or in a variant of it."""
    expected = dict(_columns_of(table, sent, names))
    left = dict(stored)
    for column, value in expected.items():
        found = [name for name in left if name == column or name.startswith(f"{column}__v_")]
        if value is None:
            assert not found, f"{table}.{column}: null was sent, {found} is filled"
            continue
        assert len(found) == 1, f"{table}.{column}: {value!r} was sent, found in {found}"
        assert same(value, left.pop(found[0])), f"{table}.{column}: {value!r}, {stored[found[0]]!r}"
    assert left.keys() <= DERIVED, f"{table}: nobody sent {sorted(left.keys() - DERIVED)}"


def custom_field_columns(
    loaded: dlt.Pipeline | Dataset, table: str, account: str = ""
) -> Mapping[str, str]:
    """Return the column of each custom field by what rows call the field."""
    owner = OWNERS.get(table)
    if owner is None:
        return {}
    with opened(loaded) as dataset:
        state = dataset.state["zendesk"]
        if account:
            state = state["accounts"][account]
        names: Mapping[str, str] = state.get("custom_field_columns", {}).get(owner, {})
        if owner == "ticket" or f"{owner}_fields" not in dataset.tables:
            return names
        fields = stored_rows(dataset, f"{owner}_fields")
    return {**names, **{f["key"]: names[str(f["id"])] for f in fields if str(f["id"]) in names}}


def same(sent: Any, stored: Any) -> bool:
    """Tell whether a stored value says exactly what was sent."""
    if isinstance(sent, bool) or isinstance(stored, bool):
        return sent is stored or (isinstance(stored, str) and stored == json.dumps(sent))
    if isinstance(stored, datetime):
        return moment(str(sent)) == stored
    if isinstance(stored, date):
        return str(sent)[:10] == stored.isoformat()
    if isinstance(stored, Decimal):
        return Decimal(str(sent)) == stored
    if isinstance(stored, int) and isinstance(sent, str):
        return sent == str(stored)
    if isinstance(stored, str) and not isinstance(sent, str):
        return bool(json.loads(stored) == sent)
    return bool(sent == stored)


def moment(text: str) -> datetime:
    """Read a time as Zendesk writes it, on every Python: with or without hyphens, with a Z."""
    spelled_out = re.sub(r"^(\d{4})(\d\d)(\d\d)T", r"\1-\2-\3T", text)
    read = datetime.fromisoformat(spelled_out.replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def _columns_of(table: str, sent: Row, names: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    field_keys = CUSTOM_FIELD_KEYS.get(table, ())
    for key, value in sent.items():
        if key not in field_keys and not (table == "tickets" and key == "metric_set"):
            yield key, value
    for key in field_keys:
        values = sent.get(key)
        if values is None:
            continue
        pairs = (
            values.items() if isinstance(values, dict) else ((f["id"], f["value"]) for f in values)
        )
        yield from ((names.get(str(field), f"cf_{field}"), value) for field, value in pairs)
        return


def _by_key(rows: Iterable[Row], key: tuple[str, ...], table: str) -> dict[tuple[Any, ...], Row]:
    by_key: dict[tuple[Any, ...], Row] = {}
    times = {name for name, kind in TABLES[table].columns.items() if kind == "timestamp"}
    for row in rows:
        row_key = tuple(
            moment(row[name]) if name in times and isinstance(row[name], str) else row[name]
            for name in key
        )
        assert row_key not in by_key, f"{table}: {row_key} is there twice"
        by_key[row_key] = row
    return by_key


def _python_value(value: Any, data_type: str) -> Any:
    if data_type == "json" and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc)
    return value
