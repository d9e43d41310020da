"""Custom fields in the three forms a user may ask for."""

from __future__ import annotations

import json
from typing import Any

import dlt
import orjson
import pytest

from tests.support.edits import eventful_day
from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import CUSTOM_FIELD_ROWS
from zendesk_source.simulator import Account
from zendesk_source.views import drop_views
from zendesk_source.views.labels import LABEL, VIEW

OWNERS = {"ticket": "tickets", "user": "users", "organization": "organizations"}


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=300, users=30, organizations=6)


def values_of(account: Account, owner: str) -> dict[tuple[int, Any], str]:
    """Return every custom value that is set, by its owner's id and what rows call the field."""
    side = CUSTOM_FIELD_ROWS[owner]
    found = {}
    for row in account.truth(OWNERS[owner]):
        fields = row.get(side.key) or {}
        pairs = fields.items() if owner != "ticket" else ((f["id"], f["value"]) for f in fields)
        for field, value in pairs:
            if value is not None:
                found[row["id"], field] = (
                    value if isinstance(value, str) else orjson.dumps(value).decode()
                )
    return found


@pytest.mark.long
def test_as_rows_a_table_holds_every_value_that_is_set_and_none_that_was_cleared(
    account, zendesk, item_format
):
    pipeline = duckdb_pipeline()
    settings = {"custom_fields": "rows", "item_format": item_format}
    sync(pipeline, source_of(zendesk, *OWNERS.values(), **settings))
    before = values_of(account, "ticket")
    cleared = next(iter(before))
    account.set_custom_field(*cleared, None)
    eventful_day(account)
    sync(pipeline, source_of(zendesk, *OWNERS.values(), **settings))
    for owner, stream in OWNERS.items():
        side = CUSTOM_FIELD_ROWS[owner]
        stored = {
            tuple(row[key] for key in side.primary_key): row["value"]
            for row in stored_rows(pipeline, side.name)
        }
        assert stored == values_of(account, owner)
        columns = pipeline.default_schema.tables[stream]["columns"]
        assert not [name for name in columns if name.startswith("cf_") or name == side.key]
    assert cleared in before
    assert cleared not in values_of(account, "ticket")


def labels_of(pipeline: dlt.Pipeline, column: str) -> dict[int, Any]:
    with pipeline.sql_client() as client:
        view = client.make_qualified_table_name(VIEW)
        rows = client.execute_sql(f'SELECT id, "{column}{LABEL}" FROM {view}') or ()
    return {
        row[0]: json.loads(row[1]) if str(row[1])[:1] == "[" and isinstance(row[1], str) else row[1]
        for row in rows
    }


def test_a_field_newer_than_the_definitions_that_were_read_is_named_by_its_title(account, zendesk):
    pipeline, source = duckdb_pipeline(), source_of(zendesk, "tickets")
    pipeline.run(source)
    ticket_id = next(row["id"] for row in account.truth("tickets") if row["status"] == "open")
    field = account.add_field("ticket", "text", "Newest of all")
    account.set_custom_field(ticket_id, field["id"], "here")
    account.clock.advance(600)
    pipeline.run(source)
    assert "cf_newest_of_all" in pipeline.default_schema.tables["tickets"]["columns"]


@pytest.mark.long
def test_a_view_shows_choices_by_their_labels_as_they_are_now(account, zendesk, pipeline):
    color = account.add_field("ticket", "tagger", "Color", options=["Dark Red", "Blue::Light"])
    parts = account.add_field("ticket", "multiselect", "Parts", options=["Left Door", "Engine"])
    values = {
        field["id"]: [option["value"] for option in field["custom_field_options"]]
        for field in (color, parts)
    }
    ids = [row["id"] for row in account.truth("tickets") if row["status"] == "open"]
    account.set_custom_field(ids[0], color["id"], values[color["id"]][0])
    account.set_custom_field(ids[0], parts["id"], values[parts["id"]])
    account.set_custom_field(ids[1], color["id"], "no_longer_a_choice")
    account.clock.advance(600)
    source = source_of(zendesk, "tickets", "ticket_fields")
    sync(pipeline, source)
    everyone = {row["id"] for row in account.truth("tickets")}
    colors, several = labels_of(pipeline, "cf_color"), labels_of(pipeline, "cf_parts")
    assert colors.keys() == several.keys() == everyone
    assert (colors[ids[0]], colors[ids[1]], colors[ids[2]]) == (
        "Dark Red",
        "no_longer_a_choice",
        None,
    )
    assert (several[ids[0]], several[ids[1]]) == (["Left Door", "Engine"], None)

    renamed = [
        {**option, "name": f"New {option['name']}"} for option in color["custom_field_options"]
    ]
    account.edit_row("ticket_fields", color["id"], custom_field_options=renamed)
    account.add_field("ticket", "tagger", "Another", options=["One"])
    account.clock.advance(600)
    sync(pipeline, source_of(zendesk, "tickets", "ticket_fields"))
    assert labels_of(pipeline, "cf_color")[ids[0]] == "New Dark Red"
    drop_views(pipeline)
    with pipeline.sql_client() as client:
        client.drop_tables("tickets")
