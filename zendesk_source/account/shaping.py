"""Shape one stream's pages as the account's options and its fields' definitions say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from zendesk_source.account.column_names import column_name
from zendesk_source.account.connection import Connection
from zendesk_source.account.field_definitions import describe_first, describe_new, field_columns
from zendesk_source.account.private import covered, guard_of
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.shape.arrow import ArrowShaper
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.stream_shape import StreamShape
from zendesk_source.shape.tables import Table


def new_shape(
    stream: Stream,
    connection: Connection,
    run: StreamRun,
    *,
    names: dict[str, dict[str, str]],
    known: Mapping[str, Mapping[str, DataType]],
    normalize: Callable[[str], str],
    is_arrow: bool,
) -> StreamShape:
    """Return how a stream's pages become tables; asks for the fields' definitions if it must.

    Args:
        stream: The stream.
        connection: The account to ask, and its options.
        run: Notes that the definitions are refused.
        names: Column names of custom fields, by owner and field id; new ones are added.
        known: Types of the columns that each table has already.
        normalize: Spells the name of a column as the destination does.
        is_arrow: Whether to make Arrow tables.

    Raises:
        ZendeskError: The definitions cannot be read.
    """
    fields = field_columns(stream, connection, names)
    is_refused = fields is not None and not describe_first(fields, stream, connection, run)
    fields = None if is_refused else fields
    make = ArrowShaper if is_arrow else RowShaper
    shaper = make(stream, known, fields, column_name(normalize, connection))
    removes_deleted = connection.options.deleted == "remove"
    guard = guard_of(stream, connection, fields, names)
    return StreamShape(stream, shaper, is_arrow, fields, is_refused, removes_deleted, guard)


def tables_and_rejected(
    page: Page, shape: StreamShape, connection: Connection, run: StreamRun
) -> tuple[list[Table], tuple[Rejected, ...]]:
    """Return the tables of a page, the stream's own last, and everything in it that fits no table.

    Nothing private is in either: whatever is written anywhere comes from here.

    Args:
        page: A page of the shape's stream.
        shape: How it becomes tables.
        connection: The account to ask for the definitions of fields that are new.
        run: Notes what was rejected.

    Raises:
        ZendeskError: The definitions cannot be read.
    """

    def describe(fields: FieldColumns, unknown: Set[str]) -> None:
        describe_new(fields, unknown, shape.stream, connection, run)

    tables: list[Table] = []
    rejected = page.rejected
    if page.rows or page.shown_parents:
        tables = list(shape.tables_of(page, describe))
        parts = shape.shaper.take_rejected()
        run.note_rejected(len(parts))
        rejected += parts
    if (guard := shape.guard) is not None:
        if page.is_read_back:  # its rows are covered, but not what is put beside them
            beside = guard.of_stored()
            own = shape.stream.name
            tables = [each if each.table == own else each.covered(beside) for each in tables]
        else:
            tables = covered(tables, guard)
        rejected = tuple(map(guard.rejected, rejected))  # these come from Zendesk in any case
    return tables, rejected
