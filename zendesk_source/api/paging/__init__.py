"""Walk the pages of an endpoint: one generator for each kind of paging, each proves progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import orjson

from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging.chat import chat_export_pages, since_id_pages
from zendesk_source.api.paging.exports import cursor_export_pages, time_export_pages
from zendesk_source.api.paging.links import (
    change_log_pages,
    newest_first_pages,
    next_page_url_pages,
)
from zendesk_source.api.paging.lists import (
    cursor_pages,
    object_pages,
    offset_pages,
    single_pages,
)
from zendesk_source.api.paging.position import Page, Position
from zendesk_source.api.paging.request import Request, request_of, sample_of
from zendesk_source.api.paging.walk import Pages, PageSize, Parse, Walk
from zendesk_source.catalogue import Paging

_FAMILIES: Mapping[Paging, Callable[[Walk, Position], Pages]] = MappingProxyType(
    {
        Paging.CURSOR_EXPORT: cursor_export_pages,
        Paging.TIME_EXPORT: time_export_pages,
        Paging.CURSOR: cursor_pages,
        Paging.OFFSET: offset_pages,
        Paging.SINGLE: single_pages,
        Paging.OBJECT: object_pages,
        Paging.CHAT_EXPORT: chat_export_pages,
        Paging.SINCE_ID: since_id_pages,
        Paging.CHANGE_LOG: change_log_pages,
        Paging.NEXT_PAGE_URL: next_page_url_pages,
        Paging.NEWEST_FIRST: newest_first_pages,
    }
)


def pages(
    client: ZendeskClient,
    request: Request,
    position: Position,
    *,
    parse: Parse = orjson.loads,
) -> Iterator[Page]:
    """Walk a stream from a position to its end, page by page.

    Args:
        client: Sends the requests.
        request: What to ask for.
        position: Where to begin; ``Position()`` is the beginning.
        parse: Decodes a body into a mapping with the keys of the JSON.

    Yields:
        Pages; the last one has ``is_last`` set. Every row that changed since ``position`` comes
        at least once, and may come more often.

    Raises:
        PaginationStuck: The walk does not advance.
        UnexpectedAnswer: An answer cannot be read, or offset paging ends before the list.
        ZendeskError: Anything ``ZendeskClient.get`` raises.
    """
    walk = Walk(client=client, request=request, parse=parse, size=PageSize(request.page_size))
    return _FAMILIES[request.paging](walk, position)


__all__ = ["Page", "Position", "Request", "pages", "request_of", "sample_of"]
