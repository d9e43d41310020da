"""Each brand's Help Center is read, at its own address: none is lost, and none stops another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.brands import OF_BRANDS, SOME, Brands
from tests.support.simulated import log_in, served
from tests.support.tables import stored_rows
from zendesk_source import zendesk_help_center
from zendesk_source.command_line import main
from zendesk_source.runs.reset import reset_stream
from zendesk_source.simulator import Account
from zendesk_source.simulator.pages.answers import FORBIDDEN, Answer, json_answer


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
UNAUTHORIZED = json_answer(401, {"error": "x"})


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        (FORBIDDEN, "mark"),
        (UNAUTHORIZED, "remove"),
        (MOVED, "mark"),
        pytest.param(FORBIDDEN, "remove", marks=pytest.mark.long),
        pytest.param(UNAUTHORIZED, "mark", marks=pytest.mark.long),
        pytest.param(MOVED, "remove", marks=pytest.mark.long),
    ],
)
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
