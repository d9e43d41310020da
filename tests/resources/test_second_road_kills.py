"""Lists that stand in for exports, whatever happens: in the end the tables are the truth."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import dlt
import pytest

from tests.support.second_road import (
    HOUR,
    NAMES,
    a_day,
    assert_equals_truth,
    deleted_ids,
    generated,
    load,
)
from tests.support.simulated import served, source_of
from tests.support.tables import whole_rows
from zendesk_source import sync
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.resources.run import SliceLimits
from zendesk_source.runs.log_reader import logged_runs
from zendesk_source.simulator import Account, Answer, Fault, Request, Simulator


class Killed(BaseException):
    """The end of a process, as near as a test comes to it in its own."""


def loaded_ids(pipeline: dlt.Pipeline) -> set[int]:
    return {row["id"] for name in NAMES for row in whole_rows(pipeline, name)}


def refuse_order(request: Request, answer: Answer) -> Answer:
    is_list = request.stream in ("users", "organizations", "deleted_users")
    if is_list and "sort" in request.query:
        return replace(answer, status=400, body=b'{"error":"InvalidPaginationParameter"}')
    return answer


def one_sync(random: Random, pipeline: dlt.Pipeline, zendesk: Simulator) -> None:
    """Sync in small packages, with faults; it may be killed behind any of them."""
    zendesk.leave_answers_alone()
    if random.random() < 0.4:
        zendesk.alter_answers(refuse_order)
    if random.random() < 0.4:
        times = random.choice([1, RetryPolicy().attempts])
        zendesk.fail_next(Fault.SERVER_ERROR, random.choice(NAMES), times=times)
    left = random.choice([1, 2, 3, 99])

    def kill_behind(_: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    limits = SliceLimits(max_pages=random.choice([1, 2, 100]))
    source = source_of(zendesk, *NAMES)
    with suppress(Killed):
        sync(pipeline, source, limits=limits, on_slice=kill_behind, clock=zendesk.account.clock)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3, 4))])
def test_edits_faults_refused_orders_and_kills_lose_no_row(
    seed: int, pipeline: dlt.Pipeline
) -> None:
    account, random = generated(seed), Random(seed)
    with served(account) as zendesk:
        check(random, account, zendesk, pipeline)


def check(random: Random, account: Account, zendesk: Simulator, pipeline: dlt.Pipeline) -> None:
    zendesk.close_exports()
    unread = deleted_ids(account)
    load(pipeline, zendesk, clock=account.clock)
    for _ in range(4):
        before, seen = deleted_ids(account), loaded_ids(pipeline)
        a_day(account)
        deleted = deleted_ids(account) - before
        # What was changed since the last sync that was not killed is not shown of a deleted ticket.
        unread |= deleted & {row["id"] for row in account.truth("tickets")} | deleted - seen
        account.clock.advance(HOUR)
        one_sync(random, pipeline, zendesk)
    zendesk.leave_answers_alone()
    for _ in range(2):
        report = load(pipeline, zendesk, clock=account.clock)
    assert report.exit_code == 0, report.runs
    assert_equals_truth(pipeline, account, unread)
    runs = logged_runs(pipeline, account.clock.now())
    assert runs is not None
    for name, logged in runs.items():
        began = [run.started_at for run in logged]
        assert len(began) == len(set(began)), name
