"""Prove that a dataset is complete and current, or say what is not, and mend it.

from zendesk_source import reconcile

report = reconcile(pipeline, ["tickets", "users"], sample=1_000)
for stream in report.streams.values():
    for table in stream.tables:
        print(table.table, table.missing, table.stale, table.extra, table.bound)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import dlt
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from zendesk_source.account.connection import Connection
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.catalogue import STREAMS
from zendesk_source.destination.duckdb_file import file_of, held_file
from zendesk_source.destination.duckdb_memory import little_memory
from zendesk_source.destination.failures import explained
from zendesk_source.destination.limits import limits_of
from zendesk_source.destination.state import (
    drop_packages,
    follow_destination,
    mend_working_folder,
    remember_loaded,
)
from zendesk_source.errors import ConfigurationError, ZendeskError
from zendesk_source.preflight.account import connected
from zendesk_source.reconciling.log import log_of
from zendesk_source.reconciling.repair import Repair, source_of
from zendesk_source.reconciling.report import ReconcileReport, StreamReport
from zendesk_source.reconciling.stored import Stored
from zendesk_source.reconciling.streams import Scope, StreamCheck, prepared
from zendesk_source.resources.greeting import claim_dataset, greet
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.settings.dlt_credentials import ZendeskCredentials
from zendesk_source.settings.selection import select_streams
from zendesk_source.source import NAME, SECTION

OnCost = Callable[[Mapping[str, int]], object]
"""Called with about how many requests each stream takes, before the first is compared."""

SAMPLE = 1_000


def reconcile(
    pipeline: dlt.Pipeline,
    streams: Iterable[str] = (),
    *,
    sample: int = SAMPLE,
    full: bool = False,
    repair: bool = False,
    seed: int | None = None,
    ignore: Iterable[str] = (),
    wait_for_other: bool = False,
    credentials: ZendeskCredentials | None = None,
    clock: Clock | None = None,
    on_wait: OnWait | None = None,
    on_cost: OnCost | None = None,
    **options: Any,
) -> ReconcileReport:
    """Compare loaded tables with what Zendesk shows now.

    Rows that were changed at Zendesk after the last sync are told apart and do not count. While it
    runs, no sync of the pipeline can. What was found is appended to ``_zendesk_reconcile_log``.

    Args:
        pipeline: The pipeline that has loaded the tables.
        streams: What to check, as ``select_streams`` takes it; all that was loaded when left out.
        sample: How many rows of each stream to compare. Tickets are looked for by all ids,
            whatever the sample.
        full: Compare all rows.
        repair: Load what is missing or stale, and mark or remove what Zendesk has no more.
        seed: Decides on the sample; a random one when left out.
        ignore: Tables and columns that do not count, such as ``ticket_metrics`` or ``users.notes``.
        wait_for_other: Wait for a sync of this pipeline to end instead of refusing.
        credentials: None takes those that dlt's configuration holds.
        clock: Time and the way to wait, for tests.
        on_wait: Called with the reason and the seconds before a request waits.
        on_cost: Called with what it will cost, before it starts.
        options: Fields of ``Options``, as they were given to the source.

    Raises:
        ConfigurationError: Nothing was loaded, by other settings, or into plain files; or a
            setting is wrong.
        AuthenticationError: Zendesk does not accept the credentials.
        LoadFailed: The destination refused what was to be mended, or the log.
    """
    if sample < 1:
        raise ConfigurationError(f"The sample is {sample}.", "Compare at least one row.")
    seed = Random().randrange(2**31) if seed is None else seed
    with connected(credentials, clock, on_wait, **options) as connection:
        started_at, started = connection.clock.now(), connection.clock.monotonic()
        with _loaded(pipeline, connection, on_wait, wait_for_other=wait_for_other) as stored:
            state = pipeline.state.get("sources", {}).get(NAME, {})
            claim_dataset(connection, dict(state))
            scope = Scope(stored, state, sample, full, Random(seed), frozenset(ignore))
            mending = Repair(stored) if repair else None
            found = _checked(scope, _chosen(stored, streams), mending, on_cost)
            if mending is not None:
                _load(pipeline, mending.resources, stored)
                mending.remove()
            report = ReconcileReport(
                started_at, connection.clock.monotonic() - started, seed, found
            )
            shares = connection.options.account_column
            account = connection.account if shares else ""
            _load(pipeline, [log_of(report, account, connection.clock.now())], stored)
            return report


@contextmanager
def _loaded(
    pipeline: dlt.Pipeline,
    connection: Connection,
    on_wait: OnWait | None,
    *,
    wait_for_other: bool,
) -> Iterator[Stored]:
    """Open the tables, with no package of an earlier run left to load.

    Raises:
        ConfigurationError: There are none, or they are plain files.
    """
    if pipeline.destination.destination_type.endswith(".filesystem"):
        raise ConfigurationError(
            "Plain files keep every version of a row, so they are never equal to Zendesk.",
            "Load into a destination that merges, such as duckdb or postgres.",
        )
    path = file_of(pipeline)
    if path is not None and not path.exists():
        raise _nothing(f"There is no DuckDB file {path}.")
    clock = connection.clock
    lock = only_sync_in(Path(pipeline.working_dir), wait=wait_for_other, pause=clock.sleep)
    with explained(pipeline), lock:
        greet(connection, None, on_wait)
        mend_working_folder(pipeline)
        with held_file(pipeline, clock, on_wait, waits_long=wait_for_other) as file:
            if not follow_destination(pipeline) or NAME not in pipeline.schemas:
                raise _nothing(f"Nothing is loaded in dataset {pipeline.dataset_name}.")
            while pipeline.has_pending_data:
                pipeline.run()
                remember_loaded(pipeline)
            dialect = pipeline.destination.capabilities().sqlglot_dialect
            connection.limits = limits_of(str(dialect))
            with little_memory(pipeline, file) as memory, memory.lent():
                client = pipeline.sql_client(NAME)
                yield Stored(client, pipeline.schemas[NAME], connection, memory.used)


def _nothing(what: str) -> ConfigurationError:
    return ConfigurationError(what, "Load something first: zendesk-source load")


def _chosen(stored: Stored, streams: Iterable[str]) -> list[str]:
    """Return the names of the streams to check, in the order of the catalogue."""
    wanted = list(streams)
    loaded = [stream.name for stream in STREAMS if stored.types(stream.name)]
    chosen = select_streams(wanted) if wanted else loaded
    if not set(chosen).intersection(loaded):
        raise _nothing("None of these streams is loaded.")
    return [stream.name for stream in STREAMS if stream.name in chosen]


def _checked(
    scope: Scope, names: Iterable[str], mending: Repair | None, on_cost: OnCost | None
) -> dict[str, StreamReport]:
    """Check streams one after the other, once the cost of all of them is told."""
    checks = {name: _ready(scope, name) for name in names}
    if on_cost is not None:
        on_cost({name: check.expected_requests for name, check in checks.items() if check.run})
    found = {}
    for name, check in checks.items():
        found[name] = _found(scope, check, mending)
    return found


def _ready(scope: Scope, name: str) -> StreamCheck:
    stream = scope.as_loaded(name)
    before = _requests(scope)
    try:
        check = prepared(stream, scope)
    except (ZendeskError, DestinationUndefinedEntity) as error:
        return StreamCheck(stream, report=_failed(name, error))
    check.asked = _requests(scope) - before
    return check


def _found(scope: Scope, check: StreamCheck, mending: Repair | None) -> StreamReport:
    if check.run is None:
        assert check.report is not None
        return check.report
    before = _requests(scope) - check.asked
    try:
        found = check.run()
    except (ZendeskError, DestinationUndefinedEntity) as error:
        return _failed(check.stream.name, error)
    repaired = 0
    if mending is not None and found.status == "differs":
        check.mend(mending)
        repaired = mending.count.get(check.stream.name, 0)
    return replace(found, requests=_requests(scope) - before, repaired=repaired)


def _failed(name: str, error: Exception) -> StreamReport:
    """Return the report of a stream that cannot be read, here or at Zendesk.

    Raises:
        ZendeskError: None can be.
    """
    if not isinstance(error, ZendeskError):
        reason = "a table that was loaded before is no longer at the destination."
        return StreamReport(name, reason=reason, is_failed=True)
    if error.stops_the_sync:
        raise error
    return StreamReport(name, reason=str(error), is_failed=True)


def _requests(scope: Scope) -> int:
    return sum(one.requests for one in scope.stored.connection.client.usage.values())


def _load(pipeline: dlt.Pipeline, resources: list[DltResource], stored: Stored) -> None:
    """Load some resources in a package of their own; a package that is refused is dropped.

    Raises:
        PipelineStepFailed: The destination refuses it.
    """
    if not resources:
        return
    pipeline.activate()
    try:
        pipeline.extract(source_of(resources, NAME, SECTION))
        pipeline.normalize()
        with stored.used():
            pipeline.load()
    except PipelineStepFailed:
        if pipeline.has_pending_data:
            drop_packages(pipeline)
        raise
    remember_loaded(pipeline)
