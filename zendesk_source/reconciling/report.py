"""What a comparison of tables with Zendesk found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Id = int | str
"""What names a row: its key; of a side table, the key of the row that it belongs to."""

Status = Literal["equal", "differs", "not checked", "failed"]

DIFFERS = 6
INCOMPLETE = 5


@dataclass(frozen=True, slots=True)
class TableReport:
    """What was found in one table.

    Of a side table, such as ``ticket_tags``, the rows of one parent count as one, under the
    parent's id.

    Attributes:
        table: Its name.
        here: Rows in the table that are not marked as deleted.
        there: Rows at Zendesk; None where nobody knows.
        checked: Rows that were compared, and had not changed since the last sync.
        missing: Rows that Zendesk has and the table lacks.
        stale: Rows that differ.
        extra: Rows that Zendesk has no more.
        columns: In how many rows a column differs, by its name.
        bound: Largest share of stale and extra rows, 0 to 1, with 95 % confidence; the exact
            share if all were checked, None if none was.
    """

    table: str
    here: int
    there: int | None = None
    checked: int = 0
    missing: Sequence[Id] = ()
    stale: Sequence[Id] = ()
    extra: Sequence[Id] = ()
    columns: Mapping[str, int] = field(default_factory=dict)
    bound: float | None = None

    @property
    def differences(self) -> int:
        """Number of rows that are missing, stale or extra."""
        return len(self.missing) + len(self.stale) + len(self.extra)


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What was found in the tables of one stream.

    Attributes:
        stream: Its name.
        tables: Its tables that were compared, its own first.
        changed: Rows that were changed at Zendesk after the last sync, and do not count.
        unnamed: Rows by which the counts here and at Zendesk differ, although nobody has looked
            which these are.
        requests: Requests that it took.
        repaired: Rows, and sets of rows, that were loaded or removed to mend it.
        reason: Why it was not checked; empty if it was.
        is_failed: Whether that is a failure. Some streams can never be checked.
        notes: What else to know, a sentence each.
    """

    stream: str
    tables: Sequence[TableReport] = ()
    changed: int = 0
    unnamed: int = 0
    requests: int = 0
    repaired: int = 0
    reason: str = ""
    is_failed: bool = False
    notes: Sequence[str] = ()

    @property
    def status(self) -> Status:
        """Whether the tables are what Zendesk shows."""
        if self.reason:
            return "failed" if self.is_failed else "not checked"
        is_equal = not self.unnamed and not any(table.differences for table in self.tables)
        return "equal" if is_equal else "differs"


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What a comparison of a dataset with its account found.

    Attributes:
        started_at: When it began, UTC.
        seconds: How long it took.
        seed: Decides which rows were in the samples: the same seed takes the same rows.
        streams: What was found, by name of the stream.
    """

    started_at: datetime
    seconds: float
    seed: int
    streams: Mapping[str, StreamReport]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differed in all that was checked."""
        return all(one.status != "differs" for one in self.streams.values())

    @property
    def exit_code(self) -> int:
        """0 equal, 6 not equal, 5 some streams could not be checked and nothing else differed."""
        if not self.is_equal:
            return DIFFERS
        return INCOMPLETE if any(one.is_failed for one in self.streams.values()) else 0
