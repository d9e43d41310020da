"""Custom fields in the three forms a user may ask for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.tables import stored_rows
from tests.test_sync import account, duckdb_pipeline, eventful_day, source_of, zendesk
from zendesk_source import sync
from zendesk_source.catalogue import CUSTOM_FIELD_ROWS
from zendesk_source.simulator import Account

__all__ = ["account", "zendesk"]

OWNERS = {"ticket": "tickets", "user": "users", "organization": "organizations"}


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


@pytest.mark.parametrize("item_format", ["arrow", "object"])
def test_as_rows_a_table_holds_every_value_that_is_set_and_none_that_was_cleared(
    account, zendesk, item_format
):
    pipeline = duckdb_pipeline()
    settings = {"custom_fields": "rows", "item_format": item_format}
    sync(pipeline, source_of(zendesk, **settings).with_resources(*OWNERS.values()))
    before = values_of(account, "ticket")
    cleared = next(iter(before))
    account.set_custom_field(*cleared, None)
    eventful_day(account)
    sync(pipeline, source_of(zendesk, **settings).with_resources(*OWNERS.values()))
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
