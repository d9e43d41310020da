"""Decide which addresses are the account's own. Its credentials are sent to no other.

Each brand of an account has an address, which `/api/v2/brands` shows. A brand can also have a
domain of the customer's (``host_mapping``), where other software may answer.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

DOMAIN = ".zendesk.com"
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
"""The part of a host before the domain, in lower case."""

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)
_DEFAULT_PORTS = {"https": 443, "http": 80}

Origin = tuple[str, str, int]
"""Scheme, host in lower case, port."""


def address_of_brand(base_url: str, brand: Mapping[str, Any]) -> str | None:
    """Return the address of a brand, or None if it may not be sent the credentials.

    In Zendesk's domain the address is made from the brand's subdomain, whatever ``brand_url``
    says. A simulator runs on this machine; there ``brand_url`` is another name of the machine.

    Args:
        base_url: The account's address, which the credentials belong to.
        brand: As Zendesk sent it; nothing in it is trusted.
    """
    origin = origin_of(base_url)
    if origin is not None and origin[1].endswith(DOMAIN):
        port = "" if origin[2] == _DEFAULT_PORTS[origin[0]] else f":{origin[2]}"
        address = f"{origin[0]}://{_label(brand.get('subdomain'))}{DOMAIN}{port}"
    else:
        given = brand.get("brand_url")
        address = given.rstrip("/") if isinstance(given, str) else ""
    return address if is_own_address(base_url, address) else None


def is_own_address(base_url: str, address: str) -> bool:
    """Whether an address belongs to the account at ``base_url``.

    Scheme and port must be the same. The hosts must be the same, or each one label in Zendesk's
    domain, or both this machine.
    """
    ours, other = origin_of(base_url), origin_of(address)
    if ours is None or other is None or (ours[0], ours[2]) != (other[0], other[2]):
        return False
    hosts = (ours[1], other[1])
    return (
        hosts[0] == hosts[1]
        or all(ours[0] == "https" and _is_of_zendesk(host) for host in hosts)
        or all(map(is_loopback, hosts))
    )


def origin_of(address: str) -> Origin | None:
    """Return the origin that an address is; None if the address is not exactly an origin."""
    found = _ORIGIN.fullmatch(address)
    if found is None:
        return None
    scheme = found["scheme"].lower()
    port = int(found["port"] or _DEFAULT_PORTS[scheme])
    return (scheme, found["host"].lower(), port) if port <= 65_535 else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or as ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _label(subdomain: object) -> str:
    return subdomain.lower() if isinstance(subdomain, str) and subdomain.isascii() else ""


def _is_of_zendesk(host: str) -> bool:
    return host.endswith(DOMAIN) and LABEL.fullmatch(host[: -len(DOMAIN)]) is not None
