"""The Help Centers of an account: each brand may have one, at its own address.

Source: https://developer.zendesk.com/api-reference/ticketing/account-configuration/brands/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.paging import Page, Position, Request, pages
from zendesk_source.api.transport.addresses import LABEL, Origin, address_of_brand, origin_of
from zendesk_source.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    NotOnThisPlan,
)

Brand = Mapping[str, Any]
"""A brand as Zendesk lists it."""

BRAND = "brand_id"
"""Column that names the brand whose Help Center showed a row."""


@dataclass(frozen=True, slots=True)
class HelpCenter:
    """A Help Center that can be read.

    Attributes:
        client: Sends requests to its address.
        brand_id: Id of its brand; None where it is unknown.
        name: The brand's subdomain, for messages.
        is_own: Whether it is at the address that the credentials name.
    """

    client: ZendeskClient
    brand_id: int | None
    name: str
    is_own: bool

    @property
    def place(self) -> str:
        """Its key in the saved positions; empty for the account's own."""
        return "" if self.is_own else f"brand {self.brand_id}"

    def pages(self, request: Request, position: Position, **how: Any) -> Iterator[Page]:
        """Walk a stream here as ``api.paging.pages`` does, and add the brand's id to its rows.

        Raises:
            AccessDenied: A brand's address does not accept the credentials, or is not there. At
                the account's own address that would stop the sync; here it stops only this.
            ZendeskError: Anything that ``pages`` raises.
        """
        try:
            for page in pages(self.client, request, position, **how):
                if self.brand_id is not None:
                    _set_brand(page.rows, self.brand_id)
                yield page
        except (AuthenticationError, ConfigurationError) as error:
            if self.is_own:
                raise
            raise AccessDenied(error.what) from error


@dataclass(frozen=True, slots=True)
class HelpCenters:
    """All Help Centers of an account.

    Attributes:
        found: Those to read; the account's own comes first.
        unread: Ids of brands whose address is not known to be the account's, by name.
        closed: Ids of brands whose Help Center is switched off, by name.
        doubt: Why the brands could not be listed; empty if they were.
        is_missing: Whether rows may be missing because of ``doubt``: Zendesk did not refuse the
            list of brands, but it could not be read.
    """

    found: Sequence[HelpCenter]
    unread: Mapping[str, int] = field(default_factory=dict)
    closed: Mapping[str, int] = field(default_factory=dict)
    doubt: str = ""
    is_missing: bool = False

    def not_none(self) -> Sequence[HelpCenter]:
        """Return the Help Centers to read.

        Raises:
            NotOnThisPlan: There is none.
        """
        if not self.found:
            raise NotOnThisPlan("No brand of the account has a Help Center that can be read.")
        return self.found


def only_own(client: ZendeskClient, *, doubt: str = "", is_missing: bool = False) -> HelpCenters:
    """Return the account's own Help Center alone, for when the brands are not known."""
    own = HelpCenter(client, None, "the account", is_own=True)
    return HelpCenters([own], doubt=doubt, is_missing=is_missing)


def help_centers_of(client: ZendeskClient, base_url: str, brands: Iterable[Brand]) -> HelpCenters:
    """Find the Help Centers of brands.

    Args:
        client: Sends requests to the account's own address.
        base_url: The account's own address.
        brands: The brands as Zendesk lists them.
    """
    there = [brand for brand in brands if _is_there(brand)]
    own = _own(base_url, there)
    found: list[HelpCenter] = []
    unread: dict[str, int] = {}
    closed: dict[str, int] = {}
    if own is None:
        found.append(HelpCenter(client, None, "the account", is_own=True))
    elif own.get("has_help_center"):
        found.append(HelpCenter(client, own["id"], _name(own), is_own=True))
    for brand in there:
        if brand is own or not brand.get("has_help_center"):
            continue
        name, address = _name(brand), address_of_brand(base_url, brand)
        if brand.get("active") is False or brand.get("help_center_state") == "disabled":
            closed[name] = brand["id"]
        elif address is None:
            unread[name] = brand["id"]
        else:
            found.append(HelpCenter(client.at(address), brand["id"], name, is_own=False))
    return HelpCenters(found, unread, closed)


def _own(base_url: str, brands: Sequence[Brand]) -> Brand | None:
    """Return the brand at the account's own address.

    No brand has that address after the account was renamed, or where a simulator is asked; then
    the default brand counts.
    """
    ours = origin_of(base_url)
    shown = sorted(brands, key=lambda brand: not brand.get("has_help_center"))
    named = (brand for brand in shown if _origin(base_url, brand) == ours)
    default = (brand for brand in brands if brand.get("default") is True)
    return next(named, None) or next(default, None)


def _origin(base_url: str, brand: Brand) -> Origin | None:
    return origin_of(address_of_brand(base_url, brand) or "")


def in_one_list(
    shown: Iterable[tuple[HelpCenter, Sequence[Page]]], key_of: Callable[[Any], Any]
) -> Iterator[Page]:
    """Return the pages of a list that several Help Centers show, each row once.

    A row that several of them show belongs to the account and not to one brand, so it gets no
    brand unless Zendesk itself names one.
    """
    first: dict[Any, tuple[HelpCenter, Any]] = {}
    for center, answers in shown:
        for page in answers:
            rows = []
            for row in page.rows:
                shown_by, before = first.setdefault(key_of(row), (center, row))
                if shown_by is center:
                    rows.append(row)
                elif (before.get(BRAND), row.get(BRAND)) == (shown_by.brand_id, center.brand_id):
                    before[BRAND] = None
            page.rows[:] = rows
            yield page


def _is_there(brand: Any) -> bool:
    return isinstance(brand, dict) and type(brand.get("id")) is int and not brand.get("is_deleted")


def _name(brand: Brand) -> str:
    name = str(brand.get("subdomain") or "").lower()
    return name if LABEL.fullmatch(name) else f"brand {brand['id']}"


def _set_brand(rows: Iterable[Any], brand_id: int) -> None:
    for row in rows:
        if isinstance(row, dict):
            if row.get(BRAND) is None:
                row[BRAND] = brand_id
        elif (attributes := getattr(row, "attributes", None)) and row.get(BRAND) is None:
            setattr(row, attributes[BRAND], brand_id)  # a record of ``shape.arrow``
