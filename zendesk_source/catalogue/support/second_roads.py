"""The second road: which lists fill the tables of an export that Zendesk refuses.

Each list is the export's own stream with another path, so that its rows reach the same tables with
the same types. Zendesk documents an order for few of these lists; whether one is shown in the
order that is asked for is seen from its rows.

Sources: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#list-tickets
https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results
https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/#list-all-ticket-audits
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from zendesk_source.catalogue.lists import LIST_PAGE_SIZE
from zendesk_source.catalogue.stream import NO_PARAMS, Paging, Stream
from zendesk_source.catalogue.support.activity import DELETED_TICKETS, DELETED_USERS
from zendesk_source.catalogue.support.audits import as_ticket_event
from zendesk_source.catalogue.support.exports import (
    ORGANIZATIONS,
    TICKET_EVENTS,
    TICKETS,
    USERS,
)

Values = Mapping[str, Any]

MANY_IDS = 100
"""The most ids that can be asked for at once."""

RESULT_TYPE = "result_type"
"""Key that a search adds to each row: of which type it is."""

AUDITS_A_PAGE = 1000


def _as_it_is(row: Values) -> Values:
    return row


_ERASED_NAME = "Permanently Deleted User"


def _is_erased_user(row: Values) -> bool:
    """Whether a user is deleted for good. The list tells by the name alone."""
    return bool(row.get("name") == _ERASED_NAME)


def _deleted_user(row: Values) -> Values:
    return {**row, "permanently_deleted": _is_erased_user(row)}


def _never(_: Values) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SecondRoad:
    """The lists that fill an export's tables.

    Attributes:
        changes: Shows rows by their last change, the newest first.
        as_export: Makes a row of ``changes`` look as the export shows it.
        backfill: A search that finds rows by the time of their making, also those that
            ``changes`` no longer shows; None where that shows all.
        by_id: Shows many rows of ``backfill`` by their ids, with what the search leaves out.
        deletions: Shows rows that were deleted, the last deleted first; None where no list does.
        deleted_at: Column of ``deletions`` with the time of the deletion.
        deleted: Returns what a row of ``deletions`` changes in the row that was loaded.
        known_of_deleted: Returns what it says of a row that was never loaded.
        is_erased: Whether a row of ``deletions`` is of one that Zendesk has erased, so that
            nothing personal of what was loaded stays.
        count_path: Where no list shows deletions: path that counts the rows. A smaller count
            than that of the rows here means that some are gone.
        gone: Where no list shows deletions: column for the time at which a row was missed.
        misses: What a user should know of tables that are read on this road.
    """

    changes: Stream
    as_export: Callable[[Values], Values] = _as_it_is
    backfill: Stream | None = None
    by_id: Stream | None = None
    deletions: Stream | None = None
    deleted: Callable[[Values], Values] = _as_it_is
    known_of_deleted: Callable[[Values], Values] = _as_it_is
    is_erased: Callable[[Values], bool] = _never
    count_path: str = ""
    gone: str = ""
    misses: str


def _listed(stream: Stream, path: str, params: Mapping[str, str], **others: Any) -> Stream:
    """Return an export's stream as a list shows its rows."""
    as_list: dict[str, Any] = {
        "paging": Paging.CURSOR,
        "cursor_field": "updated_at",
        "moves_with_every_change": False,
        "page_size": LIST_PAGE_SIZE,
        "bucket": "",
        "sample_path": "",
    }
    return replace(stream, path=path, params=MappingProxyType(params), **{**as_list, **others})


_LAST_CHANGED = {"sort": "-updated_at"}
_ALL_TICKETS = {"support_type_scope": "all"}

_TICKETS = SecondRoad(
    changes=_listed(
        TICKETS, "/api/v2/tickets", {**_LAST_CHANGED, "include": "metric_sets", **_ALL_TICKETS}
    ),
    backfill=_listed(
        TICKETS,
        "/api/v2/search/export",
        {"filter[type]": "ticket"},
        records_key="results",
        cursor_field="created_at",
        bucket="search-export",
    ),
    by_id=_listed(
        TICKETS,
        "/api/v2/tickets/show_many",
        {"include": "metric_sets"},
        paging=Paging.SINGLE,
        page_size=0,
    ),
    deletions=replace(
        DELETED_TICKETS,
        params=MappingProxyType({"sort_by": "deleted_at", "sort_order": "desc", **_ALL_TICKETS}),
        cursor_field="deleted_at",
    ),
    deleted=lambda row: {"status": "deleted", "updated_at": row.get("deleted_at")},
    known_of_deleted=lambda row: {"id": row["id"], "subject": row.get("subject")},
    misses="Not seen: changes that Zendesk makes itself without moving `updated_at`, deletions of"
    " archived tickets, what is erased 30 days after a deletion, `generated_timestamp`, and, where"
    " they were archived before they were read, the metrics of tickets.",
)

_TICKET_EVENTS = SecondRoad(
    changes=_listed(
        TICKET_EVENTS,
        "/api/v2/ticket_audits",
        NO_PARAMS,
        records_key="audits",
        paging=Paging.NEWEST_FIRST,
        cursor_field="timestamp",
        page_size=AUDITS_A_PAGE,
    ),
    as_export=as_ticket_event,
    misses="Not seen: events of tickets that were archived or deleted before they were read, and"
    " comments that are redacted after they were read. `via` is the channel, and the values in"
    " `child_events` are texts.",
)

_USERS = SecondRoad(
    changes=_listed(USERS, "/api/v2/users", {**_LAST_CHANGED, "include": "identities"}),
    deletions=replace(
        DELETED_USERS, params=MappingProxyType(_LAST_CHANGED), cursor_field="updated_at"
    ),
    deleted=_deleted_user,
    is_erased=_is_erased_user,
    misses="Not seen: changes that do not move `updated_at`. Where Zendesk shows the list in"
    " another order than that of the changes, each sync reads all of it, 100 users a request.",
)

_ORGANIZATIONS = SecondRoad(
    changes=_listed(ORGANIZATIONS, "/api/v2/organizations", _LAST_CHANGED),
    count_path="/api/v2/organizations/count",
    gone="deleted_at",
    misses="`deleted_at` is the time at which an organization was missed. Where Zendesk shows the"
    " list in another order than that of the changes, or one was deleted, all of it is read.",
)

SECOND_ROADS: Mapping[str, SecondRoad] = MappingProxyType(
    {
        TICKETS.name: _TICKETS,
        TICKET_EVENTS.name: _TICKET_EVENTS,
        USERS.name: _USERS,
        ORGANIZATIONS.name: _ORGANIZATIONS,
    }
)
"""By name of the stream."""
