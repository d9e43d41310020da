"""Versions of settings: what a macro, a form or a schedule was, and from when until when."""

from __future__ import annotations

from typing import Any

import dlt
import pytest
from dlt.common.destination.exceptions import DestinationUndefinedEntity

from tests.support.scripted_zendesk import Reply, ScriptedZendesk, listed
from tests.support.simulated import duckdb_pipeline, pipeline_into, source_of
from tests.support.tables import whole_rows
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.errors import ConfigurationError
from zendesk_source.simulator import Account

FROM, TO = "_zendesk_valid_from", "_zendesk_valid_to"


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=6, tickets=2, users=3, organizations=1)


def versions(pipeline: dlt.Pipeline, row_id: int, table: str = "macros") -> list[dict[str, Any]]:
    """Return the versions of a row, oldest first."""
    rows = [row for row in whole_rows(pipeline, table) if row["id"] == row_id]
    return sorted(rows, key=lambda row: row[FROM])


def titles(pipeline: dlt.Pipeline, row_id: int) -> list[tuple[str, bool]]:
    return [(row["title"], row[TO] is None) for row in versions(pipeline, row_id)]


def test_a_list_with_versions_is_left_alone_while_nothing_changes(account, zendesk):
    pipeline, source = duckdb_pipeline(), source_of(zendesk, "macros", history=True)
    changed = account.truth("macros")[0]["id"]
    first = account.truth("macros")[0]["title"]
    for title in (first, "Second title", first):
        account.edit_row("macros", changed, title=title)
        for slices in (1, 0):
            account.clock.advance(60)
            assert sync(pipeline, source, clock=account.clock).slices == slices
    held = [(first, False), ("Second title", False), (first, True)]
    assert titles(pipeline, changed) == held
    others = len(account.truth("macros")) - 1
    assert len(whole_rows(pipeline, "macros")) == others + len(held)


def test_every_version_is_kept_with_the_time_it_held(account, zendesk, either_pipeline):
    pipeline = either_pipeline

    def load() -> None:
        account.clock.advance(3_600)  # the time of reading makes no version
        pipeline.run(source_of(zendesk, "macros", history=True))

    load()
    changed, removed, *_ = (row["id"] for row in account.truth("macros"))
    before = {row["id"]: row["title"] for row in account.truth("macros")}
    load()
    assert len(whole_rows(pipeline, "macros")) == len(before)

    account.edit_row("macros", changed, title="Second title")
    account.remove_row("macros", removed)
    load()
    load()
    assert titles(pipeline, changed) == [(before[changed], False), ("Second title", True)]
    old, new = versions(pipeline, changed)
    assert old[FROM] < old[TO] == new[FROM]
    assert titles(pipeline, removed) == [(before[removed], False)]
    assert len(whole_rows(pipeline, "macros")) == len(before) + 1


def test_a_table_that_was_there_begins_its_history_and_keeps_it(account, zendesk):
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "macros"))
    changed, removed, *_ = (row["id"] for row in account.truth("macros"))
    title = account.truth("macros")[0]["title"]
    account.remove_row("macros", removed)
    pipeline.run(source_of(zendesk, "macros", history=["macros"]))
    assert [row[TO] is None for row in versions(pipeline, removed)] == [False]

    account.edit_row("macros", changed, title="Second title")
    pipeline.run(source_of(zendesk, "macros", history=["macros"]))
    account.edit_row("macros", changed, title="Third title")
    pipeline.run(source_of(zendesk, "macros"))  # a setting that was forgotten deletes nothing
    assert titles(pipeline, changed) == [
        (title, False), ("Second title", False), ("Third title", True)
    ]  # fmt: skip


def test_a_refused_list_closes_nothing_and_an_empty_one_everything(account, zendesk):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "macros", history=True))
    count = len(account.truth("macros"))
    zendesk.refuse("macros")
    sync(pipeline, source_of(zendesk, "macros", history=True))
    assert [row[TO] for row in whole_rows(pipeline, "macros")] == [None] * count
    zendesk.allow("macros")
    for row in account.truth("macros"):
        account.remove_row("macros", row["id"])
    pipeline.run(source_of(zendesk, "macros", history=True))
    ends = [row[TO] for row in whole_rows(pipeline, "macros")]
    assert len(ends) == count
    assert None not in ends


def test_a_list_may_be_empty_or_refused_at_first_and_any_time_later(either_pipeline):
    pipeline = either_pipeline
    lists = ("macros", "triggers", "groups")
    forbidden = Reply(403, {"error": "Forbidden", "description": "You do not have access"})

    def holding(scripted: ScriptedZendesk, table: str, pages: Any) -> tuple[list[str], int]:
        """Load, and return the names that hold now, and how many versions there are."""
        scripted.routes[f"/api/v2/{table}"] = pages
        scripted.clock.sleep(3_600)
        report = sync(pipeline, scripted.source(*lists, history=True), clock=scripted.clock)
        assert report.runs["groups"].status == "ok"
        assert report.runs[table].status == ("skipped" if pages is forbidden else "ok")
        try:
            rows = whole_rows(pipeline, table)
        except DestinationUndefinedEntity:  # it never had a row
            rows = []
        return sorted(row["title"] for row in rows if row[TO] is None), len(rows)

    def titled(table: str, *titles: str) -> Any:
        return listed(table, [{"id": n, "title": title} for n, title in enumerate(titles)])

    routes = {"/api/v2/groups": listed("groups", [{"id": 1, "name": "a"}])}
    routes |= {f"/api/v2/{table}": listed(table, []) for table in lists[:2]}
    with ScriptedZendesk(routes) as scripted:
        for table, first in (("macros", listed("macros", [])), ("triggers", forbidden)):
            assert holding(scripted, table, first) == ([], 0)
            assert holding(scripted, table, first) == ([], 0)
            assert holding(scripted, table, titled(table, "a", "b")) == (["a", "b"], 2)
            assert holding(scripted, table, forbidden) == (["a", "b"], 2)
            assert holding(scripted, table, titled(table, "a", "c")) == (["a", "c"], 3)
            assert holding(scripted, table, listed(table, [])) == ([], 3)
            assert holding(scripted, table, listed(table, [])) == ([], 3)
            assert holding(scripted, table, titled(table, "a")) == (["a"], 4)


def test_a_row_without_a_key_is_kept_beside_a_list_with_a_history():
    pipeline = duckdb_pipeline()
    rows = [{"id": 1, "title": "a"}, {"title": "no id"}]
    with ScriptedZendesk({"/api/v2/macros": listed("macros", rows)}) as zendesk:
        source = zendesk.source("macros", history=True)
        assert sync(pipeline, source, clock=zendesk.clock).runs["macros"].status == "incomplete"
    assert [(row["id"], row[TO]) for row in whole_rows(pipeline, "macros")] == [(1, None)]
    assert len(whole_rows(pipeline, "_zendesk_rejected_rows")) == 1


def test_a_table_that_begins_its_history_when_its_list_is_empty_closes_every_row(account, zendesk):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "macros"))
    count = len(account.truth("macros"))
    for row in account.truth("macros"):
        account.remove_row("macros", row["id"])
    for _ in range(2):
        sync(pipeline, source_of(zendesk, "macros", history=True))
        ends = [row[TO] for row in whole_rows(pipeline, "macros")]
        assert len(ends) == count
        assert None not in ends


def test_versions_of_holidays_end_also_where_a_schedule_has_none_left(account, zendesk):
    pipeline, table = duckdb_pipeline(), "schedule_holidays"
    pipeline.run(source_of(zendesk, table))
    before = account.truth(table)
    first, emptied = before[0], {row["schedule_id"] for row in before} - {before[0]["schedule_id"]}
    assert emptied
    for _ in range(2):
        pipeline.run(source_of(zendesk, table, history=True))
        assert [row[TO] for row in whole_rows(pipeline, table)] == [None] * len(before)

    account.edit_row(table, first["id"], name="Boxing Day")
    for row in before:
        if row["schedule_id"] in emptied:
            account.remove_row(table, row["id"])
    zendesk.refuse(table)
    pipeline.run(source_of(zendesk, table, history=True))
    assert [row[TO] for row in whole_rows(pipeline, table)] == [None] * len(before)
    zendesk.allow(table)
    account.clock.advance(21 * 3_600)  # a schedule that was refused is asked again the next day
    pipeline.run(source_of(zendesk, table, history=True))
    holding = [row["id"] for row in whole_rows(pipeline, table) if row[TO] is None]
    assert sorted(holding) == sorted(row["id"] for row in account.truth(table))
    old, new = versions(pipeline, first["id"], table)
    assert (old["name"], new["name"]) == (first["name"], "Boxing Day")
    assert old[FROM] < old[TO] == new[FROM]


def test_history_is_of_settings(zendesk):
    settings = {stream.name for stream in STREAMS if stream.keeps_history}
    assert {"ticket_forms", "sla_policies", "schedules", "schedule_holidays", "macros", "triggers",
            "automations", "custom_roles", "brands", "groups"} <= settings  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"no history of tickets.*macros"):
        source_of(zendesk, history=["tickets"])


def test_a_destination_without_merge_says_that_it_keeps_no_history(zendesk, tmp_path):
    place = dlt.destinations.filesystem(str(tmp_path / "files"))
    pipeline = pipeline_into(place)
    with pytest.raises(ConfigurationError, match=r"filesystem cannot keep .* Set history to false"):
        sync(pipeline, source_of(zendesk, "macros", history=True))


@pytest.mark.parametrize("told", ["true", '["macros"]', "macros, groups"])
def test_history_is_set_in_the_environment(zendesk, monkeypatch, told):
    monkeypatch.setenv("SOURCES__ZENDESK__HISTORY", told)
    pipeline = duckdb_pipeline()
    pipeline.run(source_of(zendesk, "macros"))
    assert FROM in whole_rows(pipeline, "macros")[0]
