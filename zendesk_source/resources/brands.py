"""What each brand has for itself: read at the address of each Help Center, with a position each.

A Help Center that cannot be read is named in the stream's reason; nothing that was loaded of it
changes, and the others go on.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.api.clock import Stopped
from zendesk_source.api.paging import Page, Position, request_of
from zendesk_source.catalogue import Stream
from zendesk_source.errors import Bug, StreamRefused, ZendeskError
from zendesk_source.extract.help_centers import BRAND, HelpCenter, HelpCenters, in_one_list
from zendesk_source.extract.kept import POSITIONS
from zendesk_source.resources.connection import BRANDS, Connection
from zendesk_source.resources.isolation import isolated
from zendesk_source.resources.run import StreamRun, current_slice, run_of
from zendesk_source.resources.taking import Taking

log = logging.getLogger("zendesk_source")

Row = dict[str, Any]
ReadOn = Callable[[Taking, dict[str, Any]], Iterator[Any]]
"""Reads on in one Help Center, or in what has none, from its part of the stream's state."""


def rows_of_brands(
    stream: Stream, connection: Connection, state: dict[str, Any], read_on: ReadOn
) -> Iterator[Any]:
    """Read a stream where it is shown: once, or at each Help Center.

    Args:
        stream: What to read.
        connection: To ask with.
        state: Of the stream: that of the account's own Help Center, those of others within.
        read_on: Reads one of them.

    Raises:
        NotOnThisPlan: No brand has a Help Center.
    """
    if not stream.is_of_brand:
        yield from read_on(Taking(stream, connection), state)
        return
    current = current_slice()
    whole = run_of(stream.name)
    centers = help_centers_for(stream, connection, whole)
    if len(centers.found) == 1:
        center = centers.found[0]
        yield from read_on(Taking(stream, connection, whole, center=center), _part(state, center))
        return
    parts = {} if current is None else current.sync.parts
    runs: list[tuple[str, StreamRun]] = []
    for center in centers.found:
        run = parts.setdefault(f"{stream.name} at {center.place}", StreamRun())
        runs.append((center.name, run))
        if not run.is_at_end:
            taking = Taking(stream, connection, run, center=center)
            rows = read_on(taking, _part(state, center))
            yield from isolated(rows, stream, connection, run, queue=taking.queue)
            run.is_at_end |= current is None
    _add_up(whole, runs)
    whole.usage = connection.client.usage_of(stream.name)


def help_centers_for(stream: Stream, connection: Connection, run: StreamRun) -> HelpCenters:
    """Return the Help Centers to read a stream at, and note those that are not read.

    Raises:
        NotOnThisPlan: There is none.
    """
    current = current_slice()
    asker = stream.name
    if current is not None:
        asker = BRANDS.name if BRANDS.name in current.sync.runs else stream.name
    centers = connection.help_centers(asker, None if current is None else current.sync.on_cost)
    if centers.doubt:
        text = f"Only the account's own Help Center was read, not those of brands: {centers.doubt}"
        _note(run, "brands", text, is_missing=centers.is_missing)
    for name in centers.unread:
        text = "was not read: its address is not one of the account's, so nothing was sent there."
        _note(run, name, f"The Help Center of {name} {text}", is_missing=True)
    for name in centers.closed:
        text = f"The Help Center of {name} is switched off, and was not read."
        _note(run, name, text, is_missing=False)
    centers.not_none()
    return centers


def _note(run: StreamRun, about: str, text: str, *, is_missing: bool) -> None:
    run.note(about, text, is_missing=is_missing)
    if current_slice() is None:
        log.warning(text)


def _part(state: dict[str, Any], center: HelpCenter) -> dict[str, Any]:
    """Return the part of a stream's state that says how far a Help Center was read.

    It is among the positions, so that it is forgotten with them.
    """
    if not center.place:
        return state
    positions: dict[str, Any] = state.setdefault(POSITIONS, {})
    part: dict[str, Any] = positions.setdefault(center.place, {})
    return part


def _add_up(whole: StreamRun, runs: Sequence[tuple[str, StreamRun]]) -> None:
    """Tell of all Help Centers as one stream."""
    parts = [run for _, run in runs]
    rows: Counter[str] = Counter()
    for run in parts:
        rows.update(run.rows)
    whole.rows = dict(rows)
    whole.pages = sum(run.pages for run in parts)
    whole.newest = max((run.newest for run in parts if run.newest is not None), default=None)
    whole.is_at_end = all(run.is_at_end for run in parts)
    if not any(run.was_read for run in parts):
        whole.status, whole.reason = parts[0].status, parts[0].reason
        return
    for name, run in runs:
        if not run.was_read:
            _note(whole, name, _not_read(name, run.reason), is_missing=True)
        for about, text in run.notes.items() if run.was_read else ():
            whole.note(f"{name}: {about}", text, is_missing=run.status == "incomplete")


def _not_read(name: str, reason: object) -> str:
    return f"The Help Center of {name} was not read: {reason}"


@dataclass(slots=True)
class BrandList:
    """A list as all Help Centers show it.

    Args:
        stream: Which.
        centers: Where it is read.
        is_sync: Whether one that fails is left behind, whatever happened.

    Attributes:
        failed: Those that could not be read, and why.
    """

    stream: Stream
    centers: HelpCenters
    is_sync: bool
    failed: dict[str, ZendeskError] = field(default_factory=dict)

    def pages(self) -> Iterator[Page]:
        """Return the pages of all Help Centers; of one that fails, none.

        Raises:
            ZendeskError: None of them could be read.
        """
        if len(self.centers.found) == 1:
            return self.centers.found[0].pages(request_of(self.stream), Position())
        return in_one_list(self._shown(), self._key_of)

    def _shown(self) -> Iterator[tuple[HelpCenter, list[Page]]]:
        for center in self.centers.found:
            try:
                answers = list(center.pages(request_of(self.stream), Position()))
            except Stopped:  # which is no failure of this one
                raise
            except Exception as error:
                told = error if isinstance(error, ZendeskError) else Bug(error)
                may_go_on = self.is_sync or isinstance(told, StreamRefused)
                is_last_hope = len(self.failed) + 1 == len(self.centers.found)
                if told.stops_the_sync or is_last_hope or not may_go_on:
                    raise
                self.failed[center.name] = told
                continue
            yield center, answers

    def tell(self, run: StreamRun) -> list[str]:
        """Note the Help Centers that could not be read, and return all that were not.

        Of those that nobody knows of there is one, with an empty name.
        """
        for name, error in self.failed.items():
            _note(run, name, _not_read(name, error), is_missing=True)
        unread = {*self.failed, *self.centers.unread, *self.centers.closed}
        return sorted(unread | ({""} if self.centers.doubt else set()))

    def is_hidden(self, row: Row) -> bool:
        """Whether a row that was loaded before may still be there, in what was not read."""
        brand_id = row.get(BRAND)
        failed = [each for each in self.centers.found if each.name in self.failed]
        if brand_id is None:
            return any(center.is_own for center in failed)
        ids = {each.brand_id for each in failed}
        ids |= {*self.centers.unread.values(), *self.centers.closed.values()}
        return bool(self.centers.doubt) or str(brand_id) in set(map(str, ids))

    def _key_of(self, row: Any) -> Any:
        if not isinstance(row, dict):
            return id(row)
        return tuple(str(row.get(name)) for name in self.stream.primary_key)
