"""Rows that Zendesk shows for one parent at a time: which parents are asked, and what is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import dlt
import pytest

from tests.tables import assert_table_equals
from zendesk_source import sync, zendesk_source
from zendesk_source.api.credentials import ZendeskOAuthToken
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.extract.children import ASKED_AT_ONCE
from zendesk_source.extract.slices import SliceLimits, StreamRun
from zendesk_source.loop import SyncReport
from zendesk_source.selection import select_streams
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

TOKEN = "a-token"
HOUR = 3_600
COMMENTS, HOLIDAYS = "hc_article_comments", "schedule_holidays"
BY_NAME = {stream.name: stream for stream in STREAMS}


@pytest.fixture
def account() -> Account:
    clock = SimulatedClock(start=datetime(2026, 1, 15, 12, tzinfo=timezone.utc))
    return Account.generate(seed=5, tickets=30, users=20, organizations=8, clock=clock)


@pytest.fixture
def zendesk(account: Account) -> Iterator[Simulator]:
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token=TOKEN) as simulator:
        yield simulator


@pytest.fixture
def pipeline() -> dlt.Pipeline:
    return dlt.pipeline("zendesk", destination="duckdb", dataset_name="zendesk_data")


def source_of(zendesk: Simulator, *names: str) -> Any:
    credentials = ZendeskOAuthToken()
    credentials.subdomain, credentials.oauth_token = "acme", TOKEN
    credentials.base_url = zendesk.base_url
    source = zendesk_source(credentials, clock=zendesk.account.clock)
    return source.with_resources(*select_streams(names))


def load(pipeline: dlt.Pipeline, zendesk: Simulator, *names: str, **options: Any) -> SyncReport:
    """Sync some streams; an hour later the next requests are counted anew."""
    zendesk.forget_requests()
    report = sync(pipeline, source_of(zendesk, *names), **options)
    zendesk.account.clock.advance(HOUR)
    return report


def asked(zendesk: Simulator, name: str) -> Counter[str]:
    """Return how often each address of a stream was asked."""
    return Counter(request.path for request in zendesk.requests if request.stream == name)


def parents_of(stream: Stream, account: Account) -> list[Any]:
    assert stream.parent is not None
    return account.stores[stream.parent.stream.name].keys()


def path_of(name: str, parent: Any) -> str:
    return BY_NAME[name].path.format(id=parent)


@pytest.mark.parametrize("name", [COMMENTS, HOLIDAYS])
def test_where_nothing_tells_of_a_change_every_parent_is_asked_once(
    account, zendesk, pipeline, name
):
    for _ in range(2):
        report = load(pipeline, zendesk, name)
        assert report.runs[name].status == "ok"
        parents = parents_of(BY_NAME[name], account)
        assert asked(zendesk, name) == Counter(path_of(name, parent) for parent in parents)
        assert_table_equals(pipeline, name, account.truth(name))
        first = account.truth(name)[0]
        account.remove_row(name, first["id"])
        parent = BY_NAME[name].parent
        assert parent is not None
        account.add_row(name, **{parent.column: first[parent.column]})


def test_what_vanished_at_zendesk_vanishes(account, zendesk, pipeline):
    load(pipeline, zendesk, COMMENTS)
    comments = account.truth(COMMENTS)
    emptied, gone = (row["article_id"] for row in (comments[0], comments[1]))
    assert emptied != gone
    for comment in comments:
        if comment["article_id"] == emptied:
            account.remove_row(COMMENTS, comment["id"])
    account.remove_row("hc_articles", gone)
    load(pipeline, zendesk, COMMENTS)
    assert {row["article_id"] for row in account.truth(COMMENTS)}.isdisjoint({emptied, gone})
    assert_table_equals(pipeline, COMMENTS, account.truth(COMMENTS))


def test_a_killed_sync_goes_on_with_the_parents_that_are_left(account, zendesk, pipeline):
    articles = 40 + 2 * ASKED_AT_ONCE
    for _ in range(articles - 40):
        account.add_row(COMMENTS, article_id=account.add_row("hc_articles", position=0)["id"])

    def kill(runs: dict[str, StreamRun]) -> None:
        if runs[COMMENTS].pages == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(pipeline, zendesk, COMMENTS, limits=SliceLimits(max_pages=1), on_slice=kill)
    load(pipeline, zendesk, COMMENTS)
    assert len(asked(zendesk, COMMENTS)) == articles - 2 * ASKED_AT_ONCE
    assert_table_equals(pipeline, COMMENTS, account.truth(COMMENTS))
    load(pipeline, zendesk, COMMENTS)
    assert len(asked(zendesk, COMMENTS)) == articles


def test_a_parent_that_is_deleted_meanwhile_ends_nothing(account, zendesk, pipeline):
    load(pipeline, zendesk, COMMENTS)
    gone = account.truth(COMMENTS)[0]["article_id"]
    is_first: list[bool] = []

    def delete(request: Any) -> None:
        if request.stream == COMMENTS and not is_first:
            is_first.append(True)
            account.remove_row("hc_articles", gone)

    zendesk.before_answer(delete)
    report = load(pipeline, zendesk, COMMENTS)
    assert report.runs[COMMENTS].status == "ok"
    assert_table_equals(pipeline, COMMENTS, account.truth(COMMENTS))


@pytest.mark.parametrize(("refused", "status"), [(COMMENTS, 403), (COMMENTS, 404),
                                                ("hc_articles", 404)])  # fmt: skip
def test_a_refused_product_is_a_skip_with_its_reason(account, zendesk, pipeline, refused, status):
    zendesk.refuse(refused, status)
    report = load(pipeline, zendesk, COMMENTS, HOLIDAYS)
    assert report.runs[COMMENTS].status == "skipped"
    assert f"{COMMENTS} (/api/v2/help_center/articles" in report.runs[COMMENTS].reason
    assert f"answered {status}" in report.runs[COMMENTS].reason
    assert len(asked(zendesk, COMMENTS)) <= 10
    assert_table_equals(pipeline, HOLIDAYS, account.truth(HOLIDAYS))
    zendesk.allow(refused)
    load(pipeline, zendesk, COMMENTS)
    assert_table_equals(pipeline, COMMENTS, account.truth(COMMENTS))


def test_the_cost_is_told_before_the_first_parent_is_asked(zendesk, pipeline):
    told: list[tuple[str, int]] = []
    load(
        pipeline,
        zendesk,
        COMMENTS,
        on_cost=lambda text: told.append((text, len(asked(zendesk, COMMENTS)))),
    )
    assert told == [("hc_article_comments: 1 request for each of 40 articles", 0)]


def test_a_plain_run_reads_the_same(account, zendesk, pipeline):
    pipeline.run(source_of(zendesk, COMMENTS))
    account.clock.advance(HOUR)
    account.remove_row(COMMENTS, account.truth(COMMENTS)[0]["id"])
    pipeline.run(source_of(zendesk, COMMENTS))
    assert_table_equals(pipeline, COMMENTS, account.truth(COMMENTS))
