"""What all kinds of paging share: ask for a page, halve heavy ones, read the envelope."""

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
"""Empty pages in a row before a walk is given up. Zendesk cuts a page first and hides rows then, so
a page in the middle may be empty. For an export this limit means 200,000 hidden rows in a row."""


class PageSize:
    """Rows in a page: halved when Zendesk times out, doubled again after good pages.

    Args:
        rows: The most to ask for; 0 if the endpoint takes no page size.
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
        client: Sends the requests.
        request: What to ask for.
        parse: Decodes a body into a mapping with the keys of the JSON.
        size: Rows in a page.
        asked_rows: Page size of the last request.
        replaced: How many characters of the last answer were replaced.
        asked: Every place already asked for; the same one twice means a circle.
        empty_pages: How many empty pages came in a row.
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
            own_params: Parameters that name the place in the walk.
            size_param: Name of the parameter for the page size; empty to send none.
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
        """Return an answer as a page, without the rows that fit no table.

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
        """Return the rows of an answer, including those that fit no table.

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
        """Return the error for a walk that would never end."""
        return PaginationStuck(
            f"{self.where} stopped advancing: {detail}.",
            "Rows before it are safe; run again later, and report it if it stays.",
        )

    def advance(self, place: object, detail: str) -> None:
        """Note the place to ask for next.

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
    """Return the empty page of a walk that asked for changes too early."""
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
