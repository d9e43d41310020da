"""Where a merge does not pick the newer of two rows of a key, one package never holds both."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq
import pytest

from tests.support.scripted_zendesk import (
    ScriptedZendesk,
    Seen,
    cursored,
    exported,
    ticket,
    user,
)
from tests.support.simulated import pipeline_into

Row = dict[str, Any]


def delta_pipeline(folder: Path) -> dlt.Pipeline:
    return pipeline_into(dlt.destinations.filesystem(f"file://{folder}/delta"))


def extracted(pipeline: dlt.Pipeline, table: str) -> list[Row]:
    """Return the rows of a table in the package that is ready to be normalized."""
    rows: list[Row] = []
    for file in Path(pipeline.working_dir).glob(f"normalize/extracted/*/new_jobs/{table}.*"):
        if file.suffix == ".parquet":
            rows += pq.read_table(file).to_pylist()
        else:
            packed = file.read_bytes()
            text = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
            rows += [row for line in text.splitlines() for row in _objects(json.loads(line))]
    return rows


def _objects(line: Any) -> list[Row]:
    return line if isinstance(line, list) else [line]


def paged(*pages: Row) -> Any:
    """Answer with the pages of an export, one after the other."""
    for number, page in enumerate(pages):
        page |= {"after_cursor": str(number + 1), "end_of_stream": page is pages[-1]}

    def answer(seen: Seen) -> Any:
        return pages[int(seen.params.get("cursor", 0))]

    return answer


@pytest.fixture
def tickets() -> Any:
    was = ticket(tags=["a", "b"], follower_ids=[5])
    now = ticket(tags=["b"], follower_ids=[], status="solved")
    pages = exported("tickets", [was, ticket(2)]), exported("tickets", [now, ticket(3)])
    return {
        "/api/v2/ticket_fields": cursored("ticket_fields", []),
        "/api/v2/incremental/tickets/cursor": paged(*pages),
    }


def values(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.get(name) for name in names) for row in rows), key=str)


@pytest.mark.parametrize("item_format", ["arrow", "object"])
def test_of_a_row_on_two_pages_the_newer_one_leaves_for_delta(tmp_path, tickets, item_format):
    pipeline = delta_pipeline(tmp_path)
    with ScriptedZendesk(tickets) as zendesk:
        settings = {"item_format": item_format, "table_format": "delta"}
        pipeline.extract(zendesk.source("tickets", **settings))
    rows = extracted(pipeline, "tickets")
    assert values(rows, "id", "status") == [(1, "solved"), (2, "open"), (3, "open")]
    tags = extracted(pipeline, "ticket_tags")
    assert values(tags, "ticket_id", "tag", "_zendesk_removed") == [(1, "a", True), (1, "b", None)]
    followers = extracted(pipeline, "ticket_followers")
    assert values(followers, "ticket_id", "user_id", "_zendesk_removed") == [(1, 5, True)]


def test_users_who_lost_all_identities_are_told_apart(tmp_path):
    identities = [{"id": 8, "user_id": 1}, {"id": 9, "user_id": 2}]
    pages = (
        exported("users", [user(1), user(2)], identities=identities),
        exported("users", [user(1), user(2)], identities=[]),
    )
    routes = {
        "/api/v2/user_fields": cursored("user_fields", []),
        "/api/v2/incremental/users/cursor": paged(*pages),
    }
    pipeline = delta_pipeline(tmp_path)
    with ScriptedZendesk(routes) as zendesk:
        pipeline.extract(zendesk.source("users", table_format="delta"))
        found = extracted(pipeline, "user_identities")
    assert values(found, "user_id", "id", "_zendesk_removed") == [(1, 8, True), (2, 9, True)]
    keys = pipeline.default_schema.tables["user_identities"]["columns"]
    assert sorted(name for name, hints in keys.items() if hints.get("primary_key")) == [
        "id",
        "user_id",
    ]


def test_every_table_of_a_stream_gets_the_table_format(tmp_path, tickets):
    pipeline = delta_pipeline(tmp_path)
    with ScriptedZendesk(tickets) as zendesk:
        pipeline.extract(zendesk.source("tickets", table_format="delta"))
    made = set(pipeline.default_schema.data_table_names(include_incomplete=True))
    assert {"tickets", "ticket_tags", "ticket_followers"} <= made
    formats = {pipeline.default_schema.tables[name].get("table_format") for name in made}
    assert formats == {"delta"}


def test_a_load_that_is_cut_short_reads_what_it_held_back_again(tmp_path, tickets):
    pipeline = delta_pipeline(tmp_path)
    with ScriptedZendesk(tickets) as zendesk:
        source = zendesk.source("tickets", table_format="delta")
        source.resources["tickets"].add_limit(1)
        pipeline.extract(source)
    state = pipeline.state["sources"]["zendesk"]["resources"]["tickets"]
    assert "positions" not in state
