"""An account whose exports are closed: what happens in it, and what lists can show of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import dlt

from tests.support.simulated import source_of
from tests.support.tables import assert_rows_equal, opened, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    TICKET_EVENTS,
    TICKET_METRICS,
    TICKETS,
    USERS,
)
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.edits.people import DELETED_USER_KEYS

STREAMS = (TICKETS, TICKET_EVENTS, USERS, ORGANIZATIONS)
NAMES = tuple(stream.name for stream in STREAMS)
EXPORTS = "/api/v2/incremental/"
SPELT_ALIKE = ("id", "ticket_id", "timestamp", "created_at", "updater_id", "system", "event_type")
SEARCH = "/api/v2/search/export"
HOUR = 3_600
LISTS = {SEARCH, "/api/v2/tickets", "/api/v2/users", "/api/v2/organizations"}
LISTS |= {"/api/v2/ticket_audits", "/api/v2/deleted_tickets", "/api/v2/deleted_users"}
Row = dict[str, Any]


def generated(seed: int = 6, *, tickets: int = 90, users: int = 20) -> Account:
    """Return an account whose lists of deletions are those of its own users and tickets."""
    account = Account.generate(seed=seed, tickets=tickets, users=users, organizations=4)
    tell_true_deletions(account)
    return account


def tell_true_deletions(account: Account) -> None:
    """Let the list of deleted users be that of the account's own, and that of tickets empty."""
    for name in ("deleted_tickets", "deleted_users"):
        for row in account.truth(name):
            account.remove_row(name, row["id"])
    for user in account.truth("users"):
        if not user["active"]:
            shown = {key: user[key] for key in DELETED_USER_KEYS}
            account.load_rows("deleted_users", [shown])


def load(pipeline: dlt.Pipeline, zendesk: Simulator, *names: str, **settings: Any) -> SyncReport:
    """Sync an hour later, so that everything is old enough to be shown."""
    zendesk.account.clock.advance(HOUR)
    zendesk.forget_requests()
    return sync(pipeline, source_of(zendesk, *(names or NAMES), **settings))


def paths(zendesk: Simulator) -> Counter[str]:
    return Counter(request.path.removesuffix(".json") for request in zendesk.requests)


def assert_equals_truth(
    pipeline: dlt.Pipeline, account: Account, unread: Collection[int] = ()
) -> None:
    """Compare every table with the account, but for what docs/lists.md says lists do not show.

    Args:
        pipeline: What was loaded.
        account: The account.
        unread: What was deleted, maybe before it could be read.
    """
    gone = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    with opened(pipeline) as dataset:
        for table in (table for stream in STREAMS for table in stream.tables):
            truth, stored = account.truth(table.name), stored_rows(dataset, table.name)
            left_out = set(unread)
            if table is TICKET_METRICS or table in TICKET_EVENTS.tables:
                left_out |= gone  # no list shows what a deleted ticket has
            kept = [
                [row for row in rows if _owner_of(table.name, row) not in left_out]
                for rows in (truth, stored)
            ]
            if table is TICKETS:
                kept[0] = [without(row, "generated_timestamp") for row in kept[0]]
            if table is TICKET_EVENTS:  # others are spelt otherwise in audits
                kept = [[{key: row[key] for key in SPELT_ALIKE} for row in rows] for rows in kept]
            assert_rows_equal(dataset, table.name, kept[0], kept[1], table.primary_key)
        tickets = {row["id"]: row for row in stored_rows(dataset, "tickets")}
        users = {row["id"]: row for row in stored_rows(dataset, "users")}
    assert all(tickets[key]["is_deleted"] for key in gone & tickets.keys())
    for user in account.truth("users"):
        if not user["active"]:
            found = users[user["id"]]
            assert {key: found.get(key) for key in ("name", "email", "active")} == {
                key: user[key] for key in ("name", "email", "active")
            }


def _owner_of(table: str, row: Row) -> Any:
    """Return the id of the ticket, user or organization that a row is of."""
    if table in ("tickets", "users", "organizations"):
        return row["id"]
    return row[f"{table.partition('_')[0]}_id"]


def without(row: Row, key: str) -> Row:
    """Return a row without one of its keys."""
    return {name: value for name, value in row.items() if name != key}


def deleted_ids(account: Account) -> set[int]:
    """Return the ids of all tickets, users and organizations that are deleted."""
    deleted = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    deleted |= {row["id"] for row in account.truth("users") if not row["active"]}
    return deleted | {row["id"] for row in account.truth("organizations") if row["deleted_at"]}


def a_day(account: Account) -> None:
    """All that lists can show: edits, deletions, restored tickets, identities that come and go."""
    tickets = [
        row for row in account.truth("tickets") if row["status"] not in ("deleted", "closed")
    ]
    ids = [row["id"] for row in tickets]
    account.edit_ticket(ids[0], status="pending", tags=["only_this_one"])
    account.edit_ticket(ids[1], tags=[])
    account.comment(ids[2], body="Seen, thank you.")
    account.bulk_edit(ids[3:6], priority="urgent")
    account.create_ticket(subject="Brand new", tags=["new"])
    account.clock.advance(600)
    account.delete_ticket(ids[6])
    account.delete_ticket(ids[7])
    account.restore_ticket(ids[7])
    field = account.add_field("ticket", "text", "Newcomer")
    account.set_custom_field(ids[1], field["id"], "value")
    users = [row for row in account.truth("users") if row["active"]]
    account.edit_user(users[0]["id"], name="Someone else", tags=[])
    identity = account.add_identity(users[1]["id"], type="email", value="second@example.com")
    account.remove_identity(identity["id"])
    account.delete_user(users[-1]["id"])
    account.delete_user(users[-2]["id"], permanently=True)
    account.create_user(name="New here", tags=["x"])
    organizations = account.truth("organizations")
    account.edit_organization(organizations[0]["id"], details="Moved", domain_names=[])
    account.create_organization(name="New there")
