"""Compare lists that are read whole. What has changed since, the next load writes anew anyway.

dlt's state holds a digest of each list as it was loaded. If the list is still the same, its table
must be the list, row by row. If it is not, nobody knows what changed after the last load, and the
next load replaces the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import SideTable, Stream
from zendesk_source.extract.kept import LOADED_LISTS
from zendesk_source.reconciling.comparison import Comparison, Difference
from zendesk_source.resources.lists.unchanged import digest_of_list
from zendesk_source.shape.newest import one_row_a_key, with_rows


@dataclass(slots=True)
class ListCheck:
    """The check of one list.

    Attributes:
        comparison: The stream and its tables.
        differences: What differs.
        shown: Number of rows that Zendesk shows.
        is_as_loaded: Whether the list is as the last load found it.
    """

    comparison: Comparison
    differences: list[Difference] = field(default_factory=list)
    shown: int = 0
    is_as_loaded: bool = True

    def run(self, state: Any) -> None:
        """Read the list, and compare it with its tables.

        Args:
            state: dlt's state of the source.

        Raises:
            ZendeskError: Zendesk does not answer.
        """
        comparison, stream = self.comparison, self.comparison.stream
        connection = comparison.connection
        answers = [
            page
            for page in pages(connection.client, request_of(stream), Position())
            if page.rows or page.rejected
        ]
        answers = one_row_a_key(answers, stream)
        self.shown = sum(len(page.rows) for page in answers)
        loaded = connection.known_state(state).get(LOADED_LISTS, {}).get(stream.name)
        self.is_as_loaded = digest_of_list(stream, answers, connection) == loaded
        if self.is_as_loaded and answers:
            self._compare(_in_one(answers, stream))
        elif self.is_as_loaded:
            held = comparison.stored.current_rows(stream.name)
            self.differences += comparison.own_extra(held)
        ignored = comparison.ignored
        self.differences = [each for each in self.differences if each.table not in ignored]

    def _compare(self, page: Page) -> None:
        comparison, stream = self.comparison, self.comparison.stream
        is_deleted = stream.is_deleted
        if comparison.connection.options.deleted == "remove" and is_deleted is not None:
            page = with_rows(page, stream, [row for row in page.rows if not is_deleted(row)])
        expected = comparison.shaped(page)
        for table in comparison.tables():
            rows, found = expected.get(table.name, []), comparison.stored.current_rows(table.name)
            if isinstance(table, SideTable):
                self.differences += comparison.side(table, page, rows, found)[1]
            else:
                self.differences += comparison.own(page, rows, found)


def _in_one(answers: list[Page], stream: Stream) -> Page:
    return with_rows(answers[0], stream, [row for page in answers for row in page.rows])
