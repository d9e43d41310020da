"""What an earlier release left in dlt's state is gone on from: nothing is lost or read anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from typing import Any

import pytest

from tests.support.saved_states import (
    BY_NAME,
    EXPORTS,
    FOLDER,
    KINDS,
    Scene,
    refused_parents,
    scene_of,
)
from tests.support.tables import Row, assert_rows_equal, opened, stored_rows

State = dict[str, Any]
WHOLE = [name for name, kind in KINDS.items() if not kind.pages_a_slice]
KILLED = [name for name, kind in KINDS.items() if kind.pages_a_slice]
RECORDS = "custom_object_records"


def saved(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return read


def as_it_is(state: State) -> State:
    return state


def as_first_written(state: State) -> State:
    """Return a state in the shapes that were written before those of today."""
    older = deepcopy(state)
    for part in parts_of(older):
        if "seen" in part:
            part.pop("has_answered")
            if not part["refused"]:
                del part["refused"]
            part["seen"] = {key: sign.split(" rows ")[0] for key, sign in part["seen"].items()}
        for lane in part.get("lanes", ()):
            lane["place"]["of_another_release"] = 1
    return older


def parts_of(state: Any) -> Iterator[dict[str, Any]]:
    if isinstance(state, dict):
        yield state
        for each in list(state.values()):
            yield from parts_of(each)


SHAPES = pytest.mark.parametrize(
    "shape", [as_it_is, pytest.param(as_first_written, marks=pytest.mark.long)]
)


@pytest.fixture
def gone_on() -> Iterator[Callable[..., Scene]]:
    """Return what loads an account, puts a state in place of today's, and syncs once more."""
    stack = ExitStack()

    def go_on(name: str, shape: Callable[[State], State] = as_it_is) -> Scene:
        found = saved(name)
        scene = stack.enter_context(scene_of(KINDS[name]))
        scene.load_all()
        if "keys" in found:
            scene.keep_only(found["keys"])
        scene.put(shape(found["state"]))
        scene.change()
        scene.zendesk.forget_requests()
        scene.sync()
        return scene

    with stack:
        yield go_on


def refused_of(scene: Scene, stream: str) -> set[int]:
    """Return the parents whose rows Zendesk refuses."""
    schedule, ticket = refused_parents(scene.account)
    of = {"schedule_holidays": {schedule}, "side_conversations": {ticket}}
    return of.get(stream, set()) if scene.kind.has_refusals else set()


def truth_of(scene: Scene, stream: str, table: str) -> list[Row]:
    if stream == RECORDS:
        key = table.removeprefix("custom_object_")
        return [r for r in scene.account.truth(stream) if r["custom_object_key"] == key]
    if scene.kind.has_brands and table == stream:
        return scene.account.truth_with_brands(stream)
    parent, refused = BY_NAME[stream].parent, refused_of(scene, stream)
    rows = scene.account.truth(table)
    return [row for row in rows if parent is None or row[parent.column] not in refused]


def assert_complete(scene: Scene) -> None:
    """Check every table: no row missing, none too many, and each as Zendesk shows it."""
    for stream in map(BY_NAME.__getitem__, scene.kind.streams):
        tables = [table.name for table in stream.tables]
        keys = {table.name: table.primary_key for table in stream.tables}
        if stream.name == RECORDS:
            tables = [
                f"custom_object_{row['key']}" for row in scene.account.truth("custom_objects")
            ]
        for table in tables:
            with opened(scene.pipeline) as dataset:
                stored = stored_rows(dataset, table) if table in dataset.tables else []
            truth = truth_of(scene, stream.name, table)
            if "account" in (stored[0] if stored else {}):
                stored = [row for row in stored if row.pop("account") == "acme"]
            if table == "ticket_metrics":  # the export shows none of a ticket that is deleted
                shown = {row["ticket_id"] for row in stored}
                truth = [row for row in truth if row["ticket_id"] in shown]
            if stream.name == RECORDS:
                assert {row["id"] for row in stored} == {row["id"] for row in truth}
            elif table == "macros" and scene.kind.settings.get("history"):
                assert_versions(scene, truth)
            else:
                account = "acme" if scene.kind.settings.get("account_column") else ""
                key = keys[table]
                assert_rows_equal(scene.pipeline, table, truth, stored, key, account)


def assert_versions(scene: Scene, truth: list[Row]) -> None:
    with scene.pipeline.sql_client() as client:
        rows = client.execute_sql(
            "SELECT title, _zendesk_valid_to IS NULL FROM macros WHERE account = 'acme'"
        )
    held = [title for title, is_now in rows or () if is_now]
    assert sorted(held) == sorted(row["title"] for row in truth)
    assert len(rows or ()) == len(truth) + 1, "one macro was changed once"


def begins_anew(scene: Scene, stream: str) -> bool:
    """Whether an export was asked for all there is."""
    requests = scene.zendesk.requests
    return "0" in {each.query.get("start_time") for each in requests if each.stream == stream}


def assert_lists_that_are_as_they_were_stay(scene: Scene) -> None:
    with scene.pipeline.sql_client() as client:
        for table, is_new in {"groups": False, "tags": False, "macros": True}.items():
            rows = client.execute_sql(f"SELECT max(_zendesk_synced_at) FROM {table}")
            assert rows is not None
            age = (scene.account.clock.now() - rows[0][0]).total_seconds()
            assert (age < 600) is is_new, table


def assert_the_other_account_is_left_alone(scene: Scene, before: State) -> None:
    after = scene.pipeline.state["sources"]["zendesk"]
    assert after["accounts"]["acme-emea"] == before["accounts"]["acme-emea"]
    for name, state in before["resources"].items():
        assert after["resources"][name]["accounts"]["acme-emea"] == state["accounts"]["acme-emea"]


@SHAPES
@pytest.mark.parametrize("name", WHOLE)
def test_a_sync_asks_for_what_is_new_and_no_more_than_before(gone_on, name, shape):
    scene, found = gone_on(name, shape), saved(name)
    asked = scene.asked()
    for stream, count in found["asked"].items():
        if stream not in EXPORTS:
            assert asked[stream] <= count, stream
        elif stream != "organizations" or not scene.kind.has_refusals:  # whose fields are described
            # How many walks an export is read on depends on how long pages take.
            assert not begins_anew(scene, stream), stream
    assert {n: r.status for n, r in scene.runs.items() if r.status != "ok"} == {
        stream: "incomplete" for stream in scene.kind.streams if refused_of(scene, stream)
    }
    assert_complete(scene)
    if name == "whole":
        assert_lists_that_are_as_they_were_stay(scene)
    if name == "shared":
        assert_the_other_account_is_left_alone(scene, shape(found["state"]))


@SHAPES
@pytest.mark.parametrize("name", KILLED)
def test_a_sync_goes_on_where_another_was_killed(gone_on, name, shape):
    scene = gone_on(name, shape)
    for stream, state in saved(name)["state"]["resources"].items():
        positions = state["positions"]
        asked = [request for request in scene.zendesk.requests if request.stream == stream]
        assert "open" not in positions or not begins_anew(scene, stream), stream
        # Signs that are times say that a parent's rows are there already.
        seen = positions.get("parents", {}).get("seen", {})
        read = {key for key, sign in seen.items() if sign[:1] != "#" and "/" not in key}
        for request in asked:
            again = read.intersection(request.path.split("/")) - scene.changed
            assert not again, request.path
    assert_complete(scene)
