"""Words shared by the tests of walks."""

from __future__ import annotations

from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, pages, request_of
from zendesk_source.catalogue import Stream


def rows(*ids: int) -> list[dict[str, int]]:
    return [{"id": each} for each in ids]


def walk(client: ZendeskClient, stream: Stream, position: Position | None = None) -> list[Page]:
    return list(pages(client, request_of(stream), position or Position()))


def ids(walked: list[Page]) -> list[int]:
    return [row["id"] for page in walked for row in page.rows]
