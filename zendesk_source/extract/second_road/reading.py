"""Read a stream from its lists, as steps: a page and the place that follows it.

Where a search finds older rows than the list shows, it comes first, from the newest row to the
oldest. Then come deletions, then changes, on every sync. Deletions come first because a row that
was restored meanwhile is among the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any, Literal

from zendesk_source.api.paging import Page, Position
from zendesk_source.api.refusals import RequestRefused
from zendesk_source.catalogue import Stream
from zendesk_source.catalogue.support.second_roads import MANY_IDS, RESULT_TYPE, SecondRoad
from zendesk_source.errors import StreamRefused, ZendeskError
from zendesk_source.extract.kept import check_version
from zendesk_source.extract.positions import row_time
from zendesk_source.extract.second_road.newest_first import (
    Order,
    Walked,
    WalkList,
    newest_first,
)

STATE_VERSION = 1

INDEX_SECONDS = 3_600
"""How late a search may find a row, or its last state."""

SEARCH_SECONDS = 1_800
"""How long a search is followed by its cursor, which dies after an hour."""

ARCHIVED_SECONDS = 90 * 86_400
"""Zendesk archives a ticket 120 days after it was closed; lists do not show it from then on."""

Part = Literal["backfill", "deletions", "changes"]


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far a search has come, which goes from the newest rows to the oldest.

    Attributes:
        before: Epoch seconds; all rows that were made later have been read. None at first.
        began: Zendesk's time when the first search began, in epoch seconds.
    """

    before: int | None = None
    began: int | None = None


@dataclass(frozen=True, slots=True)
class ListsPosition:
    """Where a stream stands in its lists.

    Attributes:
        since: Where its export stood when the lists began, in epoch seconds; 0 for nowhere.
        changes: How far the list of changes was walked.
        deletions: How far the list of deletions was walked.
        backfill: What is left of the search; None if nothing is.
    """

    since: int
    changes: Walked
    deletions: Walked
    backfill: Backfill | None = None


@dataclass(frozen=True, slots=True)
class ListStep:
    """A page of a list, and where its stream stands once the page is stored.

    Attributes:
        page: The page.
        part: Which of the lists it is of.
        position: Where to go on after it. It must be saved with the page's rows.
    """

    page: Page
    part: Part
    position: ListsPosition


def begun(road: SecondRoad, since: int, now: int) -> ListsPosition:
    """Return where a stream begins on its second road.

    Args:
        road: Its lists.
        since: Where its export stands, in epoch seconds; 0 for nowhere.
        now: Zendesk's time, in epoch seconds.
    """
    is_long_ago = now - since > ARCHIVED_SECONDS
    backfill = Backfill() if road.backfill is not None and is_long_ago else None
    return ListsPosition(since, Walked(since), Walked(since), backfill)


def opened(
    saved: Mapping[str, Any] | None, road: SecondRoad, since: int, now: int
) -> ListsPosition:
    """Return where a stream stands on its second road.

    If its export has come further than the lists have, they begin there. If rows are wanted from
    an earlier time on, they begin there, too. If they were not read for so long that tickets may
    have been archived meanwhile, a search comes first again.

    Args:
        saved: The position as ``saved_position`` wrote it; None if there is none.
        road: The stream's lists.
        since: Where its export stands, in epoch seconds; 0 for nowhere.
        now: Zendesk's time, in epoch seconds.

    Raises:
        ConfigurationError: A newer release has written it.
    """
    if not saved:
        return begun(road, since, now)
    check_version(saved, STATE_VERSION)
    backfill = saved.get("backfill")
    position = ListsPosition(
        saved["since"],
        Walked(**_known(Walked, saved["changes"])),
        Walked(**_known(Walked, saved["deletions"])),
        None if backfill is None else Backfill(**_known(Backfill, backfill)),
    )
    through = max(position.since, position.changes.through)
    if since > through or since < position.since:
        return begun(road, since, now)
    if position.backfill is None and through and road.backfill is not None:
        anew = begun(road, through, now)
        return position if anew.backfill is None else replace(anew, deletions=position.deletions)
    return position


def saved_position(position: ListsPosition) -> dict[str, Any]:
    """Return a position as the state keeps it."""
    return {"version": STATE_VERSION, **asdict(position)}


def read_through(saved: Mapping[str, Any] | None) -> int | None:
    """Return up to when all was read from lists, in epoch seconds; None if that is not so yet."""
    if not saved or saved.get("backfill") is not None:
        return None
    through: int = saved["changes"]["through"]
    return through or None


def _known(kind: type[Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in saved.items() if name in names}


def read_backfill(road: SecondRoad, position: ListsPosition, walk: WalkList) -> Iterator[ListStep]:
    """Search for all rows, from where an earlier search has come to.

    Results come by the time of their making, the newest first. Where they do not, only the end of
    the search counts.

    Yields:
        Steps; behind the last one nothing is left to search.

    Raises:
        ZendeskError: A page could not be read; the pages before it count.
    """
    while position.backfill is not None:
        for step in _one_search(road, position, walk):
            position = step.position
            yield step


def _one_search(road: SecondRoad, position: ListsPosition, walk: WalkList) -> Iterator[ListStep]:
    """Search until nothing is left, or until the cursor has died or may soon die."""
    assert road.backfill is not None
    assert position.backfill is not None
    stream = _search(road.backfill, position)
    begun_at, began, order = position.backfill, None, Order()
    handed_on = position
    try:
        for page in walk(stream, Position()):
            now = int(page.server_time.timestamp())
            began = now if began is None else began
            order.see(t for row in page.rows if (t := row_time(row, stream)) is not None)
            last = order.last if order.is_proved else begun_at.before
            position = _behind(position, last, now, page.is_last)
            yield ListStep(_with_details(page, road, walk), "backfill", position)
            handed_on = position
            if position.backfill is None or (
                position.backfill.before != begun_at.before and now - began > SEARCH_SECONDS
            ):
                return
    except (RequestRefused, StreamRefused):
        if handed_on.backfill == begun_at:
            raise
        # The next search goes on at the last row.


def _behind(position: ListsPosition, last: int | None, now: int, is_last: bool) -> ListsPosition:
    """Return where a search stands behind a page whose last row was made at a time."""
    backfill = position.backfill
    assert backfill is not None
    began = backfill.began or now
    if is_last:
        through = max(0, position.since, began - INDEX_SECONDS)
        return replace(position, backfill=None, changes=Walked(through))
    # The second of the last row is searched again: it may have more rows.
    return replace(position, backfill=Backfill(last, began))


def _search(stream: Stream, position: ListsPosition) -> Stream:
    assert position.backfill is not None
    before = position.backfill.before
    terms = [f"created>={_iso(0)}"]
    terms += [] if before is None else [f"created<={_iso(before)}"]
    terms += [f"updated>={_iso(position.since - INDEX_SECONDS)}"] if position.since else []
    return replace(stream, params=MappingProxyType({**stream.params, "query": " ".join(terms)}))


def _with_details(page: Page, road: SecondRoad, walk: WalkList) -> Page:
    """Return a page of a search with its rows as they are when they are asked for by their ids."""
    if road.by_id is None or not page.rows:
        return page
    shown: dict[str, Any] = {}
    ids = [str(row["id"]) for row in page.rows]
    for first in range(0, len(ids), MANY_IDS):
        asked = {**road.by_id.params, "ids": ",".join(ids[first : first + MANY_IDS])}
        stream = replace(road.by_id, params=MappingProxyType(asked))
        for answer in walk(stream, Position()):
            shown.update((str(row["id"]), row) for row in answer.rows)
    rows = [shown.get(str(row["id"])) or _without_type(row) for row in page.rows]
    return page.with_rows(road.by_id.rows_key, rows)


def _without_type(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a result of a search without what says that it is one."""
    return {key: value for key, value in row.items() if key != RESULT_TYPE}


def read_follow_up(
    road: SecondRoad,
    position: ListsPosition,
    walk: WalkList,
    *,
    digest_key: bytes,
    has_deletions: bool = True,
    on_refused: Callable[[ZendeskError], None],
) -> Iterator[ListStep]:
    """Read what was deleted, and what changed.

    Args:
        road: The stream's lists.
        position: Where it stands in them.
        walk: Walks a list.
        digest_key: As of ``digest_of``.
        has_deletions: Whether deletions are read, too.
        on_refused: Called if Zendesk refuses the list of deletions.

    Yields:
        Steps: at least one.

    Raises:
        ZendeskError: A page could not be read; the pages before it count.
    """

    def exported(stream: Stream, place: Position) -> Iterator[Page]:
        for page in walk(stream, place):
            rows = [road.as_export(row) for row in page.rows]
            yield page.with_rows(stream.rows_key, rows)

    if road.deletions is not None and has_deletions:
        try:
            for page, walked in newest_first(road.deletions, position.deletions, walk, digest_key):
                position = replace(position, deletions=walked)
                yield ListStep(page, "deletions", position)
        except (StreamRefused, RequestRefused) as refused:
            on_refused(refused)
    changes = newest_first(road.changes, position.changes, exported, digest_key)
    for page, walked in changes:
        position = replace(position, changes=walked)
        yield ListStep(page, "changes", position)


def _iso(second: int) -> str:
    return datetime.fromtimestamp(max(0, second), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
