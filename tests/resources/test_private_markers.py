"""Nothing personal is found anywhere: a marker in every text that Zendesk shows, one a field.

Which fields are personal is worked out here anew, from the catalogue's words alone.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import psycopg2
import pytest

from tests.support.markers import Field, Marks, texts_of
from tests.support.simulated import EVERY_STREAM, duckdb_pipeline, pipeline_into, source_of
from tests.support.singer import run_tap, selected
from tests.support.tables import TABLES
from zendesk_source import sync
from zendesk_source.catalogue.personal import PERSONAL
from zendesk_source.html_report import write_report
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.tables import STREAM_OF

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

KEY = "a long and random text"
FREE_TEXT = {"text", "textarea", "regexp", "partialcreditcard"}
FIELDS = {
    "tickets": ("ticket_fields", "id"),
    "users": ("user_fields", "key"),
    "organizations": ("organization_fields", "key"),
    "custom_object_records": ("custom_object_fields", "key"),
}
"""Definitions of custom fields, and what rows call a field by."""
IN_FIELDS = ("custom_fields", "fields", "user_fields", "organization_fields")
NEVER_LOADED = {("routing_attribute_values", "attribute_id")}
"""Its column holds what the row was asked for by, which is the same."""
BEFORE = "previous_value of "
HARMLESS_IN_EVENTS = {"satisfaction_score", "value.chat_id"}
MOST_HARMLESS = 320
"""Of how many fields the texts may stay as they are: new ones are to be looked at, here too."""


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=2, tickets=60, users=40, organizations=8)


@pytest.fixture
def marks(zendesk: Simulator) -> Iterator[Marks]:
    marks = Marks()
    zendesk.alter_answers(marks.write)
    yield marks
    if not zendesk.requests:  # the test was skipped
        return
    personal = {each for each in marks.fields if is_personal(zendesk.account, *each)}
    assert len(personal) > 200, "too few fields were marked to prove anything"


def is_personal(account: Account, name: str, path: str) -> bool:
    """Whether a field is personal, by what the catalogue says of its table and its columns."""
    column, _, inside = path.partition(".")
    if column in (*IN_FIELDS, "custom_object_fields") and name in FIELDS:
        return _is_free_text(account, name, inside)
    if name == "ticket_events" and column == "child_events":
        of_before = inside.startswith(BEFORE)
        inside = inside.removeprefix(BEFORE)
        if inside.startswith("custom_ticket_fields."):
            return _is_free_text(account, "tickets", inside.partition(".")[2])
        if inside in HARMLESS_IN_EVENTS:
            return False
        if of_before and inside == "tags":
            return True  # no history has it; it stands in the event alone, where it is not told
        is_said = not of_before and f"{column}.{inside}" in PERSONAL[name]
        if inside in TABLES["tickets"].columns and not is_said:
            return is_personal(account, "tickets", inside)
    if TABLES[name].columns.get(column) not in ("text", "json"):
        return True  # nobody knows the key, or what a text does in a column of times
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        told = ".".join(parts[:count])
        if told in PERSONAL[name]:
            return PERSONAL[name][told] is not None
    return False


def _is_free_text(account: Account, owner: str, called: str) -> bool:
    definitions, by = FIELDS[owner]
    (field,) = {r["type"] for r in account.truth(definitions) if str(r[by]) == called}
    return field in FREE_TEXT


def check(account: Account, marks: Marks, *places: Path | str | bytes) -> None:
    """Check that no personal field is found, and that all others are."""
    found = marks.found_in(*places)
    seen = {each for each in found if is_personal(account, *each)}
    assert seen == set()
    harmless = {each for each in marks.fields if not is_personal(account, *each)}
    assert harmless - found <= NEVER_LOADED | _copies(harmless), "they were not to be kept out"
    assert len(harmless) < MOST_HARMLESS


def _copies(fields: set[Field]) -> set[Field]:
    """Return the fields of tickets that are shown twice, and loaded once."""
    return {(name, path) for name, path in fields if name == "tickets" and path[:7] == "fields."}


def test_without_the_setting_every_marker_is_found(account, zendesk, marks, tmp_path) -> None:
    """Or the others would prove nothing."""
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, *EVERY_STREAM), clock=account.clock)
    lost = marks.fields.keys() - marks.found_in(tmp_path, all_values(pipeline))
    assert lost <= NEVER_LOADED | _copies(set(marks.fields))


@pytest.mark.parametrize("action", ["drop", "hash", "mask"])
@pytest.mark.parametrize("custom_fields", ["columns", "json", "rows"])
def test_nothing_personal_is_in_the_file_the_folders_the_log_and_the_report(
    account, zendesk, marks, tmp_path, caplog, item_format, action, custom_fields
) -> None:
    if item_format == "object" and action == "mask":
        pytest.skip("the two others go through every line of this path")
    caplog.set_level(logging.DEBUG, logger="zendesk_source")
    caplog.set_level(logging.DEBUG, logger="dlt")
    pipeline = duckdb_pipeline()
    source = source_of(
        zendesk,
        *EVERY_STREAM,
        private={"contact": action, "content": action},
        private_key=KEY,
        item_format=item_format,
        custom_fields=custom_fields,
        history=True,
    )
    report = sync(pipeline, source, clock=account.clock)
    assert all(run.was_read for run in report.runs.values())
    write_report(pipeline, tmp_path / "report.html")
    check(account, marks, tmp_path, caplog.text, all_values(pipeline))
    assert not any(KEY.encode() in text for text in texts_of(tmp_path))


def test_nothing_personal_is_in_a_dump_of_postgres(
    account, zendesk, marks, tmp_path, postgres_url
) -> None:
    pipeline = pipeline_into(dlt.destinations.postgres(postgres_url))
    settings: dict[str, Any] = {"private": {"contact": "hash", "content": "drop"}}
    settings["private_key"] = KEY
    sync(pipeline, source_of(zendesk, *EVERY_STREAM, **settings), clock=account.clock)
    check(account, marks, tmp_path, dump(postgres_url))


def test_nothing_personal_is_in_what_the_tap_writes(account, zendesk, marks, tmp_path) -> None:
    settings = {"private": {"contact": "hash", "content": "mask"}, "private_key": KEY}
    ended = run_tap(tmp_path, zendesk, catalog=selected(*STREAM_OF), **settings)
    assert ended.exit_code == 0, ended.told
    found = marks.found_in(b"".join(ended.lines), ended.told, tmp_path)
    assert {each for each in found if is_personal(account, *each)} == set()
    assert len(found) > 100


def all_values(pipeline: dlt.Pipeline) -> str:
    """Return every value of every table as text: the file may hold them compressed."""
    with pipeline.sql_client() as client:
        names = client.execute_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
            client.dataset_name,
        )
        return "".join(
            repr(client.execute_sql(f"SELECT * FROM {client.make_qualified_table_name(name)}"))
            for (name,) in names or ()
        )


def dump(url: str) -> bytes:
    """Return a database as text, by the program for it or table by table."""
    try:
        return subprocess.run(["pg_dump", url], capture_output=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):  # no program, or an older one
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            texts = []
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT t::text FROM {table} t")
                texts += [text for (text,) in cursor.fetchall()]
            return "\n".join(texts).encode()
