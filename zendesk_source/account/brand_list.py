"""Put a list together from all Help Centers, where each brand has its own part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.account.brands import not_read, note
from zendesk_source.account.shared_reading import SharedReading
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Stopped
from zendesk_source.api.paging import Page, Position, request_of
from zendesk_source.catalogue import Stream
from zendesk_source.errors import Bug, StreamRefused, ZendeskError
from zendesk_source.extract.help_centers import BRAND, HelpCenter, HelpCenters, in_one_list

Row = dict[str, Any]


@dataclass(slots=True)
class BrandList:
    """A list as all Help Centers show it.

    Args:
        stream: The list.
        centers: Where it is read.
        shared: Says whether the others are read on after any failure of one, not only a refusal.

    Attributes:
        failed: Help Centers that could not be read, and why.
    """

    stream: Stream
    centers: HelpCenters
    shared: SharedReading
    failed: dict[str, ZendeskError] = field(default_factory=dict)

    def pages(self) -> Iterator[Page]:
        """Return the pages of all Help Centers, without those of one that fails.

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
                may_go_on = self.shared.is_sync or isinstance(told, StreamRefused)
                is_last_hope = len(self.failed) + 1 == len(self.centers.found)
                if told.stops_the_sync or is_last_hope or not may_go_on:
                    raise
                self.failed[center.name] = told
                continue
            yield center, answers

    def tell(self, run: StreamRun) -> list[str]:
        """Note the Help Centers that could not be read, and return the names of all that were not.

        If brands are unknown, an empty name stands for them.
        """
        for name, error in self.failed.items():
            note(run, name, not_read(name, error), self.shared, is_missing=True)
        unread = {*self.failed, *self.centers.unread, *self.centers.closed}
        return sorted(unread | ({""} if self.centers.doubt else set()))

    def is_hidden(self, row: Row) -> bool:
        """Whether a row that was loaded before may still exist, in a part that was not read."""
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
