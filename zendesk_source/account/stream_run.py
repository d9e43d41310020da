"""What a sync did with each stream and how far it has come, for progress and the summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from zendesk_source.api.paging import Page
from zendesk_source.api.usage import Usage
from zendesk_source.catalogue import Stream
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.positions import Lane, StreamPosition, row_time
from zendesk_source.extract.steps import Step
from zendesk_source.names import REJECTED_TABLE

Status = Literal["ok", "incomplete", "skipped", "failed"]


@dataclass(slots=True)
class Timeline:
    """How far a sync has come with a stream that is ordered by time.

    Attributes:
        begins: Epoch seconds of the first row that this sync read.
        ends: Zendesk's time when the first row was read, in epoch seconds.
        through: Epoch seconds up to which everything has been read.
        seconds_to_read: Length of the timeline that this sync had to read.
        seconds_left: Length of the part that is not read yet.
    """

    begins: int
    ends: int
    through: int
    seconds_to_read: int = 0
    seconds_left: int = 0

    @property
    def share(self) -> float:
        """The part of the timeline that is read, from 0 to 1."""
        if self.seconds_to_read <= 0:
            return 1.0
        return min(1.0, max(0.0, 1 - self.seconds_left / self.seconds_to_read))


@dataclass(slots=True)
class StreamRun:
    """What one sync did with one stream.

    Attributes:
        rows: Rows read, by table; the stream's own table first.
        pages: Pages read.
        is_at_end: Whether everything there is now has been read.
        is_unchanged: Whether the table holds already all that was read, so nothing is written.
        status: ``incomplete`` when a row or a parent is missing, ``skipped`` when Zendesk
            refused the stream, ``failed`` when it could not be read.
        reason: Why it has this status, with the remedy.
        rejected: How many rows, or parts of rows, fit no table.
        mended: How many characters were invalid.
        notes: Sentences for the summary, by what they are about; the last one of each counts.
        replaced: How many characters were replaced because the destination cannot hold them.
        newest: Epoch seconds of the newest row read, in Zendesk's time.
        timeline: How far it has come; None for lists, and before the first row.
        usage: Requests, retries, bytes and waiting, as counted by the client.
    """

    rows: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    is_at_end: bool = False
    is_unchanged: bool = False
    status: Status = "ok"
    reason: str = ""
    rejected: int = 0
    mended: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    replaced: int = 0
    newest: int | None = None
    timeline: Timeline | None = None
    usage: Usage = field(default_factory=Usage)

    @property
    def was_read(self) -> bool:
        """Whether the stream was read to its end; single rows or parents may be missing."""
        return self.status in ("ok", "incomplete")

    def begin_again(self) -> None:
        """Forget what was taken, because it is taken once more; notes stay."""
        self.rows, self.newest, self.timeline = {}, None, None
        self.pages = self.rejected = self.mended = self.replaced = 0
        self.is_at_end = False

    def own_rows(self, name: str) -> int:
        """Return how many rows the stream's own table got; of all tables, for custom objects.

        Args:
            name: Name of the stream.
        """
        if name in self.rows:
            return self.rows[name]
        return sum(n for table, n in self.rows.items() if not table.startswith("_zendesk"))

    def count(self, page: Page, destination: str) -> None:
        """Count a page that was taken, and note what was rejected, mended or replaced in it.

        Args:
            page: The page.
            destination: Name of the destination, for the note on replaced characters.
        """
        self.pages += 1
        self.note_rejected(len(page.rejected))
        if page.mended:
            self.mended += page.mended
            text = f"What is no valid text became U+FFFD (count: {self.mended})."
            self.note("mended", text, is_missing=False)
        if page.replaced:
            self.replaced += page.replaced
            what = f"U+0000, which {destination} cannot hold, became U+FFFD"
            self.note("U+0000", f"{what} (count: {self.replaced}).", is_missing=False)

    def count_rows(self, table: str, count: int) -> None:
        """Count rows that were handed on for a table."""
        self.rows[table] = self.rows.get(table, 0) + count

    def note_rejected(self, count: int) -> None:
        """Note rows, or parts of rows, that fit no table."""
        if count:
            self.rejected += count
            what = f"Rows, or parts of rows, that fit no table (count: {self.rejected})"
            text = f"{what} are kept in {REJECTED_TABLE}."
            self.note(REJECTED_TABLE, text, is_missing=True)

    def note(self, about: str, text: str, *, is_missing: bool) -> None:
        """Record what users should know of this stream, while it goes on.

        Args:
            about: What the note is about. A later note about the same thing replaces it.
            text: One sentence or two.
            is_missing: Whether rows are missing from the tables because of it.
        """
        self.notes[about] = text
        if self.was_read:
            self.status = "incomplete" if is_missing else self.status
            self.reason = " ".join(self.notes.values())

    def stop(self, error: ZendeskError, status: Status) -> None:
        """Record why this stream goes no further in this sync."""
        self.status, self.is_at_end = status, True
        self.reason = " ".join([str(error), *self.notes.values()])


def follow(run: StreamRun, before: StreamPosition, steps: Sequence[Step], stream: Stream) -> None:
    """Note in a stream's run how far some steps have brought it.

    Args:
        run: Its ``newest`` and ``timeline`` are set.
        before: Where the stream stood before these steps.
        steps: Steps in the order in which they were taken.
        stream: The stream.
    """
    lanes = steps[-1].position.lanes
    run.newest = max((lane.newest or 0 for lane in lanes), default=0) or run.newest
    if run.timeline is None:
        first_rows = (row for step in steps for row in step.page.rows[:1])
        now = int(steps[0].page.server_time.timestamp())
        found = (row_time(row, stream) for row in first_rows)
        times = [time for time in found if time is not None and time <= now]
        if not times:
            return
        run.timeline = Timeline(begins=min(times), ends=now, through=min(times))
        run.timeline.seconds_to_read = _seconds_left(before.lanes, run.timeline)
    timeline = run.timeline
    timeline.seconds_left = _seconds_left(lanes, timeline)
    timeline.through = min((_reached(lane, timeline) for lane in lanes), default=timeline.ends)


def _seconds_left(lanes: Sequence[Lane], timeline: Timeline) -> int:
    """Return the part of the timeline that is not read yet."""
    ends = ((lane, min(lane.until or timeline.ends, timeline.ends)) for lane in lanes)
    return sum(max(0, end - _reached(lane, timeline)) for lane, end in ends)


def _reached(lane: Lane, timeline: Timeline) -> int:
    return max(timeline.begins, lane.newest or lane.place.start_time or 0)
