"""What real accounts sent, through the simulator into tables: every leaf can be read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone

import pytest
from dlt.extract import DltSource

from tests.support.read_back import BY_NAME, Expected, Row
from tests.support.real_records import VARIABLE, Recorded, recordings_folder
from tests.support.simulated import duckdb_pipeline, served, source_of
from zendesk_source import sync
from zendesk_source.settings.options import ItemFormat
from zendesk_source.simulator import Account, SimulatedClock, Simulator
from zendesk_source.simulator.pages import exports
from zendesk_source.simulator.store import iso

pytestmark = pytest.mark.long

AFTER_ALL_RECORDINGS = datetime(2027, 1, 15, 12, tzinfo=timezone.utc)
WITH_CUSTOM_FIELDS = ("tickets", "users", "organizations")
STREAMS_WITH_RECORDS = {
    *("tickets", "ticket_events", "ticket_metric_events", "users", "organizations"),
    *("satisfaction_ratings", "ticket_fields", "ticket_forms", "custom_statuses", "user_fields"),
    *("organization_fields", "groups", "group_memberships", "organization_memberships", "brands"),
    *("tags", "macros", "sla_policies", "schedules", "satisfaction_reasons"),
    *("routing_attributes", "engagements", "chat_chats", "chat_agents", "chat_departments"),
}
SIDE_TABLES_WITH_RECORDS = {"ticket_tags", "ticket_metrics", "ticket_comments", "user_identities"}
EDITED_BY_HAND = {39_702}
"""A fixture: its `fields` were made anonymous in another way than its `custom_fields`."""


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded.read(recordings_folder())


@pytest.fixture
def zendesk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setattr(exports, "MAX_PER_PAGE", 100)  # so that the exports take many pages
    account = Account(SimulatedClock(start=AFTER_ALL_RECORDINGS))
    with served(account) as simulator:
        yield simulator


class Copy:
    """An account of recorded rows, its copy, and what the copy must hold."""

    def __init__(self, zendesk: Simulator, item_format: ItemFormat = "auto") -> None:
        self.zendesk = zendesk
        self.item_format = item_format
        self.account = zendesk.account
        self.expected = Expected()
        self.pipeline = duckdb_pipeline("real")

    def serve(self, arriving: Mapping[str, Iterable[Row]], *, is_change: bool) -> None:
        """Put rows into the account; changes come later in the exports, whatever they say."""
        now = int(self.account.clock.now().timestamp())
        for stream, rows in arriving.items():
            for number, row in enumerate(rows):
                second = now - 10_800 + number // 3
                exported = _as_exported(stream, row, second)
                place = second if is_change else None
                self.account.load_rows(stream, [exported], second=place)
                self.expected.serve(stream, exported)

    def serve_identities(self, identities: list[Row]) -> None:
        """Put ways to reach users into the account."""
        self.account.load_rows("user_identities", identities)
        self.expected.serve_identities(identities)

    def source(self, streams: Iterable[str]) -> DltSource:
        """Return the source of some streams."""
        return source_of(self.zendesk, *streams, item_format=self.item_format)

    def sync(self, streams: Iterable[str]) -> None:
        """Load some streams; none may be skipped or fail."""
        report = sync(self.pipeline, self.source(streams))
        assert report.exit_code == 0, {n: run.reason for n, run in report.runs.items()}

    def compare(self, streams: Iterable[str], *, again: bool = False) -> None:
        """Compare every table that some streams fill, and let time pass."""
        tables = [table.name for name in streams for table in BY_NAME[name].tables]
        self.expected.assert_stored(self.pipeline, tables, again=again)
        self.account.clock.advance(20_000)


def _as_exported(stream: str, row: Row, second: int) -> Row:
    """Add the key the export is ordered by, where a list or a search was recorded."""
    column = BY_NAME[stream].cursor_field
    if column is None or row.get(column) is not None:
        return row
    return {**row, column: second if BY_NAME[stream].columns[column] == "bigint" else iso(second)}


def test_every_leaf_of_every_record_can_be_read_back(recorded, zendesk, record_property):
    """Old and new accounts in one dataset; a row that was recorded often comes changed."""
    assert recorded.versions.keys() >= STREAMS_WITH_RECORDS
    copy = Copy(zendesk)
    copy.serve_identities(recorded.identities)
    for number, arriving in enumerate(recorded.arriving()):
        copy.serve(arriving, is_change=number > 0)
        if number < 2:
            copy.sync(arriving)
        else:  # a few rows each time; a plain run saves the log of the sync
            copy.pipeline.run(copy.source(arriving))
        copy.compare(arriving)
    copy.compare(recorded.versions, again=True)

    compared = copy.expected.leaves
    record_property("leaves", dict(compared))
    assert compared.keys() >= STREAMS_WITH_RECORDS | SIDE_TABLES_WITH_RECORDS
    assert sum(compared.values()) > 100_000
    asked = Counter(request.stream for request in zendesk.requests)
    assert min(asked[stream] for stream in WITH_CUSTOM_FIELDS) > 6


def test_custom_fields_that_nobody_describes_read_back(recorded, zendesk, item_format):
    copy = Copy(zendesk, item_format)
    of = {
        stream: [states for states in recorded.versions[stream].values() if _has_fields(states[-1])]
        for stream in WITH_CUSTOM_FIELDS
    }
    oldest = {stream: [states[0] for states in rows] for stream, rows in of.items()}
    newest = {stream: [states[-1] for states in rows if states[1:]] for stream, rows in of.items()}
    for arriving in (oldest, newest):
        copy.serve(arriving, is_change=arriving is newest)
        copy.sync(arriving)
        copy.compare(arriving)
    columns = copy.pipeline.default_schema.tables["tickets"]["columns"]
    named = [name for name in columns if name.startswith("cf_")]
    assert len(named) > 20  # the fields that are filled in
    assert all(name.removeprefix("cf_").isdigit() for name in named)
    assert min(copy.expected.leaves[stream] for stream in WITH_CUSTOM_FIELDS) > 1_000


def _has_fields(row: Row) -> bool:
    return any(row.get(key) for key in ("custom_fields", "user_fields", "organization_fields"))


def test_the_second_list_of_custom_fields_repeats_the_first(recorded):
    tickets = [row for states in recorded.versions["tickets"].values() for row in states]
    both = [row for row in tickets if "custom_fields" in row and "fields" in row]
    assert len(both) > 1000
    assert {row["id"] for row in both if row["custom_fields"] != row["fields"]} <= EDITED_BY_HAND


DAMAGES = (
    "UPDATE {tickets} SET subject = subject || ' ' WHERE id = {ticket}",
    "UPDATE {tickets} SET created_at = created_at + INTERVAL 1 SECOND WHERE id = {ticket}",
    "UPDATE {tickets} SET priority = NULL WHERE id = {ticket}",
    "UPDATE {tickets} SET external_id = 'nobody sent this' WHERE id = {ticket}",
    "UPDATE {tickets} SET via = replace(via::VARCHAR, 'null', '0') WHERE id = {ticket}",
    "UPDATE {tickets} SET {field} = NULL WHERE id = {ticket}",
    "DELETE FROM {tickets} WHERE id = {ticket}",
    "INSERT INTO {tickets} SELECT * FROM {tickets} WHERE id = {ticket}",
    "DELETE FROM {tags} WHERE ticket_id = {ticket} AND tag = '{tag}'",
    "UPDATE {tags} SET tag = upper(tag) WHERE ticket_id = {ticket} AND tag = '{tag}'",
)


def test_the_comparison_notices_every_damage(recorded, zendesk):
    tickets = [states[-1] for states in recorded.versions["tickets"].values()]
    ticket = next(row for row in tickets if _can_be_damaged(row))
    copy = Copy(zendesk)
    copy.serve({"tickets": [ticket, *tickets[:50]]}, is_change=False)
    copy.sync(["tickets"])
    field = next(each["id"] for each in ticket["custom_fields"] if each["value"] is not None)
    with copy.pipeline.sql_client() as client:
        named = {
            name: client.make_qualified_table_name(name) for name in ("tickets", "ticket_tags")
        }
        values = {"ticket": ticket["id"], "tag": ticket["tags"][0], "field": f"cf_{field}"}
        for damage in DAMAGES:
            copy.compare(["tickets"], again=True)
            for name, table in named.items():
                client.execute_sql(f"CREATE OR REPLACE TABLE {name}_as_it_was AS FROM {table}")
            client.execute_sql(
                damage.format(tickets=named["tickets"], tags=named["ticket_tags"], **values)
            )
            with pytest.raises(AssertionError):
                copy.compare(["tickets"], again=True)
            for name, table in named.items():
                client.execute_sql(f"CREATE OR REPLACE TABLE {table} AS FROM {name}_as_it_was")


def _can_be_damaged(ticket: Row) -> bool:
    is_filled = all(ticket.get(name) for name in ("subject", "priority", "tags", "via"))
    fields = ticket.get("custom_fields") or ()
    is_described = any(field["value"] is not None for field in fields)
    return is_filled and is_described and "null" in str(ticket["via"]).replace("None", "null")


def test_missing_recordings_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(pytest.skip.Exception, match=r"no folder .*nowhere"):
        recordings_folder()
