"""Walks through the simulator's pages, written down here so that no code of ours is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from zendesk_source.simulator import Simulator

JsonObject = dict[str, Any]


def page(session: requests.Session, zendesk: Simulator, path: str, **params: Any) -> JsonObject:
    """Return one page; ``page_size`` stands for ``page[size]``."""
    names = {"page_size": "page[size]", "page_after": "page[after]"}
    query = {names.get(name, name): value for name, value in params.items()}
    answer = session.get(f"{zendesk.base_url}/api/v2/{path}.json", params=query)
    answer.raise_for_status()
    body: JsonObject = answer.json()
    return body


def cursor_pages(
    session: requests.Session, zendesk: Simulator, path: str, **params: Any
) -> Iterator[JsonObject]:
    body = page(session, zendesk, path, **params)
    yield body
    while not body["end_of_stream"]:
        body = session.get(body["after_url"]).json()
        yield body


def time_pages(
    session: requests.Session, zendesk: Simulator, path: str, **params: Any
) -> Iterator[JsonObject]:
    body = page(session, zendesk, path, **params)
    yield body
    while not body["end_of_stream"]:
        body = session.get(body["next_page"]).json()
        yield body


def list_pages(
    session: requests.Session, zendesk: Simulator, path: str, **params: Any
) -> Iterator[JsonObject]:
    body = page(session, zendesk, path, **params)
    yield body
    while body["meta"]["has_more"]:
        body = session.get(body["links"]["next"]).json()
        yield body


def by_id(rows: list[JsonObject]) -> dict[Any, JsonObject]:
    return {row["id"]: row for row in rows}


def without(row: JsonObject, *names: str) -> JsonObject:
    return {name: value for name, value in row.items() if name not in names}
