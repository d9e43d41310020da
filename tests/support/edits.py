"""Edits of a simulated account: a whole day of them, and one of each kind for any stream."""

from __future__ import annotations

from typing import Any

from zendesk_source.catalogue import Paging, Stream
from zendesk_source.simulator import Account
from zendesk_source.simulator.rows.settings import Owner
from zendesk_source.simulator.state import shown_key
from zendesk_source.simulator.store import iso

Row = dict[str, Any]

FIELDS: dict[str, Owner] = {
    "ticket_fields": "ticket",
    "user_fields": "user",
    "organization_fields": "organization",
}
# Their rows are made by edits of tickets and people.
CHANGED = ("description", "title", "subject", "reason", "duration", "total_calls", "calls_waiting")
# A vote changes the article, or the comment, and nothing tells of it.
UNSEEN = ("hc_article_votes", "hc_post_comment_votes")
MADE_BY_OTHERS = (
    "custom_object_records",
    "tags",
    "tickets",
    "ticket_events",
    "ticket_metric_events",
)


def eventful_day(account: Account) -> None:
    """Everything that makes a connector lose or double rows."""
    account.clock.advance(3_600)
    tickets = [
        row for row in account.truth("tickets") if row["status"] not in ("deleted", "closed")
    ]
    ids = [row["id"] for row in tickets]
    for ticket_id in ids[:10]:
        account.edit_ticket(ticket_id, status="pending", tags=["only_this_one"])
    account.edit_ticket(ids[10], tags=[])
    account.system_update(ids[11])
    account.bulk_edit([row["id"] for row in tickets], priority="urgent")
    account.clock.advance(5)
    account.delete_ticket(ids[12])
    account.delete_ticket(ids[13])
    account.scrub_ticket(ids[13])
    account.comment(ids[14], body="Seen, thank you.", public=True)
    fields = [field for field in account.truth("ticket_fields") if field["removable"]]
    account.rename_field("ticket", fields[0]["id"], "Renamed since")
    for title in ("Twice the same", "Twice the same", "Status", "Ответ"):
        field = account.add_field("ticket", "text", title)
        account.set_custom_field(ids[15], field["id"], f"value of {title}")
    account.create_ticket(subject="Brand new")
    user_id = account.truth("users")[0]["id"]
    account.edit_user(user_id, name="Someone else")
    account.add_identity(user_id, type="email", value="second@example.com")
    account.remove_row("macros", account.truth("macros")[0]["id"])
    account.edit_organization(account.truth("organizations")[0]["id"], details="Moved")
    account.clock.advance(3_600)


def edit(account: Account, stream: Stream) -> None:
    """Add a row, change one and remove one, as far as the stream has them."""
    if stream.name in MADE_BY_OTHERS or stream.name in UNSEEN:
        return
    rows = account.truth(stream.name)
    if stream.is_incremental:  # what Zendesk filters by its making changes while it is young
        rows.sort(key=lambda row: str(row.get("created_at")), reverse=True)
    keys = [_key(stream, row) for row in rows]
    if stream.parent is None or not stream.parent.count:  # a count does not tell of an edit
        changes = {n: _changed(rows[0][n]) for n in CHANGED if rows[0].get(n) is not None}
        account.edit_row(stream.name, keys[0], **changes)
    if stream.paging is Paging.OBJECT:
        return
    if stream.name in FIELDS:
        account.add_field(FIELDS[stream.name], "text", "Newcomer")
        return
    if not stream.is_incremental:
        account.remove_row(stream.name, keys[1])
    if stream.parent is not None and stream.parent.count:
        return  # one row less and one more of a parent: a count tells nothing
    if stream.name not in ("users", "organizations", "satisfaction_ratings"):
        account.add_row(stream.name, **_given(account, stream, rows[0]))


def _key(stream: Stream, row: Row) -> Any:
    key = tuple(row[name] for name in shown_key(stream))
    return key[0] if len(key) == 1 else key


def _changed(value: Any) -> Any:
    return value + 1 if isinstance(value, (int, float)) else f"{value}, edited"


def _given(account: Account, stream: Stream, row: Row) -> Row:
    """Return what a new row cannot do without: what lists are sorted and filtered by."""
    needed = {"name", "position", "title"} - set(shown_key(stream))
    if stream.parent is not None:
        needed |= {stream.parent.column, "value"}
    given = {name: value for name, value in row.items() if name in needed}
    if stream.name == "csat_survey_responses":
        now = iso(account.now_second())
        given["answers"] = [{**row["answers"][0], "created_at": now, "updated_at": now}]
    return given
