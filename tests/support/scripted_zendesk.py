"""A Zendesk that answers each path as a test says: with odd rows, with nonsense, or not at all.

    with ScriptedZendesk({"/api/v2/users": cursored("users", rows)}) as zendesk:
        report = sync(pipeline, zendesk.source("users"), clock=zendesk.clock)

An answer is a JSON value, bytes (sent as they are), a ``Reply`` (status, headers, cut short), or a
function of the request that returns one of these. Paths go without ``.json``; ``*`` in one stands
for anything, and the first that fits counts. What is not scripted is 404, as on a plan without it,
or what ``behind`` answers: a simulator whose healthy answers a function may ask for with
``zendesk.healthy(seen)`` and rewrite.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from dlt.extract import DltSource

from tests.support.stub import FakeClock, Reply, Seen, Stub
from zendesk_source import zendesk_source
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Simulator

__all__ = [
    "Reply",
    "ScriptedZendesk",
    "Seen",
    "cursored",
    "exported",
    "listed",
    "ticket",
    "timed",
    "user",
]

Route = Any
"""A JSON value, bytes, a ``Reply``, or a function of ``Seen`` that returns one of these."""

TOKEN = "a-token"
SECOND = 1_700_000_000
"""Epoch seconds of what the functions below make, in the past of ``FakeClock``."""
TIME = "2023-11-14T22:13:20Z"

ME = {"user": {"id": 1, "role": "admin", "email": "agent@example.com"}}
NOT_FOUND = Reply(404, {"error": "InvalidEndpoint", "description": "Not found"})


class ScriptedZendesk:
    """Answers on ``127.0.0.1`` for as long as the context lasts.

    Args:
        routes: Answers by path.
        behind: Answers what is not scripted.

    Attributes:
        routes: May be changed at any time.
        clock: For the source and for ``sync``; a simulator's own where there is one.
    """

    def __init__(
        self, routes: Mapping[str, Route] | None = None, *, behind: Simulator | None = None
    ) -> None:
        self.routes: dict[str, Route] = {"/api/v2/users/me": ME, **(routes or {})}
        self._behind = behind
        self._stub = Stub(FakeClock())
        self._stub.handle = self._answer
        self.clock: Any = self._stub.clock if behind is None else behind.account.clock

    def __enter__(self) -> ScriptedZendesk:
        self._stub.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stub.stop()

    @property
    def base_url(self) -> str:
        """Address, without a slash at the end."""
        return self._stub.base_url

    def source(
        self, *streams: str, make: Callable[..., DltSource] = zendesk_source, **settings: Any
    ) -> DltSource:
        """Return the source that reads some streams from here."""
        credentials = ZendeskOAuthToken()
        credentials.subdomain, credentials.oauth_token = "acme", TOKEN
        credentials.base_url = self.base_url
        source = make(credentials, clock=self.clock, **settings)
        return source.with_resources(*streams) if streams else source

    def asked(self, path: str) -> list[Seen]:
        """Return the requests for a path so far, or for all that fit a pattern."""
        return [seen for seen in self._stub.requests if fnmatchcase(_plain(seen.path), path)]

    def healthy(self, seen: Seen) -> Any:
        """Return what the simulator behind answers, as JSON."""
        return json.loads(self._from_behind(seen).bytes)

    def _answer(self, seen: Seen) -> Reply:
        path = _plain(seen.path)
        for pattern, route in self.routes.items():
            if fnmatchcase(path, pattern):
                said = route(seen) if callable(route) else route
                return said if isinstance(said, Reply) else Reply(200, said)
        return NOT_FOUND if self._behind is None else self._from_behind(seen)

    def _from_behind(self, seen: Seen) -> Reply:
        assert self._behind is not None
        headers = {"Authorization": seen.headers.get("Authorization", "")}
        url = self._behind.base_url + seen.target
        try:
            with urlopen(Request(url, headers=headers)) as answer:
                body, status = answer.read(), answer.status
        except HTTPError as refused:
            body, status = refused.read(), refused.code
        date = {"Date": self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")}
        here = body.replace(self._behind.base_url.encode(), self.base_url.encode())
        return Reply(status, here, date)


def _plain(path: str) -> str:
    return path.removesuffix(".json")


def exported(key: str, rows: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Return the only page of an export by cursor."""
    return {key: rows, "after_cursor": "c1", "end_of_stream": True, **more}


def timed(key: str, rows: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Return the only page of an export by time."""
    end = {"end_time": SECOND, "end_of_stream": True, "next_page": None}
    return {key: rows, "count": len(rows), **end, **more}


def cursored(key: str, rows: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Return the only page of a list by cursor."""
    meta = {"has_more": False, "after_cursor": None, "before_cursor": None}
    return {key: rows, "meta": meta, "links": {"prev": None, "next": None}, **more}


def listed(key: str, rows: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Return a list that comes whole, or by page number."""
    return {key: rows, "next_page": None, "previous_page": None, "count": len(rows), **more}


def ticket(ticket_id: Any = 1, **more: Any) -> dict[str, Any]:
    """Return a row of ``tickets``."""
    return {
        "id": ticket_id,
        "created_at": TIME,
        "updated_at": TIME,
        "generated_timestamp": SECOND,
        "subject": "A subject",
        "status": "open",
        "tags": [],
        "custom_fields": [],
        "fields": [],
        "follower_ids": [],
        "collaborator_ids": [],
        "requester_id": 2,
        **more,
    }


def user(user_id: Any = 2, **more: Any) -> dict[str, Any]:
    """Return a row of ``users``."""
    return {
        "id": user_id,
        "created_at": TIME,
        "updated_at": TIME,
        "name": "Somebody",
        "active": True,
        "tags": [],
        "user_fields": {},
        **more,
    }
