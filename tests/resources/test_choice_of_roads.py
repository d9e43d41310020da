"""When a stream is read from its export, when from lists, and what a change of the two costs."""

from __future__ import annotations

import logging
from dataclasses import replace

import dlt
import pytest

from tests.support.second_road import (
    EXPORTS,
    HOUR,
    LISTS,
    NAMES,
    SEARCH,
    a_day,
    assert_equals_truth,
    deleted_ids,
    generated,
    load,
    paths,
)
from tests.support.simulated import source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source.errors import ConfigurationError
from zendesk_source.simulator import Account, Answer, Request, Simulator


@pytest.fixture
def account() -> Account:
    return generated()


def test_a_refusal_for_one_sync_costs_no_backfill(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    load(pipeline, zendesk)
    before = deleted_ids(account)
    zendesk.close_exports()
    a_day(account)
    report = load(pipeline, zendesk)
    assert SEARCH not in paths(zendesk)
    assert all(run.usage.requests <= 5 for run in report.runs.values())
    stored = {row["id"]: row for row in stored_rows(pipeline, "tickets")}
    for row in account.truth("tickets"):
        if row["id"] not in before:
            assert stored[row["id"]]["status"] == row["status"]
    zendesk.open_exports()
    account.system_update(next(key for key in stored if key not in before))
    load(pipeline, zendesk)
    assert set(paths(zendesk)) >= {f"{EXPORTS}tickets/cursor", f"{EXPORTS}users/cursor"}
    assert "/api/v2/tickets" not in paths(zendesk)
    for table in ("tickets", "ticket_tags", "users", "user_identities", "ticket_field_history"):
        assert_table_equals(pipeline, table, account.truth(table))


def test_exports_that_open_again_begin_a_day_before_the_end_of_the_lists(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    load(pipeline, zendesk)
    account.clock.advance(60 * 86_400)
    changed = next(row for row in account.truth("tickets") if row["status"] == "open")
    account.edit_ticket(changed["id"], priority="urgent")
    load(pipeline, zendesk)
    zendesk.open_exports()
    created = account.create_ticket(subject="Since")
    report = load(pipeline, zendesk)
    asked = {r.path: r.query.get("start_time", "0") for r in zendesk.requests if EXPORTS in r.path}
    edited = account.ticket(changed["id"])["generated_timestamp"]
    assert int(asked[f"{EXPORTS}tickets/cursor.json"]) == edited - 86_400
    assert report.runs["tickets"].rows["tickets"] == 2
    assert {row["id"] for row in stored_rows(pipeline, "tickets")} >= {created["id"]}
    # And once more: it goes on from its own position.
    report = load(pipeline, zendesk)
    assert report.runs["tickets"].rows.get("tickets", 0) == 0
    assert "/api/v2/tickets" not in paths(zendesk)


@pytest.mark.long
def test_exports_that_were_never_read_do_not_hold_the_lists_back(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    """The place that an export is lent is taken back when it is refused again."""
    zendesk.close_exports()
    for _ in range(3):
        load(pipeline, zendesk)
        account.clock.advance(30 * 86_400)
    state = pipeline.state["sources"]["zendesk"]["resources"]["tickets"]
    assert not state.get("positions")
    assert SEARCH not in paths(zendesk)


@pytest.mark.long
def test_tags_that_went_while_lists_were_read_are_gone_when_the_export_is_back(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    load(pipeline, zendesk)
    account.clock.advance(3 * 86_400)
    ticket = next(row for row in account.truth("tickets") if row["status"] == "open")
    account.edit_ticket(ticket["id"], tags=["a", "b"])
    load(pipeline, zendesk)
    account.clock.advance(HOUR)
    account.system_update(ticket["id"], tags=[])
    account.clock.advance(3 * 86_400)
    zendesk.open_exports()
    load(pipeline, zendesk)
    tagged = {row["ticket_id"] for row in stored_rows(pipeline, "ticket_tags")}
    assert ticket["id"] not in tagged


def test_with_incremental_nothing_but_the_exports_is_asked(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.close_exports()
    report = load(pipeline, zendesk, exports="incremental")
    assert report.exit_code == 1
    assert {run.status for run in report.runs.values()} == {"skipped"}
    assert not LISTS & set(paths(zendesk))


def test_with_lists_no_export_is_asked(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    before = deleted_ids(account)
    report = load(pipeline, zendesk, exports="lists")
    assert report.exit_code == 0
    assert not any(path.startswith(EXPORTS) for path in paths(zendesk))
    assert_equals_truth(pipeline, account, before)
    with pytest.raises(ConfigurationError, match="Leave end_date out"):
        load(pipeline, zendesk, "tickets", exports="lists", end_date="2026-01-01")


def test_who_is_no_admin_is_skipped_as_ever(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    def as_agent(request: Request, answer: Answer) -> Answer:
        if not request.path.startswith("/api/v2/users/me"):
            return answer
        return replace(answer, body=answer.body.replace(b'"admin"', b'"agent"'))

    zendesk.alter_answers(as_agent)
    zendesk.close_exports()
    report = load(pipeline, zendesk)
    assert {run.status for run in report.runs.values()} == {"skipped"}
    assert "/api/v2/tickets" not in paths(zendesk)


def test_where_lists_are_refused_too_the_export_is_named(
    account: Account, zendesk: Simulator, pipeline: dlt.Pipeline
) -> None:
    zendesk.refuse("tickets")
    report = load(pipeline, zendesk, "tickets", "users")
    assert report.runs["tickets"].status == "skipped"
    assert EXPORTS in report.runs["tickets"].reason
    assert report.runs["users"].status == "ok"


@pytest.mark.long
def test_a_plain_run_reads_lists_too_and_says_so(
    account: Account,
    zendesk: Simulator,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    zendesk.close_exports()
    before = deleted_ids(account)
    with caplog.at_level(logging.WARNING, "zendesk_source"):
        pipeline.run(source_of(zendesk, *NAMES))
    assert sum("read from lists" in record.getMessage() for record in caplog.records) == 4
    a_day(account)
    account.clock.advance(HOUR)
    pipeline.run(source_of(zendesk, *NAMES))
    assert_equals_truth(pipeline, account, before)
