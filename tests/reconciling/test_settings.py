"""Whatever a dataset was loaded with, the comparison is with what that would have written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import dlt
import pytest

from tests.reconciling.comparing import EXPORTS, compared, named
from tests.support.damage import column, execute
from tests.support.simulated import duckdb_pipeline, pipeline_into, source_of
from zendesk_source import ConfigurationError, sync
from zendesk_source.simulator import Account, Simulator

SETTINGS: dict[str, dict[str, Any]] = {
    "fields in rows": {"custom_fields": "rows"},
    "fields as JSON": {"custom_fields": "json"},
    "objects": {"item_format": "object"},
    "without deleted rows": {"deleted": "remove"},
    "of one of several accounts": {"account_column": True},
    "with what is private hashed": {
        "private": {"contact": "hash", "content": "mask"},
        "private_key": "a key of the tests, long enough to be one",
    },
}


@pytest.fixture
def account() -> Account:
    account = Account.generate(seed=5, tickets=60, users=25, organizations=4)
    account.clock.advance(3_600)
    return account


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_dataset_is_compared_and_mended_by_its_settings(
    zendesk: Simulator, settings: dict[str, Any]
) -> None:
    pipeline, clock = duckdb_pipeline(), zendesk.account.clock
    sync(pipeline, source_of(zendesk, *EXPORTS, **settings), clock=clock)
    assert named(compared(pipeline, zendesk, full=True, **settings)) == {}

    first, *_, last = column(pipeline, "select id from tickets where not is_deleted order by id")
    execute(pipeline, f"delete from tickets where id = {first}")
    execute(pipeline, f"update tickets set subject = 'x' where id = {last}")
    execute(pipeline, "delete from user_identities")
    names = "select column_name from information_schema.columns where table_name = 'tickets'"
    columns = column(pipeline, names)

    found = named(compared(pipeline, zendesk, full=True, repair=True, **settings))
    assert found["tickets"] == {"missing": [first], "stale": [last]}
    assert set(found) == {"tickets", "user_identities"}
    assert named(compared(pipeline, zendesk, full=True, **settings)) == {}
    assert column(pipeline, names) == columns


@pytest.mark.long
@pytest.mark.parametrize("item_format", ["arrow", "object"])
def test_postgres_is_compared_and_mended(
    zendesk: Simulator, postgres_url: str, item_format: str
) -> None:
    pipeline, account = pipeline_into(dlt.destinations.postgres(postgres_url)), zendesk.account
    streams = (*EXPORTS, "groups", "ticket_fields")
    sync(pipeline, source_of(zendesk, *streams, item_format=item_format), clock=account.clock)
    assert named(compared(pipeline, zendesk, full=True, item_format=item_format)) == {}

    first, *_, last = column(pipeline, "select id from tickets where not is_deleted order by id")
    field = f"select min(ticket_id) from ticket_tags where ticket_id not in ({first}, {last})"
    tagged = column(pipeline, field)
    deleted = column(pipeline, "select min(id) from tickets where is_deleted")
    execute(pipeline, f"delete from tickets where id = {first}")
    execute(pipeline, f"update tickets set via = '{{}}', created_at = now() where id = {last}")
    execute(
        pipeline, f"update tickets set is_deleted = false, status = 'new' where id = {deleted[0]}"
    )
    execute(pipeline, f"delete from ticket_tags where ticket_id = {tagged[0]}")
    execute(pipeline, "update groups set name = 'x'")

    report = compared(pipeline, zendesk, full=True, repair=True, item_format=item_format)
    assert named(report) == {
        "tickets": {"missing": [first], "stale": [last], "extra": deleted},
        "ticket_tags": {"missing": tagged},
        "groups": {"stale": column(pipeline, "select id from groups order by id")},
    }
    assert report.streams["tickets"].tables[0].columns == {"created_at": 1, "via": 1}
    assert named(compared(pipeline, zendesk, full=True, item_format=item_format)) == {}


def test_the_rows_of_another_account_are_left_alone(zendesk: Simulator) -> None:
    pipeline, clock = duckdb_pipeline(), zendesk.account.clock
    for name in ("acme", "other"):
        source = source_of(zendesk, "users", subdomain=name, account_column=True)
        sync(pipeline, source, clock=clock)
    execute(pipeline, "update users set name = 'x'")
    compared(pipeline, zendesk, full=True, repair=True, account_column=True)
    left = column(pipeline, "select distinct account from users where name = 'x' and active")
    assert left == ["other"]


def test_a_field_that_is_removed_or_added_later_makes_no_row_stale(zendesk: Simulator) -> None:
    account = zendesk.account
    each_setting: list[dict[str, Any]] = [{}, {"custom_fields": "rows"}, {"custom_fields": "json"}]
    for number, settings in enumerate(each_setting):
        pipeline = duckdb_pipeline(f"zendesk_{number}")
        sync(pipeline, source_of(zendesk, *EXPORTS, **settings), clock=account.clock)

        def with_other_fields(_request: Any, answer: Any) -> Any:
            page = json.loads(answer.body)
            for ticket in page.get("tickets", ()):
                fields = [*ticket["custom_fields"][1:], {"id": 1, "value": None}]
                ticket |= {"custom_fields": fields, "fields": fields}
            return replace(answer, body=json.dumps(page).encode())

        zendesk.alter_answers(with_other_fields)
        found = named(compared(pipeline, zendesk, "tickets", full=True, **settings))
        zendesk.leave_answers_alone()
        assert found == {}


def test_what_was_loaded_since_a_date_is_compared_since_then(zendesk: Simulator) -> None:
    account, pipeline = zendesk.account, duckdb_pipeline()
    times = sorted(ticket["updated_at"] for ticket in account.truth("tickets"))
    source = source_of(zendesk, *EXPORTS, start_date=times[30])
    sync(pipeline, source, clock=account.clock)
    report = compared(pipeline, zendesk, full=True)
    assert named(report) == {}
    last = column(pipeline, "select max(id) from tickets where not is_deleted")
    execute(pipeline, f"delete from tickets where id = {last[0]}")
    assert named(compared(pipeline, zendesk, full=True)) == {"tickets": {"missing": last}}


def test_tables_and_columns_can_be_ignored(zendesk: Simulator) -> None:
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "tickets"), clock=zendesk.account.clock)
    execute(pipeline, "update tickets set subject = 'x'")
    execute(pipeline, "delete from ticket_tags")
    ignore = ["tickets.subject", "ticket_tags"]
    assert named(compared(pipeline, zendesk, ignore=ignore)) == {}


def test_plain_files_are_refused(zendesk: Simulator, tmp_path: Any) -> None:
    pipeline = pipeline_into(dlt.destinations.filesystem(tmp_path.as_uri()))
    with pytest.raises(ConfigurationError, match="Plain files keep every version"):
        compared(pipeline, zendesk)


def test_an_empty_place_is_refused_and_stays_empty(zendesk: Simulator, tmp_path: Any) -> None:
    pipeline = duckdb_pipeline()
    with pytest.raises(ConfigurationError, match="no DuckDB file"):
        compared(pipeline, zendesk)
    assert list(tmp_path.glob("**/*.duckdb")) == []
