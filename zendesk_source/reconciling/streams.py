"""Check one stream in the way that fits it, and say what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from zendesk_source.account.shaping import new_shape
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import STREAMS, SideTable, Stream, with_custom_field_rows
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.kept import CUSTOM_FIELD_COLUMNS
from zendesk_source.reconciling import asked
from zendesk_source.reconciling.bounds import upper_bound
from zendesk_source.reconciling.by_id import Check, itself, plan_of
from zendesk_source.reconciling.comments import COMMENTS, Comments
from zendesk_source.reconciling.comparison import Comparison, Difference, Kind
from zendesk_source.reconciling.lists import ListCheck
from zendesk_source.reconciling.repair import Repair
from zendesk_source.reconciling.report import StreamReport, TableReport
from zendesk_source.reconciling.standing import Changes, standing_of
from zendesk_source.reconciling.stored import Stored
from zendesk_source.shape.removal import without_deleted

NOT_LOADED = "no row of it was loaded."
UNFINISHED = "it was not loaded to its end yet; load it first."
TOO_LONG = "it is a long list, which is compared with --full only."
CHANGED = "it is not the list that the last load noted; the next load brings its table up to now."
NO_WAY = {
    "ticket_events": "Zendesk does not show events by their ids; the comments in them are counted"
    " with tickets.",
}
NO_WAY_BY_DEFAULT = "Zendesk shows its rows in no other way than the one they are loaded by."
_TICKETS, _EVENTS = "tickets", "ticket_events"
_BY_NAME = {stream.name: stream for stream in STREAMS}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be checked, and how.

    Attributes:
        stored: The tables.
        state: dlt's state of the source.
        sample: How many rows of each stream are compared.
        full: Compare all rows.
        random: Decides which are in a sample.
        ignored: Tables and columns that do not count.
    """

    stored: Stored
    state: Mapping[str, Any]
    sample: int
    full: bool
    random: Random
    ignored: frozenset[str]

    def comparison(self, stream: Stream) -> Comparison:
        """Return what compares a stream; asks for its fields' definitions if none was read yet."""
        connection, run = self.stored.connection, StreamRun()
        own = connection.known_state(self.state)
        shape = new_shape(
            stream,
            connection,
            run,
            names=deepcopy(own.get(CUSTOM_FIELD_COLUMNS, {})),
            known={table.name: self.stored.types(table.name) for table in stream.tables},
            normalize=self.stored.schema.naming.normalize_identifier,
            is_arrow=False,
        )
        return Comparison(stream, shape, self.stored, connection, run, self.ignored)

    def as_loaded(self, name: str) -> Stream:
        """Return a stream as the connection's options change it."""
        stream, options = _BY_NAME[name], self.stored.connection.options
        if options.custom_fields == "rows":
            stream = with_custom_field_rows(stream)
        return without_deleted(stream) if options.deleted == "remove" else stream


@dataclass(slots=True)
class StreamCheck:
    """One stream on its way to a report.

    Attributes:
        stream: The stream.
        expected_requests: About how many requests the check takes.
        report: What was found; None before it was run, unless it cannot be.
        run: Asks and compares; returns what was found.
        mend: Adds what is to be mended to a repair.
        asked: How many requests it took to prepare it.
    """

    stream: Stream
    expected_requests: int = 0
    report: StreamReport | None = None
    run: Callable[[], StreamReport] | None = None
    mend: Callable[[Repair], None] = field(default=lambda _repair: None)
    asked: int = 0


def prepared(stream: Stream, scope: Scope) -> StreamCheck:
    """Decide how a stream is checked, and what that costs.

    Raises:
        ZendeskError: Zendesk does not answer what must be known for that.
    """
    if not scope.stored.types(stream.name):
        return _not_checked(stream, NOT_LOADED)
    if stream.by_id is not None:
        return _by_id(stream, scope)
    if not stream.can_be_reread:
        return _not_checked(stream, NO_WAY.get(stream.name, NO_WAY_BY_DEFAULT))
    here = scope.stored.count(stream.name)
    if here > scope.sample and not scope.full:
        return _not_checked(stream, TOO_LONG)
    return _of_list(stream, scope, here)


def _not_checked(stream: Stream, reason: str) -> StreamCheck:
    return StreamCheck(stream, report=StreamReport(stream.name, reason=reason))


def _by_id(stream: Stream, scope: Scope) -> StreamCheck:
    connection = scope.stored.connection
    standing = standing_of(stream, scope.state, connection)
    if standing is None:
        return _not_checked(stream, UNFINISHED)
    comparison = scope.comparison(stream)
    plan = plan_of(comparison, standing, sample=scope.sample, full=scope.full, random=scope.random)
    comments = _comments(scope) if stream.name == _TICKETS else None
    check = Check(comparison, plan, standing, comments)

    def run() -> StreamReport:
        check.run()
        return _report_by_id(check, scope.stored, _count(check))

    def mend(repair: Repair) -> None:
        rows = [each for each in check.differences if each.table != COMMENTS]
        repair.add_rows(comparison, rows)
        if comments is not None:
            repair.add_comments(stream, comments.events, check.differences)

    return StreamCheck(stream, plan.requests, run=run, mend=mend)


def _comments(scope: Scope) -> Comments | None:
    events = scope.as_loaded(_EVENTS)
    standing = standing_of(events, scope.state, scope.stored.connection)
    is_loaded = bool(scope.stored.types(COMMENTS))
    if standing is None or not is_loaded or COMMENTS in scope.ignored:
        return None
    return Comments(scope.stored, events, standing)


def _count(check: Check) -> asked.Count | None:
    """Return how many rows Zendesk counts, where a sample does not find what is missing."""
    stream = check.stream
    assert stream.by_id is not None
    is_known = check.plan.is_whole or stream.by_id.are_dense
    if is_known or check.standing.start or stream.name in check.comparison.ignored:
        return None
    return asked.counted(stream, check.comparison.connection)


def _unnamed(check: Check, count: asked.Count | None) -> int:
    """Return by how much the counts differ beyond what was changed after the last sync."""
    difference = 0 if count is None or not count.is_exact else count.value - len(check.plan.live)
    if not difference:
        return 0
    connection = check.comparison.connection
    changes = Changes(check.stream, check.standing, connection, itself)
    try:
        later = len(changes.up_to(connection.client.now()))
    except StreamRefused:
        return 0
    beyond = max(0, abs(difference) - later)
    return beyond if difference > 0 else -beyond


def _report_by_id(check: Check, stored: Stored, count: asked.Count | None) -> StreamReport:
    plan, stream, notes = check.plan, check.stream, [*check.notes]
    unnamed = _unnamed(check, count)
    if unnamed:
        notes.append(
            f"Zendesk counts {abs(unnamed)} rows {'more' if unnamed > 0 else 'fewer'} than are"
            " here; --full names them."
        )
    there = check.shown if plan.is_whole else None if count is None else count.value
    tables = [_table_by_id(check, table, stored, there) for table in check.comparison.tables()]
    if check.comments is not None:
        found, checked = _found_in(check, COMMENTS), check.comments.checked
        here, population = stored.count(COMMENTS), _population(check, checked)
        tables.append(_table(COMMENTS, found, here, None, checked, population, is_own=False))
        if check.comments.more_here:
            notes.append(
                f"{check.comments.more_here} tickets have more comments here than Zendesk counts,"
                " which does not count as a difference."
            )
    return StreamReport(
        stream.name, tables, changed=len(check.changed), unnamed=unnamed, notes=notes
    )


def _table_by_id(
    check: Check, table: Stream | SideTable, stored: Stored, there: int | None
) -> TableReport:
    is_own, checked = table is check.stream, check.checked[table.name]
    return _table(
        table.name,
        _found_in(check, table.name),
        len(check.plan.live) if is_own else stored.count(table.name),
        there if is_own else None,
        checked,
        _population(check, checked),
        is_own=is_own,
    )


def _found_in(check: Check, table: str) -> list[Difference]:
    return [each for each in check.differences if each.table == table]


def _population(check: Check, checked: int) -> int:
    """Return of how many rows the compared ones are a sample."""
    return checked if check.plan.is_whole and checked else len(check.plan.live)


def _of_list(stream: Stream, scope: Scope, here: int) -> StreamCheck:
    check = ListCheck(scope.comparison(stream))

    def run() -> StreamReport:
        check.run(scope.state)
        if not check.is_as_loaded:
            return StreamReport(stream.name, reason=CHANGED)
        tables = [
            _table(
                table.name,
                [each for each in check.differences if each.table == table.name],
                scope.stored.count(table.name),
                check.shown if table is stream else None,
                check.shown,
                check.shown,
                is_own=table is stream,
            )
            for table in check.comparison.tables()
        ]
        return StreamReport(stream.name, tables)

    def mend(repair: Repair) -> None:
        repair.add_list(stream, check.differences)

    pages = -(-here // stream.page_size) if stream.page_size else 1
    return StreamCheck(stream, max(1, pages), run=run, mend=mend)


def _table(
    name: str,
    found: Sequence[Difference],
    here: int,
    there: int | None,
    checked: int,
    population: int,
    *,
    is_own: bool,
) -> TableReport:
    """Return the report of a table; ``population`` is what ``checked`` rows were taken from."""
    # What a table of its own lacks was not looked for in the sample, but id by id.
    wrong = sum(not (is_own and each.kind == "missing") for each in found)
    return TableReport(
        name,
        here,
        there,
        checked,
        missing=_ids(found, "missing"),
        stale=_ids(found, "stale"),
        extra=_ids(found, "extra"),
        columns=Counter(column for each in found for column in each.columns),
        bound=upper_bound(population, checked, min(wrong, checked)),
    )


def _ids(found: Iterable[Difference], kind: Kind) -> list[Any]:
    ids = (each.id for each in found if each.kind == kind)
    return sorted(ids, key=lambda each: (isinstance(each, str), each))
