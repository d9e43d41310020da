"""Each stream as a dlt resource: keys, cursor and types declared, pages read and shaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import dlt
from dlt.extract import DltResource

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import DataType, Paging, SideTable, Stream
from zendesk_source.connection import Connection
from zendesk_source.errors import StreamRefused, ZendeskError
from zendesk_source.extract.positions import open_position, save_position
from zendesk_source.extract.reading import read_incremental, read_whole
from zendesk_source.extract.slices import StreamRun, current_slice
from zendesk_source.extract.times import epoch_of
from zendesk_source.shape.tables import REMOVED, SYNCED_AT, Shaper, TableRows

Window = tuple[datetime | None, datetime | None]
"""First and last moment to read; None is the beginning, and now."""


def resource_of(stream: Stream, connection: Connection, window: Window) -> DltResource:
    """Return the dlt resource of a stream, with its keys, cursor and types declared."""
    rows = (
        _incremental_rows(stream, connection, window)
        if stream.is_incremental
        else _list_rows(stream, connection)
    )
    resource = dlt.resource(
        rows,
        name=stream.name,
        primary_key=list(stream.primary_key),
        write_disposition=stream.write,
        columns=_column_hints(stream),
        file_format="parquet",
    )
    for side in stream.side_tables:
        # The first call drops the columns a table variant inherits from its resource.
        no_columns: Any = {}
        for columns in (no_columns, _column_hints(side)):
            resource.apply_hints(
                table_name=side.name,
                primary_key=list(side.primary_key),
                merge_key=side.parent_column if side.is_whole_set else "",
                columns=columns,
                create_table_variant=True,
            )
    return resource


def _column_hints(table: Stream | SideTable) -> Any:
    hints: dict[str, dict[str, Any]] = {
        name: {"data_type": data_type} for name, data_type in table.columns.items()
    }
    hints[SYNCED_AT] = {"data_type": "timestamp"}
    newest_wins_by = SYNCED_AT
    if isinstance(table, Stream) and table.paging is Paging.CURSOR_EXPORT and table.cursor_field:
        newest_wins_by = table.cursor_field
    if not (isinstance(table, Stream) and table.write == "replace"):
        hints[newest_wins_by]["dedup_sort"] = "desc"
    if isinstance(table, SideTable) and table.is_whole_set:
        hints[REMOVED] = {"data_type": "bool", "hard_delete": True}
    return hints


def _incremental_rows(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    start, end = window
    declared = _declared_incremental(stream, start, end)

    def read(cursor: dlt.sources.incremental[Any] = declared) -> Iterator[Any]:
        # The window is asked of the API; dlt must not filter rows by their timestamps again:
        # a system update arrives with an updated_at from long ago.
        cursor.advance(None)
        start_epoch = epoch_of(cursor.initial_value) or 0
        end_epoch = epoch_of(cursor.end_value)
        positions = dlt.current.resource_state().setdefault("positions", {})
        position = open_position(positions, start_epoch, end_epoch)
        pages = _Pages(stream, connection)
        steps = read_incremental(connection.client, stream, position, connection.params(stream))
        while (step := pages.next_of(steps)) is not None:
            newest = max((lane.newest or 0 for lane in step.position.lanes), default=0)
            *side_tables, own = pages.shape(step.page) if step.page.rows else (None,)
            yield from side_tables
            # Before the yield: dlt may close the generator there, and what was read must count.
            save_position(positions, step.position, end_epoch)
            if newest:
                pages.run.newest = newest
                cursor.advance(_cursor_value(stream, newest))
            if own is not None:
                yield own
            if step.is_at_end:
                pages.run.is_at_end = True
                return

    return read


def _list_rows(stream: Stream, connection: Connection) -> Callable[..., Iterator[Any]]:
    def read() -> Iterator[Any]:
        pages = _Pages(stream, connection)
        # All of it before the first row is handed on: a table is never replaced by half a list.
        answers = list(
            pages.all_of(read_whole(connection.client, stream, connection.params(stream)))
        )
        if pages.run.status != "ok":
            # A resource that yields nothing would empty the table it replaces; this keeps it.
            yield dlt.mark.with_hints([], dlt.mark.make_hints(write_disposition="merge"))
            return
        for page in answers:
            if page.rows:
                yield from pages.shape(page)
        pages.run.is_at_end = True

    return read


def _declared_incremental(
    stream: Stream, start: datetime | None, end: datetime | None
) -> dlt.sources.incremental[Any]:
    """Declare the cursor to dlt: it carries the window, a scheduler's interval, and the tools."""
    assert stream.cursor_field is not None
    since = start or datetime.fromtimestamp(0, timezone.utc)
    if stream.columns[stream.cursor_field] == "bigint":
        return dlt.sources.incremental[int](
            stream.cursor_field,
            initial_value=int(since.timestamp()),
            end_value=None if end is None else int(end.timestamp()),
            on_cursor_value_missing="include",
        )
    return dlt.sources.incremental[datetime](
        stream.cursor_field,
        initial_value=since,
        end_value=end,
        on_cursor_value_missing="include",
    )


def _cursor_value(stream: Stream, epoch: int) -> Any:
    assert stream.cursor_field is not None
    is_number = stream.columns[stream.cursor_field] == "bigint"
    return epoch if is_number else datetime.fromtimestamp(epoch, timezone.utc)


class _Pages:
    """One resource's reading within dlt's extract: limits, failures and shaping."""

    def __init__(self, stream: Stream, connection: Connection) -> None:
        self._stream = stream
        self._connection = connection
        self._slice = current_slice()
        self.run = StreamRun() if self._slice is None else self._slice.runs[stream.name]
        schema = dlt.current.source_schema()
        names = dlt.current.source_state().setdefault("custom_field_columns", {})
        self._fields = connection.field_columns(stream, names)
        known = {table.name: _known_types(schema, table.name) for table in stream.tables}
        self._shaper = Shaper(stream, known, self._fields, schema.naming.normalize_identifier)
        self._read_at = datetime.fromtimestamp(0, timezone.utc)
        self._undescribed: set[str] = set()

    def next_of(self, steps: Iterator[Any]) -> Any | None:
        """Return the next step, or None at the slice's limits or after a failure."""
        if self._slice is not None and not self._slice.take_page():
            return None
        return self._guarded(steps)

    def all_of(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Return every page; after a failure the run's status tells."""
        while (page := self._guarded(pages)) is not None:
            yield page

    def _guarded(self, items: Iterator[Any]) -> Any | None:
        started = self._connection.clock.monotonic()
        try:
            item = next(items, None)
            self.run.pages += item is not None
            return item
        except StreamRefused as error:
            self.run.stop(error, "skipped")
        except ZendeskError as error:
            if self._slice is None or error.exit_code in (2, 3):
                raise
            self.run.stop(error, "failed")
        finally:
            self.run.read_seconds += self._connection.clock.monotonic() - started
            self.run.usage = self._connection.client.usage_of(self._stream.name)
        return None

    def shape(self, page: Page) -> Iterator[Any]:
        """Return the tables of a page with rows as dlt wants them, the stream's own last."""
        # Strictly later than the page before: of two states of a row the later one wins.
        self._read_at = max(page.received_at, self._read_at + timedelta(microseconds=1))
        self._describe_new_fields(page)
        for table in self._shaper.tables(page.envelope, self._read_at):
            kept = sum(1 for row in table.rows if not row.get(REMOVED))
            self.run.rows[table.table] = self.run.rows.get(table.table, 0) + kept
            yield _marked(table, self._stream)

    def _describe_new_fields(self, page: Page) -> None:
        undescribed = self._shaper.undescribed_fields(page.envelope) - self._undescribed
        if undescribed and self._fields is not None:
            self._connection.describe_fields(self._fields)
            self._undescribed |= self._shaper.undescribed_fields(page.envelope)


def _marked(table: TableRows, stream: Stream) -> Any:
    """Name the table the rows belong to, and the columns it did not have before."""
    columns: Any = {name: {"data_type": kind} for name, kind in table.new_columns.items()}
    if table.table != stream.name:
        hints = dlt.mark.make_hints(table_name=table.table, columns=columns or None)
        return dlt.mark.with_hints(table.rows, hints, create_table_variant=True)
    if stream.write == "replace" or columns:
        # Said again for lists, because a refused list is marked otherwise.
        hints = dlt.mark.make_hints(write_disposition=stream.write, columns=columns or None)
        return dlt.mark.with_hints(table.rows, hints)
    return table.rows


def _known_types(schema: Any, table: str) -> dict[str, DataType]:
    columns = schema.tables.get(table, {}).get("columns", {})
    return {name: column["data_type"] for name, column in columns.items() if "data_type" in column}
