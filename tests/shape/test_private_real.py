"""With both kinds dropped, nothing that people wrote is left of rows that real accounts sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.support.real_records import Recorded, recordings_folder
from zendesk_source.catalogue import STREAMS
from zendesk_source.shape.private.fields import OWNERS, FieldGuide
from zendesk_source.shape.private.guard import Guard
from zendesk_source.shape.private.rules import rules_of
from zendesk_source.shape.rows import RowShaper

pytestmark = pytest.mark.long

ADDRESS_PHONE_OR_SENTENCE = re.compile(r"@\w|\+\d{6}|\s\S+\s\S+\s\S+\s")
OF_THE_ACCOUNT = re.compile(r"(raw_)?(title|description|end_user_description|value)|.*\.title")
"""Columns of what the account itself has set up."""
SETTINGS = frozenset(
    {
        *("triggers", "views", "automations", "ticket_fields", "sla_policies", "custom_roles"),
        *("custom_statuses", "macros", "organization_fields", "group_sla_policies", "workspaces"),
        *("satisfaction_reasons",),
    }
)


def texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, path)
    elif isinstance(value, str):
        yield path, value


def test_no_address_phone_or_sentence_of_a_person_is_left() -> None:
    recorded = Recorded.read(recordings_folder())
    by_name = {stream.name: stream for stream in STREAMS}
    guides = {table: FieldGuide(lambda: ()) for table in OWNERS.values()}
    rules = rules_of({"contact": "drop", "content": "drop"})
    left, looked_at = set(), 0
    for name in recorded.versions.keys() & by_name.keys():
        stream = by_name[name]
        shaper = RowShaper(stream, {table.name: {} for table in stream.tables}, None, str)
        guard = Guard(stream, rules, b"", guides, lambda _column: None)
        for row in (row for each in recorded.versions[name].values() for row in each):
            looked_at += 1
            page = {stream.rows_key: [row]}
            for table in shaper.tables(page, datetime.now(timezone.utc)):
                for column, value in (v for r in table.covered(guard).rows for v in r.items()):
                    is_quoted = column in table.json_columns and isinstance(value, str)
                    for path, text in texts(json.loads(value) if is_quoted else value, column):
                        if ADDRESS_PHONE_OR_SENTENCE.search(text) and path != "time_zone":
                            left.add((table.table, path))
    assert looked_at > 4_000
    unlooked = {
        (table, path)
        for table, path in left
        if table not in SETTINGS or not OF_THE_ACCOUNT.fullmatch(path)
    }
    assert unlooked == set()
