"""What Zendesk is asked to compare its rows with ours.

Sources: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#show-multiple-tickets
https://developer.zendesk.com/api-reference/ticketing/users/users/#show-many-users
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.api.client import Answer
from zendesk_source.api.paging import Page, Position, Request, pages, request_of
from zendesk_source.catalogue import ById, Paging, Stream
from zendesk_source.errors import AccessDenied, StreamRefused, UnexpectedAnswer

IDS_AT_ONCE = 100
LIST_PAGE_SIZE = 100

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows Zendesk counts.

    Attributes:
        value: The number.
        is_exact: Whether it was counted just now. Of more than 100,000 rows Zendesk shows a number
            that may be a day old.
    """

    value: int
    is_exact: bool


EXACT_UP_TO = 100_000


def by_ids(stream: Stream, ids: Sequence[int], connection: Connection) -> Iterator[Page]:
    """Ask for rows by their ids, 100 at a time, and yield the pages that show those there are."""
    for first in range(0, len(ids), IDS_AT_ONCE):
        asked = ",".join(map(str, ids[first : first + IDS_AT_ONCE]))
        params = {"ids": asked, **_included(stream)}
        path = f"{_by_id(stream).path}/show_many"
        yield from _pages(stream, path, Paging.SINGLE, params, connection)


def whole_list(stream: Stream, connection: Connection) -> Iterator[Page]:
    """Walk the list of all rows that are not deleted, in the order of their ids."""
    path = _by_id(stream).path
    return _pages(stream, path, Paging.CURSOR, _included(stream), connection)


def highest_id(stream: Stream, connection: Connection) -> int:
    """Return the highest id that a list shows; 0 if it is empty."""
    params = {"sort": "-id", "page[size]": 1}
    path = _by_id(stream).path
    answer: Answer[Any] = connection.client.get(path, params, stream=stream.name)
    rows = answer.value.get(stream.rows_key) if isinstance(answer.value, Mapping) else None
    if not isinstance(rows, list):
        raise UnexpectedAnswer(f"{stream.name}: {path} answered without `{stream.rows_key}`.")
    ids = [row.get("id") for row in rows if isinstance(row, Mapping)]
    return max((each for each in ids if isinstance(each, int)), default=0)


def is_shown_alone(stream: Stream, row_id: int, connection: Connection) -> bool:
    """Whether a row is at its own address, as one that is not deleted, even if it is not shown.

    Of rows that these credentials may not see Zendesk says so; among others it leaves them out.
    """
    try:
        path = f"{_by_id(stream).path}/{row_id}"
        answer: Answer[Any] = connection.client.get(path, stream=stream.name)
    except AccessDenied:
        return True
    except StreamRefused:
        return False
    row = answer.value.get(stream.rows_key.removesuffix("s"))
    is_deleted = stream.is_deleted
    return isinstance(row, Mapping) and not (is_deleted is not None and is_deleted(row))


def counted(stream: Stream, connection: Connection) -> Count | None:
    """Return how many rows Zendesk counts; None if it does not say."""
    try:
        path = f"{_by_id(stream).path}/count"
        answer: Answer[Any] = connection.client.get(path, stream=stream.name)
        value = answer.value["count"]["value"]
    except (StreamRefused, KeyError, TypeError):
        return None
    return Count(value, value <= EXACT_UP_TO) if isinstance(value, int) else None


def comments_of(events: Stream, ticket_id: int, connection: Connection) -> Iterator[Row]:
    """Yield all comments of a ticket; none of a ticket that was deleted meanwhile."""
    comments = replace(events, records_key="comments", side_tables=())
    path = f"/api/v2/tickets/{ticket_id}/comments"
    try:
        for page in _pages(comments, path, Paging.CURSOR, {}, connection):
            yield from page.rows
    except StreamRefused:
        return


def changes(stream: Stream, place: Position, connection: Connection) -> Iterator[Page]:
    """Walk an export from a place to its end, without moving the saved position."""
    return pages(connection.client, request_of(stream), place)


def _pages(
    stream: Stream,
    path: str,
    paging: Paging,
    params: Mapping[str, str],
    connection: Connection,
) -> Iterator[Page]:
    asked = replace(stream, params=MappingProxyType(dict(params)))
    request = Request(
        stream=asked,
        path=path,
        paging=paging,
        page_size=LIST_PAGE_SIZE if paging is Paging.CURSOR else 0,
        bucket="",
        counted_for=stream.name,
    )
    return pages(connection.client, request, Position())


def _included(stream: Stream) -> dict[str, str]:
    include = _by_id(stream).include
    return {"include": include} if include else {}


def _by_id(stream: Stream) -> ById:
    assert stream.by_id is not None
    return stream.by_id


def ids_of(rows: Iterable[Any]) -> list[int]:
    """Return the ids of rows, which are numbers or their digits."""
    return [int(row["id"]) for row in rows]
