"""The words in which a stream is declared: plain frozen data, no behaviour."""

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

Product = Literal["support", "help_center", "talk", "chat", "custom_objects"]
PRODUCTS: tuple[Product, ...] = get_args(Product)

WHOLE_ANSWER = "*"
"""As ``records_key``: the answer itself is the row, or the list of rows."""

TAKEN_AT = "taken_at"
"""When a snapshot was taken: one time for all of its rows."""


class Paging(str, Enum):
    """How an endpoint hands out its rows; one generator in ``api/paging`` each."""

    CURSOR_EXPORT = "cursor_export"
    """``start_time`` once, then an opaque ``cursor``; ``end_of_stream`` ends it."""
    TIME_EXPORT = "time_export"
    """``start_time`` on every request, from the ``end_time`` of the page before."""
    CURSOR = "cursor"
    """``page[size]`` and ``page[after]``; ``meta.has_more`` alone ends it."""
    OFFSET = "offset"
    """``page`` and ``per_page``; at most 100 pages or 10,000 rows."""
    SINGLE = "single"
    """The whole list in one answer."""
    OBJECT = "object"
    """One object, which becomes one row."""
    CHAT_EXPORT = "chat_export"
    """``start_time`` and ``start_id`` on every request; an answer that stands still ends it."""
    SINCE_ID = "since_id"
    """``since_id``, inclusive; an empty page ends it."""
    CHANGE_LOG = "change_log"
    """All changes there ever were, by the ``cursor`` in ``next_page``; no rows end it."""
    NEXT_PAGE_URL = "next_page_url"
    """A link to the next page, for as long as ``has_more``; begins anew on every sync."""

    NEWEST_FIRST = "newest_first"
    """From the newest rows by the link ``before_url`` to older ones; no link ends it."""


class Origin(str, Enum):
    """Where in a page the rows of a side table are found."""

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
    """What the child events of a ticket event set or changed, a row a field."""
    TAG_CHANGES = "tag_changes"
    """Tags that the child events of a ticket event added or removed."""
    SCHEDULE_CHANGES = "schedule_changes"
    """The schedules that the child events of a ticket event gave to the ticket."""
    CHATS = "chats"
    """The chats that the child events of a ticket event say to have started or ended."""
    CHAT_MESSAGES = "chat_messages"
    """What was written in them, a row an entry."""


def since_start_time(second: int) -> Mapping[str, object]:
    """Ask a list for what changed since a time, as most lists want to be asked."""
    return {"start_time": second}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideTable:
    """A second table filled from the pages of a stream, at no extra request.

    Attributes:
        name: Table name.
        origin: Where in the page its rows are.
        key: JSON key they are found under.
        primary_key: Columns that identify a row.
        parent_column: Column that holds the id of the row it was found in.
        replaces_key: The key is left out of the stream's own rows, the table holds it all.
        is_whole_set: Each page shows *all* rows of its parents, so a row that is missing
            from a newer page was removed at Zendesk and is removed at the destination.
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parent:
    """What the rows of a stream belong to, where Zendesk shows them for one of it at a time.

    Attributes:
        stream: Shows the parents: a list, an export, or a stream that has a parent itself.
        noun: What one of them is called: ``article``.
        column: Column of the rows that holds their parent's id.
        signs: Columns of a parent in a list that change with its rows; without any, nothing
            tells of a change, and every parent is asked on every sync. An export needs none.
        count: Column of a parent that counts its rows; it is not asked where there are none.
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
class Stream:
    """One Zendesk endpoint and the table it becomes.

    What has no default must be written down: forgetting a key or a cursor would lose rows
    without a word.

    Attributes:
        name: Table, dlt resource and ``--streams`` name.
        product: Zendesk product that owns the endpoint.
        path: Below ``https://{subdomain}.zendesk.com``; of a stream with a parent it names
            columns of the parent: ``/api/v2/macros/{id}/attachments``.
        records_key: JSON key of the rows in a page, or several with blanks between them;
            empty = ``name``.
        paging: Family that walks the pages.
        primary_key: Columns that identify a row.
        cursor_field: Column the export is ordered by; ``None`` for whole lists.
        moves_with_every_change: Whether Zendesk moves the cursor field with every change, also
            its own: ``updated_at`` it does not move for some.
        write: ``merge`` for what is asked "since" or for changed parents, ``replace`` for what is
            read whole, ``append`` for snapshots of what Zendesk keeps no history of.
        page_size: Largest page the endpoint allows, in rows; 0 where there are no pages, or
            nobody knows their size.
        params: Query parameters sent with every request.
        since: Query parameters that ask a list for what changed since an epoch second.
        bucket: Name of the endpoint's own rate limit, as in ``Zendesk-RateLimit-{bucket}``.
        sample_path: Path of an export's sample, which shows a few rows by time.
        lookback_seconds: How far before the last position a new sync starts again, where rows
            come late or change without moving, or Zendesk does not say which of a row's times a
            filter looks at.
        custom_fields: Whose custom fields the rows carry; they become ``cf_`` columns.
        parent: What the rows belong to, where they are shown for one parent at a time; each
            answer shows *all* rows of its parent.
        is_of_brand: Whether each brand's Help Center has rows of its own and shows them at the
            brand's address alone. They get a ``brand_id``, where Zendesk sends none.
        each_of: List for each of whose rows there is an export, at a path with the row's columns
            in braces, and a table of its own.
        side_tables: Tables filled from the same pages.
        derive: Flags worked out from a row, as further columns.
        is_deleted: Tells a row that Zendesk shows although it is deleted.
        keeps_history: Its rows are settings: what they were is worth keeping, when asked to.
        columns: Declared types; keys that are not declared still become columns.
        access: Role that may read it.
        needs: Plan or feature, where not every account has it.
        is_core: Read unless streams are named: what analysis needs, at few requests.
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
        """Every table the stream fills, its own first."""
        return (self, *self.side_tables)

    @property
    def misses_rows(self) -> bool:
        """Whether a row that is not shown any more is gone at Zendesk."""
        return self.write == "replace" and self.paging is not Paging.OBJECT

    @property
    def is_incremental(self) -> bool:
        """Whether a later sync asks only for what changed."""
        return self.cursor_field is not None

    @property
    def replaces_by_parent(self) -> bool:
        """Whether all rows of a parent replace those that the table holds of it."""
        return self.parent is not None and self.write == "merge"

    @property
    def is_opt_in(self) -> bool:
        """Whether it is read only where it is named: it asks for every ticket, say, once."""
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
    """Return what tells deleted rows: those with a true flag, or a time, under a key."""
    return lambda row: bool(row.get(key))
