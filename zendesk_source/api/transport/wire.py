"""Send requests over kept-alive connections, and bound each answer in time and in size."""

from __future__ import annotations

import io
import math
import socket
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from zendesk_source.api.transport.addresses import is_loopback
from zendesk_source.api.transport.unreachable import Unreachable, why_unreachable
from zendesk_source.errors import ConfigurationError, ServerUnavailable, ZendeskError

CONNECT_TIMEOUT_SECONDS = 15.0
FIRST_CONNECT_TIMEOUT_SECONDS = 4.0
"""Counts until the first answer, so that a wrong setting is reported at once."""

READ_TIMEOUT_SECONDS = 120.0
ANSWER_SECONDS = 600.0
"""From a request to the end of its answer, even if bytes keep arriving."""

MOST_BODY_BYTES = 512 * 1024 * 1024
"""The most that one answer may hold, unpacked: a hundred times the largest page."""

_FIRST_CONTACT_ATTEMPTS = 3
_FIRST_CONTACT_SECONDS = 5.0
_CONNECTIONS = 64
_PIECE_BYTES = 1024 * 1024
_BUFFER_BYTES = 64 * 1024

_answer_due: ContextVar[float] = ContextVar("zendesk_answer_due", default=math.inf)


class TransportFailed(Exception):
    """No whole answer arrived: refused, reset, timed out or cut short.

    It has no ``__cause__``: the errors of libraries may quote what they were given.

    Attributes:
        is_timeout: Whether the server took too long.
        unreachable: Why there is no connection, where that is known.
    """

    def __init__(
        self, kind: str, *, is_timeout: bool = False, unreachable: Unreachable | None = None
    ) -> None:
        super().__init__(kind)
        self.is_timeout = is_timeout
        self.unreachable = unreachable


class AnswerTooLarge(TransportFailed):
    """The answer is larger than the limit."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        status: HTTP status.
        headers: Headers; names in any case.
        body: Body, unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an answer may take, and how much it may hold.

    Attributes:
        silence_seconds: Longest time in which nothing arrives.
        answer_seconds: Longest time from the request to the end of the answer.
        body_bytes: Largest body, unpacked.
    """

    silence_seconds: float = READ_TIMEOUT_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    body_bytes: int = MOST_BODY_BYTES


class Wire:
    """Sends requests and reads their answers; safe for many threads."""

    def __init__(self) -> None:
        self._session = _Session()
        self._has_answered = False
        self._failures = 0
        self._begun_at: float | None = None

    def send(self, request: requests.Request, limits: Limits) -> Reply:
        """Send a request and return the whole answer, whatever its status.

        Redirects are not followed.

        Raises:
            TransportFailed: No whole answer arrived.
            ConfigurationError: There was no connection yet, and a setting is in its way.
            ServerUnavailable: There was no connection yet, and something is down.
        """
        now = time.monotonic()
        self._begun_at = self._begun_at or now
        due = _answer_due.set(now + limits.answer_seconds)
        try:
            reply = self._send(request, limits)
        except TransportFailed as raised:
            failed = raised
        else:
            self._has_answered = True
            return reply
        finally:
            _answer_due.reset(due)
        raise self._first_contact_failed(failed) or failed

    def _send(self, request: requests.Request, limits: Limits) -> Reply:
        connect_seconds = CONNECT_TIMEOUT_SECONDS
        if not self._has_answered:
            connect_seconds = FIRST_CONNECT_TIMEOUT_SECONDS
        seconds = (
            max(0.001, min(connect_seconds, limits.answer_seconds)),
            max(0.001, min(limits.silence_seconds, limits.answer_seconds)),
        )
        url, proxies = str(request.url), None
        try:
            prepared = self._session.prepare_request(request)
            settings = self._session.merge_environment_settings(url, {}, True, None, None)
            proxies = settings["proxies"]
            with self._session.send(
                prepared, timeout=seconds, allow_redirects=False, **settings
            ) as response:
                return _whole(response, limits)
        except TransportFailed:
            raise
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
            kind, is_timeout, why = _name(error), True, why_unreachable(error, url, proxies)
        # Whatever a library makes of odd bytes is a fault of this answer, and of no other.
        except Exception as error:  # noqa: BLE001
            kind, is_timeout, why = _name(error), False, why_unreachable(error, url, proxies)
        raise TransportFailed(kind, is_timeout=is_timeout, unreachable=why)

    def _first_contact_failed(self, failed: TransportFailed) -> ZendeskError | None:
        """Return the error that ends the first contact; None if the fault may pass."""
        why = failed.unreachable
        if self._has_answered or why is None:
            return None
        self._failures += 1
        is_over = self._failures >= _FIRST_CONTACT_ATTEMPTS
        is_late = time.monotonic() - (self._begun_at or 0.0) >= _FIRST_CONTACT_SECONDS
        if not (why.is_certain or is_over or is_late):
            return None
        kind = ConfigurationError if why.is_setting else ServerUnavailable
        return kind(why.what, why.remedy)


class _Session(requests.Session):
    """Kept-alive connections, gzip and our User-Agent, no cookies, no redirects."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter(pool_connections=2, pool_maxsize=_CONNECTIONS))
        self.headers.update(
            {"User-Agent": user_agent(), "Accept": "application/json", "Accept-Encoding": "gzip"}
        )
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Follow no redirect: requests would read its body, however long, and its address."""
        yield from ()

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Send nothing for this machine through a proxy, whatever the environment says."""
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if is_loopback(urlsplit(url).hostname or ""):
            settings["proxies"] = {}
        return settings


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _UntilDue(io.RawIOBase):
    """Reads from a socket until the answer is due.

    A socket's own time-out starts again with each byte, within the headers too.
    """

    def __init__(self, received: io.RawIOBase, sock: socket.socket) -> None:
        self._received = received
        self._sock = sock
        self._silence_seconds = sock.gettimeout()
        self._due = _answer_due.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_seconds = self._due - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("the answer took too long")
        if self._silence_seconds is None or left_seconds < self._silence_seconds:
            self._sock.settimeout(left_seconds)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        received: Any = self.fp.detach()
        self.fp = io.BufferedReader(_UntilDue(received, sock), _BUFFER_BYTES)


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


def _whole(response: requests.Response, limits: Limits) -> Reply:
    if response.status_code < 200:
        # Another answer follows on this connection: it must not be taken for the next one's.
        response.raw.close()
        return Reply(response.status_code, response.headers, b"")
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    # Not .content: requests reads it in 10 KB pieces, five times the CPU.
    pieces = iter(lambda: response.raw.read(_PIECE_BYTES, decode_content=False), b"")
    pieces = _at_most(pieces, limits.body_bytes)
    if encoding in ("gzip", "x-gzip"):
        pieces = _at_most(_inflated(pieces), limits.body_bytes)
    elif encoding != "identity":
        raise TransportFailed("an encoding that was not asked for")
    return Reply(response.status_code, response.headers, b"".join(pieces))


def _at_most(pieces: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    read_bytes = 0
    for piece in pieces:
        read_bytes += len(piece)
        if read_bytes > most_bytes:
            raise AnswerTooLarge(f"more than {most_bytes // 1024**2:,} MB")
        yield piece


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip piece by piece, so that a small answer cannot unpack into all of memory."""
    gzip, is_begun, has_member = _gzip(), False, False
    for packed in pieces:
        while packed:
            is_begun = True
            try:
                yield gzip.decompress(packed, _PIECE_BYTES)
            except zlib.error:
                if has_member:  # what follows a whole answer is padding
                    return
                raise
            if gzip.eof:
                has_member, packed, gzip = True, gzip.unused_data, _gzip()
                is_begun = False
            else:
                packed = gzip.unconsumed_tail
    if is_begun and not has_member:
        raise TransportFailed("gzip that is cut short")


def _gzip() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _name(error: Exception) -> str:
    return type(error).__name__


@cache
def user_agent() -> str:
    """Return ``zendesk_source/<version>``."""
    try:
        return f"zendesk_source/{version('zendesk-source')}"
    except PackageNotFoundError:
        return "zendesk_source/0"
