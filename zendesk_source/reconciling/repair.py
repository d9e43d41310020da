"""Load what is missing or stale, through the same resources as a load, and remove what is too much.

Rows are asked for once more, so they are as new as can be. Where streams stand is not touched: the
next load reads from where the last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import dlt
import orjson
from dlt.extract import DltResource

from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page, Position
from zendesk_source.catalogue import Stream
from zendesk_source.names import ACCOUNT_COLUMN
from zendesk_source.reconciling import asked
from zendesk_source.reconciling.comments import COMMENTS
from zendesk_source.reconciling.comparison import Comparison, Difference
from zendesk_source.reconciling.stored import Stored
from zendesk_source.reconciling.values import decoded
from zendesk_source.resources import declared, resource_of
from zendesk_source.resources.handing import Handing
from zendesk_source.resources.item_format import quiet_about_kept_hints
from zendesk_source.shape.newest import with_rows
from zendesk_source.times import epoch_of

Row = Mapping[str, Any]
Pages = Callable[[], Iterator[Page]]


@dataclass(slots=True)
class Repair:
    """What is to be mended.

    Attributes:
        stored: The tables.
        resources: Load what is missing or stale.
        removals: Ids of rows that Zendesk has no more, by stream.
        count: How many rows, or sets of rows, are mended, by stream.
    """

    stored: Stored
    resources: list[DltResource] = field(default_factory=list)
    removals: list[tuple[Stream, Sequence[int]]] = field(default_factory=list)
    count: dict[str, int] = field(default_factory=dict)

    def add_rows(self, comparison: Comparison, differences: Sequence[Difference]) -> None:
        """Mend the tables of an export whose rows can be asked for by their ids."""
        stream = comparison.stream
        own_extra = [
            int(each.id)
            for each in differences
            if each.table == stream.name and each.kind == "extra"
        ]
        wrong = sorted({int(each.id) for each in differences} - set(own_extra))
        self._count(stream, len(wrong) + len(own_extra))
        connection = self.stored.connection
        if own_extra:
            self.removals.append((stream, own_extra))
        if wrong:
            pages = lambda: self._rows(comparison, wrong)  # noqa: E731 (asked for while it is loaded)
            self.resources.append(_loading(stream, connection, pages))

    def add_comments(
        self, stream: Stream, events: Stream, differences: Sequence[Difference]
    ) -> None:
        """Load the comments that tickets lack; a request for each ticket.

        Args:
            stream: The tickets.
            events: The stream that fills the table of comments.
            differences: What differs in the tables of tickets.
        """
        tickets = [int(each.id) for each in differences if each.table == COMMENTS]
        self._count(stream, len(tickets))
        if tickets:
            # The comments alone: of their events the rows here say more than the comments do.
            connection, only = self.stored.connection, frozenset({COMMENTS})
            pages = lambda: self._comments(events, tickets)  # noqa: E731
            self.resources.append(_loading(events, connection, pages, only))

    def add_list(self, stream: Stream, differences: Sequence[Difference]) -> None:
        """Write the table of a list anew."""
        self._count(stream, len({each.id for each in differences}))
        if differences:
            self.resources.append(resource_of(stream, self.stored.connection, (None, None)))

    def remove(self) -> None:
        """Mark or remove what Zendesk has no more."""
        for stream, ids in self.removals:
            self.stored.mark_deleted(stream, ids)

    def _count(self, stream: Stream, number: int) -> None:
        self.count[stream.name] = self.count.get(stream.name, 0) + number

    def _rows(self, comparison: Comparison, ids: Sequence[int]) -> Iterator[Page]:
        stream = comparison.stream
        for page in asked.by_ids(stream, ids, self.stored.connection):
            shown = asked.ids_of(page.rows)
            here = {row["id"]: row for row in self.stored.rows(stream.name, "id", shown)}
            rows = [self._whole(comparison, row, here.get(int(row["id"]), {})) for row in page.rows]
            yield with_rows(page, stream, rows)

    def _whole(self, comparison: Comparison, row: Row, here: Row) -> Row:
        """Return a row as its export shows it: with what only that shows, as it was loaded."""
        shaper, name = comparison.shaper, comparison.stream.name
        types, columns = self.stored.types(name), shaper.columns[name]
        # A column that a load would not make would be null in all other rows.
        own = {
            key: value
            for key, value in row.items()
            if key in shaper.moved_keys or columns.column_of(key) in types
        }
        shown = {columns.column_of(key) for key in row}
        assert comparison.stream.by_id is not None
        only_here = comparison.stream.by_id.only_in_export
        # What is private is covered here already, and must not be covered twice.
        is_private = comparison.shape.guard is not None
        kept = {
            column: decoded(value) if types[column] == "json" else value
            for column, value in here.items()
            if value is not None
            and column not in shown
            and (column in only_here if is_private else _is_a_key(column))
        }
        return {**kept, **own}

    def _comments(self, events: Stream, tickets: Sequence[int]) -> Iterator[Page]:
        for ticket_id in tickets:
            here = self.stored.keys(COMMENTS, "ticket_id", ticket_id)
            comments = asked.comments_of(events, ticket_id, self.stored.connection)
            rows = [_event(row, ticket_id) for row in comments if row["id"] not in here]
            if rows:
                yield _page_of(events, rows, self.stored.connection.clock.now())


def _loading(
    stream: Stream, connection: Connection, pages: Pages, only: frozenset[str] | None = None
) -> DltResource:
    """Return a resource of a stream that hands on some pages, and knows of no position."""

    def read() -> Iterator[Any]:
        handing = Handing(stream, connection, StreamRun())
        shaper = handing.shape.shaper
        with quiet_about_kept_hints():
            for page in pages():
                body = orjson.dumps(page.envelope, default=str)
                envelope = shaper.parse(body)
                shown = replace(page, envelope=envelope, rows=list(envelope[stream.rows_key]))
                yield from handing.tables([shown], only)

    return declared(stream, connection, read)


def _is_a_key(column: str) -> bool:
    """Whether a column may be named by a key of the row, and not by us or a custom field."""
    is_ours = column.startswith(("_dlt_", "_zendesk_", "cf_")) or column == ACCOUNT_COLUMN
    return not is_ours and "__v_" not in column


def _event(comment: Row, ticket_id: int) -> dict[str, Any]:
    """Return a comment as an event shows it; its audit is the event."""
    return {
        "id": comment.get("audit_id"),
        "ticket_id": ticket_id,
        "timestamp": epoch_of(comment.get("created_at")),
        "created_at": comment.get("created_at"),
        "updater_id": comment.get("author_id"),
        "child_events": [{"event_type": comment.get("type"), **comment}],
    }


def _page_of(stream: Stream, rows: list[dict[str, Any]], now: datetime) -> Page:
    envelope = {stream.rows_key: rows}
    return Page(envelope, rows, Position(), True, now, now, 0)


def source_of(resources: Sequence[DltResource], name: str, section: str) -> Any:
    """Return a dlt source whose rows go into the tables of loads."""

    @dlt.source(name=name, section=section, max_table_nesting=0)
    def repair() -> Sequence[DltResource]:
        return resources

    return repair()
