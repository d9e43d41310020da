"""Keep one row for each key, in its newest state, in all that is handed on together.

A page may show a row twice: an export does so when the row is written while it is read, and a list
shifts when a row is added in front. A merge would keep one of the two without knowing which. A
replaced table would keep both.

The state with the later cursor is the newer one. Of equal cursors the later row counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import le
from typing import Any

from zendesk_source.api.paging import Page
from zendesk_source.catalogue import TAKEN_AT, Paging, Stream
from zendesk_source.extract.positions import row_time

Values = Callable[[Mapping[str, Any], str], list[Any]]
"""Returns the values under a key of all rows of an envelope."""


def keep_newest(page: Page, stream: Stream, values: Values) -> None:
    """Leave only the newest state of each row in a page, in the order of the cursor.

    Side tables are made from these rows, so they get the newest state too.

    Args:
        page: Its envelope loses older states. Most pages have none and stay as they are.
        stream: The stream of the page.
        values: Returns the values of a key in the page's envelope.
    """
    rows: list[Any] = page.envelope.get(stream.rows_key) or []
    if len(rows) < 2 or stream.paging is Paging.OBJECT:
        return
    ordered = rows
    if stream.cursor_field is not None:
        ordered = _in_order(rows, stream, values(page.envelope, stream.cursor_field))
    if ordered is rows and are_distinct(
        [values(page.envelope, name) for name in stream.primary_key]
    ):
        return
    assert isinstance(page.envelope, dict)
    page.envelope[stream.rows_key] = list(last_of_each(ordered, stream.primary_key))


def one_row_a_key(pages: Sequence[Page], stream: Stream) -> list[Page]:
    """Return the pages of a list without rows that come again later."""
    key = [name for name in stream.primary_key if name != TAKEN_AT]  # one for the whole list
    rows = [row for page in pages for row in page.rows]
    if not key or stream.paging is Paging.OBJECT:
        return list(pages)
    kept = set(map(id, last_of_each(rows, key)))
    if len(kept) == len(rows):
        return list(pages)
    return [with_rows(page, stream, [r for r in page.rows if id(r) in kept]) for page in pages]


def with_rows(page: Page, stream: Stream, rows: list[Any]) -> Page:
    """Return a page with other rows."""
    return page.with_rows(stream.rows_key, rows)


def as_snapshot(page: Page, stream: Stream, first: Page) -> Page:
    """Add the time of a snapshot to its rows: the same time for all its pages."""
    taken_at = first.received_at.isoformat()
    return with_rows(page, stream, [{**row, TAKEN_AT: taken_at} for row in page.rows])


def _in_order(rows: list[Any], stream: Stream, times: Sequence[Any]) -> list[Any]:
    """Return rows in the order in which they were written; the same list if they are."""
    try:
        is_in_order = all(map(le, times, times[1:]))
    except TypeError:  # some are missing, or of another type
        is_in_order = False
    return rows if is_in_order else sorted(rows, key=lambda row: row_time(row, stream) or 0)


def are_distinct(columns: Sequence[list[Any]]) -> bool:
    """Whether all keys are certainly different. This quick test settles most pages."""
    keys: Iterable[Any] = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
    try:
        return len(set(keys)) == len(columns[0])
    except TypeError:  # one of them is a list
        return False


def last_of_each(rows: Sequence[Any], key: Sequence[str]) -> Iterator[Any]:
    """Yield the last row of every key, and every row without a key."""
    keys = [_key_of(row, key) for row in rows]
    last = {each: number for number, each in enumerate(keys)}
    for number, (row, each) in enumerate(zip(rows, keys, strict=True)):
        if each is None or last[each] == number:
            yield row


def _key_of(row: Any, key: Sequence[str]) -> tuple[Any, ...] | None:
    values = tuple(row.get(name) for name in key) if hasattr(row, "get") else (None,)
    return None if None in values else _key(values)


def _key(values: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(map(str, values))  # an id may come as a number and as its digits
