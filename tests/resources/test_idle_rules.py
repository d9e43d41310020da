"""A rule of `private` that hides nothing is refused or told: nobody believes in it in vain."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.simulated import log_in, source_of
from tests.support.singer import run_tap, selected
from tests.support.tables import whole_rows
from zendesk_source import sync
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.command_line import main
from zendesk_source.preflight.check import check
from zendesk_source.simulator import Account, Fault, Simulator

LONGER = ("json", "rows")


def load(zendesk: Simulator, pipeline: Any, *streams: str, **private: str) -> Mapping[str, str]:
    """Load streams an hour later; return what is told of each."""
    zendesk.account.clock.advance(3_600)
    source = source_of(zendesk, *streams, private=private)
    runs = sync(pipeline, source, clock=zendesk.account.clock).runs
    assert {run.status for run in runs.values()} == {"ok"}
    return {name: run.reason for name, run in runs.items()}


def change(account: Account) -> None:
    """Let every stream of the tests have something new."""
    account.edit_ticket(account.truth("tickets")[0]["id"], subject="Another")
    account.edit_user(account.truth("users")[0]["id"], notes="Another")


@pytest.fixture
def account() -> Account:
    """Return an account with a custom field of tickets that has a title."""
    account = Account.generate(seed=6, tickets=20, users=12, organizations=3)
    field = account.add_ticket_field("text", "Customer number")
    account.set_custom_field(account.truth("tickets")[0]["id"], field["id"], "4711")
    return account


WRONG = (
    "tickets.Custmer number",
    "tickets.cf_cutsomer_number",
    "tickets.cf_cutsom*",
    "tickets.custom_fields.customer_number",
    "tickets.via.source.form.name",
    "ticket*.what_is_not_there",
    "tickets.Group",  # the title of a field that is no custom field
)
RIGHT = (
    "tickets.Customer number",
    "tickets.cf_customer_number",
    "tickets.cf_custom*",
    "*.cf_customer_number",
    "tickets.custom_fields",
    "tickets.custom_fields.Customer number",
    "tickets.via.source.from.name",
)


def test_rules_that_met_nothing_are_told_once_each(zendesk, pipeline) -> None:
    rules = dict.fromkeys((*WRONG, *RIGHT), "drop")
    told = load(zendesk, pipeline, "tickets", "ticket_events", "ticket_fields", **rules)
    texts = "".join(told.values())
    for rule in WRONG:
        assert texts.count(f"says drop of {rule}, and no column, key or custom field") == 1, rule
    assert texts.count("says drop of") == len(WRONG), texts
    assert "Did you mean" in texts
    assert "Customer number" in texts


@pytest.mark.parametrize(
    "custom_fields", ["columns", *(pytest.param(each, marks=pytest.mark.long) for each in LONGER)]
)
@pytest.mark.parametrize("rule", ["tickets.custom_fields", "tickets.custom_fields.Customer number"])
def test_json_that_became_columns_is_hidden_by_its_own_name(
    account: Account, zendesk, pipeline, rule, custom_fields
) -> None:
    names = ("tickets", "ticket_events")
    source = source_of(zendesk, *names, private={rule: "drop"}, custom_fields=custom_fields)
    account.clock.advance(3_600)
    runs = sync(pipeline, source, clock=account.clock).runs
    assert {run.reason for run in runs.values()} == {""}
    tables = ["tickets", "ticket_events", "ticket_field_history"]
    tables += ["ticket_custom_fields"] if custom_fields == "rows" else []
    for table in tables:
        rows = whole_rows(pipeline, table)
        assert rows
        assert "4711" not in str(rows), table


def test_what_was_met_once_is_not_told_when_it_does_not_come_again(
    account: Account, zendesk, pipeline
) -> None:
    rule = {"tickets.via.source.from.address": "drop"}
    told = load(zendesk, pipeline, "tickets", **rule)
    assert told["tickets"] == ""
    account.edit_ticket(account.truth("tickets")[0]["id"], via={"channel": "web", "source": {}})
    assert load(zendesk, pipeline, "tickets", **rule)["tickets"] == ""


def test_it_is_told_with_each_load_of_rows_until_it_is_mended_and_never_without_rows(
    account: Account, zendesk, pipeline
) -> None:
    wrong, right = "tickets.Custmer number", "tickets.Customer number"
    assert (
        "hides nothing" in load(zendesk, pipeline, "tickets", "users", **{wrong: "drop"})["tickets"]
    )
    assert load(zendesk, pipeline, "tickets", "users", **{wrong: "drop"})["tickets"] == ""
    change(account)
    assert (
        "hides nothing" in load(zendesk, pipeline, "tickets", "users", **{wrong: "drop"})["tickets"]
    )
    change(account)
    assert "hides nothing" not in load(zendesk, pipeline, "tickets", **{right: "drop"})["tickets"]


def test_titles_are_told_where_zendesk_refuses_the_definitions(zendesk, pipeline) -> None:
    zendesk.refuse("ticket_fields", 403)
    told = load(zendesk, pipeline, "tickets", **{"tickets.Customer number": "drop"})
    assert "tickets.Customer number, and no column, key or custom field" in told["tickets"]


def test_where_nobody_can_say_what_fields_there_are_the_streams_are_loaded_all_the_same(
    account: Account, zendesk, pipeline
) -> None:
    zendesk.fail_next(Fault.SERVER_ERROR, "ticket_fields", times=RetryPolicy().attempts)
    told = load(zendesk, pipeline, "macros", **{"*.what_is_not_there": "drop"})
    assert told == {"macros": ""}
    assert len(whole_rows(pipeline, "macros")) == len(account.truth("macros"))


def test_a_field_stays_hidden_in_its_history_when_its_title_changes(
    account: Account, zendesk, pipeline
) -> None:
    field = next(f for f in account.truth("ticket_fields") if f["title"] == "Customer number")
    rule = {"tickets.cf_customer_number": "drop"}
    load(zendesk, pipeline, "tickets", "ticket_events", **rule)
    account.rename_ticket_field(field["id"], "Account")
    account.set_custom_field(account.truth("tickets")[1]["id"], field["id"], "0815")
    told = load(zendesk, pipeline, "tickets", "ticket_events", **rule)
    assert set(told.values()) == {""}
    for table in ("tickets", "ticket_events", "ticket_field_history"):
        assert "0815" not in str(whole_rows(pipeline, table)), table


def test_a_rule_for_previous_values_hides_them(account: Account, zendesk, pipeline) -> None:
    account.edit_ticket(account.truth("tickets")[0]["id"], subject="One")
    account.edit_ticket(account.truth("tickets")[0]["id"], subject="Two")
    load(zendesk, pipeline, "ticket_events", **{"ticket_field_history.previous_value": "drop"})
    rows = whole_rows(pipeline, "ticket_field_history")
    assert {row["previous_value"] for row in rows} == {None}
    assert {"One", "Two"} <= {row["value"] for row in rows}


def test_the_table_of_an_object_that_is_not_there_is_told(zendesk, pipeline) -> None:
    rule = {"custom_object_bok.name": "drop"}
    told = load(zendesk, pipeline, "custom_object_records", **rule)
    assert "custom_object_bok.name, and no column" in "".join(told.values())


def test_a_plain_run_logs_it(zendesk, pipeline, caplog: pytest.LogCaptureFixture) -> None:
    rule = {"tickets.Custmer number": "drop"}
    with caplog.at_level(logging.WARNING, "zendesk_source"):
        pipeline.run(source_of(zendesk, "tickets", private=rule))
    assert "hides nothing" in caplog.text


def test_a_check_tells_it(
    account: Account, zendesk, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    log_in(monkeypatch, zendesk.base_url)
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE", '{"tickets.Custmer number": "drop"}')
    assert "hides nothing" in "".join(check(["tickets"], clock=account.clock).warnings)
    main(["check", "--streams", "tickets"])
    assert "hides nothing" in capsys.readouterr().err
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE", '{"tickets.Customer number": "drop"}')
    assert "hides nothing" not in "".join(check(["tickets"], clock=account.clock).warnings)


def test_the_tap_tells_it(zendesk, tmp_path: Path) -> None:
    wrong = {"private": {"tickets.Custmer number": "drop"}}
    ended = run_tap(tmp_path, zendesk, catalog=selected("tickets"), **wrong)
    assert ended.told.count("hides nothing") == 1
    right = {"private": {"tickets.Customer number": "drop"}}
    ended = run_tap(tmp_path, zendesk, catalog=selected("tickets"), **right)
    assert "hides nothing" not in ended.told
    assert "4711" not in str(ended.target.rows["tickets"])


OBJECTS = ("custom_object_car_2.Make", "custom_object_car_2.name", "custom_object_car*.cf_plate")


def test_rules_for_objects_are_met_by_their_fields_though_another_object_alone_has_new_rows(
    account: Account, zendesk, pipeline
) -> None:
    load(zendesk, pipeline, "custom_object_records")
    edit_car(account)
    rules = dict.fromkeys((*OBJECTS, "custom_object_car_2.Mkae"), "drop")
    zendesk.account.clock.advance(3_600)
    source = source_of(zendesk, "custom_object_records", private=rules)
    run = sync(pipeline, source, clock=account.clock).runs["custom_object_records"]
    assert run.reason.count("hides nothing") == 1
    assert "custom_object_car_2.Mkae" in run.reason
    assert run.status == "ok"  # though it says that `private` is another one than before


def test_a_check_knows_the_fields_of_objects(
    account: Account, zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_car(account)
    rules = dict.fromkeys((*OBJECTS, "custom_object_car_2.Mkae"), "drop")
    log_in(monkeypatch, zendesk.base_url)
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE", json.dumps(rules))
    told = "".join(check(["custom_object_records"], clock=account.clock).warnings)
    assert told.count("hides nothing") == 1


@pytest.mark.long
def test_the_tap_knows_the_fields_of_objects_that_are_not_selected(zendesk, tmp_path: Path) -> None:
    rules = dict.fromkeys((*OBJECTS, "custom_object_car_2.Mkae"), "drop")
    ended = run_tap(tmp_path, zendesk, catalog=selected("custom_object_car"), private=rules)
    assert ended.told.count("hides nothing") == 1


def edit_car(account: Account) -> None:
    records = account.truth("custom_object_records")
    car = next(row for row in records if row["custom_object_key"] == "car")
    account.edit_row("custom_object_records", car["id"], name="Another")


def test_the_tap_says_nothing_of_rules_that_a_stream_may_meet_that_failed(
    zendesk, tmp_path: Path
) -> None:
    zendesk.fail_next(Fault.SERVER_ERROR, "ticket_events", times=RetryPolicy().attempts)
    rules = {"*.child_events.public": "drop"}
    catalog = selected("tickets", "ticket_events")
    tap = run_tap(tmp_path, zendesk, catalog=catalog, private=rules, is_hurried=True)
    assert "ticket_events" in tap.told
    assert "500 Internal Server Error" in tap.told
    assert "hides nothing" not in tap.told


@pytest.mark.parametrize("rule", ["tickets.External ID", "tickets.[iI][dD]*"])
def test_a_title_that_is_like_the_name_of_a_column_hides_its_field(
    account: Account, zendesk, pipeline, rule
) -> None:
    for title in ("External ID", "ID card"):
        field = account.add_ticket_field("text", title)
        account.set_custom_field(account.truth("tickets")[0]["id"], field["id"], f"secret {title}")
    name = "External ID" if "External" in rule else "ID card"
    assert load(zendesk, pipeline, "tickets", **{rule: "drop"}) == {"tickets": ""}
    assert f"secret {name}" not in str(whole_rows(pipeline, "tickets"))
    assert "secret" in str(whole_rows(pipeline, "tickets"))


def test_a_check_says_that_it_does_not_know_the_column_of_a_field_that_was_renamed(
    account: Account, zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = next(f for f in account.truth("ticket_fields") if f["title"] == "Customer number")
    account.rename_ticket_field(field["id"], "Account")
    log_in(monkeypatch, zendesk.base_url)
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE", '{"tickets.cf_customer_number": "drop"}')
    assert "this check does not" in "".join(check(["tickets"], clock=account.clock).warnings)
