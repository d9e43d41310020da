"""The same odd rows where lists stand in for exports, and where values are private."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.hostile.inputs import BY_NAME, Hostile
from tests.hostile.rows import row_inputs
from tests.support.second_road import NAMES, tell_true_deletions
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import opened, whole_rows
from zendesk_source import sync
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.support.second_roads import SECOND_ROADS
from zendesk_source.names import REJECTED_TABLE
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Account, Answer, Request

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SECRET = "Nobody shall read this"
PRIVATE = {"contact": "drop", "content": "drop"}
AT_ONCE = 8


def sample(turn: int) -> Mapping[str, Sequence[Hostile]]:
    """Deal a part of the odd rows out to the four streams."""
    usual = [each for each in row_inputs() if each.is_row and not each.only][turn::3]
    return {name: usual[place::4][:AT_ONCE] for place, name in enumerate(NAMES)}


def account_with_secrets() -> Account:
    account = Account.generate(seed=5, tickets=40, users=24, organizations=5)
    tell_true_deletions(account)
    alive = [r["id"] for r in account.truth("tickets") if r["status"] not in ("deleted", "closed")]
    for ticket in alive[:3]:
        account.edit_ticket(ticket, subject=SECRET)
        account.comment(ticket, body=SECRET)
    account.edit_user(account.truth("users")[0]["id"], name=SECRET, notes=SECRET)
    account.edit_organization(account.truth("organizations")[0]["id"], details=SECRET)
    account.clock.advance(7_200)
    return account


def on_path(path: str, hostile: Hostile, stream: Stream) -> Callable[[Request, Answer], Answer]:
    """Return what lets a simulator play an input where one path is asked."""

    def alter(request: Request, answer: Answer) -> Answer:
        is_meant = request.path.removesuffix(".json") == path.removesuffix(".json")
        return hostile.alter(answer, stream) if is_meant else answer

    return alter


def play(
    account: Account, inputs: Mapping[str, Sequence[Hostile]], **settings: Any
) -> tuple[list[SyncReport], list[str]]:
    """Load with odd rows in every answer, and once more without; return what hidden texts show."""
    reports = []
    has_lists = settings.get("exports") == "lists"
    with served(account) as zendesk:
        for name, hostiles in inputs.items():
            stream = SECOND_ROADS[name].changes if has_lists else BY_NAME[name]
            for hostile in hostiles:
                zendesk.alter_answers(on_path(stream.path, hostile, stream))
        for is_healed in (False, True):
            if is_healed:
                zendesk.leave_answers_alone()
                account.clock.advance(7_200)
            source = source_of(zendesk, *NAMES, **settings)
            reports.append(sync(duckdb_pipeline(), source, clock=account.clock))
    with opened(duckdb_pipeline()) as dataset:
        shown = [
            f"{table}: {row}"
            for table in dataset.tables
            if "__" not in table and not table.startswith("_dlt")
            for row in whole_rows(dataset, table)
            if SECRET in str(row)
        ]
    return reports, shown


def keys(table: str, column: str = "id") -> set[Any]:
    return {row[column] for row in whole_rows(duckdb_pipeline(), table)}


def assert_whole(account: Account, reports: Sequence[SyncReport]) -> None:
    """Check that no stream failed for an odd row, and that no row of the account is missing."""
    for report in reports:
        for name, run in report.runs.items():
            assert run.was_read, (name, run.reason)
            assert "bug" not in run.reason, (name, run.reason)
    for name in NAMES:
        truth = {row["id"] for row in account.truth(name)}
        deleted = {r["id"] for r in account.truth("tickets") if r["status"] == "deleted"}
        if name == "ticket_events":
            truth = {r["id"] for r in account.truth(name) if r["ticket_id"] not in deleted}
        assert truth - keys(name) <= deleted, name
    tickets = {row["id"]: row for row in whole_rows(duckdb_pipeline(), "tickets")}
    for row in account.truth("tickets"):
        if row["status"] != "deleted":
            assert tickets[row["id"]]["status"] == row["status"]
    assert keys(REJECTED_TABLE, "stream"), "what fits no table is kept"


@pytest.mark.parametrize("turn", range(3))
def test_odd_rows_in_lists_that_stand_in_for_exports(turn: int, own_dlt: Any) -> None:
    account = account_with_secrets()
    reports, shown = play(account, sample(turn), exports="lists")
    assert_whole(account, reports)
    assert shown, "nothing is private here"


@pytest.mark.parametrize("exports", ["incremental", "lists"])
def test_odd_rows_carry_nothing_private_into_any_table(exports: str, own_dlt: Any) -> None:
    account = account_with_secrets()
    reports, shown = play(account, sample(1), exports=exports, private=PRIVATE)
    assert_whole(account, reports)
    assert shown == []
