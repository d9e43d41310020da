"""What the tap reads in parts: parent by parent, at each Help Center, object by object."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.simulated import served
from tests.support.singer import (
    Target,
    lines_until,
    open_second_help_center,
    run_tap,
    selected,
    tap_command,
)
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.pages.answers import FORBIDDEN, Answer
from zendesk_source.singer.tables import RECORDS, STREAM_OF

HOUR = 3_600
OF_PARENTS = [stream.name for stream in STREAMS if stream.parent is not None]
OF_BRANDS = [stream.name for stream in STREAMS if stream.is_of_brand]
LISTS_OF_PARENTS = ["macros", "triggers", "brands", "custom_objects", "schedules"]
"""Lists that are read for themselves, and for what belongs to each of their rows."""
IN_PARTS = list(dict.fromkeys([*LISTS_OF_PARENTS, *OF_PARENTS, *OF_BRANDS]))


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=5, tickets=20, users=12, organizations=2)


@pytest.fixture
def second(account: Account, zendesk: Simulator) -> str:
    """Open the Help Center of a second brand, and return its address."""
    return open_second_help_center(account, zendesk)


def refuse_at(zendesk: Simulator, address: str) -> None:
    def alter(request: Any, healthy: Answer) -> Answer:
        return FORBIDDEN if request.address == address else healthy

    zendesk.alter_answers(alter)


def ids_in(target: Target, table: str) -> set[Any]:
    return {row["id"] for row in target.rows[table].values()}


def ids_of(account: Account, table: str) -> set[Any]:
    return {row["id"] for row in account.truth(table)}


def test_only_the_parents_that_changed_are_asked_again(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    tables = ["macro_attachments", "hc_article_attachments"]
    first = run_tap(tmp_path, zendesk, catalog=selected(*tables))
    assert first.exit_code == 0, first.told
    assert "1 request for each of" in first.told
    target = first.target
    target.assert_equals(account, tables)
    article = account.truth("hc_articles")[0]["id"]
    account.edit_row("hc_articles", article, title="Edited")
    account.add_row("hc_article_attachments", article_id=article, file_name="new.png")
    account.clock.advance(HOUR)
    zendesk.forget_requests()
    again = run_tap(tmp_path, zendesk, catalog=selected(*tables), state=target.state)
    target.take(again.lines).assert_equals(account, tables)
    paths = [request.path for request in zendesk.requests if "attachments" in request.path]
    assert len(paths) == 1
    assert str(article) in paths[0]


def test_a_row_that_its_parent_no_longer_has_stays_and_the_others_are_right(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    catalog = selected("hc_article_comments", "schedule_holidays")
    target = run_tap(tmp_path, zendesk, catalog=catalog).target
    gone = account.truth("hc_article_comments")[0]["id"]
    account.remove_row("hc_article_comments", gone)
    account.remove_row("schedule_holidays", account.truth("schedule_holidays")[0]["id"])
    account.clock.advance(HOUR)
    target.take(run_tap(tmp_path, zendesk, catalog=catalog, state=target.state).lines)
    assert ids_in(target, "hc_article_comments") - ids_of(account, "hc_article_comments") == {gone}
    target.assert_equals(account, ["schedule_holidays"])  # which is told to be whole


@pytest.mark.parametrize("stream", ["macro_attachments", "schedule_holidays"])
def test_parents_that_refuse_are_named_and_asked_again_later(
    account: Account, zendesk: Simulator, tmp_path: Path, stream: str
) -> None:
    parent = STREAM_OF[stream].parent
    assert parent is not None
    refused = str(account.truth(parent.stream.name)[0]["id"])
    target = run_tap(tmp_path, zendesk, catalog=selected(stream)).target

    def alter(request: Any, healthy: Answer) -> Answer:
        return FORBIDDEN if request.path.split("/")[-2:-1] == [refused] else healthy

    zendesk.alter_answers(alter)
    account.edit_row(parent.stream.name, int(refused), description="Edited")
    account.clock.advance(HOUR)
    second = run_tap(tmp_path, zendesk, catalog=selected(stream), state=target.state)
    assert second.exit_code == 0
    assert f"{refused} (403)" in second.told
    assert stream not in second.target.activated  # or its rows would be dropped
    target.take(second.lines)
    zendesk.leave_answers_alone()
    zendesk.forget_requests()
    target.take(run_tap(tmp_path, zendesk, catalog=selected(stream), state=target.state).lines)
    assert not [r for r in zendesk.requests if f"/{refused}/" in r.path]
    account.clock.advance(2 * 24 * HOUR)
    third = run_tap(tmp_path, zendesk, catalog=selected(stream), state=target.state)
    assert refused not in third.told
    target.take(third.lines).assert_equals(account, [stream])


def test_every_help_center_is_read_and_goes_on_from_its_own_position(
    account: Account, zendesk: Simulator, tmp_path: Path, second: str
) -> None:
    tables = ["hc_articles", "hc_categories", "hc_locales", "hc_article_comments"]
    target = run_tap(tmp_path, zendesk, catalog=selected(*tables)).target
    target.assert_equals(account, tables)
    brand = account.truth("brands")[1]["id"]
    article = next(r for r in account.truth_with_brands("hc_articles") if r["brand_id"] == brand)
    account.edit_row("hc_articles", article["id"], title="Edited")
    account.add_row("hc_article_comments", article_id=article["id"], body="Another")
    account.clock.advance(HOUR)
    zendesk.forget_requests()
    again = run_tap(tmp_path, zendesk, catalog=selected(*tables), state=target.state)
    target.take(again.lines).assert_equals(account, tables)
    starts = {
        (r.address == second, r.query["start_time"])
        for r in zendesk.requests
        if "start_time" in r.query
    }
    assert {at_second for at_second, _ in starts} == {True, False}
    assert "0" not in {start for _, start in starts}


def test_a_help_center_that_refuses_is_named_and_its_rows_stay(
    account: Account, zendesk: Simulator, tmp_path: Path, second: str
) -> None:
    tables = ["hc_articles", "hc_categories"]
    target = run_tap(tmp_path, zendesk, catalog=selected(*tables)).target
    account.edit_row("hc_articles", account.truth("hc_articles")[-1]["id"], title="Edited")
    account.clock.advance(HOUR)
    refuse_at(zendesk, second)
    refused = run_tap(tmp_path, zendesk, catalog=selected(*tables), state=target.state)
    assert refused.exit_code == 0
    assert refused.told.count("The Help Center of example-outlet was not read") == len(tables)
    assert "hc_categories" not in refused.target.activated
    target.take(refused.lines)
    zendesk.leave_answers_alone()
    again = run_tap(tmp_path, zendesk, catalog=selected(*tables), state=target.state)
    target.take(again.lines).assert_equals(account, tables)


def records_of(account: Account, key: str) -> dict[str, str]:
    rows = account.truth(RECORDS.name)
    return {row["id"]: row["name"] for row in rows if row["custom_object_key"] == key}


def names_in(target: Target, table: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in target.rows[table].values()}


def test_each_custom_object_is_a_stream_with_its_fields(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    found = json.loads(b"".join(run_tap(tmp_path, zendesk, "--discover").lines))
    keys = [row["key"] for row in account.truth("custom_objects")]
    entries = {each["tap_stream_id"]: each for each in found["streams"]}
    tables = {f"custom_object_{key}": key for key in keys}
    assert tables.keys() <= entries.keys()
    car = entries["custom_object_car"]
    assert car["replication_key"] == "updated_at"
    assert car["schema"]["properties"]["cf_doors"] == {"type": ["integer", "null"]}
    chosen = [entries[table] for table in tables]
    for entry in chosen:
        entry["metadata"][0]["metadata"]["selected"] = True
    catalog = {"streams": chosen}
    target = run_tap(tmp_path, zendesk, catalog=catalog).target
    for table, key in tables.items():
        assert names_in(target, table) == records_of(account, key), table
    assert any("cf_doors" in row for row in target.rows["custom_object_car"].values())
    changed = next(iter(records_of(account, "car")))
    account.edit_row(RECORDS.name, changed, name="Changed")
    account.clock.advance(HOUR)
    second = run_tap(tmp_path, zendesk, catalog=catalog, state=target.state)
    assert second.target.counts == {"custom_object_car": 1}
    assert names_in(target.take(second.lines), "custom_object_car") == records_of(account, "car")


def test_a_page_of_each_part_is_asked_for_by_a_test(zendesk: Simulator, tmp_path: Path) -> None:
    tables = ["macro_attachments", "hc_article_comment_votes", "hc_sections", "schedule_holidays"]
    catalog = selected(*tables, "custom_object_car", "custom_object_boat")
    tried = run_tap(tmp_path, zendesk, "--test", catalog=catalog)
    assert (tried.exit_code, tried.lines) == (0, [])
    assert all(f"{table} can be read" in tried.told for table in (*tables, "custom_object_car"))
    assert "custom_object_boat cannot be read: there is no such object" in tried.told
    assert len([r for r in zendesk.requests if r.stream == RECORDS.name]) == 1


def test_an_object_that_is_gone_leaves_its_table_and_the_others_alone(
    account: Account, zendesk: Simulator, tmp_path: Path
) -> None:
    catalog = selected("custom_object_car", "custom_object_boat")
    ended = run_tap(tmp_path, zendesk, catalog=catalog)
    assert ended.exit_code == 0
    assert "There is no object for custom_object_boat any more" in ended.told
    assert names_in(ended.target, "custom_object_car") == records_of(account, "car")


@pytest.mark.long
@pytest.mark.parametrize("states", [3, 15, 30])
def test_a_kill_among_the_parts_loses_nothing(tmp_path: Path, states: int) -> None:
    account = Account.generate(seed=5, tickets=20, users=12, organizations=2)
    with served(account) as zendesk:
        open_second_help_center(account, zendesk)
        catalog = selected(*IN_PARTS)
        command = tap_command(tmp_path, zendesk, catalog=catalog, is_small=True)
        target = Target()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
            target.take(lines_until(tap, states))
            tap.kill()
            target.take(tap.stdout or ())
        article = account.truth("hc_articles")[0]["id"]
        account.edit_row("hc_articles", article, title="Edited while it was down")
        account.add_row("hc_article_attachments", article_id=article, file_name="new.png")
        account.clock.advance(HOUR)
        ended = run_tap(tmp_path, zendesk, catalog=catalog, state=target.state, is_small=True)
        assert ended.exit_code == 0, ended.told
        target.take(ended.lines).assert_equals(account, IN_PARTS)


def test_a_state_that_signs_of_many_parents_make_large_does_not_outweigh_the_rows(
    tmp_path: Path,
) -> None:
    account = Account.generate(seed=6, tickets=300, users=40, organizations=6)
    catalog = selected("ticket_metric_events", "users")
    with served(account) as zendesk:
        small = run_tap(tmp_path, zendesk, catalog=catalog, is_small=True)
        target = small.target
        assert target.state is not None
        signs = {str(number): f"2026-01-01T00:00:00Z {number}" for number in range(3_000)}
        kept = {"parents": {"version": 1, "round": 0, "seen": signs}}
        state = {"bookmarks": {"hc_article_comments": {"positions": kept}}}
        large = run_tap(tmp_path, zendesk, catalog=catalog, state=state, is_small=True)
    states = [line for line in large.lines if line.startswith(b'{"type":"STATE"')]
    assert len(states[-1]) > 100_000
    rows = sum(len(line) for line in large.lines if line.startswith(b'{"type":"RECORD"'))
    at_the_ends = 4  # before the first row, and behind the last of all and of each stream
    assert sum(map(len, states)) < rows + (at_the_ends + 1) * len(states[-1])
    assert len(states) < sum(line.startswith(b'{"type":"STATE"') for line in small.lines) / 3
    document = json.loads(states[-1])["value"]
    assert document["bookmarks"].pop("hc_article_comments") == {"positions": kept}
    assert document["bookmarks"] == target.state["bookmarks"]
