"""Rows that Zendesk shows for one parent at a time: which parents are asked, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import dlt
import pytest

from tests.support.simulated import source_of
from tests.support.tables import Row, assert_table_equals
from zendesk_source import sync, zendesk_help_center
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.extract.parents.children import ASKED_AT_ONCE, read_of_list
from zendesk_source.extract.parents.seen import Seen
from zendesk_source.extract.parents.sign import REREAD_DAYS
from zendesk_source.resources.run import SliceLimits
from zendesk_source.runs.loop import SyncReport
from zendesk_source.settings.selection import select_streams
from zendesk_source.simulator import Account, Simulator

BY_NAME = {stream.name: stream for stream in STREAMS}
CHILDREN = [stream for stream in STREAMS if stream.parent is not None]
COMMENTS, HOLIDAYS, VOTES = "hc_article_comments", "schedule_holidays", "hc_article_votes"
# Their parents change at the edits of the other one, too.
OF_EDITED_ARTICLES = ("hc_article_attachments", "hc_article_translations")


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=5, tickets=70, users=20, organizations=8)


def load(pipeline: dlt.Pipeline, zendesk: Simulator, *names: str, **options: Any) -> SyncReport:
    """Sync some streams, and let an hour pass; the requests before are forgotten."""
    zendesk.forget_requests()
    report = sync(pipeline, source_of(zendesk, *names), **options)
    zendesk.account.clock.advance(3_600)
    return report


def asked(zendesk: Simulator, name: str) -> list[str]:
    """Return the addresses of a stream that were asked."""
    return [request.path for request in zendesk.requests if request.stream == name]


def assert_is_the_account(pipeline: dlt.Pipeline, account: Account, *names: str) -> None:
    for name in names:
        assert_table_equals(pipeline, name, account.truth(name))


def column_of(stream: Stream) -> str:
    assert stream.parent is not None
    return stream.parent.column


def row_id(stream: Stream, row: Row) -> Any:
    key = tuple(row[column] for column in stream.primary_key)
    return key[0] if len(key) == 1 else key


def edit(account: Account, stream: Stream) -> set[Any]:
    """Remove a row, empty a parent, and give one another row; return the parents."""
    rows, column = account.truth(stream.name), column_of(stream)
    emptied = [row for row in rows[1:] if row[column] == rows[-1][column]]
    for row in (rows[0], *emptied):
        account.remove_row(stream.name, row_id(stream, row))
    # Of a parent with one row less and another one more a count tells nothing.
    others = [row[column] for row in rows if row[column] not in {rows[0][column], rows[-1][column]}]
    parent = others[0] if others else rows[0][column]
    given = {"value": -1, "vote_count": 0, "vote_sum": 0}
    more = {name: value for name, value in given.items() if name in stream.columns}
    account.add_row(stream.name, **{column: parent}, **more)
    return {rows[0][column], rows[-1][column], parent}


@pytest.mark.long
def test_only_changed_parents_are_asked_and_what_is_gone_goes(account, zendesk, pipeline):
    names = [stream.name for stream in CHILDREN]
    report = load(pipeline, zendesk, *names)
    assert {run.reason for run in report.runs.values()} == {""}
    for stream in CHILDREN:
        paths = asked(zendesk, stream.name)
        # Those of comments are read once more for the votes on them.
        assert stream.name.endswith("_comments") or len(paths) == len(set(paths)), stream.name
    assert_is_the_account(pipeline, account, *names)

    unseen = {"hc_post_comment_votes"}  # they change a comment, which nothing of its post tells
    changed = {s.name: edit(account, s) for s in CHILDREN if s.name not in unseen}
    gone = changed["hc_article_comments"].pop()
    account.remove_row("hc_articles", gone)
    account.clock.advance(3_600)
    report = load(pipeline, zendesk, *names)
    assert_is_the_account(pipeline, account, *names)
    lists_of_posts = 2
    of_posts = report.runs["hc_post_comments"].usage.requests
    assert of_posts <= len(changed["hc_post_comments"]) + lists_of_posts
    unseen.add("hc_post_comments")  # asked for the votes on them
    edited = set().union(*(changed[name] for name in OF_EDITED_ARTICLES))
    changed.update(dict.fromkeys(OF_EDITED_ARTICLES, edited))
    for stream in CHILDREN:
        if stream.parent is not None and stream.parent.signs and stream.name not in unseen:
            parents = {path.split("/")[-2] for path in asked(zendesk, stream.name)}
            assert parents <= {str(parent) for parent in changed[stream.name]}, stream.name
            assert parents, stream.name
    assert len(set(asked(zendesk, COMMENTS))) == len(account.truth("hc_articles"))


def test_a_killed_sync_goes_on_with_the_parents_that_are_left(account, zendesk, pipeline):
    names = ("side_conversations", COMMENTS, "hc_article_comment_votes", OF_EDITED_ARTICLES[0])
    read: dict[str, int] = {}

    def kill(runs: dict[str, StreamRun]) -> None:
        read.update({name: run.pages for name, run in runs.items()})
        if read["side_conversations"] and read[OF_EDITED_ARTICLES[0]]:
            raise KeyboardInterrupt

    told: list[str] = []
    limits = SliceLimits(max_pages=1)
    with pytest.raises(KeyboardInterrupt):
        load(pipeline, zendesk, *names, limits=limits, on_slice=kill, on_cost=told.append)
    assert (
        f"side_conversations: 1 request for each of {len(account.truth('tickets'))} tickets" in told
    )
    load(pipeline, zendesk, *names)
    articles = len(account.truth("hc_articles"))
    tickets = [row for row in account.truth("tickets") if row["status"] != "deleted"]
    left = {
        "side_conversations": len(tickets) - ASKED_AT_ONCE * read["side_conversations"],
        OF_EDITED_ARTICLES[0]: articles - ASKED_AT_ONCE * read[OF_EDITED_ARTICLES[0]],
    }
    assert max(left.values()) > 0
    for name, count in left.items():
        assert len(asked(zendesk, name)) == max(0, count), name
    # All of them are asked anew, once all of them have been.
    of_comments = articles - ASKED_AT_ONCE * read[COMMENTS] % (2 * ASKED_AT_ONCE)
    assert of_comments <= len(asked(zendesk, COMMENTS)) <= of_comments + articles
    assert_is_the_account(pipeline, account, *names)


def parents_written_at_the_end(pipeline: dlt.Pipeline, stream: Stream) -> set[Any]:
    """Return the parents whose rows came with the newest load of a table."""
    with pipeline.sql_client() as client:
        rows = client.execute_sql(
            f"SELECT DISTINCT {column_of(stream)} FROM {stream.name}"
            f" WHERE _zendesk_synced_at = (SELECT max(_zendesk_synced_at) FROM {stream.name})"
        )
    assert rows is not None
    return {row[0] for row in rows}


def test_of_parents_asked_every_time_only_the_changed_ones_are_loaded(account, zendesk, pipeline):
    stream = BY_NAME["routing_attribute_values"]
    parents = {row[column_of(stream)] for row in account.truth(stream.name)}
    assert len(parents) > 1
    load(pipeline, zendesk, stream.name)
    assert parents_written_at_the_end(pipeline, stream) == parents
    load(pipeline, zendesk, stream.name)
    assert len(asked(zendesk, stream.name)) == len(parents)
    assert parents_written_at_the_end(pipeline, stream) == parents
    changed = min(parents)
    account.add_row(stream.name, **{column_of(stream): changed})
    load(pipeline, zendesk, stream.name)
    assert parents_written_at_the_end(pipeline, stream) == {changed}
    assert_is_the_account(pipeline, account, stream.name)


def test_a_refusal_is_a_skip_and_a_parent_deleted_meanwhile_is_not(account, zendesk, pipeline):
    told: list[str] = []
    zendesk.refuse(COMMENTS, 404)
    zendesk.refuse(VOTES, 403)
    zendesk.refuse("hc_topics", 404)
    refused = (COMMENTS, VOTES, "hc_topic_subscriptions")
    report = load(pipeline, zendesk, HOLIDAYS, *refused, on_cost=told.append)
    assert len(asked(zendesk, COMMENTS)) == 10
    for name, status in zip(refused, (404, 403, 404), strict=True):
        assert report.runs[name].status == "skipped"
        assert f" answered {status}" in report.runs[name].reason
        assert report.runs[name].reason.startswith(name)
    assert_is_the_account(pipeline, account, HOLIDAYS)
    assert f"{HOLIDAYS}: 1 request for each of 2 schedules" in told

    for name in (COMMENTS, VOTES):
        zendesk.allow(name)
    gone = account.truth(COMMENTS)[0]["article_id"]
    zendesk.before_answer(
        lambda request: (
            gone in account.stores["hc_articles"]
            and request.stream == COMMENTS
            and account.remove_row("hc_articles", gone)
        )
    )
    report = load(pipeline, zendesk, COMMENTS, VOTES)
    assert report.exit_code == 0
    assert_is_the_account(pipeline, account, COMMENTS)


def signs_at(moment: datetime, row: Row, seen: Seen) -> bool:
    """Go through a list of one macro; whether it was asked for its attachments."""
    asked: list[Row] = []

    def ask(stream: Stream, parent: Row) -> Iterator[Page]:
        asked.append(parent)
        yield page

    page = Page({}, [row], Position(), True, moment, moment, 0)
    for _step in read_of_list(BY_NAME["macro_attachments"], page, seen, ask, lambda count: None):
        pass
    return bool(asked)


def test_a_parent_is_asked_again_while_it_is_young_and_once_a_month():
    moment = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
    macro, seen = {"id": 7, "updated_at": "2026-01-15T11:59:30Z"}, Seen({})
    assert signs_at(moment, macro, seen)
    moment += timedelta(minutes=1)  # it could have changed again within its second
    assert signs_at(moment, macro, seen)
    assert not signs_at(moment, macro, seen)
    assert not signs_at(moment + timedelta(minutes=1), macro, seen)
    days = [moment + timedelta(days=day) for day in range(1, REREAD_DAYS + 1)]
    assert [signs_at(day, macro, seen) for day in days].count(True) == 1


def test_a_request_for_every_ticket_is_made_only_where_the_stream_is_named(zendesk):
    opt_in = {stream.name for stream in STREAMS if stream.is_opt_in}
    assert {"side_conversations", "organization_merges"} <= opt_in
    for named in ("all", "support", "*"):
        assert not opt_in & set(select_streams([named]))
    assert select_streams(["side_conversations"]) == ["side_conversations"]
    assert not opt_in & set(source_of(zendesk).selected_resources)
    guide = source_of(zendesk, make=zendesk_help_center)
    assert COMMENTS in guide.selected_resources
