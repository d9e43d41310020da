"""One request over the wire: to the account's own addresses only, and the body read once."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from zendesk_source.api.addresses import is_own_address
from zendesk_source.errors import ConfigurationError, UnexpectedAnswer

CONNECT_TIMEOUT_SECONDS = 15.0
_CONNECTIONS = 64
_HOSTS = 16
"""Whose connections are kept alive: the account's and those of its brands."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_DEFAULT_PORTS = {"https": 443, "http": 80}


class TransportFailed(Exception):
    """No whole answer arrived: refused, reset, timed out or cut short.

    Attributes:
        is_timeout: Whether the server took too long.
    """

    def __init__(self, kind: str, *, is_timeout: bool) -> None:
        super().__init__(kind)
        self.is_timeout = is_timeout


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        status: HTTP status.
        headers: Names in any case.
        body: Unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Authorization(AuthBase):
    """Given to requests as auth: a plain header would lose against a ``.netrc``."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class Transport:
    """Sends requests to one host over kept-alive connections; safe for many threads.

    Args:
        base_url: Scheme, host and port; nothing else is ever sent credentials.
        read_timeout_seconds: Longest silence of the server.
    """

    def __init__(self, base_url: str, *, read_timeout_seconds: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._origin = _origin(urlsplit(self._base_url))
        self._linked = {self._origin}
        self._timeout_seconds = (CONNECT_TIMEOUT_SECONDS, read_timeout_seconds)
        self._session = new_session()

    def at(self, address: str) -> Transport:
        """Return what sends to another address of the account, over the same connections.

        Raises:
            UnexpectedAnswer: It is not the account's.
        """
        if not is_own_address(self._base_url, address):
            raise UnexpectedAnswer("A brand's address is not the account's; nothing was sent.")
        other = copy(self)
        other._base_url = address.rstrip("/")
        other._origin = _origin(urlsplit(other._base_url))
        other._linked = {self._origin, other._origin}
        return other

    def path_and_query(self, path_or_url: str, params: Mapping[str, object] | None) -> str:
        """Return what to ask the account for; an absolute URL loses its host.

        Raises:
            UnexpectedAnswer: The URL (a link from an answer) leads to another host.
        """
        parts = _split(path_or_url)
        if parts is None or not parts.path.startswith("/"):
            raise UnexpectedAnswer(
                "Zendesk links to something that is not an address.", "Nothing was sent."
            )
        is_absolute = bool(parts.scheme or parts.netloc)
        if is_absolute and (_origin(parts) not in self._linked or parts.username is not None):
            raise UnexpectedAnswer(
                f"Zendesk links to another host, {parts.hostname}; nothing was sent there.",
                "If the account was renamed, set `subdomain` to its new name.",
            )
        query = "&".join(q for q in (parts.query, urlencode(dict(params or {}), doseq=True)) if q)
        return f"{parts.path}{f'?{query}' if query else ''}"

    def exchange(self, path_and_query: str, authorization: str) -> Reply:
        """Send a GET and return the whole answer, whatever its status.

        Redirects are followed on the same host only.

        Raises:
            TransportFailed: No whole answer arrived.
            ConfigurationError: The account has moved to another host.
        """
        target = path_and_query
        for _ in range(_MOST_REDIRECTS):
            reply = self._send(target, authorization)
            location = reply.headers.get("Location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            target = self._redirected(target, location)
        raise UnexpectedAnswer(f"{urlsplit(path_and_query).path} redirects in a circle.")

    def _send(self, path_and_query: str, authorization: str) -> Reply:
        try:
            with self._session.get(
                self._base_url + path_and_query,
                auth=_Authorization(authorization),
                timeout=self._timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                # Not .content: requests reads it in 10 KB pieces, five times the CPU.
                body = response.raw.read(decode_content=True)
                return Reply(response.status_code, response.headers, body)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise TransportFailed(type(error).__name__, is_timeout=True) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise TransportFailed(type(error).__name__, is_timeout=False) from error

    def _redirected(self, target: str, location: str) -> str:
        parts = _split(urljoin(self._base_url + target, location))
        if parts is None:
            raise UnexpectedAnswer(f"{urlsplit(target).path} redirects to no address.")
        if _origin(parts) != self._origin:
            raise ConfigurationError(
                f"The account has moved to {parts.hostname}; the credentials were not sent there.",
                "Set `subdomain` to the new name.",
            )
        return f"{parts.path}{f'?{parts.query}' if parts.query else ''}"


def new_session() -> requests.Session:
    """Return a session with kept-alive connections, gzip and our User-Agent, no cookies."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=_HOSTS, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update(
        {"User-Agent": user_agent(), "Accept": "application/json", "Accept-Encoding": "gzip"}
    )
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


@cache
def user_agent() -> str:
    """Return ``zendesk_source/<version>``."""
    try:
        return f"zendesk_source/{version('zendesk-source')}"
    except PackageNotFoundError:
        return "zendesk_source/0"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError when the port is not a number)
    except ValueError:
        return None
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port
