"""Make tables of one stream's pages: one row for each key, and deleted rows marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from zendesk_source.api.paging import Page
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import Stream
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.newest import keep_newest
from zendesk_source.shape.private.guard import Guard
from zendesk_source.shape.removal import removed
from zendesk_source.shape.room import Room
from zendesk_source.shape.tables import Table
from zendesk_source.shape.whole_sets import WholeSets

Describe = Callable[[FieldColumns, Set[str]], None]
"""Asks for the definitions of custom fields; the set has the keys that must be among them."""

_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


class Shaper(Protocol):
    """Turns the pages of one stream into tables. `RowShaper` is the reference."""

    whole_sets: WholeSets

    def begin_package(self) -> None:
        """Forget what the pages of the load package before showed."""

    def parse(self, body: bytes) -> Mapping[str, Any]:
        """Decode a page into its envelope."""

    def values(self, envelope: Mapping[str, Any], key: str) -> list[Any]:
        """Return the values under a key of all rows of a page."""

    def undescribed_fields(self, envelope: Mapping[str, Any]) -> set[str]:
        """Return the keys of custom fields on a page whose definition was not read yet."""

    def tables(
        self, envelope: Mapping[str, Any], read_at: datetime, shown_parents: Mapping[Any, bool]
    ) -> Iterable[Table]:
        """Shape one page: side tables first, the stream's own rows last."""

    def take_rejected(self) -> tuple[Rejected, ...]:
        """Return what was rejected since the last call, without repetitions."""


@dataclass(slots=True)
class StreamShape:
    """How one stream's pages become tables, for as long as a sync lasts.

    Attributes:
        stream: The stream of the pages.
        shaper: Makes the tables of one page.
        is_arrow: Whether it makes Arrow tables.
        fields: Columns of the custom fields; None if the fields become no columns.
        is_refused: Whether they become none because Zendesk refuses their definitions.
        removes_deleted: Whether to remove rows that Zendesk shows as deleted.
        guard: Covers what is private; None if nothing is.
        rooms: What the destination has room for, by table.
    """

    stream: Stream
    shaper: Shaper
    is_arrow: bool
    fields: FieldColumns | None
    is_refused: bool
    removes_deleted: bool
    guard: Guard | None = None
    rooms: dict[str, Room] = field(default_factory=dict)
    _read_at: datetime = _LONG_AGO
    _asked_for: set[str] = field(default_factory=set)

    def begin_package(self) -> None:
        """Forget what the pages of the load package before showed."""
        self.shaper.begin_package()
        self._read_at = _LONG_AGO
        self._asked_for.clear()

    def tables_of(self, page: Page, describe: Describe) -> Iterable[Table]:
        """Return the tables of a page, the stream's own last.

        Args:
            page: Its envelope loses older states of rows that it shows twice.
            describe: Called when rows have fields whose definition was not read yet.

        Raises:
            ZendeskError: The definitions of the custom fields cannot be read.
        """
        # Strictly later than the page before: of two states of a row the later one wins.
        self._read_at = max(page.received_at, self._read_at + timedelta(microseconds=1))
        keep_newest(page, self.stream, self.shaper.values)
        self._describe_new_fields(page, describe)
        tables = self.shaper.tables(page.envelope, self._read_at, page.shown_parents)
        return self._without_deleted(page, tables)

    def _describe_new_fields(self, page: Page, describe: Describe) -> None:
        unknown = self.shaper.undescribed_fields(page.envelope) - self._asked_for
        if unknown and self.fields is not None:
            describe(self.fields, unknown)
            self._asked_for |= self.shaper.undescribed_fields(page.envelope)

    def _without_deleted(self, page: Page, tables: Iterable[Table]) -> Iterable[Table]:
        """Mark deleted rows, and their rows in side tables, if they are to be removed."""
        is_deleted = self.stream.is_deleted
        if not self.removes_deleted or is_deleted is None:
            return tables
        rows = page.envelope[self.stream.rows_key]
        ids = {row.get("id") for row in rows if is_deleted(row)}
        return removed(tables, self.stream, ids) if ids else tables
