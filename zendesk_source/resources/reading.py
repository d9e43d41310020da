"""One stream's reading within dlt's extract: limits, failures and shaping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, TypeVar

import dlt

from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.api.paging.checked import AHEAD_SECONDS
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.destination.free_memory import give_back_free_memory
from zendesk_source.extract.help_centers import HelpCenter
from zendesk_source.extract.lanes import LaneReader
from zendesk_source.extract.parents.seen import ChildStep
from zendesk_source.extract.positions import EXPORTS, StreamPosition, open_position, without_future
from zendesk_source.extract.read_ahead import read_in_turns, read_list
from zendesk_source.extract.steps import Step, read_incremental
from zendesk_source.names import MORE, REJECTED_TABLE, REMOVED, SYNCED_AT
from zendesk_source.resources.accounts import check_destination, column_name, with_account, write_of
from zendesk_source.resources.connection import Connection
from zendesk_source.resources.described import begin_anew, describe_first, describe_new
from zendesk_source.resources.item_format import takes_arrow, with_dlt_columns, with_texts_in_json
from zendesk_source.resources.rejected import note_oddities, note_rejected, rejected_rows
from zendesk_source.resources.run import Item, StreamRun, current_slice, run_of
from zendesk_source.shape.arrow import ArrowShaper, together
from zendesk_source.shape.newest import keep_newest
from zendesk_source.shape.removal import removed
from zendesk_source.shape.room import Room
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.shape.tables import Table, TableRows

PAGES_AT_ONCE = 5
"""dlt works out the schema of each Arrow table it is handed, at the cost of hundreds of rows."""

BYTES_AT_ONCE = 24 * 1024 * 1024
"""Of page bodies; a batch is in memory as bytes, as records and as Arrow tables."""

LATE_SECONDS = 86_400
"""How much later than it was written a row may show: Zendesk promises nothing. A row that shows
after the first reading, but was written before it, may have been loaded in an older state."""

Kind = TypeVar("Kind", Page, Step, ChildStep)

Pages = Callable[..., Iterator[Page]]
"""``api.paging.pages`` of one client: a request and a position, to pages."""


class Reading:
    """One stream's reading within dlt's extract: limits, failures and shaping.

    Args:
        stream: What is read.
        connection: To ask with.
        run: Notes what was done; that of the stream in this sync when left out.
        resource: The dlt resource that reads, where that is not named as the stream.
        center: Help Center that is asked; what is shown at the account's own address without.

    Attributes:
        pages: Walks what is requested from a position.
        place: What the Help Center is called; empty at the account's own address.
        queue: What the reading is called among all that is read ahead.
    """

    def __init__(
        self,
        stream: Stream,
        connection: Connection,
        run: StreamRun | None = None,
        resource: str = "",
        center: HelpCenter | None = None,
    ) -> None:
        check_destination(connection)
        self._stream = stream
        self._connection = connection
        self._resource = resource or stream.name
        self.pages: Pages = partial(pages, connection.client) if center is None else center.pages
        self.place = "" if center is None else center.place
        self.queue = f"{stream.name} {self.place}".rstrip()
        self._slice = current_slice()
        self.run = run_of(stream.name) if run is None else run
        self._schema = dlt.current.source_schema()
        self._shape = self._shape_of(stream, connection)
        self._keys = {table.name: table.primary_key for table in stream.tables}
        self._read_at = datetime.fromtimestamp(0, timezone.utc)
        self._undescribed: set[str] = set()
        self._hinted: set[str] = set()
        self._taken_bytes = 0

    def _shape_of(self, stream: Stream, connection: Connection) -> StreamShape:
        """Return how pages become tables; during a sync, what earlier slices learned stays."""
        state = connection.own_state(dlt.current.source_state())
        names = state.setdefault("custom_field_columns", {})
        shapes = {} if self._slice is None else self._slice.sync.shapes
        shape = shapes.get(stream.name)
        if shape is None:
            fields = connection.field_columns(stream, names)
            is_refused = fields is not None and not describe_first(
                fields, stream, connection, self.run
            )
            fields = None if is_refused else fields
            known = {table.name: _known_types(self._schema, table.name) for table in stream.tables}
            is_arrow = takes_arrow(stream, connection.options.item_format, known[stream.name])
            make = ArrowShaper if is_arrow else RowShaper
            spelt = column_name(self._schema.naming.normalize_identifier, connection)
            shaper = make(stream, known, fields, spelt)
            shape = shapes[stream.name] = StreamShape(shaper, fields, is_refused)
        elif shape.fields is not None:
            shape.fields.names = names.setdefault(shape.fields.owner, {})
        shape.shaper.begin_package()
        return shape

    def begin_anew_if_described(self, state: dict[str, Any], *, is_open: bool) -> None:
        """Forget where the stream stands if its custom fields could not be described so far."""
        begin_anew(state, is_refused=self._shape.is_refused, is_open=is_open)

    def steps(self, position: StreamPosition) -> Iterator[Step | None]:
        """Read on from a position, to the slice's limits or to the end; None: not yet."""
        request = request_of(self._stream)

        def walk(place: Position) -> Iterator[Page]:
            return self.pages(request, place, parse=self._shape.shaper.parse)

        if self._slice is None:
            for step in read_incremental(self._stream, position, walk):
                self._count(step.page)
                yield step
            return
        ahead, name = self._slice.sync.ahead, self.queue
        reader = LaneReader(self._stream, position, walk, ahead, self._connection.crew, name)
        ahead.start(name, reader.read)
        for item in _of_kind(Step, ahead.items(name, self._slice.has_room)):
            if item is not None:
                self._count(item.page)
                self._slice.count(item.page)
            yield item
        self.run.is_at_end |= ahead.is_at_end(name)

    def opened(self, positions: dict[str, Any], start: int, end: int | None) -> StreamPosition:
        """Return where the stream stands in a window.

        Args:
            positions: By window, from the state.
            start: Epoch seconds the window begins at.
            end: Epoch seconds it ends at, or None.

        Raises:
            UnexpectedAnswer: The saved position lies in the future.
        """
        stream = self._stream
        back = 0 if stream.paging in EXPORTS else stream.lookback_seconds
        saved = open_position(positions, start, end, lookback_seconds=back)
        now = int(self._connection.client.now().timestamp())
        position = without_future(saved, stream.name, now)
        if position != saved:
            text = (
                "The saved position lay in the future, where nothing would ever have been found;"
                " it was read on from the last row before it."
            )
            self.run.note("position", text, is_missing=False)
        return position

    def first_read_at(self, state: dict[str, Any], page: Page) -> None:
        """Note when the stream was read for the first time ever.

        Rows that were written well before it come for the first time, which saves work. Of the
        two clocks the earlier one counts: where that is wrong, it only saves less.
        """
        now = int(min(page.server_time, page.received_at).timestamp())
        first = state.setdefault("first_read_at", now)
        is_sane = first <= now + AHEAD_SECONDS
        self._shape.shaper.whole_sets.changed_since = first - LATE_SECONDS if is_sane else 0

    def whole_list(self, pages: Iterator[Page]) -> Iterator[Page | None]:
        """Take the pages of a list from its beginning to its end; None: not yet."""
        answers: Iterator[Page | None] = pages
        if self._slice is not None:
            ahead, name = self._slice.sync.ahead, self._stream.name
            ahead.start(name, lambda: read_list(name, pages, ahead))
            answers = _of_kind(Page, ahead.items(name, lambda: True))
        for page in answers:
            if page is not None:
                self._count(page)
            yield page
        self.run.is_at_end = True

    def child_steps(self, steps: Iterator[ChildStep]) -> Iterator[ChildStep | None]:
        """Take steps to the slice's limits or to the end; None: not yet."""
        items: Iterator[ChildStep | None] = steps
        if self._slice is not None:
            ahead, name = self._slice.sync.ahead, self.queue
            ahead.start(name, lambda: read_in_turns(name, steps, ahead, _body_bytes))
            items = _of_kind(ChildStep, ahead.items(name, self._slice.has_room))
        for step in items:
            if step is not None:
                self._count(step.page)
                if self._slice is not None:
                    self._slice.count(step.page)
            yield step
        if self._slice is not None:
            self.run.is_at_end |= self._slice.sync.ahead.is_at_end(self.queue)

    def _count(self, page: Page) -> None:
        note_oddities(self.run, page)
        self.run.pages += 1
        self._taken_bytes += page.body_bytes
        if page.replaced:
            self._note_replaced(page.replaced)
        self.run.usage = self._connection.client.usage_of(self._stream.name)

    def _note_replaced(self, count: int) -> None:
        self.run.replaced += count
        name = self._connection.limits.name
        text = f"U+0000, which {name} cannot hold, became U+FFFD (count: {self.run.replaced})."
        self.run.note("U+0000", text, is_missing=False)

    def batches(self, position: StreamPosition) -> Iterator[list[Step]]:
        """Read on as ``steps`` does, a few pages at once where that saves dlt work.

        Raises:
            Exception: What ended the reading, after the pages before it.
        """
        is_arrow = isinstance(self._shape.shaper, ArrowShaper)
        most = PAGES_AT_ONCE if is_arrow else 1
        batch: list[Step] = []
        batch_bytes = 0
        steps, ended_by = self.steps(position), None
        while ended_by is None:
            try:
                step = next(steps)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised below
                ended_by = error
                break
            if step is not None:
                batch.append(step)
                batch_bytes += step.page.body_bytes
            if step is None or len(batch) >= most or batch_bytes >= BYTES_AT_ONCE:
                yield batch
                batch, batch_bytes = [], 0
        if batch:
            yield batch
        if ended_by is not None:
            raise ended_by

    def end(self) -> None:
        """Let go of the memory that was taken to read; loading needs it now."""
        if self._taken_bytes >= BYTES_AT_ONCE:
            give_back_free_memory()

    def shape(self, answers: Sequence[Page]) -> list[Any]:
        """Return the tables of pages as dlt wants them, the stream's own last.

        Raises:
            ZendeskError: What they need, the custom fields' definitions, cannot be read.
        """
        shaped: list[Any] = []
        tables: list[Any] = []
        for page in answers:
            rejected = page.rejected
            if page.rows or page.shown_parents:
                tables += self._tables_of(page)
                rejected += self._parts_rejected()
            if rejected:
                shaped.append(self._rejected(rejected, page.received_at))
        if isinstance(self._shape.shaper, ArrowShaper):
            tables = together(tables)
        for table in (table.newest(self._keys[table.table]) for table in tables):
            before = self.run.rows.get(table.table, 0)
            self.run.rows[table.table] = before + table.count_kept()
            shaped.append(self._marked(table))
        return shaped

    def _tables_of(self, page: Page) -> Iterable[Table]:
        # Strictly later than the page before: of two states of a row the later one wins.
        self._read_at = max(page.received_at, self._read_at + timedelta(microseconds=1))
        keep_newest(page, self._stream, self._shape.shaper.values)
        self._describe_new_fields(page)
        tables = self._shape.shaper.tables(page.envelope, self._read_at, page.shown_parents)
        yield from self._without_deleted(page, tables)

    def _without_deleted(self, page: Page, tables: Iterable[Table]) -> Iterable[Table]:
        """Mark what belongs to deleted rows as removed, where they are not to stay."""
        stream = self._stream
        if self._connection.options.deleted == "mark" or stream.is_deleted is None:
            return tables
        ids = {row.get("id") for row in page.envelope[stream.rows_key] if stream.is_deleted(row)}
        return removed(tables, stream, ids) if ids else tables

    def _parts_rejected(self) -> tuple[Rejected, ...]:
        rejected = self._shape.shaper.take_rejected()
        note_rejected(self.run, len(rejected))
        return rejected

    def _rejected(self, rejected: Sequence[Rejected], read_at: datetime) -> Any:
        rows = rejected_rows(rejected, read_at)
        self.run.rows[REJECTED_TABLE] = self.run.rows.get(REJECTED_TABLE, 0) + len(rows)
        rows = with_account(with_texts_in_json(rows, ("row",)), self._connection)
        return dlt.mark.with_table_name(rows, REJECTED_TABLE)

    def _describe_new_fields(self, page: Page) -> None:
        shaper, fields = self._shape.shaper, self._shape.fields
        undescribed = shaper.undescribed_fields(page.envelope) - self._undescribed
        if undescribed and fields is not None:
            describe_new(fields, undescribed, self._stream, self._connection, self.run)
            self._undescribed |= shaper.undescribed_fields(page.envelope)

    def _fitted(self, table: Table) -> Table:
        """Move what the destination has no room for."""
        limits, name = self._connection.limits, table.table
        if limits.columns is None:
            return table
        room = self._shape.rooms.get(name)
        if room is None:
            declared = next(each for each in self._stream.tables if each.name == name).columns
            own, known = (*declared, SYNCED_AT, REMOVED), _known_types(self._schema, name)
            room = self._shape.rooms[name] = Room(limits.columns, limits.row_bytes, own, known)
        fitted = table.fitted(room)
        if room.refused or room.wide_rows:
            text = limits.told(name, MORE, len(room.refused), room.wide_rows)
            self.run.note(f"{name} {MORE}", text, is_missing=False)
        return fitted

    def _marked(self, table: Table) -> Any:
        """Name the table the rows belong to, and the types dlt cannot see from them."""
        table = self._fitted(table)
        rows, new = table.rows, dict(table.new_columns)
        if isinstance(table, TableRows):
            rows = with_texts_in_json(table.rows, table.json_columns)
        else:
            known = self._schema.tables.get(table.table, {}).get("columns", {})
            rows = with_dlt_columns(rows, known)
            if table.table not in self._hinted:
                # In Arrow JSON is text; unless it is said again, that becomes the column's type.
                new |= {n: "json" for n, c in known.items() if c.get("data_type") == "json"}
                self._hinted.add(table.table)
        rows = with_account(rows, self._connection)
        columns: Any = {name: {"data_type": data_type} for name, data_type in new.items()}
        if table.table != self._resource:
            if not columns:
                return dlt.mark.with_table_name(rows, table.table)
            hints = dlt.mark.make_hints(table_name=table.table, columns=columns)
            return dlt.mark.with_hints(rows, hints, create_table_variant=True)
        if self._stream.write == "replace" or columns:
            # Said again for lists, because a refused list is marked otherwise.
            write = write_of(self._stream, self._connection)
            hints = dlt.mark.make_hints(write_disposition=write, columns=columns or None)
            return dlt.mark.with_hints(rows, hints)
        return rows


def _of_kind(kind: type[Kind], items: Iterator[Item | None]) -> Iterator[Kind | None]:
    """Say of which kind the items of a stream are; all are of one."""
    for item in items:
        assert item is None or isinstance(item, kind)
        yield item


def _body_bytes(step: ChildStep) -> int:
    return step.page.body_bytes


def _known_types(schema: Any, table: str) -> dict[str, DataType]:
    columns = schema.tables.get(table, {}).get("columns", {})
    return {name: column["data_type"] for name, column in columns.items() if "data_type" in column}
