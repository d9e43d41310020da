"""Which account is asked, and with which credentials: the ways to log in.

Source: https://developer.zendesk.com/api-reference/introduction/security-and-auth/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from zendesk_source.api.transport.addresses import DOMAIN, LABEL, is_loopback
from zendesk_source.errors import ConfigurationError

API_TOKENS_END = date(2027, 4, 30)
"""https://developer.zendesk.com/documentation/api-basics/authentication/oauth-migration/"""

_TEXTS = ("subdomain", "client_id", "email", "base_url", "scope", "token_file")
SECRETS = ("token", "oauth_token", "client_secret", "refresh_token", "chat_token")
"""Fields of credentials that nobody may see."""

_IN_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
_SENT_AS_IT_IS = re.compile(r"[!-~]*")
_INVISIBLE = "\ufeff\u200b\u200e"
_SAFE_TO_SHOW = re.compile(r"[A-Za-z0-9.-]{1,80}")
_SUBDOMAIN_REMEDY = (
    "Set `subdomain` to the first part of the address agents use: `acme` for"
    " https://acme.zendesk.com. A host-mapped address such as support.acme.com does not serve"
    " the API."
)


@dataclass
class OAuthClient:
    """A confidential OAuth client of the account (grant ``client_credentials``).

    The token is asked for at run time and acts as the user who owns the client.
    """

    subdomain: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = "read"
    chat_token: str | None = field(default=None, repr=False)
    base_url: str = ""


@dataclass
class OAuthToken:
    """An OAuth access token made elsewhere; when it expires, so does the pipeline."""

    subdomain: str = ""
    oauth_token: str = field(default="", repr=False)
    chat_token: str | None = field(default=None, repr=False)
    base_url: str = ""


@dataclass
class ApiToken:
    """An agent's address and an API token, which Zendesk switches off on 30 April 2027."""

    subdomain: str = ""
    email: str = ""
    token: str = field(default="", repr=False)
    chat_token: str | None = field(default=None, repr=False)
    base_url: str = ""


@dataclass
class RefreshToken:
    """The pair of tokens that ``zendesk-source login`` stores, renewed before it expires."""

    subdomain: str = ""
    client_id: str = ""
    refresh_token: str = field(default="", repr=False)
    client_secret: str | None = field(default=None, repr=False)
    token_file: str = ""
    scope: str = ""
    chat_token: str | None = field(default=None, repr=False)
    base_url: str = ""

    def data_folder(self) -> Path:
        """Return the folder below which tokens are kept where no ``token_file`` is named.

        Raises:
            ConfigurationError: There is none.
        """
        raise ConfigurationError(
            "`token_file` is missing.", "Set it to a path on a disk that is writable and stays."
        )


Credentials = RefreshToken | OAuthClient | OAuthToken | ApiToken
"""Any of the ways to log in."""


def token_file_of(credentials: RefreshToken) -> Path:
    """Return the file that keeps the pair of tokens: ``token_file``, or one among our data."""
    if credentials.token_file:
        return Path(credentials.token_file)
    host = urlsplit(base_url_of(credentials)).netloc.replace(":", "_")
    return credentials.data_folder() / "zendesk_source" / f"{host}.json"


def tidy(credentials: Credentials) -> None:
    """Strip what a file or the clipboard has put around a setting, such as blanks and quotes.

    Raises:
        ConfigurationError: The rest cannot be sent. The message never holds a secret.
    """
    for name in (*_TEXTS, *SECRETS):
        given = getattr(credentials, name, None)
        if isinstance(given, str):
            text = given.strip().strip(_INVISIBLE).strip()
            if name in SECRETS and text[:1] in ("'", '"') and text[:1] == text[-1:]:
                text = text[1:-1].strip()  # as Docker's --env-file hands it over
            _check_characters(name, text)
            setattr(credentials, name, text)
    if isinstance(credentials, ApiToken) and credentials.email:
        credentials.email = _address_of(credentials.email)


def _check_characters(name: str, text: str) -> None:
    if _IN_ONE_LINE.fullmatch(text) and (name not in SECRETS or _SENT_AS_IT_IS.fullmatch(text)):
        return
    wanted = "printable ASCII without blanks" if name in SECRETS else "one line"
    raise ConfigurationError(
        f"`{name}` has characters in it that cannot be sent, such as a line break.",
        f"It must be {wanted}: copy it again, without anything before and after it.",
    )


def _address_of(email: str) -> str:
    """Return an agent's address without the ``/token`` that other tools want behind it."""
    address, _, kind = email.partition("/")
    if kind.lower() == "password":
        raise ConfigurationError(
            "`email` ends in /password: passwords no longer work for Zendesk's API.",
            "Make an OAuth client, or an API token: docs/credentials.md says how. Then set `email`"
            " to the address alone, and `token`.",
        )
    return address if kind.lower() in ("", "token") else email


def require_text(credentials: Credentials, *fields: str) -> None:
    """Refuse a field that is empty, as in the example file.

    Raises:
        ConfigurationError: One is.
    """
    empty = [f"`{name}`" for name in fields if not str(getattr(credentials, name) or "").strip()]
    if empty:
        raise ConfigurationError(
            f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty.",
            "Fill in one way to log in, and remove the lines of the others.",
        )


def base_url_of(credentials: Credentials) -> str:
    """Return scheme, host and port of the account, without a slash at the end.

    Args:
        credentials: ``base_url`` wins if it is set; else ``subdomain`` counts, which may be
            ``acme``, ``acme.zendesk.com`` or any address copied from a browser.

    Raises:
        ConfigurationError: The setting names no account, or the credentials would travel
            unencrypted.
    """
    if credentials.base_url:
        return _explicit_base_url(credentials.base_url)
    return f"https://{_subdomain(credentials.subdomain)}{DOMAIN}"


def _subdomain(given: str | None) -> str:
    text = (given or "").strip()
    host = (_split(text).hostname or "") if "://" in text else text.split("/")[0].lower()
    name = host[: -len(DOMAIN)] if host.endswith(DOMAIN) else host
    if not LABEL.fullmatch(name):
        shown = f" ({host})" if _SAFE_TO_SHOW.fullmatch(host) else ""
        raise ConfigurationError(
            f"`subdomain`{shown} does not name a Zendesk account.", _SUBDOMAIN_REMEDY
        )
    return name


def _explicit_base_url(given: str) -> str:
    parts = _split(given.strip())
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise ConfigurationError(
            "`base_url` is not an address.",
            "Leave it out, or write it as https://acme.zendesk.com.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"`base_url` would send the credentials unencrypted to {host}.",
            "Use https://; plain http:// is only for a simulator on this machine.",
        )
    authority = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{authority}" + (f":{parts.port}" if parts.port else "")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError when the port is not a number)
    except ValueError:
        raise ConfigurationError("The Zendesk address cannot be read.", _SUBDOMAIN_REMEDY) from None
    return parts
