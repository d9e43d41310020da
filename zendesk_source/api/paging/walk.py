"""What all walks share: asking for a page, halving heavy ones, reading the envelope."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zendesk_source.api.client import Answer, ZendeskClient
from zendesk_source.api.paging.door import let_in
from zendesk_source.api.paging.position import Page, Position
from zendesk_source.api.paging.request import Request
from zendesk_source.api.refusals import PageTooHeavy, RequestRefused, where
from zendesk_source.catalogue import WHOLE_ANSWER
from zendesk_source.errors import PaginationStuck, UnexpectedAnswer, ZendeskError

Parse = Callable[[bytes], Mapping[str, Any]]
SMALLEST_PAGE = 25
_GOOD_PAGES_BEFORE_GROWING = 3
_SHOWN_KEY = re.compile(r"[a-z_]{1,40}")
_SHOWN_KEYS = 12

MOST_EMPTY_PAGES = 200
"""In a row, before a walk is given up. Zendesk leaves rows out of a page after it has cut it, so
pages may hold nothing in the middle: of an export that is 200,000 rows in a row that are hidden."""


class PageSize:
    """Rows a page, halved when Zendesk times out and doubled back after good pages.

    Args:
        rows: The most to ask for; 0 when the endpoint has no page size.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._most = rows
        self._good_pages = 0

    @property
    def can_halve(self) -> bool:
        """Whether a smaller page can be asked for."""
        return self.rows > SMALLEST_PAGE

    def halve(self) -> None:
        """Ask for half as many from now on."""
        self.rows = max(SMALLEST_PAGE, self.rows // 2)
        self._good_pages = 0

    def page_arrived(self) -> None:
        """Count a good page."""
        if self.rows >= self._most:
            return
        self._good_pages += 1
        if self._good_pages >= _GOOD_PAGES_BEFORE_GROWING:
            self.rows = min(self._most, self.rows * 2)
            self._good_pages = 0


@dataclass(slots=True, kw_only=True)
class Walk:
    """One walk through a stream.

    Attributes:
        client: To ask with.
        request: What to ask for.
        parse: Decodes a body into a mapping with the keys of the JSON.
        size: Rows a page.
        asked_rows: Page size of the last request.
        replaced: Characters of the last answer that were replaced.
        asked: Every place already asked for; the same one twice means a circle.
        empty_pages: Pages in a row without a row.
    """

    client: ZendeskClient
    request: Request
    parse: Parse
    size: PageSize
    asked_rows: int = 0
    replaced: int = 0
    asked: set[object] = field(default_factory=set)
    empty_pages: int = 0

    def ask(
        self, own_params: Mapping[str, object], *, size_param: str, url: str = ""
    ) -> Answer[Mapping[str, Any]]:
        """Ask for a page, a smaller one when Zendesk times out.

        Args:
            own_params: Place in the walk.
            size_param: Name of the page size parameter; empty = none is sent.
            url: A link to follow instead of the request's path and parameters.

        Raises:
            UnexpectedAnswer: The answer is not what the stream is declared to be.
        """
        while True:
            self.asked_rows = self.size.rows
            sent = {**self.request.stream.params, **own_params}
            if size_param and self.size.rows:
                sent[size_param] = self.size.rows
            try:
                answer = self.client.get(
                    url or self.request.path,
                    {} if url else sent,
                    stream=self.request.counted_for,
                    bucket=self.request.bucket,
                    parse=self._decoded,
                    halve_on_timeout=bool(size_param) and not url and self.size.can_halve,
                )
            except PageTooHeavy:
                self.size.halve()
                continue
            envelope = self._envelope(answer.value)
            self.size.page_arrived()
            return answer if envelope is answer.value else replace(answer, value=envelope)

    def _decoded(self, body: bytes) -> Mapping[str, Any]:
        if self.client.holdable is not None:
            body, self.replaced = self.client.holdable(body)
        return self.parse(body)

    def _envelope(self, value: Any) -> Mapping[str, Any]:
        """Return an answer as one object with all rows under one key, as most answers are."""
        keys = self.rows_key.split()
        if isinstance(value, list) and keys == [WHOLE_ANSWER]:
            return {WHOLE_ANSWER: value}
        if not isinstance(value, Mapping):
            raise UnexpectedAnswer(f"{self.where} answered with JSON that is not an object.")
        lists = [found for key in keys if isinstance(found := value.get(key), list)]
        if len(keys) > 1 and lists:
            return {**value, self.rows_key: [row for rows in lists for row in rows]}
        return value

    def page(self, answer: Answer[Mapping[str, Any]], after: Position, *, is_last: bool) -> Page:
        """Return the page that an answer is, without what does not fit.

        Raises:
            PaginationStuck: Page after page led on to another, and held nothing.
        """
        sent = self.rows(answer)
        self.empty_pages = 0 if len(sent) or is_last else self.empty_pages + 1
        if self.empty_pages > MOST_EMPTY_PAGES:
            raise self.stuck(f"{MOST_EMPTY_PAGES} pages in a row held nothing")
        envelope, rejected = let_in(answer.value, self.request)
        return Page(
            envelope=envelope,
            rows=envelope[self.rows_key],
            after=after,
            is_last=is_last,
            server_time=answer.server_time,
            received_at=answer.received_at,
            body_bytes=answer.body_bytes,
            replaced=self.replaced,
            mended=answer.mended,
            rejected=rejected,
        )

    def rows(self, answer: Answer[Mapping[str, Any]]) -> list[Any]:
        """Return the rows of an answer, those that do not fit included.

        Raises:
            UnexpectedAnswer: The key is missing: that is not the same as an empty page.
        """
        rows: list[Any] | None = answer.value.get(self.rows_key)
        if rows is None or isinstance(rows, (str, bytes, Mapping)) or not hasattr(rows, "__len__"):
            seen = [key for key in answer.value if _SHOWN_KEY.fullmatch(str(key))][:_SHOWN_KEYS]
            raise UnexpectedAnswer(
                f"{self.where} answered 200 without a list `{self.rows_key}`;"
                f" it has {', '.join(sorted(seen)) or 'no known keys'}.",
                "Nothing was taken for empty; the stream goes on from here next time.",
            )
        return rows

    def stuck(self, detail: str) -> ZendeskError:
        """Return the error for a walk that would go round for ever."""
        return PaginationStuck(
            f"{self.where} stopped advancing: {detail}.",
            "Rows before it are safe; run again later, and report it if it stays.",
        )

    def advance(self, place: object, detail: str) -> None:
        """Note a place that is asked for next.

        Raises:
            PaginationStuck: It was asked for before.
        """
        if place in self.asked:
            raise self.stuck(detail)
        self.asked.add(place)

    @property
    def rows_key(self) -> str:
        """JSON key of the rows in an answer."""
        return self.request.stream.rows_key

    @property
    def where(self) -> str:
        """The stream and its path, for messages."""
        return where(self.request.counted_for, self.request.path)


def nothing_new(refused: RequestRefused, position: Position) -> Page:
    """Return the page of a walk that asked too early for what is new."""
    return Page(
        envelope={},
        rows=[],
        after=position,
        is_last=True,
        server_time=refused.server_time,
        received_at=refused.server_time,
        body_bytes=0,
    )


Pages = Iterator[Page]
