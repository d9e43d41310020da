"""Send one request to the account's own addresses, and follow redirects on the same host."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from zendesk_source.api.transport.addresses import is_own_address
from zendesk_source.api.transport.wire import Limits, Reply, Wire
from zendesk_source.errors import ConfigurationError, UnexpectedAnswer

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_DEFAULT_PORTS = {"https": 443, "http": 80}


class _Authorization(AuthBase):
    """Sets the header as requests' ``auth``: a ``.netrc`` would override a plain header."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class Transport:
    """Sends requests to one host over kept-alive connections; safe for many threads.

    Args:
        base_url: Scheme, host and port. Credentials are sent nowhere else.
        limits: How long and how large one answer may be.
        wire: Sends the requests; a new one when left out.
    """

    def __init__(
        self, base_url: str, *, limits: Limits | None = None, wire: Wire | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._origin = _origin(urlsplit(self._base_url))
        self._linked = {self._origin}
        self._limits = limits or Limits()
        self._wire = wire or Wire()

    def at(self, address: str) -> Transport:
        """Return a transport to another address of the account, which has had no contact yet.

        Raises:
            UnexpectedAnswer: It is not the account's.
        """
        if not is_own_address(self._base_url, address):
            raise UnexpectedAnswer("A brand's address is not the account's; nothing was sent.")
        other = copy(self)
        other._base_url = address.rstrip("/")
        other._origin = _origin(urlsplit(other._base_url))
        other._linked = {self._origin, other._origin}
        other._wire = Wire()
        return other

    def path_and_query(self, path_or_url: str, params: Mapping[str, object] | None) -> str:
        """Return path and query to ask for; an absolute URL loses its host.

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

    def exchange(
        self, path_and_query: str, authorization: str, within_seconds: float = math.inf
    ) -> Reply:
        """Send a GET and return the whole answer, whatever its status.

        Redirects are followed on the same host only.

        Args:
            path_and_query: What to ask for.
            authorization: Value of the header.
            within_seconds: How long an answer is of use.

        Raises:
            TransportFailed: No whole answer arrived.
            ConfigurationError: The account has moved to another host.
            UnexpectedAnswer: It redirects in a circle, or to something that is no address.
            ServerUnavailable: The first contact failed for a reason that no retry heals.
        """
        answer_seconds = min(self._limits.answer_seconds, within_seconds)
        limits = replace(self._limits, answer_seconds=answer_seconds)
        target = path_and_query
        for _ in range(_MOST_REDIRECTS):
            url, auth = self._base_url + target, _Authorization(authorization)
            reply = self._wire.send(requests.Request("GET", url, auth=auth), limits)
            location = reply.headers.get("Location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            target = self._redirected(target, location)
        raise UnexpectedAnswer(f"{urlsplit(path_and_query).path} redirects in a circle.")

    def _redirected(self, target: str, location: str) -> str:
        parts = _split(location, self._base_url + target)
        if parts is None:
            raise UnexpectedAnswer(f"{urlsplit(target).path} redirects to no address.")
        if _origin(parts) != self._origin:
            raise ConfigurationError(
                f"The account has moved to {parts.hostname}; the credentials were not sent there.",
                "Set `subdomain` to the new name.",
            )
        return f"{parts.path}{f'?{parts.query}' if parts.query else ''}"


def _split(url: str, base: str = "") -> SplitResult | None:
    try:
        parts = urlsplit(urljoin(base, url))
        parts.port  # noqa: B018  (raises ValueError when the port is not a number)
    except ValueError:
        return None
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port
