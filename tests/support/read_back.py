"""Tables against what was sent, leaf by leaf: nothing missing, doubled, changed or made up.

Stricter than ``tests.support.tables``, and apart from it: ``1``, ``1.0``, ``true`` and ``"1"`` are
four values here, except where a column of numbers was sent a number as text.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import dlt

from tests.support.tables import CUSTOM_FIELD_KEYS, DERIVED, TABLES, custom_field_columns, moment
from zendesk_source.catalogue import STREAMS, Origin, SideTable
from zendesk_source.simulator.histories import HISTORIES, history_rows

Row = dict[str, Any]
Key = tuple[Any, ...]

BY_NAME = {stream.name: stream for stream in STREAMS if stream.product in ("support", "chat")}
OF_THE_LOADER = ("_dlt_", "_zendesk_")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar, and every empty object or list, with the path to it."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, f"{path}[{number}]")
    else:
        yield path, value


def is_same_json(one: Any, other: Any) -> bool:
    """Compare two JSON values, types included."""
    if type(one) is not type(other):  # Python takes 1, 1.0 and True for equal
        return False
    if not isinstance(one, (dict, list)):
        return bool(one == other)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def assert_row_is_stored(where: str, sent: Row, stored: Row) -> None:
    """Check that each value of a row stands in its column or in one variant, and nothing else.

    Args:
        where: Names the row in messages.
        sent: Values by column name.
        stored: The row of the table without its nulls.
    """
    left = dict(stored)
    for column, value in sent.items():
        found = [name for name in left if name == column or name.startswith(f"{column}__v_")]
        if value is None:
            assert not found, f"{where}: {column} was null, but {found} is filled"
            continue
        assert len(found) == 1, f"{where}: {column} = {value!r} is found in {found}"
        (name,) = found
        assert _says_the_same(value, left.pop(name)), (
            f"{where}: {column} = {value!r} reads back as {stored[name]!r} from {name}"
        )
    strangers = left.keys() - DERIVED
    assert not strangers, f"{where}: nobody sent {strangers}"


def _says_the_same(sent: Any, stored: Any) -> bool:
    """Compare a JSON value with a value read from a column, by what was documented only."""
    if isinstance(stored, datetime):  # times are in UTC
        return moment(sent).astimezone(timezone.utc) == stored
    if isinstance(stored, date):
        return bool(sent[:10] == stored.isoformat()) and sent[10:] in ("", "T00:00:00Z")
    if isinstance(stored, Decimal):
        return not isinstance(sent, bool) and Decimal(str(sent)) == stored
    if isinstance(stored, int) and not isinstance(stored, bool) and isinstance(sent, str):
        return sent == str(stored)  # a number as text in a column of numbers
    if isinstance(stored, float) and isinstance(sent, int) and not isinstance(sent, bool):
        return stored == sent
    if isinstance(stored, str) and not isinstance(sent, str):
        return is_same_json(sent, json.loads(stored))  # another type in a column of texts
    return is_same_json(sent, stored)


LISTS = {
    "tickets": (
        ("tags", "ticket_tags", "ticket_id", "tag"),
        ("follower_ids", "ticket_followers", "ticket_id", "user_id"),
        ("collaborator_ids", "ticket_collaborators", "ticket_id", "user_id"),
    ),
    "users": (("tags", "user_tags", "user_id", "tag"),),
    "organizations": (
        ("tags", "organization_tags", "organization_id", "tag"),
        ("domain_names", "organization_domain_names", "organization_id", "domain_name"),
    ),
}
"""Lists inside rows, by stream: key, table, and the two columns of the table."""


@dataclass
class Expected:
    """What the tables must hold after all that was served, and how much of it was compared.

    Attributes:
        rows: By table and key, the values by JSON key.
        leaves: Leaves compared by table; a row counts again when it comes changed.
    """

    rows: dict[str, dict[Key, Row]] = field(default_factory=lambda: defaultdict(dict))
    leaves: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _unread: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))

    def serve(self, stream: str, row: Row) -> None:
        """Expect a row of a stream, and what the export shows inside it."""
        types = BY_NAME[stream].columns
        key = tuple(
            moment(row[column]) if types[column] == "timestamp" else row[column]
            for column in BY_NAME[stream].primary_key
        )
        for name, table, parent_column, element_column in LISTS.get(stream, ()):
            self._expect_list(table, row, name, (parent_column, element_column))
        for side in BY_NAME[stream].side_tables:
            if side.origin in (Origin.OBJECTS, Origin.ENTRIES):
                self._expect_objects(side, row)
        if stream == "tickets":
            self._expect_inside_ticket(row)
            row = {name: value for name, value in row.items() if name != "metric_set"}
        for child in row.get("child_events", ()) if stream == "ticket_events" else ():
            # Without `comment_events` a comment only says that it is one.
            is_comment = child.get("event_type", "").endswith("Comment")
            if is_comment and ("body" in child or child.get("data") is not None):
                ids = {"ticket_id": row["ticket_id"], "event_id": row["id"]}
                self._put("ticket_comments", (child["id"],), {**child, **ids})
        if stream == "ticket_events" and row.get("child_events"):
            for table in HISTORIES:
                for told in history_rows([row], table):
                    history_key = tuple(told[column] for column in TABLES[table].primary_key)
                    self._put(table, history_key, told)
        self._put(stream, key, row)

    def serve_identities(self, identities: Iterable[Row]) -> None:
        """Expect ways to reach users."""
        for identity in identities:
            self._put("user_identities", (identity["id"],), identity)

    def _expect_inside_ticket(self, ticket: Row) -> None:
        # The export shows no metrics of deleted tickets; theirs stay.
        if ticket.get("metric_set") and ticket.get("status") != "deleted":
            metric_set = {"ticket_id": ticket["id"], **ticket["metric_set"]}
            self._put("ticket_metrics", (metric_set["id"],), metric_set)

    def _expect_list(self, table: str, row: Row, name: str, columns: tuple[str, str]) -> None:
        if row.get(name) is None:
            return  # says nothing of what the list holds
        held = self.rows[table]
        for key in [key for key in held if key[0] == row["id"]]:
            del held[key]
        for element in row[name]:
            key = (row["id"], element)
            self._put(table, key, dict(zip(columns, key, strict=True)))

    def _expect_objects(self, side: SideTable, row: Row) -> None:
        held = self.rows[side.name]
        number = side.primary_key.index(side.parent_column)
        for key in [key for key in held if key[number] == row["id"]]:
            del held[key]
        for position, each in enumerate(row.get(side.key) or ()):
            told = {**each, side.parent_column: row["id"]}
            if side.origin is Origin.ENTRIES:
                told["position"] = position
            self._put(side.name, tuple(told[name] for name in side.primary_key), told)

    def _put(self, table: str, key: Key, row: Row) -> None:
        self.rows[table][key] = row
        self._unread[table].add(key)

    def assert_stored(
        self, pipeline: dlt.Pipeline, tables: Iterable[str], *, again: bool = False
    ) -> None:
        """Check tables: no row missing, none doubled, none too many, every leaf readable.

        Args:
            pipeline: What loaded them.
            tables: Which.
            again: Look at all rows, not only at those that came since the last time.
        """
        schema = pipeline.default_schema
        with pipeline.sql_client() as client:
            for table in tables:
                unread = self._unread.pop(table, set())
                changed = {key[0] for key in (self.rows[table] if again else unread)}
                rows = {key: row for key, row in self.rows[table].items() if key[0] in changed}
                is_all = len(rows) == len(self.rows[table])
                stored = _stored_by_key(client, schema, table, None if is_all else changed)
                _assert_same_keys(table, rows.keys(), stored.keys())
                columns_of = ColumnsOf(pipeline, schema, table)
                for key, row in rows.items():
                    sent = columns_of(row)
                    assert_row_is_stored(f"{table} {key}", sent, stored[key])
                    if key in unread:
                        values = sent.values()
                        self.leaves[table] += sum(1 for value in values for _ in leaves(value))


def _assert_same_keys(table: str, sent: Set[Key], stored: Set[Key]) -> None:
    missing, too_many = sent - stored, stored - sent
    assert not missing, f"{table}: {len(missing)} rows are missing, such as {min(missing)}"
    assert not too_many, f"{table}: {len(too_many)} rows too many, such as {min(too_many)}"


def _stored_by_key(
    client: Any, schema: dlt.Schema, table: str, among: set[Any] | None
) -> dict[Key, Row]:
    """Return the rows of a table, nulls left out, or those with some values of their key."""
    if table not in schema.tables:
        return {}
    names = next(t.primary_key for s in BY_NAME.values() for t in s.tables if t.name == table)
    types = schema.tables[table]["columns"]
    query = f"SELECT * FROM {client.make_qualified_table_name(table)}"
    if among is not None:
        literals = (repr(each) if isinstance(each, int) else f"'{each}'" for each in among)
        query += f" WHERE {names[0]} IN ({', '.join(literals) or 'NULL'})"
    by_key: dict[Key, Row] = {}
    with client.execute_query(query) as cursor:
        columns = [each[0] for each in cursor.description]
        read = [_READERS.get(str(types[name].get("data_type")), _as_it_is) for name in columns]
        for values in cursor.fetchall():
            row = {
                name: reader(value)
                for name, reader, value in zip(columns, read, values, strict=True)
                if value is not None and not name.startswith(OF_THE_LOADER)
            }
            key = tuple(row[name] for name in names)
            assert key not in by_key, f"{table}: {key} is there twice"
            by_key[key] = row
    return by_key


def _as_it_is(value: Any) -> Any:
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "json": json.loads,
    "timestamp": lambda moment: moment.astimezone(timezone.utc),
}


class ColumnsOf:
    """Names the column of each value of a row, as documented."""

    def __init__(self, pipeline: dlt.Pipeline, schema: dlt.Schema, table: str) -> None:
        self._field_keys = CUSTOM_FIELD_KEYS.get(table, ())
        self._field_columns = custom_field_columns(pipeline, table)
        self._spelled = schema.naming.normalize_identifier

    def __call__(self, row: Row) -> Row:
        """Return the values by column."""
        sent = {
            self._spelled(key): value for key, value in row.items() if key not in self._field_keys
        }
        fields: Any = next((row[key] for key in self._field_keys if row.get(key) is not None), [])
        if isinstance(fields, list):
            fields = {str(each["id"]): each["value"] for each in fields}
        for key, value in fields.items():
            sent[self._field_columns[key]] = value
        return sent
