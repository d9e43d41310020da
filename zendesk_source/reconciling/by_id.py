"""Compare an export's tables with its rows, which Zendesk shows by their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import SideTable, Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.digest import digest_of
from zendesk_source.reconciling import asked
from zendesk_source.reconciling.bounds import stratified_sample
from zendesk_source.reconciling.comments import Comments
from zendesk_source.reconciling.comparison import Comparison, Difference
from zendesk_source.reconciling.standing import Changes, Standing, deleted_since
from zendesk_source.shape.newest import with_rows

_DIGEST = "digest"
MOST_LACKING = 10_000_000
"""A hundred thousand requests. More ids than that are no tickets that were lost."""

MOST_PROBES = 5
"""How many rows that are not shown among others are asked for alone."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a stream is to be asked for.

    Attributes:
        live: Ids of the rows here that are not deleted.
        deleted: Ids of those that are.
        lacking: Ids that no row here has, although Zendesk counts ids up without gaps.
        sample: Ids of the rows that are compared.
        sweeps: Whether the list of all rows is read in place of single ids.
        has_gaps: Whether so many ids lack a row that none of them is asked for.
    """

    live: Set[int]
    deleted: Set[int]
    lacking: Sequence[int]
    sample: Set[int]
    sweeps: bool
    has_gaps: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all rows are compared."""
        return len(self.sample & self.live) == len(self.live)

    @property
    def requests(self) -> int:
        """About how many requests it takes, without those that tell later changes apart."""
        rows = len(self.live) if self.sweeps else len(self.lacking) + len(self.sample)
        return -(-rows // asked.IDS_AT_ONCE) + 1


def plan_of(
    comparison: Comparison, standing: Standing, *, sample: int, full: bool, random: Random
) -> Plan:
    """Decide what to ask for; asks Zendesk for the highest id where ids have no gaps.

    Args:
        comparison: The stream and its tables.
        standing: Up to where it was loaded.
        sample: How many rows to compare.
        full: Compare all rows.
        random: Decides on the sample.

    Raises:
        ZendeskError: Zendesk does not say what the highest id is.
    """
    stream = comparison.stream
    assert stream.by_id is not None
    in_order, deleted = comparison.stored.ids(stream)
    live = frozenset(in_order)
    lacking: list[int] = []
    has_gaps = False
    if stream.by_id.are_dense:
        known = live | deleted
        highest = max(asked.highest_id(stream, comparison.connection), *in_order[-1:], 0)
        first = 1 if standing.start == 0 else min(known, default=1)
        has_gaps = highest - first - len(known) > MOST_LACKING
        if not has_gaps:
            lacking = [each for each in range(first, highest + 1) if each not in known]
    # Zendesk may have restored what is marked as deleted here.
    chosen = live | deleted if full else set(stratified_sample(in_order, sample, random))
    sweeps = full and not stream.by_id.are_dense
    return Plan(live, deleted, lacking, chosen, sweeps, has_gaps)


@dataclass(slots=True)
class Check:
    """The check of one stream.

    Attributes:
        comparison: The stream and its tables.
        plan: What is asked for.
        standing: Up to where the stream was loaded.
        comments: Counts the comments of tickets; None for other streams.
        seen: Rows that differ, as Zendesk showed them, by id: when they were written, and a digest.
        differences: What differs, and is not explained by a later change.
        changed: Ids of rows that were changed after the last sync.
        shown: Number of rows that Zendesk has shown.
        checked: Number of rows that were compared, by table.
        notes: What else to know.
    """

    comparison: Comparison
    plan: Plan
    standing: Standing
    comments: Comments | None = None
    seen: dict[int, Row] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    shown: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    _suspects: list[Difference] = field(default_factory=list)
    _asked_at: datetime | None = None

    @property
    def stream(self) -> Stream:
        """The stream that is checked."""
        return self.comparison.stream

    def run(self) -> None:
        """Ask for the rows, compare them, and tell apart what was changed since.

        Raises:
            ZendeskError: Zendesk does not answer.
        """
        if self.plan.has_gaps:
            self.notes.append(
                f"More than {MOST_LACKING:,} ids have no row here, which are too many to ask for:"
                " missing rows were not looked for."
            )
        not_shown = set(self.plan.sample & self.plan.live)
        for page in self._pages():
            self._asked_at = page.server_time
            not_shown.difference_update(self._compare(page))
        own = self.stream.name
        self._suspects += [Difference(own, "extra", each) for each in sorted(not_shown)]
        ignored = self.comparison.ignored
        self._suspects = [each for each in self._suspects if each.table not in ignored]
        self._judge()
        self._probe()
        if self.comments is not None:
            self.differences += self.comments.judged(self._asked_at)

    def _pages(self) -> Iterator[Page]:
        connection = self.comparison.connection
        if self.plan.sweeps:
            return asked.whole_list(self.stream, connection)
        ids = sorted({*self.plan.lacking, *self.plan.sample})
        return asked.by_ids(self.stream, ids, connection)

    def _compare(self, page: Page) -> Sequence[int]:
        """Note what differs on a page; return the ids that it shows as not deleted."""
        page = with_rows(page, self.stream, [row for row in page.rows if not self._gone(row)])
        raw = {int(row["id"]): row for row in page.rows}
        self.shown += len(raw)
        compared = [each for each in raw if each in self.plan.live and each in self.plan.sample]
        found = [*self._not_here(raw), *self._differing(page, compared)]
        self.seen.update({int(each.id): _seen(raw[int(each.id)]) for each in found})
        self._suspects += found
        if self.comments is not None:
            self.comments.compare([raw[each] for each in compared])
        return list(raw)

    def _not_here(self, ids: Iterable[int]) -> Iterator[Difference]:
        for each in ids:
            if each in self.plan.deleted:
                yield Difference(self.stream.name, "stale", each)
            elif each not in self.plan.live:
                yield Difference(self.stream.name, "missing", each)

    def _differing(self, page: Page, ids: Sequence[int]) -> Iterator[Difference]:
        comparison, stored = self.comparison, self.comparison.stored
        wanted = set(ids)
        page = with_rows(page, self.stream, [r for r in page.rows if int(r["id"]) in wanted])
        expected = comparison.shaped(page)
        for table in comparison.tables():
            rows = expected.get(table.name, [])
            if isinstance(table, SideTable):
                found = stored.rows(table.name, table.parent_column, ids)
                told, differences = comparison.side(table, page, rows, found)
                self.checked[table.name] += len(told)
                yield from differences
            else:
                self.checked[table.name] += len(ids)
                yield from comparison.own(page, rows, stored.rows(table.name, "id", ids))

    def _judge(self) -> None:
        """Sort what differs into what was changed after the last sync, and what was not."""
        pending = []
        for each in self._suspects:
            row = self.seen.get(int(each.id))
            if row is None or (self.standing.has_loaded(row) and self.standing.wanted(row)):
                pending.append(each)
            elif self.standing.wanted(row):
                self.changed.add(int(each.id))
        later = self._changed_later(pending)
        left = {int(each.id) for each in pending if each.id not in later}
        moving = self._moving(left)
        self.changed.update({int(each.id) for each in pending} - left | moving)
        self.differences += [each for each in pending if int(each.id) in left - moving]
        of_changed = Counter(
            each.table
            for each in self._suspects
            if int(each.id) in self.changed and self._was_compared(each)
        )
        self.checked.subtract(of_changed)

    def _changed_later(self, pending: Sequence[Difference]) -> Collection[Any]:
        """Return the ids of rows that were changed or deleted after the last sync."""
        if not pending or self._asked_at is None:
            return ()
        connection = self.comparison.connection
        try:
            changes = Changes(self.stream, self.standing, connection, itself)
            return changes.up_to(self._asked_at)
        except StreamRefused as error:
            self.notes.append(
                "What was changed after the last sync without a new updated_at cannot be told"
                f" apart, because the export is closed: {error.what}"
            )
        deleted = deleted_since(self.stream, self.standing, connection)
        if deleted is None:  # the next sync counts, and finds what is gone
            return {each.id for each in pending if int(each.id) not in self.seen}
        return deleted

    def _moving(self, ids: Set[int]) -> Set[int]:
        """Return the ids of rows that have changed once more since they were asked for.

        An export may hide the last minute. A row that changes more often is never shown by it.
        """
        if self.plan.sweeps:  # a list may show a row otherwise
            return set()
        again: dict[int, Row] = {}
        for page in asked.by_ids(self.stream, sorted(ids), self.comparison.connection):
            again.update({int(row["id"]): _seen(row) for row in page.rows if not self._gone(row)})
        return {each for each in ids if again.get(each) != self.seen.get(each)}

    def _gone(self, row: Row) -> bool:
        return self.stream.is_deleted is not None and self.stream.is_deleted(row)

    def _was_compared(self, each: Difference) -> bool:
        return int(each.id) in self.seen and int(each.id) in self.plan.live

    def _probe(self) -> None:
        """Ask for some rows alone that are not shown among others, as it may be with archives."""
        own = self.stream.name
        extra = [each for each in self.differences if each.table == own and each.kind == "extra"]
        connection = self.comparison.connection
        probes = [int(each.id) for each in extra[:: max(1, len(extra) // MOST_PROBES)]]
        probes = probes[:MOST_PROBES]
        if not connection.is_shown_a_part and not any(
            asked.is_shown_alone(self.stream, each, connection) for each in probes
        ):
            self.checked[own] += len(extra)
            return
        self.differences = [
            each for each in self.differences if each.table != own or each.kind != "extra"
        ]
        self.notes.append(
            f"{len(extra)} rows are not shown among others: they are archived, or these"
            " credentials may not see them. They were not compared, and missing ones of this kind"
            " are not found."
        )


def _seen(row: Row) -> Row:
    times = {name: row.get(name) for name in ("created_at", "updated_at")}
    return {**times, _DIGEST: digest_of([row], b"")}


def itself(row: Row) -> dict[Any, int]:
    """Return what a row of an export touches: itself."""
    return {row.get("id"): 1}
