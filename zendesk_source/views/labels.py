"""A view of the tickets that shows choices by their labels.

Tables hold the values of drop-downs and multi-selects, because tickets with labels would become
stale when a choice is renamed. People want to read labels, so the view joins them at query time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import dlt
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase

from zendesk_source.extract.kept import CUSTOM_FIELD_COLUMNS, parts_of
from zendesk_source.names import ACCOUNT_COLUMN
from zendesk_source.views.database import literal, put_view, qualified
from zendesk_source.views.dialects import dialect_of

VIEW = "tickets_labeled"
LABEL = "__label"
"""Suffix of a label's column; no slug of a title has two underscores."""

_TICKETS, _FIELDS, _OPTIONS = "tickets", "ticket_fields", "ticket_field_options"
_ONE_CHOICE, _CHOICES = ("tagger", "dropdown"), ("multiselect",)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Label:
    """How a label is read.

    Attributes:
        shown: Expression of the label.
        join: What it needs to be joined.
    """

    shown: str
    join: str


def _label(column: str, account: str, options: str, name: str) -> Label:
    of = f"{name}.account = {account} AND {name}.value = {column}"
    join = f"LEFT JOIN ({options}) AS {name} ON {of}"
    return Label(f"coalesce({name}.name, {column})", join)


def _duckdb_labels(column: str, account: str, options: str, name: str) -> Label:
    names = (
        f"SELECT account, map(list(value), list(name)) AS labels FROM ({options})"  # noqa: S608
        " GROUP BY account"
    )
    shown = f"coalesce({name}.labels[choice], choice)"
    return Label(
        f"list_transform(TRY_CAST({column} AS VARCHAR[]), lambda choice: {shown})",
        f"LEFT JOIN ({names}) AS {name} ON {name}.account = {account}",
    )


def _postgres_labels(column: str, account: str, options: str, name: str) -> Label:
    # Loaded as json or jsonb, depending on how the table was made.
    listed = f"{column}::jsonb"
    elements = f"CASE WHEN jsonb_typeof({listed}) = 'array' THEN {listed} END"
    labels = (
        f"SELECT jsonb_agg(coalesce(o.name, c.value) ORDER BY c.place) AS labels"  # noqa: S608
        f" FROM jsonb_array_elements_text({elements}) WITH ORDINALITY AS c(value, place)"
        f" LEFT JOIN ({options}) AS o ON o.account = {account} AND o.value = c.value"
    )
    return Label(f"{name}.labels", f"CROSS JOIN LATERAL ({labels}) AS {name}")


_SEVERAL: Mapping[str, Callable[[str, str, str, str], Label]] = MappingProxyType(
    {"duckdb": _duckdb_labels, "postgres": _postgres_labels}
)
"""Labels of a JSON list by destination, given its column, whose it is, the query of all choices,
and a name to join them by."""


def show_labels(pipeline: dlt.Pipeline, section: str) -> None:
    """Make the view ``tickets_labeled`` show the labels of the current ticket fields.

    A view that cannot be made fails nothing: the tables are complete without it.

    Args:
        pipeline: The pipeline that loaded the tables.
        section: Name of the source in the pipeline's state and schemas.
    """
    dialect = dialect_of(pipeline)
    if dialect is None or section not in pipeline.schemas:
        return
    schema = pipeline.schemas[section]
    loaded = {table["name"] for table in schema.data_tables(seen_data_only=True)}
    if not {_TICKETS, _FIELDS, _OPTIONS} <= loaded:
        return
    columns = schema.tables[_TICKETS]["columns"]
    own = [name for name in columns if "data_type" in columns[name] and name[:5] != "_dlt_"]
    names = _columns_by_field(pipeline.state["sources"][section])
    try:
        with pipeline.sql_client() as client:
            labels = _labels(client, _SEVERAL[dialect.name], names, own)
            if labels:
                view = qualified(client, client.dataset_name, VIEW)
                put_view(client, dialect, view, _definition(client, own, labels))
    except DatabaseException as error:
        logger.warning("The view %s could not be made: %s", VIEW, str(error).partition("\n")[0])


def _columns_by_field(state: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return the column of each ticket field, by its account (if several share it) and id."""
    return {
        (account, field_id): column
        for account, part in parts_of(state).items()
        for field_id, column in part.get(CUSTOM_FIELD_COLUMNS, {}).get("ticket", {}).items()
    }


def drop_labels(pipeline: dlt.Pipeline) -> None:
    """Drop the view, which keeps Postgres from dropping the tables below it."""
    if dialect_of(pipeline) is not None:
        with pipeline.sql_client() as client:
            view = qualified(client, client.dataset_name, VIEW)
            client.execute_sql(f"DROP VIEW IF EXISTS {view}")


def _labels(
    client: SqlClientBase[Any],
    several: Callable[[str, str, str, str], Label],
    names: Mapping[tuple[str, str], str],
    own: Collection[str],
) -> dict[str, Label]:
    """Return the label of each column of a ticket that has one, by the column."""
    fields, options_of_all = (
        qualified(client, client.dataset_name, name) for name in (_FIELDS, _OPTIONS)
    )
    whose = ACCOUNT_COLUMN if ACCOUNT_COLUMN in own else "''"
    found = client.execute_sql(f"SELECT {whose}, id, type FROM {fields} ORDER BY 2, 1")  # noqa: S608
    # Fields of several accounts may share a column; the first one says how it is read.
    sharing: dict[str, tuple[bool, list[str]]] = {}
    for account, field_id, kind in found or ():
        column, is_one = names.get((account, str(field_id)), ""), kind in _ONE_CHOICE
        if column in own and (is_one or kind in _CHOICES):
            read_as, choices = sharing.setdefault(column, (is_one, []))
            if read_as is is_one:
                choices.append(f"({literal(account)}, {int(field_id)})")
    labels: dict[str, Label] = {}
    of_row = f"t.{whose}" if ACCOUNT_COLUMN in own else whose
    for column, (is_one, choices) in sharing.items():
        # Grouped, so that a choice that is there twice cannot double a ticket.
        options = (
            f"SELECT {whose} AS account, value, max(name) AS name FROM {options_of_all}"  # noqa: S608
            f" WHERE ({whose}, ticket_field_id) IN ({', '.join(choices)}) GROUP BY 1, value"
        )
        quoted = f"t.{client.escape_column_name(column)}"
        read = _label if is_one else several
        labels[column] = read(quoted, of_row, options, f"o{len(labels)}")
    return labels


def _definition(client: SqlClientBase[Any], own: Iterable[str], labels: Mapping[str, Label]) -> str:
    # Columns one by one: a `*` would break the view with the next column of the table.
    selected = [f"t.{client.escape_column_name(name)}" for name in own]
    for column, label in labels.items():
        selected.append(f"{label.shown} AS {client.escape_column_name(column + LABEL)}")
    tickets = qualified(client, client.dataset_name, _TICKETS)
    joins = " ".join(label.join for label in labels.values())
    return f"SELECT {', '.join(selected)} FROM {tickets} AS t {joins}"  # noqa: S608
