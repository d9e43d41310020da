"""Hand the pages of one stream to dlt as tables, and tell dlt what it cannot see from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import dlt

from zendesk_source.account.connection import Connection
from zendesk_source.account.shaping import new_shape, tables_and_rejected
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.extract.kept import CUSTOM_FIELD_COLUMNS
from zendesk_source.names import MORE, REJECTED_TABLE, REMOVED, SYNCED_AT
from zendesk_source.resources.accounts import with_account, write_of
from zendesk_source.resources.item_format import takes_arrow, with_dlt_columns, with_texts_in_json
from zendesk_source.resources.run import before_writing, current_slice
from zendesk_source.shape.arrow import together
from zendesk_source.shape.rejected import rejected_rows
from zendesk_source.shape.room import Room
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.shape.tables import Table, TableRows

PAGES_AT_ONCE = 5
"""dlt works out the schema of each Arrow table it is handed, at the cost of hundreds of rows."""


def handed(tables: Sequence[Any], save: Callable[[], None]) -> Iterator[Any]:
    """Hand tables on, and save where the stream stands before the last of them.

    dlt may close the generator at any yield. Pages that it has got whole must count then, and pages
    that it has got in part must not.

    Args:
        tables: All tables of some pages.
        save: Writes into dlt's state that these pages were read.
    """
    yield from tables[:-1]
    save()
    yield from tables[-1:]


class Handing:
    """Hands pages of one stream to dlt, in one load package.

    Args:
        stream: The stream of the pages.
        connection: The account, and the options for its rows.
        run: Notes what was handed on.
        resource: Name of the dlt resource, if it is not that of the stream.

    Attributes:
        run: Notes what was handed on.
        shape: How the pages become tables.

    Raises:
        ZendeskError: The definitions of the custom fields cannot be read.
    """

    def __init__(
        self, stream: Stream, connection: Connection, run: StreamRun, resource: str = ""
    ) -> None:
        self._stream = stream
        self._connection = connection
        self.run = run
        self._resource = resource or stream.name
        self._schema = dlt.current.source_schema()
        self._keys = {table.name: table.primary_key for table in stream.tables}
        self._hinted: set[str] = set()
        self.shape = self._shape_in_this_sync()
        self.shape.begin_package()

    @property
    def pages_at_once(self) -> int:
        """How many pages to hand on together."""
        return PAGES_AT_ONCE if self.shape.is_arrow else 1

    @property
    def digest_key(self) -> bytes:
        """Key of the digests of its rows, as of ``digest_of``."""
        return self._connection.digest_key

    def tables(self, answers: Sequence[Page], only: Collection[str] | None = None) -> list[Any]:
        """Return the tables of pages as dlt wants them, the stream's own last.

        Args:
            answers: The pages.
            only: Names of the tables to return; None for all.

        Raises:
            ZendeskError: What they need, the custom fields' definitions, cannot be read.
            SomethingNew: The pages hold something, and only that was asked.
        """
        if any(page.rows or page.shown_parents or page.rejected for page in answers):
            before_writing()
        marked: list[Any] = []
        tables: list[Any] = []
        for page in answers:
            shaped, rejected = tables_and_rejected(page, self.shape, self._connection, self.run)
            tables += [each for each in shaped if only is None or each.table in only]
            if rejected:
                marked.append(self._rejected(rejected, page.received_at))
        for each in together(tables) if self.shape.is_arrow else tables:
            table = each.newest(self._keys[each.table])
            self.run.count_rows(table.table, table.count_kept())
            marked.append(self._marked(self._fitted(table)))
        return marked

    def _shape_in_this_sync(self) -> StreamShape:
        """Return the stream's shape, which keeps what earlier slices of the sync have learned."""
        part, connection = current_slice(), self._connection
        names = connection.own_state(dlt.current.source_state())
        names = names.setdefault(CUSTOM_FIELD_COLUMNS, {})
        shapes = {} if part is None else part.sync.shapes
        shape = shapes.get(self._stream.name)
        if shape is None:
            shape = shapes[self._stream.name] = self._new_shape(names)
        elif shape.fields is not None:
            known = names.setdefault(shape.fields.owner, {})
            for key, name in shape.fields.names.items():
                known.setdefault(key, name)  # learned while the stream was only asked
            shape.fields.names = known
        return shape

    def _new_shape(self, names: dict[str, dict[str, str]]) -> StreamShape:
        stream = self._stream
        known = {table.name: self._known_types(table.name) for table in stream.tables}
        return new_shape(
            stream,
            self._connection,
            self.run,
            names=names,
            known=known,
            normalize=self._schema.naming.normalize_identifier,
            is_arrow=takes_arrow(
                stream,
                self._connection.options.item_format,
                known[stream.name],
                self._connection.abilities,
            ),
        )

    def _rejected(self, rejected: Sequence[Rejected], read_at: datetime) -> Any:
        rows = rejected_rows(rejected, read_at)
        self.run.count_rows(REJECTED_TABLE, len(rows))
        rows = with_account(with_texts_in_json(rows, ("row",)), self._connection)
        return dlt.mark.with_table_name(rows, REJECTED_TABLE)

    def _fitted(self, table: Table) -> Table:
        """Move values that the destination has no room for."""
        limits, name = self._connection.limits, table.table
        if limits.columns is None:
            return table
        room = self.shape.rooms.get(name)
        if room is None:
            declared = next(each for each in self._stream.tables if each.name == name).columns
            own, known = (*declared, SYNCED_AT, REMOVED), self._known_types(name)
            room = self.shape.rooms[name] = Room(limits.columns, limits.row_bytes, own, known)
        fitted = table.fitted(room)
        if room.refused or room.wide_rows:
            text = limits.told(name, MORE, len(room.refused), room.wide_rows)
            self.run.note(f"{name} {MORE}", text, is_missing=False)
        return fitted

    def _marked(self, table: Table) -> Any:
        """Tell dlt the table of the rows, and the types that it cannot see from them."""
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

    def _known_types(self, table: str) -> dict[str, DataType]:
        known: Any = self._schema.tables.get(table, {}).get("columns", {})
        return {name: each["data_type"] for name, each in known.items() if "data_type" in each}
