"""What a dataset must hold that goes on where another connector stood.

The tables of the other connector are the truth at the moment of its last run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.support.simulated import duckdb_pipeline
from tests.support.tables import TABLES, assert_rows_equal, stored_rows
from zendesk_source.simulator import Account


def edit(account: Account) -> None:
    """Edit rows of every stream; some without moving `updated_at`."""
    account.clock.advance(3_600)
    ids = [row["id"] for row in account.truth("tickets") if row["status"] == "open"]
    account.edit_ticket(ids[0], status="pending")
    account.system_update(ids[1])
    account.delete_ticket(ids[2])
    account.create_ticket(subject="Brand new")
    account.edit_user(account.truth("users")[0]["id"], name="Someone else")
    account.edit_organization(account.truth("organizations")[0]["id"], details="Moved")
    account.clock.advance(3_600)


def key_of(table: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(str(row[name]) for name in TABLES[table].primary_key)


def assert_nothing_is_lost(
    old: dict[str, list[dict[str, Any]]], account: Account, tables: Iterable[str]
) -> None:
    """Check that every row is as Zendesk has it: in our table, or unchanged in the old one."""
    pipeline = duckdb_pipeline()
    pipeline.sync_destination()
    for table in tables:
        stored = stored_rows(pipeline, table)
        loaded = {key_of(table, row) for row in stored}
        truth = account.truth(table)
        unchanged = {key_of(table, row): row for row in old[table]}
        for row in truth:
            key = key_of(table, row)
            assert key in loaded or unchanged.get(key) == row, (table, key)
        here = [row for row in truth if key_of(table, row) in loaded]
        assert_rows_equal(pipeline, table, here, stored, TABLES[table].primary_key)
