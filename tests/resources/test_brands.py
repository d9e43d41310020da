"""Each brand's Help Center is read, at its own address: none is lost, and none stops another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.simulated import duckdb_pipeline, log_in, served, source_of
from tests.support.tables import Row, assert_rows_equal, stored_rows
from zendesk_source import sync, zendesk_help_center
from zendesk_source.catalogue import STREAMS
from zendesk_source.command_line import main
from zendesk_source.runs.loop import SyncReport
from zendesk_source.runs.reset import reset_stream
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.pages.answers import FORBIDDEN, Answer, json_answer

BY_NAME = {stream.name: stream for stream in STREAMS}
OF_BRANDS = [stream.name for stream in STREAMS if stream.is_of_brand]
SOME = ("hc_articles", "hc_categories", "hc_locales", "hc_article_comments")
"""An export, lists of rows and of one object, and what is asked parent by parent."""


class Brands:
    """An account of two brands, whose second has a Help Center once it is opened."""

    def __init__(self, zendesk: Simulator) -> None:
        self.zendesk, self.account = zendesk, zendesk.account
        self.first, self.second, _ = (row["id"] for row in self.account.truth("brands"))
        self.second_address = zendesk.base_url.replace("127.0.0.1", "localhost")
        self.pipeline = duckdb_pipeline()

    def open_second(self, address: str = "") -> None:
        self.account.open_help_center(self.second, address or self.second_address)
        for stream in ("hc_categories", "hc_sections", "hc_topics", "hc_badges", "hc_articles"):
            self.add(stream, name="Of the second", title="Of the second")
        (topic,) = self.rows_of_second("hc_topics")
        post = self.add("hc_posts", title="Of the second", topic_id=topic["id"], comment_count=0)
        article = self.rows_of_second("hc_articles")[0]
        self.account.add_row("hc_article_comments", article_id=article["id"], body="Second")
        self.account.add_row("hc_post_comments", post_id=post["id"], body="Second")
        self.account.clock.advance(3_600)  # nothing is so young that it comes again

    def add(self, stream: str, **values: Any) -> Row:
        known = {name: v for name, v in values.items() if name in BY_NAME[stream].columns}
        return self.account.add_row(stream, brand_id=self.second, position=1, **known)

    def rows_of_second(self, stream: str) -> list[Row]:
        rows = self.account.truth_with_brands(stream)
        return [row for row in rows if row["brand_id"] == self.second]

    def source(self, *streams: str, **settings: Any) -> Any:
        return source_of(self.zendesk, *(streams or OF_BRANDS), **settings)

    def sync(self, *streams: str, **settings: Any) -> SyncReport:
        return sync(self.pipeline, self.source(*(streams or SOME), **settings))

    def refuse_second(self, answer: Answer = FORBIDDEN) -> None:
        def alter(request: Any, healthy: Answer) -> Answer:
            return answer if request.address == self.second_address else healthy

        self.zendesk.alter_answers(alter)

    def asked_for_articles(self) -> list[tuple[str, str]]:
        """Return which brand the export was asked of, and since when."""
        return [
            ("second" if r.address == self.second_address else "first", r.query["start_time"])
            for r in self.zendesk.requests
            if "start_time" in r.query
        ]

    def assert_complete(self, *streams: str) -> None:
        for name in streams or SOME:
            truth, key = self.account.truth_with_brands(name), BY_NAME[name].primary_key
            stored = stored_rows(self.pipeline, name)
            assert_rows_equal(self.pipeline, name, truth, stored, key)
            by_key = {tuple(row[k] for k in key): row for row in stored}
            for row in truth:
                found = by_key[tuple(row[k] for k in key)].get("brand_id")
                assert str(found) == str(row.get("brand_id")), name


@pytest.fixture
def brands() -> Iterator[Brands]:
    account = Account.generate(seed=5, tickets=20, users=12, organizations=2)
    with served(account) as zendesk:
        yield Brands(zendesk)


def test_every_help_center_is_read_and_goes_on_from_its_own_position(brands, item_format):
    brands.open_second()
    report = brands.sync(item_format=item_format)
    assert {run.status for run in report.runs.values()} == {"ok"}
    brands.assert_complete()

    brands.account.clock.advance(3_600)
    article = brands.rows_of_second("hc_articles")[0]
    brands.account.edit_row("hc_articles", article["id"], title="Edited")
    brands.account.add_row("hc_article_comments", article_id=article["id"], body="Another")
    brands.account.remove_row("hc_categories", brands.rows_of_second("hc_categories")[0]["id"])
    brands.zendesk.forget_requests()
    assert brands.sync(item_format=item_format).exit_code == 0
    brands.assert_complete()
    asked = brands.asked_for_articles()
    assert {where for where, _ in asked} == {"first", "second"}
    assert "0" not in {since for _, since in asked}


@pytest.mark.long
def test_every_stream_of_the_brands_holds_the_rows_of_all(brands):
    brands.open_second()
    assert brands.sync(*OF_BRANDS).exit_code == 0
    brands.assert_complete(*OF_BRANDS)


def test_what_several_help_centers_show_is_loaded_once(brands):
    brands.open_second()
    brands.zendesk.alter_answers(_with_a_badge_of_the_account)
    brands.sync("hc_badges", "hc_badge_categories")
    brands.assert_complete("hc_badge_categories")  # the simulator shows all of them everywhere
    shared = [row for row in stored_rows(brands.pipeline, "hc_badges") if row["id"] == "shared"]
    assert len(shared) == 1
    assert "brand_id" not in shared[0]


def _with_a_badge_of_the_account(request: Any, answer: Answer) -> Answer:
    if request.stream != "hc_badges":
        return answer
    return json_answer(200, {"badges": [{"id": "shared"}], "meta": {"has_more": False}})


def test_one_brand_costs_one_request_more_and_none_beside_the_brands(brands):
    brands.sync()
    assert len([r for r in brands.zendesk.requests if r.stream == "brands"]) == 1
    brands.zendesk.forget_requests()
    brands.sync(*SOME, "brands")
    assert len([r for r in brands.zendesk.requests if r.stream == "brands"]) == 1
    positions = brands.pipeline.state["sources"]["zendesk"]["resources"]["hc_articles"]["positions"]
    assert positions.keys() == {"open"}
    assert {row["brand_id"] for row in stored_rows(brands.pipeline, "hc_articles")} == {
        brands.first
    }


def test_a_help_center_that_is_opened_later_is_read_from_the_beginning_and_no_other(brands):
    brands.sync()
    brands.account.clock.advance(3_600)
    brands.open_second()
    brands.zendesk.forget_requests()
    assert brands.sync().exit_code == 0
    brands.assert_complete()
    asked = brands.asked_for_articles()
    assert ("second", "0") in asked
    assert ("first", "0") not in asked


MOVED = Answer(302, b"", headers={"Location": "https://help.acme.com/api"})


@pytest.mark.parametrize("deleted", ["mark", "remove"])
@pytest.mark.parametrize("answer", [FORBIDDEN, json_answer(401, {"error": "x"}), MOVED])
def test_a_help_center_that_refuses_is_named_and_keeps_its_rows_and_position(
    brands, answer, deleted
):
    brands.open_second()
    brands.sync(deleted=deleted)
    before = brands.rows_of_second("hc_categories")
    brands.account.clock.advance(3_600)
    edited = brands.rows_of_second("hc_articles")[0]["id"]
    brands.account.edit_row("hc_articles", edited, title="Edited meanwhile")
    gone, *_ = brands.account.truth("hc_categories")
    brands.account.remove_row("hc_categories", gone["id"])
    brands.account.edit_row("hc_articles", brands.account.truth("hc_articles")[0]["id"])
    brands.refuse_second(answer)
    report = brands.sync(deleted=deleted)
    assert {run.status for run in report.runs.values()} == {"incomplete"}
    assert report.exit_code == 5
    for run in report.runs.values():
        assert "The Help Center of example-outlet was not read" in run.reason
    stored = {row["id"]: row for row in stored_rows(brands.pipeline, "hc_categories")}
    assert {row["id"] for row in before} <= stored.keys()
    assert gone["id"] not in stored
    assert len(stored_rows(brands.pipeline, "hc_locales")) == 2

    brands.zendesk.leave_answers_alone()
    assert brands.sync(deleted=deleted).exit_code == 0
    brands.assert_complete()


def test_a_help_center_that_refuses_at_first_leaves_the_others_complete(brands):
    brands.open_second()
    brands.refuse_second()
    assert brands.sync().exit_code == 5
    truth = brands.account.truth_with_brands("hc_categories")
    own = [row["id"] for row in truth if row["brand_id"] == brands.first]
    assert {row["id"] for row in stored_rows(brands.pipeline, "hc_categories")} == set(own)
    brands.zendesk.leave_answers_alone()
    assert brands.sync().exit_code == 0
    brands.assert_complete()


def test_a_brands_address_where_nobody_answers_is_told_at_once(brands):
    brands.open_second(brands.zendesk.base_url.replace("127.0.0.1", "127.0.0.9"))
    report = brands.sync()
    assert {run.status for run in report.runs.values()} == {"incomplete"}
    assert all("127.0.0.9" in run.reason for run in report.runs.values())
    assert max(run.usage.waited_seconds for run in report.runs.values()) < 30
    truth = brands.account.truth_with_brands("hc_categories")
    own = {row["id"] for row in truth if row["brand_id"] == brands.first}
    assert {row["id"] for row in stored_rows(brands.pipeline, "hc_categories")} == own


@pytest.mark.parametrize("address", ["http://evil.example.com", "http://localhost:1", "nowhere"])
def test_nothing_is_sent_to_an_address_that_is_not_the_accounts(brands, address):
    brands.open_second(address)  # a test that reaches for another machine fails
    report = brands.sync("hc_articles", "hc_categories")
    assert report.exit_code == 5
    for run in report.runs.values():
        assert run.status == "incomplete"
        assert "its address is not one of the account's" in run.reason
    assert {r.address for r in brands.zendesk.requests} == {brands.zendesk.base_url}


@pytest.mark.parametrize("status", [403, 404])
def test_where_the_brands_are_refused_the_accounts_own_help_center_is_read(brands, status):
    brands.open_second()
    brands.zendesk.refuse("brands", status)
    report = brands.sync()
    assert report.exit_code == 0
    for run in report.runs.values():
        assert "Only the account's own Help Center was read" in run.reason
    assert {row.get("brand_id") for row in stored_rows(brands.pipeline, "hc_articles")} == {None}
    assert len([r for r in brands.zendesk.requests if r.stream == "brands"]) == 1
    brands.zendesk.allow("brands")
    assert brands.sync().exit_code == 0
    assert {row["id"] for row in stored_rows(brands.pipeline, "hc_articles")} == {
        row["id"] for row in brands.account.truth("hc_articles")
    }
    brands.assert_complete("hc_categories", "hc_locales")


def test_rows_of_other_brands_stay_while_the_brands_are_refused(brands):
    brands.open_second()
    brands.sync()
    brands.zendesk.refuse("brands")
    brands.account.edit_row("hc_categories", brands.account.truth("hc_categories")[0]["id"])
    brands.sync()
    assert {row["id"] for row in stored_rows(brands.pipeline, "hc_categories")} == {
        row["id"] for row in brands.account.truth("hc_categories")
    }


def test_without_a_help_center_nothing_is_asked(brands):
    brands.account.edit_row("brands", brands.first, has_help_center=False)
    report = brands.sync()
    assert {run.status for run in report.runs.values()} == {"skipped"}
    assert {r.stream for r in brands.zendesk.requests} == {"", "brands"}


def test_a_switched_off_help_center_is_named_and_is_no_failure(brands):
    brands.open_second()
    brands.account.edit_row("brands", brands.second, help_center_state="disabled")
    report = brands.sync("hc_categories")
    assert report.exit_code == 0
    assert "example-outlet is switched off" in report.runs["hc_categories"].reason


def test_a_plain_run_reads_all_help_centers(brands):
    brands.open_second()
    brands.pipeline.run(brands.source(*SOME, make=zendesk_help_center))
    brands.assert_complete()


def test_a_reset_reads_every_help_center_anew(brands):
    brands.open_second()
    brands.sync()
    reset_stream(brands.pipeline, "hc_articles", drop_tables=False)
    brands.zendesk.forget_requests()
    brands.sync("hc_articles")
    assert {("first", "0"), ("second", "0")} <= set(brands.asked_for_articles())


def test_a_shared_dataset_keeps_the_rows_of_a_brand_that_refuses(brands):
    brands.open_second()
    shared = {"account_column": True}
    assert brands.sync("hc_categories", "hc_locales", "hc_articles", **shared).exit_code == 0
    brands.refuse_second()
    assert brands.sync("hc_categories", "hc_locales", "hc_articles", **shared).exit_code == 5
    stored = [row["id"] for row in stored_rows(brands.pipeline, "hc_categories")]
    assert sorted(stored) == sorted(row["id"] for row in brands.account.truth("hc_categories"))
    assert len(stored_rows(brands.pipeline, "hc_locales")) == 2


def test_a_plan_and_a_check_count_every_help_center(brands, monkeypatch, capsys):
    brands.open_second()
    log_in(monkeypatch, brands.zendesk.base_url)
    assert main(["check", "--streams", "hc_categories", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["help_centers"] == ["example", "example-outlet"]
    assert main(["plan", "--streams", "hc_categories", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)["streams"]["hc_categories"]
    assert planned["rows"] == len(brands.account.truth("hc_categories"))
