"""Answers that no Zendesk should give: paging, shapes, bodies, headers, statuses, wires."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.hostile.inputs import Change, Hostile, literal, says
from zendesk_source.catalogue import Stream
from zendesk_source.simulator import Answer

FAR = 32_503_680_000
PLACES: dict[str, Any] = {
    "true": True,
    "a negative": -5,
    "a fraction": 1.5,
    "year 3000": FAR,
    "milliseconds": 1_768_478_400_000,
    "above 2^63": 2**63,
    "1e300": literal("1e300"),
    "1e400": literal("1e400"),
    "NaN": literal("NaN"),
    "400 digits": 10**400,
    "an empty list": [],
    "a list": ["x"],
    "an object": {"a": 1},
    "half a pair": "\ud800",
    "a million letters": "c" * 1_000_000,
}
CURSOR_KEYS = ("after_cursor",)
TIME_KEYS = ("end_time",)
LINK_KEYS = ("next_page", "after_url", "next_url", "before_url")
ENVELOPE_KEYS = ("meta", "links", "count", "end_of_stream", "users", "identities")

LINKS: dict[str, Any] = {
    "another host": "https://evil.example/api/v2/tickets.json?page=2",
    "another port": "http://127.0.0.1:1/api/v2/tickets.json?page=2",
    "port 99999": "http://127.0.0.1:99999/api/v2/tickets.json?page=2",
    "a file": "file:///etc/passwd",
    "a name and a password": "http://a:b@127.0.0.1/api/v2/tickets.json",
    "no address": "::::",
    "a number": 7,
    "a list": ["/api/v2/tickets.json"],
    "a line break": "/api/v2/tickets.json?page=2\r\nX-Evil: 1",
    "a bracket": "http://[::1/api/v2",
    "half a pair": "/api/v2/\ud800",
}

SHAPES: dict[str, Any] = {
    "an empty list": [],
    "a list of texts": ["x"],
    "a text": "x",
    "a number": 5,
    "null": None,
    "an empty object": {},
    "an error with status 200": {"error": "InternalError", "description": "x"},
    "errors with status 200": {"errors": [{"code": "x"}]},
}
ROWS: dict[str, Any] = {"null": None, "a text": "x", "a number": 3, "an object": {"0": {"id": 1}}}


def _page(body: bytes) -> Callable[[bytes], bytes]:
    return lambda good: body


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "empty": _page(b""),
    "blank": _page(b" \n"),
    "a web page": _page(b"<!DOCTYPE html><html><body>Log in to the hotel</body></html>"),
    "XML": _page(b'<?xml version="1.0"?><tickets/>'),
    "the first half": lambda good: good[: len(good) // 2],
    "all but the last byte": lambda good: good[:-1],
    "a byte order mark": lambda good: b"\xef\xbb\xbf" + good,
    "UTF-16": lambda good: good.decode().encode("utf-16"),
    "UTF-32": lambda good: good.decode().encode("utf-32"),
    "a text after it": lambda good: good + b"x",
    "twice": lambda good: good + good,
    "single quotes": lambda good: good.replace(b'"', b"'"),
    "a comma too many": lambda good: good[:-1] + b",}",
    "only a NUL": _page(b"\0"),
    "random bytes": _page(bytes(range(256)) * 4),
    "a number": _page(b"1"),
    "NaN": _page(b"NaN"),
    "lines of JSON": lambda good: b"\n".join([good] * 3),
    "a guard": lambda good: b")]}',\n" + good,
}

BAD_NUMBERS = (
    "",
    "x",
    "-1",
    "1e999",
    "NaN",
    "9" * 5_000,
    "1.5.2",
    "\u0661".encode().decode("latin-1"),
)
HEADERS: dict[str, Mapping[str, str]] = {
    **{
        f"{name}: {value[:12] or 'nothing'}": {name: value}
        for name in (
            "Retry-After",
            "X-Rate-Limit",
            "X-Rate-Limit-Remaining",
            "ratelimit-reset",
            "zendesk-ratelimit-incremental-exports",
            "Date",
        )
        for value in BAD_NUMBERS
    },
    "a date in the year 9999": {"Date": "Fri, 31 Dec 9999 23:59:59 GMT"},
    "a date in 1970": {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"},
    "a reset in the year 9999": {"ratelimit-reset": "9999-12-31T23:59:59Z"},
    "a bucket of nothing": {"zendesk-ratelimit-x": "total=;remaining=;resets="},
    "a bucket of words": {"zendesk-ratelimit-x": "total=a; remaining=b; resets=c"},
    "a bucket of no requests": {"zendesk-ratelimit-x": "total=0; remaining=0; resets=0"},
    "a full bucket": {"X-Rate-Limit": "100", "X-Rate-Limit-Remaining": "0", "ratelimit-reset": "9"},
    "cookies": {"Set-Cookie": "a=" + "b" * 5_000},
}

STATUSES = (
    *(201, 202, 203, 204, 205, 206, 207, 226),
    *(300, 301, 302, 303, 304, 305, 307, 308, 399),
    *(400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417),
    *(418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 444, 451, 498, 499),
    *(500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530),
    *(598, 599, 600, 999),
)
ERROR_BODIES = {
    "no body": b"",
    "a page": b"<html><body>no</body></html>",
    "an error": b'{"error": "Nope", "description": "no"}',
}
LOCATIONS = (
    *("", "/", "::::", "http://127.0.0.1:99999/", "https://evil.example/", "file:///etc/passwd"),
    *("//evil.example/x", "http://[::1/", "?", "/api/v2/loop"),
)

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_ZIPPED = gzip.compress(b'{"x": 1}' * 100)
WIRES: dict[str, bytes] = {
    "no HTTP": b"garbage\r\n\r\n",
    "HTTP 0.9": b'{"tickets": []}',
    "only a line": b"HTTP/1.1 200 OK\r\n",
    "no status": b"HTTP/1.1\r\n\r\n{}",
    "a status in words": b"HTTP/1.1 fine OK\r\nContent-Length: 2\r\n\r\n{}",
    "a status of 10 digits": b"HTTP/1.1 2000000000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "a length too long": _HEAD + b"Content-Length: 5000\r\n\r\n{}",
    "a length too short": _HEAD + b'Content-Length: 2\r\n\r\n{"tickets": []}',
    "a negative length": _HEAD + b"Content-Length: -7\r\n\r\n{}",
    "a length in words": _HEAD + b"Content-Length: two\r\n\r\n{}",
    "a length of 5,000 digits": _HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n{}",
    "broken chunks": _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunks without an end": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "no gzip": _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "half a gzip": _HEAD + b"Content-Encoding: gzip\r\n\r\n" + _ZIPPED[:15],
    "an unknown encoding": _HEAD + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
    "only a 100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a line of 100,000 letters": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n{}",
    "1,000 headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n{}",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nnothing here\r\nContent-Length: 2\r\n\r\n{}",
    "a NUL in a header": b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 2\r\n\r\n{}",
}


def answer_inputs() -> Iterator[Hostile]:
    """Yield every input that is an answer."""
    yield from _paging()
    for name, value in SHAPES.items():
        yield says(f"shape: {name}", _instead(value))
    for name, value in ROWS.items():
        yield says(f"rows: {name}", _with_rows(value))
    yield says("rows under another key", lambda envelope, stream: {"items": []})
    for name, make in BODIES.items():
        yield _good(f"body: {name}", make)
    for name, headers in HEADERS.items():
        yield _headed(f"header {name}", 200, headers)
        if "Retry-After" in headers:
            yield _headed(f"429 and {name}", 429, headers)
            yield _headed(f"503 and {name}", 503, headers)
    for status in STATUSES:
        for name, body in ERROR_BODIES.items():
            yield Hostile(f"status {status}: {name}", _always(Answer(status, body)))
    for location in LOCATIONS:
        answer = Answer(302, b"", headers={"Location": location})
        yield Hostile(f"redirect to {location or 'nothing'}", _always(answer))
    for name, wire in WIRES.items():
        yield Hostile(f"wire: {name}", _always(Answer(200, b"", wire=wire)))


def _paging() -> Iterator[Hostile]:
    exports = ("tickets", "users")
    timed = ("organizations", "ticket_events", "ticket_metric_events", "talk_calls")
    for name, value in PLACES.items():
        yield _placed(f"cursor: {name}", CURSOR_KEYS, value, *exports)
        yield _placed(f"end_time: {name}", TIME_KEYS, value, *timed)
        yield _placed(f"end_time of Chat: {name}", TIME_KEYS, value, "chat_chats")
        yield _placed(f"end_id of Chat: {name}", ("end_id",), value, "chat_chats")
    for name, value in LINKS.items():
        yield _placed(f"link: {name}", LINK_KEYS, value)
    for key in ENVELOPE_KEYS:
        for name in ("true", "a negative", "a list", "an object", "half a pair", "NaN"):
            if (key, name) != ("end_of_stream", "true"):  # a lie that nobody can see through
                yield _placed(f"{key}: {name}", (key,), PLACES[name])


def _placed(name: str, keys: tuple[str, ...], value: Any, *only: str) -> Hostile:
    def place(envelope: Any, stream: Stream) -> Any:
        if isinstance(envelope, dict):
            found = [key for key in keys if key in envelope] or keys[:1]
            envelope.update(dict.fromkeys(found, value))
        return envelope

    return says(name, place, *only)


def _instead(value: Any) -> Change:
    return lambda envelope, stream: value


def _with_rows(rows: Any) -> Change:
    return lambda envelope, stream: dict.fromkeys(stream.rows_key.split(), rows)


def _good(name: str, make: Callable[[bytes], bytes]) -> Hostile:
    def alter(answer: Answer, stream: Stream) -> Answer:
        return replace(answer, body=make(answer.body)) if answer.status == 200 else answer

    return Hostile(name, alter)


def _headed(name: str, status: int, headers: Mapping[str, str]) -> Hostile:
    def alter(answer: Answer, stream: Stream) -> Answer:
        return replace(answer, status=status, headers={**answer.headers, **headers})

    return Hostile(name, alter)


def _always(answer: Answer) -> Callable[[Answer, Stream], Answer]:
    return lambda good, stream: answer
