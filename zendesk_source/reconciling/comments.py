"""Count the comments of tickets here and at Zendesk, which tells their number with each ticket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zendesk_source.catalogue import Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.reconciling.comparison import Difference
from zendesk_source.reconciling.standing import Changes, Standing
from zendesk_source.reconciling.stored import Stored
from zendesk_source.shape.sides import is_comment
from zendesk_source.times import epoch_of

COUNT = "comment_count"
COMMENTS = "ticket_comments"
_TICKET = "ticket_id"

Row = Mapping[str, Any]


@dataclass(slots=True)
class Comments:
    """Compares the number of comments of each ticket.

    Attributes:
        stored: The tables.
        events: The stream that brings the comments.
        standing: Up to where that stream was loaded.
        checked: How many tickets were compared.
        more_here: How many tickets have more comments here than Zendesk counts.
    """

    stored: Stored
    events: Stream
    standing: Standing
    checked: int = 0
    more_here: int = 0
    _lacking: dict[int, int] = field(default_factory=dict)
    _touched: dict[int, bool] = field(default_factory=dict)

    def compare(self, tickets: Iterable[Row]) -> None:
        """Note which tickets have fewer comments here than Zendesk counts."""
        counted = {int(row["id"]): row for row in tickets if self._is_counted(row)}
        here = self.stored.counts(COMMENTS, _TICKET, list(counted))
        self.checked += len(counted)
        for ticket_id, row in counted.items():
            lacking = row[COUNT] - here[ticket_id]
            if lacking > 0:
                self._lacking[ticket_id] = lacking
                self._touched[ticket_id] = not self.standing.has_loaded(row)
            self.more_here += lacking < 0

    def judged(self, asked_at: datetime | None) -> list[Difference]:
        """Return the tickets whose comments are missing, and were not written after the last sync.

        Args:
            asked_at: When the last tickets were asked for.
        """
        if not self._lacking or asked_at is None:
            return []
        changes = Changes(self.events, self.standing, self.stored.connection, new_comments)
        new: Mapping[Any, int]
        try:
            new = changes.up_to(asked_at)
        except StreamRefused:  # a comment moves the ticket's updated_at, too
            new = {each: self._lacking[each] for each in self._lacking if self._touched[each]}
        lost = [each for each, lacking in self._lacking.items() if new.get(each, 0) < lacking]
        self.checked -= len(self._lacking) - len(lost)
        return [Difference(COMMENTS, "missing", each) for each in sorted(lost)]

    def _is_counted(self, row: Row) -> bool:
        is_wanted = (epoch_of(row.get("created_at")) or 0) >= self.standing.start
        return is_wanted and isinstance(row.get(COUNT), int)


def new_comments(event: Row) -> dict[Any, int]:
    """Return the ticket of an event, and how many comments the event brings."""
    children = event.get("child_events")
    kinds = [
        child.get("event_type")
        for child in (children if isinstance(children, list) else ())
        if isinstance(child, Mapping)
    ]
    return {event.get(_TICKET): sum(map(is_comment, kinds))}
