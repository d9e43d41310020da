"""Find out why there is no connection, and name the remedy where a retry does not help."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import requests
from requests.utils import select_proxy

_PROXY_SETTINGS = "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, and leaves out what NO_PROXY names"
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a host cannot be reached.

    Attributes:
        what: What happened, in a sentence that names the host.
        remedy: What to do about it.
        is_setting: Whether a setting is wrong; otherwise something is down.
        is_certain: Whether a second attempt would fail in the same way.
    """

    what: str
    remedy: str
    is_setting: bool = False
    is_certain: bool = False


def why_unreachable(
    error: Exception, url: str, proxies: Mapping[str, str] | None
) -> Unreachable | None:
    """Return what the error of a connection means; None for a fault that may pass.

    Texts of libraries are never shown: they quote addresses, which may hold passwords.

    Args:
        error: Raised while a request was sent.
        url: Address of the request.
        proxies: Proxies by scheme, as requests wants them.
    """
    causes = list(_causes(error))
    proxy = _split(select_proxy(url, dict(proxies or {})))
    for cause in causes:
        if isinstance(cause, (requests.exceptions.ProxyError, requests.exceptions.InvalidProxyURL)):
            return _of_proxy(causes, proxy)
        if isinstance(cause, requests.exceptions.InvalidSchema) and proxy is not None:
            return _of_proxy(causes, proxy)
        if isinstance(cause, OSError) and "CA certificate bundle" in str(cause):
            return Unreachable(
                "The file of trusted certificates cannot be found.",
                "Set REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE to a PEM file that exists.",
                is_setting=True,
                is_certain=True,
            )
    return _of_host(causes, urlsplit(url))


def _of_proxy(causes: list[BaseException], proxy: SplitResult | None) -> Unreachable:
    name = "" if proxy is None else f" {_host_and_port(proxy)}"
    found = (_TUNNEL_REFUSED.search(str(cause)) for cause in causes)
    status = next((match.group(1) for match in found if match), "")
    said = f"answered {status}" if status else "does not answer"
    login = " It wants a user and a password: http://user:password@host:port." * (status == "407")
    return Unreachable(
        f"The proxy{name} {said}.",
        f"The proxy comes from {_PROXY_SETTINGS}: mend or unset it.{login}",
        is_setting=True,
    )


def _of_host(causes: list[BaseException], url: SplitResult) -> Unreachable | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_certificate(cause, url)
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return Unreachable(
                f"{_host_and_port(url)} does not speak TLS.",
                "Check `base_url`, and the proxy of this machine if there is one.",
                is_setting=True,
                is_certain=True,
            )
        if isinstance(cause, socket.gaierror):
            return _of_name(cause, url)
        if isinstance(cause, ConnectionRefusedError):
            return Unreachable(
                f"{_host_and_port(url)} refuses connections.",
                "Check the port of `base_url`, and that the server runs."
                if url.port
                else "Check the firewall of this network.",
            )
        is_handshake = isinstance(cause, TimeoutError) and "handshake" in str(cause)
        if is_handshake or isinstance(cause, requests.ConnectTimeout):
            return Unreachable(
                f"{_host_and_port(url)} does not answer a connection.",
                "Check the firewall of this network; where it needs a proxy, set HTTPS_PROXY.",
            )
    return None


def _of_certificate(error: ssl.SSLCertVerificationError, url: SplitResult) -> Unreachable:
    reason = str(error.verify_message or "it cannot be verified").rstrip(".")
    return Unreachable(
        f"The certificate of {_host_and_port(url)} is not trusted: {reason}.",
        "Check `subdomain` and this machine's clock. Where a proxy of the company opens TLS, set"
        " REQUESTS_CA_BUNDLE to the PEM file with its certificate.",
        is_setting=True,
        is_certain=True,
    )


def _of_name(error: socket.gaierror, url: SplitResult) -> Unreachable:
    if error.errno in _NO_SUCH_NAME:
        return Unreachable(
            f"There is no host {url.hostname}.",
            "Check `subdomain`, or `base_url` where it is set, and the network: its name look-ups"
            " (DNS), and whether it needs a VPN or a proxy (HTTPS_PROXY).",
            is_setting=True,
        )
    return Unreachable(
        f"The name {url.hostname} cannot be looked up.",
        "Check the network: its name look-ups (DNS) do not answer.",
    )


def _host_and_port(url: SplitResult) -> str:
    return f"{url.hostname}:{url.port}" if url.port else str(url.hostname)


def _split(proxy: str | None) -> SplitResult | None:
    try:
        parts = urlsplit(proxy or "")
        parts.port  # noqa: B018  (raises ValueError when the port is not a number)
    except ValueError:
        return None
    return parts if parts.hostname else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all its causes, which libraries keep in different places."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]
