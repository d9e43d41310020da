"""Make rows of what lists say of deletions: the row as it was loaded, marked or removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import dlt
from dlt.common.destination.exceptions import SqlClientNotAvailable

from zendesk_source.account.connection import Connection
from zendesk_source.account.private import cover_of_stored
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import Origin, Stream
from zendesk_source.catalogue.personal import PERSONAL
from zendesk_source.catalogue.stream import NO_PARAMS
from zendesk_source.catalogue.support.second_roads import SecondRoad
from zendesk_source.errors import StreamRefused
from zendesk_source.names import ACCOUNT_COLUMN, MORE, SYNCED_AT
from zendesk_source.resources.read_back import Row, rows_read_back
from zendesk_source.shape.private.guard import Guard
from zendesk_source.times import epoch_of

MOST_COUNTED, CACHED_SECONDS = 100_000, 86_400
"""Zendesk counts anew each time up to so many rows; it keeps a larger count for a day."""

_NOT_ZENDESKS = ("_zendesk_", "_dlt_")


def deleted_page(
    page: Page,
    stream: Stream,
    road: SecondRoad,
    connection: Connection,
    run: StreamRun,
    guard: Guard | None,
) -> Page:
    """Return a page of deletions as the stream's tables are made of it.

    Args:
        page: A page of the list of deletions.
        stream: The stream whose rows were deleted.
        road: Its lists.
        connection: The account; its options say whether rows are marked or removed.
        run: Noted if the destination cannot say what it holds.
        guard: Covers what the list says, and rows that were loaded before anything was private.
    """
    assert road.deletions is not None
    derive = road.deletions.derive
    told = [{**row, **derive(row)} for row in page.rows] if derive else page.rows
    if connection.options.deleted == "remove":
        return _removing(page, stream, [{**row, **road.deleted(row)} for row in told])
    try:
        loaded = _loaded(stream, connection, [row["id"] for row in told], guard)
    except SqlClientNotAvailable:
        text = "The destination does not say what it holds, so nothing was marked as deleted."
        run.note("deletions", text, is_missing=True)
        return _with(page, stream, [])
    rows = []
    for row in told:
        before = loaded.get(str(row["id"]), {})
        known, changes = road.known_of_deleted(row), road.deleted(row)
        if guard is not None:
            known, changes = guard.covered_row(known), guard.covered_row(changes)
        if not _is_marked(before, changes, stream):
            kept = _left_of_erased(before, stream) if road.is_erased(row) else before
            rows.append({**known, **kept, **changes})
    return replace(_with(page, stream, rows), is_read_back=True)


def gone_pages(
    stream: Stream,
    road: SecondRoad,
    connection: Connection,
    run: StreamRun,
    walked: Collection[str],
    guard: Guard | None,
    *,
    was_listed: bool,
) -> Iterator[Page]:
    """Yield pages with the rows that Zendesk no longer has; one request if there are none.

    All rows are listed only if Zendesk counts others than there are here. Rows that are not here
    are handed on, too.

    Args:
        stream: The stream.
        road: Its lists.
        connection: The account.
        run: Noted if this cannot be said.
        walked: Ids of the rows that this load package has of the list, as texts.
        guard: Covers rows that were loaded before anything was private.
        was_listed: Whether all of them were listed within the time for which a count may be old.
    """

    def is_alive(escape: Callable[[str], str]) -> str:
        return f"{escape(road.gone)} IS NULL"

    try:
        found = rows_read_back(stream.name, connection, is_alive, ("id",))
        here = {str(row["id"]) for row in found}
    except SqlClientNotAvailable:
        text = "The destination does not say what it holds, so nothing was marked as deleted."
        run.note("deletions", text, is_missing=True)
        return
    try:
        count = _count(road, connection, stream.name)
        if count == len(here | set(walked)) or (was_listed and (count or 0) > MOST_COUNTED):
            return
    except StreamRefused:
        pass  # the list itself says what there is
    by_id = replace(road.changes, params=NO_PARAMS)
    shown: set[str] = set()
    last: Page | None = None
    for last in pages(connection.client, request_of(by_id, counted_for=stream.name), Position()):
        shown.update(str(row["id"]) for row in last.rows)
        new = [row for row in last.rows if str(row["id"]) not in here | set(walked)]
        yield last.with_rows(stream.rows_key, new)
    assert last is not None
    gone = sorted(here - shown)
    changes = {road.gone: last.received_at.isoformat()}
    if connection.options.deleted == "remove":
        yield _removing(last, stream, [{"id": int(each), **changes} for each in gone])
    else:
        loaded = _loaded(stream, connection, gone, guard)
        rows = [{**row, **changes} for row in loaded.values()]
        yield replace(_with(last, stream, rows), is_read_back=True)


def _count(road: SecondRoad, connection: Connection, name: str) -> int | None:
    answer: Any = connection.client.get(road.count_path, stream=name).value
    count = answer.get("count") if isinstance(answer, Mapping) else None
    value = count.get("value") if isinstance(count, Mapping) else count
    return value if isinstance(value, int) else None


def _loaded(
    stream: Stream, connection: Connection, ids: Collection[Any], guard: Guard | None
) -> dict[str, Row]:
    """Return rows as they were loaded, by the text of their id; their values as JSON has them.

    What is private is covered, also in those that were loaded before it was.

    Raises:
        SqlClientNotAvailable: The destination cannot be asked.
    """
    if not ids:
        return {}
    wanted = ", ".join(str(int(each)) for each in ids)

    def is_wanted(escape: Callable[[str], str]) -> str:
        return f"{escape('id')} IN ({wanted})"

    cover = cover_of_stored(guard, connection.own_state(dlt.current.source_state()))
    return {
        str(row["id"]): dict(cover(_as_sent(row, connection), row.get(SYNCED_AT)))
        for row in rows_read_back(stream.name, connection, is_wanted)
    }


def _as_sent(row: Row, connection: Connection) -> Row:
    more = row.pop(MORE, None)
    row = {**row, **(more if isinstance(more, Mapping) else {})}
    return {
        name: _in_json(value)
        for name, value in row.items()
        if not name.startswith(_NOT_ZENDESKS)
        and not (name == ACCOUNT_COLUMN and connection.options.account_column)
    }


def _in_json(value: Any) -> Any:
    if isinstance(value, date):  # a datetime, too
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _is_marked(before: Mapping[str, Any], changes: Mapping[str, Any], stream: Stream) -> bool:
    """Whether a row says already what a deletion changes in it."""

    def is_same(name: str, value: Any) -> bool:
        if stream.columns.get(name) == "timestamp":
            return epoch_of(before.get(name)) == epoch_of(value)
        return bool(before.get(name) == value)

    return bool(before) and all(is_same(name, value) for name, value in changes.items())


def _left_of_erased(before: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Return what stays of a row that Zendesk has erased: nothing personal, no custom field."""
    personal = PERSONAL[stream.name]
    declared = stream.columns.keys() - personal.keys()
    kept = {name: value for name, value in before.items() if name in declared}
    return {**kept, **_nothing_beside(stream)}


def _removing(page: Page, stream: Stream, rows: list[Row]) -> Page:
    """Return a page of deleted rows that have nothing in side tables any more."""
    return _with(page, stream, [{**row, **_nothing_beside(stream)} for row in rows])


def _nothing_beside(stream: Stream) -> dict[str, Any]:
    """Return what a row says of its side tables if it has nothing there."""
    return {
        side.key: None if side.origin is Origin.OBJECT else []
        for side in stream.side_tables
        if side.origin is not Origin.BESIDE
    }


def _with(page: Page, stream: Stream, rows: list[Row]) -> Page:
    """Return a page with rows of the stream, and with nothing beside them."""
    beside: dict[str, Any] = {
        side.key: [] for side in stream.side_tables if side.origin is Origin.BESIDE
    }
    return replace(page, rows=rows, envelope={stream.rows_key: rows, **beside})
