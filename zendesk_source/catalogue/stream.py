"""The terms in which a stream is declared: frozen data without behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal, get_args

DataType = Literal["bigint", "text", "bool", "timestamp", "date", "double", "decimal", "json"]
Columns = Mapping[str, DataType]
WriteDisposition = Literal["merge", "replace", "append"]

NO_PARAMS: Mapping[str, str] = MappingProxyType({})

MOST_LOOKBACK_SECONDS = 3_600
"""How much a stream may read again in every round of a load that keeps running."""

Product = Literal["support", "help_center", "talk", "chat", "custom_objects"]
PRODUCTS: tuple[Product, ...] = get_args(Product)

WHOLE_ANSWER = "*"
"""A ``records_key`` that means: the answer itself is the row, or the list of rows."""

TAKEN_AT = "taken_at"
"""Column for the time of a snapshot, which is the same for all its rows."""

DELETED_NOW = "now"
"""In ``ById.deleted_as``: the time at which a row is marked as deleted."""


class Paging(str, Enum):
    """How an endpoint splits its rows into pages; each kind has a generator in ``api/paging``."""

    CURSOR_EXPORT = "cursor_export"
    """``start_time`` once, then an opaque ``cursor``; ``end_of_stream`` ends it."""
    TIME_EXPORT = "time_export"
    """``start_time`` on every request, from the ``end_time`` of the page before."""
    CURSOR = "cursor"
    """``page[size]`` and ``page[after]``; only ``meta.has_more`` ends it."""
    OFFSET = "offset"
    """``page`` and ``per_page``; at most 100 pages or 10,000 rows."""
    SINGLE = "single"
    """The whole list in one answer."""
    OBJECT = "object"
    """One object, which becomes one row."""
    CHAT_EXPORT = "chat_export"
    """``start_time`` and ``start_id`` on every request; an answer that repeats both ends it."""
    SINCE_ID = "since_id"
    """``since_id``, inclusive; an empty page ends it."""
    CHANGE_LOG = "change_log"
    """A log of all changes, by the ``cursor`` in ``next_page``; a page without rows ends it."""
    NEXT_PAGE_URL = "next_page_url"
    """A link to the next page while ``has_more`` is true; begins anew on every sync."""

    NEWEST_FIRST = "newest_first"
    """From the newest rows by the link ``before_url`` to older ones; no link ends it."""


class Origin(str, Enum):
    """Where in a page the rows of a side table are."""

    OBJECT = "object"
    """One object inside each row (``metric_set`` of a ticket)."""
    ELEMENTS = "elements"
    """Each element of a list inside the row (``tags`` of a ticket)."""
    OBJECTS = "objects"
    """Each object of a list inside the row (``custom_field_options`` of a ticket field)."""
    ENTRIES = "entries"
    """Each object of a list inside the row, numbered (``history`` of a chat)."""
    BESIDE = "beside"
    """An array beside the rows of the page (sideloaded ``identities`` of users)."""
    FIELD_VALUES = "field_values"
    """The custom fields of each row that have a value."""
    COMMENT_EVENTS = "comment_events"
    """The child events of a ticket event that are comments."""
    FIELD_CHANGES = "field_changes"
    """The fields that the child events of a ticket event set or changed."""
    TAG_CHANGES = "tag_changes"
    """Tags that the child events of a ticket event added or removed."""
    SCHEDULE_CHANGES = "schedule_changes"
    """The schedules that the child events of a ticket event gave to the ticket."""
    CHATS = "chats"
    """The chats that started or ended, by the child events of a ticket event."""
    CHAT_MESSAGES = "chat_messages"
    """The entries of these chats, such as messages."""


def since_start_time(second: int) -> Mapping[str, object]:
    """Return the parameters by which most lists are asked for changes since a time."""
    return {"start_time": second}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideTable:
    """A second table filled from the pages of a stream, at no extra request.

    Attributes:
        name: Table name.
        origin: Where in the page its rows are.
        key: JSON key of its rows.
        primary_key: Columns that identify a row.
        parent_column: Column that holds the id of the row it was found in.
        replaces_key: Whether the stream's own rows leave the key out, because the table holds
            all of it.
        is_whole_set: Whether each page shows *all* rows of its parents. Then a row that is
            missing from a newer page was removed at Zendesk, and is removed at the destination.
        columns: Declared types.
        docs: Zendesk's page about it.
    """

    name: str
    origin: Origin
    key: str
    primary_key: tuple[str, ...]
    parent_column: str
    is_whole_set: bool
    replaces_key: bool = False
    columns: Columns
    docs: str

    @property
    def set_column(self) -> str:
        """Column of the parent whose rows a page shows all of; empty if it shows single rows."""
        return self.parent_column if self.is_whole_set else ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parent:
    """The parents of a stream's rows, if Zendesk shows rows only for one parent at a time.

    Attributes:
        stream: The stream of the parents: a list, an export, or a stream with a parent itself.
        noun: What one parent is called, such as ``article``.
        column: Column of the rows that holds their parent's id.
        signs: Columns of a parent in a list that change with its rows. Without any, a change is
            not visible, and every parent is asked on every sync. An export needs none.
        count: Column of a parent that counts its rows. A parent without rows is not asked.
    """

    stream: Stream
    noun: str
    column: str
    signs: tuple[str, ...] = ()
    count: str = ""

    @property
    def tells_of_changes(self) -> bool:
        """Whether only changed parents are asked."""
        return bool(self.signs) or self.stream.is_incremental


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ById:
    """How an export's rows can be asked for by their ids, to compare them with what was loaded.

    Attributes:
        path: Path of the list of all rows that are not deleted. Below it, ``show_many`` takes up
            to 100 ids, and ``count`` counts the rows.
        include: What ``show_many`` is asked to show inside the rows, or beside them.
        are_dense: Whether ids are counted up from 1, so that each that is missing can be asked for.
        only_in_export: Columns that the export alone shows.
        deleted_as: What the columns of a row hold once it is deleted; ``DELETED_NOW`` stands for
            the time.
    """

    path: str
    include: str = ""
    are_dense: bool = False
    only_in_export: tuple[str, ...] = ()
    deleted_as: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """One Zendesk endpoint and the table it becomes.

    Fields without a default must be given: forgetting a key or a cursor would lose rows silently.

    Attributes:
        name: Table, dlt resource and ``--streams`` name.
        product: Zendesk product that owns the endpoint.
        path: Path below ``https://{subdomain}.zendesk.com``. For a stream with a parent it has
            columns of the parent: ``/api/v2/macros/{id}/attachments``.
        records_key: JSON key of the rows in a page, or several keys with blanks between them;
            ``name`` if empty.
        paging: Kind of paging.
        primary_key: Columns that identify a row.
        cursor_field: Column that the export is ordered by; None for whole lists.
        moves_with_every_change: Whether Zendesk moves the cursor field with every change. Some
            changes leave ``updated_at`` as it is.
        write: ``merge`` for streams that are asked for changes, ``replace`` for lists that are
            read whole, ``append`` for snapshots of what Zendesk keeps no history of.
        page_size: Largest page that the endpoint allows, in rows; 0 if it has no pages, or their
            size is unknown.
        params: Query parameters sent with every request.
        since: Returns the query parameters that ask a list for changes since an epoch second.
        bucket: Name of the endpoint's own rate limit, as in ``Zendesk-RateLimit-{bucket}``.
        sample_path: Path of an export's sample, which shows a few rows by time.
        lookback_seconds: How far before the last position a new sync starts. It is needed if rows
            come late or change without moving, or if Zendesk does not say which of a row's times
            a filter looks at.
        custom_fields: What the custom fields in the rows belong to; they become ``cf_`` columns.
        parent: The parents, if rows are shown for one parent at a time. Each answer shows *all*
            rows of its parent.
        is_of_brand: Whether each brand's Help Center has its own rows and shows them only at the
            brand's address. They get a ``brand_id`` if Zendesk sends none.
        each_of: A list. For each of its rows there is an export with a table of its own; the path
            has the row's columns in braces.
        by_id: How an export's rows can be asked for by their ids, if they can.
        side_tables: Tables filled from the same pages.
        derive: Computes further columns from a row.
        is_deleted: Whether Zendesk shows a row although it is deleted.
        keeps_history: Whether its rows are settings whose versions can be kept.
        columns: Declared types. Keys that are not declared become columns too.
        access: Role that may read it.
        needs: Plan or feature that not every account has.
        is_core: Whether it is read unless streams are named: analysis needs it, and it takes few
            requests.
        note: What a user should know before relying on the table.
        docs: Zendesk's page about the endpoint.
    """

    name: str
    product: Product
    path: str
    records_key: str = ""
    paging: Paging
    primary_key: tuple[str, ...]
    cursor_field: str | None
    moves_with_every_change: bool = False
    write: WriteDisposition
    page_size: int
    params: Mapping[str, str] = field(default_factory=lambda: NO_PARAMS)
    since: Callable[[int], Mapping[str, object]] = since_start_time
    bucket: str = ""
    sample_path: str = ""
    lookback_seconds: int = 0
    custom_fields: Literal["ticket", "user", "organization", "custom_object"] | None = None
    parent: Parent | None = None
    is_of_brand: bool = False
    each_of: Stream | None = None
    by_id: ById | None = None
    side_tables: tuple[SideTable, ...] = ()
    derive: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    is_deleted: Callable[[Mapping[str, Any]], bool] | None = None
    keeps_history: bool = False
    columns: Columns = field(repr=False)
    access: Literal["admin", "agent", "anyone"]
    needs: str = ""
    is_core: bool = False
    note: str = ""
    docs: str

    @property
    def rows_key(self) -> str:
        """JSON key of the rows in a page."""
        return self.records_key or self.name

    @property
    def tables(self) -> tuple[Stream | SideTable, ...]:
        """Every table that the stream fills; its own comes first."""
        return (self, *self.side_tables)

    @property
    def misses_rows(self) -> bool:
        """Whether a row that is no longer shown is gone at Zendesk."""
        return self.write == "replace" and self.paging is not Paging.OBJECT

    @property
    def can_be_reread(self) -> bool:
        """Whether it is a list that shows, whenever it is asked, all that its table should hold."""
        whole = (Paging.CURSOR, Paging.OFFSET, Paging.SINGLE)
        is_one_list = self.parent is None and self.each_of is None and not self.is_of_brand
        return self.write == "replace" and self.paging in whole and is_one_list

    @property
    def is_incremental(self) -> bool:
        """Whether a later sync asks only for what changed."""
        return self.cursor_field is not None

    @property
    def begins_anew(self) -> bool:
        """Whether every sync reads all that Zendesk shows, and keeps what it showed before."""
        shows_all = self.paging is Paging.NEXT_PAGE_URL or not self.since(1)
        return self.is_incremental and shows_all

    @property
    def is_followed(self) -> bool:
        """Whether one or two requests tell all that is new, so that it can be asked every minute.

        Lists are read whole, some streams look back for days or to their beginning, and others ask
        parent by parent.
        """
        looks_back = self.lookback_seconds > MOST_LOOKBACK_SECONDS or self.begins_anew
        return self.is_incremental and not looks_back and not (self.parent or self.each_of)

    @property
    def replaces_by_parent(self) -> bool:
        """Whether the rows of a parent replace all those that the table has of it."""
        return self.parent is not None and self.write == "merge"

    @property
    def set_column(self) -> str:
        """As of ``SideTable``."""
        return self.parent.column if self.parent is not None and self.write == "merge" else ""

    @property
    def is_opt_in(self) -> bool:
        """Whether it is read only if it is named, for example because it asks for every ticket."""
        return self.parent is not None and self.parent.stream.is_incremental


def columns(**names_by_type: str) -> Columns:
    """Declare columns by type: ``columns(bigint="id ticket_id", text="subject")``."""
    declared: dict[str, DataType] = {}
    for data_type, names in names_by_type.items():
        for name in names.split():
            if name in declared:
                raise ValueError(f"column {name} is declared twice")
            declared[name] = data_type  # type: ignore[assignment]
    return MappingProxyType(declared)


def flagged(key: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return a function that finds deleted rows: those with a true flag, or a time, under a key."""
    return lambda row: bool(row.get(key))
