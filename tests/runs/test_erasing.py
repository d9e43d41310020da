"""What Zendesk erases is erased here: the texts of tickets that it has emptied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.simulated import source_of
from tests.support.tables import whole_rows
from zendesk_source import ConfigurationError, sync
from zendesk_source.settings.options import Options
from zendesk_source.simulator import Account, Answer, Request, Simulator
from zendesk_source.simulator.edits.tickets import REDACTED

STREAMS = ("tickets", "ticket_events", "satisfaction_ratings", "ticket_audits")
SECRET = "what nobody shall read again"


def load(zendesk: Simulator, pipeline: Any, **settings: Any) -> None:
    zendesk.account.clock.advance(3_600)
    sync(pipeline, source_of(zendesk, *STREAMS, **settings), clock=zendesk.account.clock)


def of_ticket(pipeline: Any, table: str, ticket: int) -> list[dict[str, Any]]:
    return [row for row in whole_rows(pipeline, table) if row["ticket_id"] == ticket]


@pytest.fixture
def ticket(account: Account) -> int:
    """Return a ticket with texts of its own in a comment and in its history."""
    found: int = next(row for row in account.truth("tickets") if row["status"] == "open")["id"]
    account.edit_ticket(found, subject=SECRET)
    account.comment(found, body=SECRET)
    return found


def test_texts_of_an_emptied_ticket_go_and_those_of_others_stay(
    account: Account, zendesk, either_pipeline, ticket
) -> None:
    pipeline = either_pipeline
    load(zendesk, pipeline, erase=True)
    assert SECRET in {row["body"] for row in of_ticket(pipeline, "ticket_comments", ticket)}
    before = {
        table: [row for row in whole_rows(pipeline, table) if row["ticket_id"] != ticket]
        for table in ("ticket_comments", "ticket_field_history", "ticket_events")
    }
    counts = {table: len(of_ticket(pipeline, table, ticket)) for table in before}
    account.delete_ticket(ticket)
    load(zendesk, pipeline, erase=True)
    assert SECRET in {row["body"] for row in of_ticket(pipeline, "ticket_comments", ticket)}, (
        "a deleted ticket can be restored"
    )
    account.scrub_ticket(ticket)
    load(zendesk, pipeline, erase=True)
    comments = of_ticket(pipeline, "ticket_comments", ticket)
    assert {row[name] for row in comments for name in ("body", "html_body", "via")} == {None}
    assert all(row["author_id"] and row["created_at"] for row in comments)
    history = of_ticket(pipeline, "ticket_field_history", ticket)
    assert {(row["value"], row["previous_value"]) for row in history} == {(None, None)}
    assert {row["child_events"] for row in of_ticket(pipeline, "ticket_events", ticket)} == {None}
    for table, rows in before.items():
        assert len(of_ticket(pipeline, table, ticket)) >= counts[table]
        after = [row for row in whole_rows(pipeline, table) if row["ticket_id"] != ticket]
        assert sorted(map(str, after)) == sorted(map(str, rows))


def test_without_the_setting_what_was_loaded_stays(account, zendesk, pipeline, ticket) -> None:
    load(zendesk, pipeline)
    account.delete_ticket(ticket)
    account.scrub_ticket(ticket)
    load(zendesk, pipeline)
    assert SECRET in {row["body"] for row in of_ticket(pipeline, "ticket_comments", ticket)}


def test_of_accounts_that_share_a_dataset_each_erases_its_own(zendesk, account, pipeline) -> None:
    """Tickets of two accounts have the same ids."""
    ticket = next(row for row in account.truth("tickets") if row["status"] == "open")["id"]
    for subdomain in ("acme", "other"):
        load(zendesk, pipeline, erase=True, account_column=True, subdomain=subdomain)
    account.delete_ticket(ticket)
    account.scrub_ticket(ticket)
    load(zendesk, pipeline, erase=True, account_column=True, subdomain="acme")
    bodies = {
        (row["account"], row["body"] is None)
        for row in of_ticket(pipeline, "ticket_comments", ticket)
    }
    assert bodies == {("acme", True), ("other", False)}


def test_a_comment_of_which_an_event_alone_says_that_it_was_redacted_loses_its_text(
    account: Account, zendesk, either_pipeline, ticket
) -> None:
    pipeline = either_pipeline
    account.clock.advance(3_600)  # the rows of the last second are shown again
    kept = account.comment(ticket, body="harmless")
    load(zendesk, pipeline, erase=True)
    rows = {row["body"]: row for row in of_ticket(pipeline, "ticket_comments", ticket)}
    account.redact_comment(rows[SECRET]["id"], is_told_apart=True)
    load(zendesk, pipeline, erase=True)
    after = {row["id"]: row for row in of_ticket(pipeline, "ticket_comments", ticket)}
    assert after[rows[SECRET]["id"]]["body"] is after[rows[SECRET]["id"]]["html_body"] is None
    assert after[kept["id"]]["body"] == "harmless"
    events = {row["id"]: row["child_events"] for row in whole_rows(pipeline, "ticket_events")}
    assert events[rows[SECRET]["event_id"]] is None
    assert SECRET not in str(after)


def test_a_redacted_attachment_goes_with_its_event_and_the_text_of_the_comment_stays(
    account: Account, zendesk, pipeline
) -> None:
    ticket = next(row for row in account.truth("tickets") if row["status"] == "open")["id"]
    file = {"id": 7, "file_name": SECRET, "content_url": "https://acme.example/7"}
    comment = account.comment(ticket, body="harmless", attachments=[file])
    account.clock.advance(3_600)  # the rows of the last second are shown again
    other = account.comment(ticket, body="another", attachments=[{**file, "file_name": "kept"}])
    load(zendesk, pipeline, erase=True)
    assert SECRET in str(of_ticket(pipeline, "ticket_comments", ticket))

    def of_attachment(request: Request, answer: Answer) -> Answer:
        told = answer.body.replace(b"CommentRedactionEvent", b"AttachmentRedactionEvent")
        return replace(answer, body=told)

    zendesk.alter_answers(of_attachment)
    account.redact_comment(comment["id"], is_told_apart=True)
    load(zendesk, pipeline, erase=True)
    after = {row["id"]: row for row in of_ticket(pipeline, "ticket_comments", ticket)}
    assert (after[comment["id"]]["body"], after[comment["id"]]["attachments"]) == ("harmless", None)
    assert "kept" in str(after[other["id"]]["attachments"])
    events = {row["id"]: row["child_events"] for row in whole_rows(pipeline, "ticket_events")}
    assert events[comment["event_id"]] is None
    assert "another" in str(events[other["event_id"]])
    assert SECRET not in str(events)


def test_a_ticket_that_a_schedule_deletes_for_good_is_emptied_like_any_other(
    account: Account, zendesk, pipeline, ticket
) -> None:
    load(zendesk, pipeline, erase=True)
    account.edit_ticket(ticket, status="closed")
    account.scrub_ticket(ticket)  # a schedule does not wait for 30 days
    load(zendesk, pipeline, erase=True)
    (row,) = (row for row in whole_rows(pipeline, "tickets") if row["id"] == ticket)
    assert row["is_scrubbed"] is True
    for table in ("ticket_comments", "ticket_field_history", "ticket_events", "ticket_audits"):
        rows = of_ticket(pipeline, table, ticket)
        assert rows or table == "ticket_audits"
        assert SECRET not in str(rows), table


def test_what_zendesk_shows_of_a_redacted_comment_stays(account, zendesk, pipeline, ticket) -> None:
    """It was redacted before it was read, or is shown again: what is left of it is no secret."""
    comments = [row for row in account.truth("ticket_comments") if row["ticket_id"] == ticket]
    first, second = comments[0]["id"], comments[-1]["id"]
    account.redact_comment(first, is_told_apart=True)
    account.clock.advance(7_200)
    load(zendesk, pipeline, erase=True)
    account.redact_comment(second)
    load(zendesk, pipeline, erase=True)
    load(zendesk, pipeline, erase=True)
    shown = {row["id"]: row["body"] for row in of_ticket(pipeline, "ticket_comments", ticket)}
    assert {shown[first], shown[second]} == {REDACTED}


def test_erasing_and_removing_do_not_go_together() -> None:
    with pytest.raises(ConfigurationError, match="erase goes by tickets"):
        Options(erase=True, deleted="remove")
