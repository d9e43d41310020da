"""Read rows that Zendesk shows for one parent at a time, for the parents that changed.

For each parent a sign is remembered: the values of those of its columns that change with its rows.
The signs travel with the rows in the load package. So a sync that was stopped goes on with the
parents that are left, and vanished parents are noticed. If the parents come from an export, only
its position must be remembered, and the parents of the page that is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from zendesk_source.api.paging import Page, Position
from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import Parent, Stream
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.digest import digest_of
from zendesk_source.extract.parents.refused import plural
from zendesk_source.extract.parents.seen import ChildStep, Seen
from zendesk_source.extract.parents.sign import Sign, sign_of, sign_of_round
from zendesk_source.extract.steps import Step

Row = dict[str, Any]
Ask = Callable[[Stream, Row], Iterator[Page]]
"""Asks for the rows of a stream that belong to one parent."""

ASKED_AT_ONCE = 25
"""Parents whose rows form one step. A crash makes us ask a few times as many again."""


def as_one(parents: Stream, answers: Iterable[Page]) -> Page:
    """Return all parents as one page, with only those columns that can be part of a sign."""
    kept = {n for n, t in parents.columns.items() if t in ("bigint", "timestamp", "bool")}
    kept.update(parents.primary_key)
    pages, rows = [], []
    for page in answers:
        rows += [{n: v for n, v in row.items() if n in kept} for row in page.rows]
        pages.append(replace(page, rows=[], envelope={}))
    rejected = tuple(each for page in pages for each in page.rejected)
    odd: dict[str, Any] = {
        "replaced": sum(page.replaced for page in pages),
        "mended": sum(page.mended for page in pages),
        "rejected": rejected,
    }
    return replace(pages[0], rows=rows, received_at=pages[-1].received_at, **odd)


def read_of_list(
    stream: Stream, parents: Page, seen: Seen, ask: Ask, tell: Callable[[int], None]
) -> Iterator[ChildStep]:
    """Read the rows of the parents in a list that changed, and forget vanished parents.

    Args:
        stream: The stream to read.
        parents: All parents.
        seen: What is remembered of them.
        ask: Asks for the rows of one parent.
        tell: Called with the number of parents to ask, before the first one is asked.

    Yields:
        Steps, at least one.

    Raises:
        ZendeskError: Rows could not be read; the steps before the error count.
    """
    asking = _Asking(stream, seen, ask, parents)
    alive = {asking.key_of(row): row for row in parents.rows if asking.may_have_rows(row)}
    due = [row for key, row in alive.items() if asking.is_due(key, asking.sign_of(row))]
    tell(len(due))
    yield from asking.steps_of(due)
    seen.refused.check_any_answered()
    for key in {**seen.signs, **dict.fromkeys(seen.refused)}:
        if key.partition("/")[0] not in alive:
            asking.forget(key)
    yield asking.step(ends_round=asking.counts_rounds)


def read_of_export(
    stream: Stream, steps: Iterable[Step], seen: Seen, ask: Ask
) -> Iterator[ChildStep]:
    """Read the rows of the parents that an export shows as changed.

    Args:
        stream: The stream to read.
        steps: Pages of the parents, each with the position that follows it.
        seen: Parents of the first page that were asked before a crash.
        ask: Asks for the rows of one parent.

    Raises:
        ZendeskError: Rows could not be read; the steps before the error count.
    """
    again = True
    for parents in steps:
        asking = _Asking(stream, seen, ask, parents.page)
        if again:  # the export need not show them again
            yield from asking.steps_of(asking.refused_before())
            again = False
        for row in parents.page.rows:
            if asking.is_deleted(row):
                asking.forget(asking.key_of(row))
        alive = (row for row in parents.page.rows if not asking.is_deleted(row))
        yield from asking.steps_of(
            row for row in alive if asking.is_due(asking.key_of(row), asking.sign_of(row))
        )
        if parents.page.is_last:
            seen.refused.check_any_answered()
        yield replace(asking.step(), position=parents.position)
        seen.signs.clear()


@dataclass(slots=True)
class _Asked:
    """What was asked since the last step."""

    count: int = 0
    rows: list[Row] = field(default_factory=list)
    body_bytes: int = 0
    replaced: int = 0
    mended: int = 0
    shown: dict[Any, bool] = field(default_factory=dict)
    seen: dict[str, Sign] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class _Asking:
    """Asks parent after parent and gathers their rows into steps."""

    def __init__(self, stream: Stream, seen: Seen, ask: Ask, parents: Page) -> None:
        assert stream.parent is not None
        self._stream = stream
        self._parent: Parent = stream.parent
        # Of votes of comments of articles, say, the articles are what is gone through.
        self._outer = stream.parent.stream.parent
        self._first = self._outer or self._parent
        self._seen = seen
        self._ask = ask
        self._last = parents
        self._now = int(parents.server_time.timestamp())
        self._asked = _Asked(
            replaced=parents.replaced, mended=parents.mended, rejected=list(parents.rejected)
        )
        self._inner: dict[str, list[str]] = {}
        for key in {**seen.signs, **dict.fromkeys(seen.refused)}:
            if "/" in key:
                self._inner.setdefault(key.partition("/")[0], []).append(key)

    @property
    def counts_rounds(self) -> bool:
        """Whether parents are remembered by the round in which they were asked."""
        return self._outer is not None or not self._parent.signs

    @property
    def is_full(self) -> bool:
        """Whether enough was asked for a step."""
        return self._asked.count >= ASKED_AT_ONCE

    def key_of(self, row: Row) -> str:
        """Return the key under which a parent is remembered."""
        return str(row[self._first.stream.primary_key[0]])

    def may_have_rows(self, row: Row) -> bool:
        """Whether a parent is worth a request."""
        return not self._first.count or row.get(self._first.count) != 0

    def is_deleted(self, row: Row) -> bool:
        """Whether an export shows a parent as deleted."""
        derive = self._parent.stream.derive
        is_flagged = derive is not None and derive(row).get("is_deleted")
        return bool(is_flagged or row.get("deleted_at"))

    def is_due(self, key: str, sign: Sign) -> bool:
        """Whether to ask for a parent's rows: they were not read at this sign, and may be now."""
        before = self._seen.sign_of(key)
        was_read = before is not None and before.told == sign.told
        return not was_read and not self._seen.refused.is_waiting(key, self._now)

    def refused_before(self) -> list[Row]:
        """Return the parents that did not answer and are to be asked again now."""
        (id_column,) = self._first.stream.primary_key
        waits = self._seen.refused.is_waiting
        return [{id_column: self._id(k)} for k in self._seen.refused if not waits(k, self._now)]

    def steps_of(self, parents: Iterable[Row]) -> Iterator[ChildStep]:
        """Ask for the rows of parents of the list or export.

        Yields:
            A step whenever enough parents were asked, and before an error.

        Raises:
            ZendeskError: The error is not about one parent alone.
        """
        for row in parents:
            try:
                self.ask_for(row)
            except ZendeskError:
                if self._seen.refused.has_answered:
                    yield self.step()
                raise
            if self.is_full:
                yield self.step()

    def sign_of(self, row: Row) -> Sign:
        """Return a parent's sign."""
        if self._outer is not None:
            return sign_of_round(self._seen.round)
        return self._sign(row)

    def ask_for(self, row: Row) -> None:
        """Ask for the rows of a parent of the list or export."""
        if self._outer is None:
            self._take(self.key_of(row), row)
        else:
            self._ask_within(row)

    def forget(self, key: str) -> None:
        """Let the rows of a deleted parent vanish."""
        if self._outer is None or "/" in key:
            self._asked.shown[self._id(key)] = True
        self._asked.forgotten.append(key)
        self._seen.refused.forget(key)

    def _id(self, key: str) -> int | str:
        text = key.rpartition("/")[2]
        is_number = self._stream.columns[self._parent.column] == "bigint"
        return int(text) if is_number else text

    def step(self, *, ends_round: bool = False) -> ChildStep:
        """Return a step with all that was asked since the last one."""
        asked, self._asked = self._asked, _Asked()
        self._seen.remember(asked.seen)
        page = replace(
            self._last,
            envelope={self._stream.rows_key: asked.rows},
            rows=asked.rows,
            shown_parents=asked.shown,
            after=Position(),
            is_last=ends_round,
            body_bytes=asked.body_bytes,
            mended=asked.mended,
            rejected=tuple(asked.rejected),
            replaced=asked.replaced,
        )
        return ChildStep(
            page,
            asked.seen,
            tuple(asked.forgotten),
            ends_round=ends_round,
            refused=self._seen.refused.take_changed(),
            has_answered=self._seen.refused.has_answered,
        )

    def _ask_within(self, row: Row) -> None:
        """Ask for the rows of each parent within an outer one, such as comments of an article."""
        outer_key = self.key_of(row)
        (id_column,) = self._parent.stream.primary_key
        shown = self._rows(self._parent.stream, row, outer_key)
        if shown is None:
            return
        inner = {
            f"{outer_key}/{each[id_column]}": each
            for each in shown
            if not self._parent.count or each.get(self._parent.count) != 0
        }
        for key, each in inner.items():
            if self.is_due(key, self._sign(each)):
                self._take(key, each)
        for key in self._inner.get(outer_key, ()):
            if key not in inner:
                self.forget(key)
        self._asked.seen[outer_key] = self.sign_of(row)

    def _take(self, key: str, row: Row) -> None:
        rows = self._rows(self._stream, row, key)
        if rows is None:
            return
        sign = self._asked.seen[key] = self._sign(row)
        if not self._parent.signs and not self._parent.stream.is_incremental:
            # Asked in every round, and mostly the answer is that of the last one.
            digest = digest_of(rows, self._seen.digest_key)
            before = self._seen.sign_of(key)
            self._asked.seen[key] = replace(sign, rows=digest)
            if before is not None and before.rows == digest:
                return
        may_be_held = key in self._seen.signs or self._first.stream.is_incremental
        self._asked.shown[row[self._parent.stream.primary_key[0]]] = may_be_held
        self._asked.rows += rows

    def _rows(self, stream: Stream, row: Row, key: str) -> list[Row] | None:
        """Return all rows that a stream has for a parent; None where it did not answer."""
        assert stream.parent is not None
        column = {stream.parent.column: row[stream.parent.stream.primary_key[0]]}
        rows: list[Row] = []
        self._asked.count += 1
        try:
            for page in self._ask(stream, row):
                rows += [{**each, **column} for each in page.rows]
                self._last = page
                self._asked.body_bytes += page.body_bytes
                self._asked.mended += page.mended
                self._asked.rejected += page.rejected
                self._asked.replaced += page.replaced
        except Exception as error:  # noqa: BLE001 - raised again where it is not this parent's
            self._seen.refused.add(key, error, self._now)
            return None
        self._seen.refused.answered(key)
        return rows

    def _sign(self, row: Row) -> Sign:
        return sign_of(row, self._parent, self._now, self._seen.round)


def cost_of(stream: Stream, parents: int, *, is_all: bool = True) -> str:
    """Return a sentence on what reading a stream costs.

    Args:
        stream: A stream that has a parent.
        parents: How many parents are to be asked.
        is_all: Whether these are all. For an export only its first page is known in advance.
    """
    assert stream.parent is not None
    outer = stream.parent.stream.parent
    noun = stream.parent.noun if outer is None else outer.noun
    what = f"1 request for each of {'' if is_all else 'more than '}{parents:,} {plural(noun)}"
    if outer is not None:
        what += f", and for each changed {stream.parent.noun} in them"
    return f"{stream.name}: {what}"
