"""Make views in a schema beside the tables: those of another connector, or our own."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import dlt
from dlt.destinations.exceptions import DatabaseException

from zendesk_source.destination.failures import explained
from zendesk_source.errors import ConfigurationError
from zendesk_source.names import ACCOUNT_COLUMN, SYNC_LOG_TABLE
from zendesk_source.views.analytics import ANALYTICS
from zendesk_source.views.database import (
    Client,
    Tables,
    asked,
    literal,
    put_view,
    qualified,
    schemas_in,
    tables_in,
    views_in,
)
from zendesk_source.views.declared import View
from zendesk_source.views.dialects import Dialect, dialect_of
from zendesk_source.views.fivetran import FIVETRAN, HISTORY_COLUMNS
from zendesk_source.views.selects import Loaded, definition
from zendesk_source.views.time_zones import known_zones

SHAPES: Mapping[str, tuple[View, ...]] = MappingProxyType(
    {"fivetran": FIVETRAN, "analytics": ANALYTICS}
)
"""Views by shape: the name of a connector whose tables they show, or our own."""
_OF_ALL_ACCOUNTS = {"analytics"}
"""Shapes whose views have a column ``account`` where several share the dataset; of the others, each
account has a schema."""
LONGEST_SCHEMA = 63
"""What Postgres takes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A view that was not made.

    Attributes:
        view: Name of the view.
        streams: Streams that must be loaded for it.
        switch: Variable that lets the dbt package run without it; empty if it cannot.
    """

    view: str
    streams: tuple[str, ...]
    switch: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class MadeViews:
    """The views of one schema.

    Attributes:
        schema: Name of the schema.
        account: Account that they show, if several share the dataset and each has a schema.
        made: Names of the views that were made.
        left_out: Views that were not made.
        not_loaded: Streams without which columns of the made views are empty.
        unknown_time_zones: Names in use that the tz database does not know; the dbt package
            takes them for UTC.
        history_columns: Fields of tickets that have a history, among those worth a column.
        database: That the schema is in.
    """

    schema: str
    account: str
    made: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    not_loaded: tuple[str, ...]
    unknown_time_zones: tuple[str, ...]
    history_columns: tuple[str, ...] = ()
    database: str = ""

    @property
    def as_source(self) -> dict[str, str]:
        """The entry of the schema for the dbt package, which is needed if there are several."""
        return {"database": self.database, "schema": self.schema, "name": self.schema}

    @property
    def missing(self) -> tuple[str, ...]:
        """The missing views without which the dbt package does not run."""
        return tuple(each.view for each in self.left_out if each.is_required)


@dataclass(frozen=True, slots=True)
class ViewsReport:
    """What ``make_views`` did.

    Attributes:
        shape: Shape of the views.
        schemas: One schema, or one for each account that shares the dataset.
    """

    shape: str
    schemas: tuple[MadeViews, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there are views, with all that the dbt package needs to run."""
        return all(made.made and not made.missing for made in self.schemas)

    @property
    def dbt_vars(self) -> dict[str, Any]:
        """The lines below ``vars:`` for the ``dbt_project.yml`` of the package's user."""
        if self.shape != "fivetran":
            return {}
        shared = len(self.schemas) > 1
        names: dict[str, Any] = (
            {"zendesk_sources": [made.as_source for made in self.schemas]}
            if shared
            else {"zendesk_schema": self.schemas[0].schema}
        )
        return {**names, **self._switches(), "ticket_field_history_columns": self._columns()}

    def _switches(self) -> dict[str, bool]:
        """Return the package's variables that must differ from their defaults."""
        there = {name for made in self.schemas for name in made.made}
        wanted: dict[str, bool] = {}
        for view in SHAPES[self.shape]:
            if view.switch:
                wanted[view.switch] = wanted.get(view.switch, True) and view.name in there
        defaults = {view.switch: view.is_on for view in SHAPES[self.shape]}
        return {name: is_on for name, is_on in wanted.items() if is_on != defaults[name]}

    def _columns(self) -> list[str]:
        # A column of which there is no row breaks the package's backlog.
        shown = {name for made in self.schemas for name in made.history_columns}
        return [name for name in HISTORY_COLUMNS if name in shown]


def make_views(pipeline: dlt.Pipeline, shape: str = "fivetran") -> ViewsReport:
    """Make views of what was loaded, in the schema ``<dataset>_<shape>``.

    What is loaded later shows in them at once. Made again, they take the place of the earlier
    ones, and ``sync`` does that from now on. Where several accounts share a dataset, each has a
    schema of its own, ``<dataset>_<account>_fivetran``; the views of ``analytics`` have the column
    ``account`` instead.

    Args:
        pipeline: That loaded the tables, into DuckDB or Postgres.
        shape: ``fivetran``, the tables that the dbt package ``dbt_zendesk`` reads, or
            ``analytics``: tickets, days, agents and groups with their figures.

    Returns:
        What was made and left out, and the variables for dbt.

    Raises:
        ConfigurationError: There is no such shape, nothing is loaded, or the destination is
            another one.
    """
    if shape not in SHAPES:
        raise ConfigurationError(
            f"There is no shape {shape!r}.", f"Choose one of: {', '.join(SHAPES)}."
        )
    dialect = dialect_of(pipeline)
    if dialect is None:
        raise ConfigurationError(
            "Views are made in DuckDB and Postgres, not in"
            f" {pipeline.destination.destination_name}.",
            "Load into one of them as well, with a --destination of its own.",
        )
    with explained(pipeline), pipeline.sql_client() as client:
        tables = tables_in(client, client.dataset_name)
        if not tables:
            raise ConfigurationError(
                f"There is nothing in the dataset {client.dataset_name}.",
                "Load it first, or name another one with --dataset.",
            )
        places = _places(client, tables, shape)
        with _said_what_hinders():
            made = []
            for schema, accounts in places.items():
                parts = _loaded(client, dialect, tables, accounts)
                made.append(_for_dbt(parts[0], _make(parts, schema, shape)))
    return ViewsReport(shape, tuple(made))


def remake_shapes(pipeline: dlt.Pipeline) -> None:
    """Bring the views of every shape up to the tables, in the schemas that are there.

    A view that cannot be made fails nothing: the tables are complete without it.
    """
    dialect = dialect_of(pipeline)
    if dialect is None:
        return
    try:
        with pipeline.sql_client() as client:
            there = schemas_in(client)
            for shape in SHAPES:
                if any(name.endswith(f"_{shape}") for name in there):
                    _remake(client, dialect, there, shape)
    except DatabaseException as error:
        logger.warning("Views could not be made: %s", str(error).partition("\n")[0])


def drop_shapes(pipeline: dlt.Pipeline) -> None:
    """Drop the views of every shape: Postgres drops no table below one. Their schemas stay."""
    if dialect_of(pipeline) is None:
        return
    with pipeline.sql_client() as client:
        there = schemas_in(client)
        tables = tables_in(client, client.dataset_name)
        for shape, views in SHAPES.items():
            for schema in set(_places(client, tables, shape)) & there:
                for name in views_in(client, schema) & {view.name for view in views}:
                    client.execute_sql(f"DROP VIEW {qualified(client, schema, name)}")


def _remake(client: Client, dialect: Dialect, there: set[str], shape: str) -> None:
    tables = tables_in(client, client.dataset_name)
    for schema, accounts in _places(client, tables, shape).items():
        if schema in there:
            _make(_loaded(client, dialect, tables, accounts), schema, shape)


def _loaded(
    client: Client, dialect: Dialect, tables: Tables, accounts: Sequence[str]
) -> list[Loaded]:
    return [Loaded(client, dialect, client.dataset_name, tables, account) for account in accounts]


def _places(client: Client, tables: Tables, shape: str) -> dict[str, list[str]]:
    """Return the accounts of each schema: the empty one where the tables are one account's."""
    dataset = client.dataset_name
    if ACCOUNT_COLUMN not in tables.get(SYNC_LOG_TABLE, tables.get("tickets", ())):
        return {schema_name(dataset, shape): [""]}
    log = qualified(client, dataset, SYNC_LOG_TABLE)
    found = asked(client, f"SELECT DISTINCT account FROM {log} ORDER BY account")  # noqa: S608
    accounts = [account for (account,) in found]
    if shape in _OF_ALL_ACCOUNTS:
        return {schema_name(dataset, shape): accounts} if accounts else {}
    return {schema_name(dataset, account, shape): [account] for account in accounts}


def schema_name(*parts: str) -> str:
    """Return the name of a schema, in letters that need no quotes."""
    name = re.sub(r"[^a-z0-9_]", "_", "_".join(parts).lower())
    if len(name) <= LONGEST_SCHEMA:
        return name
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    end = f"_{digest}_{parts[-1]}"
    return name[: LONGEST_SCHEMA - len(end)] + end


def _make(parts: Sequence[Loaded], schema: str, shape: str) -> MadeViews:
    """Make the views of a schema.

    Args:
        parts: The tables, once for each account that the views show.
        schema: Name of the schema, which is made if it does not exist.
        shape: Shape of the views.
    """
    loaded, views = parts[0], SHAPES[shape]
    client = loaded.client
    client.execute_sql(f"CREATE SCHEMA IF NOT EXISTS {client.escape_column_name(schema)}")
    before = views_in(client, schema)
    shows_zones = any(view.rows_of for view in views)
    zones, unknown = known_zones(_zones_in_use(loaded) if shows_zones else [])
    now = datetime.now(timezone.utc)
    left_out = []
    for view in views:
        name = qualified(client, schema, view.name)
        if missing := loaded.missing(view):
            left_out.append(LeftOut(view.name, missing, view.switch, view.is_required))
            if view.name in before:
                client.execute_sql(f"DROP VIEW {name}")
            continue
        values = view.rows_of(zones, now) if view.rows_of else ()
        one_each = [definition(part, view, values) for part in parts]
        is_shared = shape in _OF_ALL_ACCOUNTS and loaded.account
        query = _of_all(parts, one_each) if is_shared else one_each[0]
        put_view(client, loaded.dialect, name, query)
    gone = {each.view for each in left_out}
    made = tuple(view.name for view in views if view.name not in gone)
    unused = {name for view in views if view.name in made for name in loaded.unused(view)}
    not_loaded = unused.difference(*(each.streams for each in left_out))
    account = "" if shape in _OF_ALL_ACCOUNTS else loaded.account
    missing = tuple(sorted(not_loaded))
    return MadeViews(schema, account, made, tuple(left_out), missing, tuple(unknown))


def _of_all(parts: Sequence[Loaded], queries: Sequence[str]) -> str:
    """Return one query for all accounts, with the column ``account``, because ids may repeat."""
    return " union all ".join(
        f"select {literal(part.account)} as account, one.* from ({query}) as one"  # noqa: S608
        for part, query in zip(parts, queries, strict=True)
    )


def _zones_in_use(loaded: Loaded) -> list[Sequence[Any]]:
    """Return the time zones of schedules and users, with their names in the tz database."""
    pairs: list[Sequence[Any]] = []
    of_account = f" WHERE account = {literal(loaded.account)}" if loaded.account else ""
    for table in ("users", "schedules"):
        columns = loaded.tables.get(table, {})
        if "time_zone" in columns:
            iana = "iana_time_zone" if "iana_time_zone" in columns else "NULL"
            name = qualified(loaded.client, loaded.schema, table)
            sql = f"SELECT DISTINCT time_zone, {iana} FROM {name}{of_account} ORDER BY 1, 2"  # noqa: S608
            pairs += asked(loaded.client, sql)
    return pairs


def _for_dbt(loaded: Loaded, made: MadeViews) -> MadeViews:
    """Add what dbt is told besides; not after each load, for it looks at every change."""
    ((database,),) = asked(loaded.client, "SELECT current_database()")
    made = replace(made, database=database)
    if "ticket_field_history" not in loaded.tables:
        return made
    table = qualified(loaded.client, loaded.schema, "ticket_field_history")
    wanted = ", ".join(map(literal, HISTORY_COLUMNS))
    of_account = f" AND account = {literal(loaded.account)}" if loaded.account else ""
    sql = f"SELECT DISTINCT field_name FROM {table} WHERE field_name IN ({wanted}){of_account}"  # noqa: S608
    there = {field for (field,) in asked(loaded.client, sql)}
    return replace(made, history_columns=tuple(n for n in HISTORY_COLUMNS if n in there))


@contextmanager
def _said_what_hinders() -> Iterator[None]:
    """Explain why Postgres does not replace a view.

    Raises:
        ConfigurationError: Other views depend on it.
    """
    try:
        yield
    except DatabaseException as error:
        if "depend on" not in str(error):
            raise
        what = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"A view has lost a column, and cannot be replaced: {what}",
            "Drop the views that were made of it; dbt makes its own anew with the next build.",
        ) from error
