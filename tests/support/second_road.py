"""An account whose exports are closed: what happens in it, and what lists can show of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import dlt

from tests.support.simulated import source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    TICKET_EVENTS,
    TICKETS,
    USERS,
)
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.edits.people import DELETED_USER_KEYS

STREAMS = (TICKETS, TICKET_EVENTS, USERS, ORGANIZATIONS)
NAMES = tuple(stream.name for stream in STREAMS)
EXPORTS = "/api/v2/incremental/"
SEARCH = "/api/v2/search/export"
HOUR = 3_600
LISTS = {SEARCH, "/api/v2/tickets", "/api/v2/users", "/api/v2/organizations"}
LISTS |= {"/api/v2/ticket_audits", "/api/v2/deleted_tickets", "/api/v2/deleted_users"}
Row = dict[str, Any]


def generated(seed: int = 6, *, tickets: int = 90, users: int = 20) -> Account:
    """Return an account whose lists of deletions are those of its own users and tickets."""
    account = Account.generate(seed=seed, tickets=tickets, users=users, organizations=4)
    for name in ("deleted_tickets", "deleted_users"):
        for row in account.truth(name):
            account.remove_row(name, row["id"])
    for user in account.truth("users"):
        if not user["active"]:
            shown = {key: user[key] for key in DELETED_USER_KEYS}
            account.load_rows("deleted_users", [shown])
    return account


def load(pipeline: dlt.Pipeline, zendesk: Simulator, *names: str, **settings: Any) -> SyncReport:
    """Sync an hour later, so that everything is old enough to be shown."""
    zendesk.account.clock.advance(HOUR)
    zendesk.forget_requests()
    return sync(pipeline, source_of(zendesk, *(names or NAMES), **settings))


def paths(zendesk: Simulator) -> Counter[str]:
    return Counter(request.path.removesuffix(".json") for request in zendesk.requests)


def assert_equals_truth(
    pipeline: dlt.Pipeline, account: Account, never_seen: Collection[int] = ()
) -> None:
    """Compare every table with the account, but for what docs/lists.md says lists do not show.

    Args:
        pipeline: What was loaded.
        account: The account.
        never_seen: Tickets and users that were deleted before they could be read.
    """
    tickets = {row["id"]: row for row in account.truth("tickets")}
    gone = {key for key, row in tickets.items() if row["status"] == "deleted"}
    for stream in STREAMS:
        for table in stream.tables:
            name = table.name
            rows = account.truth(name)
            if stream is TICKETS or stream is TICKET_EVENTS:
                rows = [row for row in rows if _ticket_of(name, row) not in never_seen]
            if stream is USERS:
                rows = [row for row in rows if row.get("user_id") not in never_seen]
            if name == "users":
                rows = [_as_shown(row, never_seen) for row in rows]
            if name == "tickets":
                # The exports alone show it.
                rows = [without(row, "generated_timestamp") for row in rows]
            if name == "ticket_events":
                stored = {row["id"]: row for row in stored_rows(pipeline, name)}
                for row in rows:
                    if row["ticket_id"] not in gone:
                        for key in ("ticket_id", "timestamp", "updater_id", "system", "event_type"):
                            assert stored[row["id"]][key] == row[key], key
                continue
            but_not = gone if name == "ticket_metrics" or stream is TICKET_EVENTS else ()
            assert_table_equals(pipeline, name, rows, but_not=but_not)


def _as_shown(row: Row, never_seen: Collection[int]) -> Row:
    """Return a user as the list of deleted users shows it, if no other list has shown it."""
    shown = (*DELETED_USER_KEYS, "permanently_deleted")  # whose name tells of it
    return {key: row[key] for key in shown} if row["id"] in never_seen else row


def _ticket_of(table: str, row: Row) -> Any:
    return row["id"] if table == "tickets" else row["ticket_id"]


def without(row: Row, key: str) -> Row:
    """Return a row without one of its keys."""
    return {name: value for name, value in row.items() if name != key}


def deleted(account: Account) -> set[int]:
    """Return the ids of all tickets and users that are deleted."""
    tickets = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
    return tickets | {row["id"] for row in account.truth("users") if not row["active"]}


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
