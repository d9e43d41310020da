"""Whatever fails in one stream ends that stream only; the next healthy sync makes it right."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import assert_table_equals, stored_rows
from zendesk_source import sync
from zendesk_source.api.paging import Request
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Account, Simulator

TEXT_OF_A_CUSTOMER = "Please call me at 555 0100"
OTHERS = ("groups", "tickets")


@pytest.fixture
def account() -> Account:
    return Account.generate(seed=5, tickets=40, users=12, organizations=6)


def load(zendesk: Simulator, *names: str, **settings: Any) -> SyncReport:
    source = source_of(zendesk, *names, **settings)
    return sync(duckdb_pipeline(), source, clock=zendesk.account.clock)


RESOURCES, EXTRACT = "zendesk_source.resources", "zendesk_source.extract"
SHAPE = "zendesk_source.shape.stream_shape"
EXPORT = [
    f"{EXTRACT}.lanes.lane_after",
    f"{EXTRACT}.lanes.row_time",
    f"{EXTRACT}.lanes.LaneReader.read",
    f"{RESOURCES}.taking.pages",
    f"{SHAPE}.keep_newest",
    f"{RESOURCES}.handing.takes_arrow",
    f"{SHAPE}.StreamShape.tables_of",
    f"{RESOURCES}.handing.Handing.tables",
    f"{RESOURCES}.handing.Handing._marked",
    f"{RESOURCES}.taking.Taking.end",
    f"{RESOURCES}.exports.follow",
    f"{RESOURCES}.exports.not_loaded",
    f"{EXTRACT}.bookmarks.remember_newest",
    f"{RESOURCES}.exports._cursor_value",
]
LIST = [
    f"{RESOURCES}.lists.whole.pages",
    f"{RESOURCES}.lists.whole.digest_of_list",
    f"{RESOURCES}.lists.whole.is_as_loaded",
    f"{RESOURCES}.lists.whole.keeps_versions",
    f"{RESOURCES}.lists.whole.vanished_rows",
    f"{RESOURCES}.lists.whole.emptied",
    f"{RESOURCES}.lists.whole.remember_list",
    f"{RESOURCES}.taking.Taking.whole_list",
    f"{RESOURCES}.handing.Handing.tables",
]
CHILDREN = [
    "zendesk_source.account.children.read_of_list",
    f"{RESOURCES}.taking.Taking.child_steps",
    f"{RESOURCES}.handing.Handing.tables",
]
# A place a stream, so that one sync tries them all.
EXPORTS = ["users", "organizations", "ticket_metric_events", "satisfaction_ratings", "hc_articles"]
EXPORTS += ["ticket_events", "talk_calls"]
LISTS = ["tags", "brands", "group_memberships", "triggers", "views", "ticket_forms", "schedules"]
LISTS += ["sla_policies", "custom_roles"]
OF_PARENTS = ("macro_attachments", "trigger_revisions", "routing_attribute_values")


def places(begin: int) -> dict[str, str]:
    """Return where each stream is to fail; exports begin so far down their list."""
    return {
        **dict(zip(EXPORTS, EXPORT[begin:], strict=False)),
        **dict(zip(LISTS, LIST, strict=True)),
        **dict(zip(OF_PARENTS, CHILDREN, strict=True)),
    }


def fail_in(patch: pytest.MonkeyPatch, place_of: dict[str, str]) -> set[str]:
    """Let functions raise where one of their arguments belongs to a stream; return which did."""
    failed: set[str] = set()
    for place in set(place_of.values()):
        owner, _, name = place.rpartition(".")
        streams = {stream for stream, where in place_of.items() if where == place}
        patch.setattr(place, failing(resolve_name(owner), name, streams, failed))
    return failed


def failing(owner: Any, name: str, streams: set[str], failed: set[str]) -> Callable[..., Any]:
    works: Callable[..., Any] = getattr(owner, name)

    def fails(*args: Any, **kwargs: Any) -> Any:
        about = {*map(name_of, args), *map(name_of, kwargs.values())} & streams
        if about:
            failed.update(about)
            raise ZeroDivisionError(TEXT_OF_A_CUSTOMER)
        return works(*args, **kwargs)

    return fails


def name_of(argument: Any) -> str:
    if isinstance(argument, Request):
        return argument.counted_for
    stream = getattr(argument, "_stream", getattr(argument, "stream", argument))
    return str(getattr(stream, "name", ""))


def test_the_places_to_fail_in_are_there():
    places = [place.rpartition(".") for place in (*EXPORT, *LIST, *CHILDREN)]
    assert [name for owner, _, name in places if not hasattr(resolve_name(owner), name)] == []


@pytest.mark.long
@pytest.mark.parametrize("begin", [0, 7])
def test_an_exception_anywhere_in_a_stream_is_that_streams_reason(
    zendesk, account, monkeypatch, begin, item_format
):
    load(zendesk, "groups")  # the dataset is there, or the first stream is read by itself
    place_of = places(begin)
    with monkeypatch.context() as patch:
        failed = fail_in(patch, place_of)
        report = load(zendesk, *place_of, *OTHERS, item_format=item_format)
    assert failed == set(place_of)
    assert report.exit_code == 5
    for stream in place_of:
        run = report.runs[stream]
        assert run.status == "failed", stream
        assert run.reason.startswith("ZeroDivisionError in zendesk_source."), stream
        assert "please report it" in run.reason
        assert TEXT_OF_A_CUSTOMER not in run.reason
    for table in OTHERS:
        assert_table_equals(duckdb_pipeline(), table, account.truth(table))
    logged = {
        row["stream"]: row["reason"]
        for row in stored_rows(duckdb_pipeline(), "_zendesk_sync_log")
        if row["status"] == "failed"
    }
    assert logged == {stream: report.runs[stream].reason for stream in place_of}

    account.clock.advance(3_600)
    assert load(zendesk, *place_of, *OTHERS, item_format=item_format).exit_code == 0
    for table in (*place_of, *OTHERS):
        assert_table_equals(duckdb_pipeline(), table, account.truth(table))


def spoil(patch: pytest.MonkeyPatch, step: str, stream: str) -> None:
    """Let a step of dlt's fail on the rows of one stream, as it does on what it cannot take."""
    owner, name, about = {
        "extract": ("dlt.extract.extractors.ObjectExtractor", "_write_item", 1),
        "normalize": ("dlt.normalize.items_normalizers.jsonl.JsonLItemsNormalizer", "__call__", 2),
        "load": ("dlt.load.load.Load", "submit_job", 1),
    }[step]
    works: Callable[..., Any] = getattr(resolve_name(owner), name)

    def fails(*args: Any, **kwargs: Any) -> Any:
        if stream in str(args[about]):
            raise ZeroDivisionError(TEXT_OF_A_CUSTOMER)
        return works(*args, **kwargs)

    patch.setattr(f"{owner}.{name}", fails)


@pytest.mark.parametrize("is_new", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "step",
    [
        pytest.param("extract", marks=pytest.mark.long),
        "normalize",
        pytest.param("load", marks=pytest.mark.long),
    ],
)
def test_a_package_that_one_stream_spoils_is_loaded_without_it(
    zendesk, account, monkeypatch, step, is_new
):
    streams = ("macros", "groups", "users", "brands")
    if not is_new:
        load(zendesk, "groups")
    with monkeypatch.context() as patch:
        spoil(patch, step, "macros")
        report = load(zendesk, *streams)
    assert report.exit_code == 5
    assert {name: run.status for name, run in report.runs.items()} == {
        **dict.fromkeys(streams, "ok"),
        "macros": "failed",
    }
    assert TEXT_OF_A_CUSTOMER not in report.runs["macros"].reason
    assert not duckdb_pipeline().has_pending_data
    for table in streams[1:]:
        assert_table_equals(duckdb_pipeline(), table, account.truth(table))
    logged = stored_rows(duckdb_pipeline(), "_zendesk_sync_log")
    assert [row["stream"] for row in logged if row["status"] == "failed"] == ["macros"]

    account.clock.advance(3_600)
    assert load(zendesk, *streams).exit_code == 0
    for table in streams:
        assert_table_equals(duckdb_pipeline(), table, account.truth(table))


@pytest.mark.long
def test_a_sync_log_that_cannot_be_written_stops_no_sync(zendesk, account):
    load(zendesk, "groups")
    with duckdb.connect("zendesk.duckdb") as connection:
        connection.execute(
            "ALTER TABLE zendesk_data._zendesk_sync_log ALTER status TYPE INTEGER USING 1"
        )
    account.clock.advance(3_600)
    assert load(zendesk, "groups", "users").exit_code == 0
    assert not duckdb_pipeline().has_pending_data
    assert_table_equals(duckdb_pipeline(), "users", account.truth("users"))


def test_without_a_sync_an_exception_is_raised(zendesk, monkeypatch):
    fail_in(monkeypatch, {"macros": f"{RESOURCES}.handing.Handing.tables"})
    with pytest.raises(PipelineStepFailed, match="extraction of resource `macros`"):
        duckdb_pipeline().run(source_of(zendesk, "macros"))
