"""Credentials by reference: where a secret is, told in place of it, and looked up where it is used.

env:ACME_SECRET        a variable of the environment, or of `.env`
file:/run/secrets/acme the text of a file
section:zendesk_acme   the same field in dlt's [sources.zendesk_acme.credentials]
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.specs import CredentialsConfiguration

from zendesk_source.errors import ConfigurationError
from zendesk_source.login.redaction import keep_out
from zendesk_source.settings.credentials import SECRETS
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskCredentials,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
    ZendeskRefreshToken,
)
from zendesk_source.settings.dotenv import dotenv_values, env_file

REFERENCE = re.compile(r"(?P<kind>env|file|section):(?P<where>.+)")
FORMS = "env:NAME, file:/path or section:name"

_WAYS: tuple[tuple[type[CredentialsConfiguration], frozenset[str]], ...] = (
    (ZendeskOAuthToken, frozenset({"oauth_token"})),
    (ZendeskApiToken, frozenset({"email", "token"})),
    (ZendeskRefreshToken, frozenset({"client_id", "client_secret", "refresh_token", "token_file"})),
)
PRIVATE_KEY = "private_key"
HIDDEN = frozenset({*SECRETS, PRIVATE_KEY})
"""Fields that nobody may see."""

_OF_EVERY_WAY = frozenset({"subdomain", "base_url", "chat_token", "scope", PRIVATE_KEY})
FIELDS = frozenset().union(_OF_EVERY_WAY, *(fields for _, fields in _WAYS))
"""What an account may say of its log-in."""


def way_to_log_in(fields: Mapping[str, str]) -> type[CredentialsConfiguration]:
    """Return the kind of credentials that some fields make.

    Args:
        fields: What is given, by name; only the names count.

    Raises:
        ConfigurationError: They make none, or more than one.
    """
    given = set(fields) - _OF_EVERY_WAY
    begun = [(kind, ours) for kind, ours in _WAYS if given & ours]
    if len(begun) != 1:
        what = f"{' and '.join(sorted(given))} do not belong together" if given else "none is given"
        raise ConfigurationError(
            f"the log-in: {what}.",
            "Give client_id and client_secret, or oauth_token, or email and token, or client_id"
            " and token_file.",
        )
    kind, ours = begun[0]
    needed = {"client_id"} if kind is ZendeskRefreshToken else ours
    if missing := sorted(needed - given):
        raise ConfigurationError(f"{missing[0]} is missing.", f"Give it, as {FORMS}.")
    if kind is ZendeskRefreshToken and given == {"client_id", "client_secret"}:
        return ZendeskOAuthClient
    return kind


def resolved(fields: Mapping[str, str], value_in_file: Callable[[str], str]) -> ZendeskCredentials:
    """Return the credentials that fields and references stand for; nothing else is looked up.

    dlt would take what is missing, such as a token for Chat, from the settings of another account.

    Args:
        fields: Texts and references, by name. An empty text stands for a secret in the file.
        value_in_file: Returns such a secret.

    Raises:
        ConfigurationError: A reference leads nowhere, or what it leads to cannot be sent.
    """
    credentials: Any = way_to_log_in(fields)()
    for name in fields.keys() - {PRIVATE_KEY}:
        setattr(credentials, name, looked_up(name, fields, value_in_file))
    if not isinstance(credentials, ZendeskRefreshToken) or fields.get("refresh_token"):
        credentials.resolve()
    else:
        credentials.on_partial()  # a login may have stored one
        if not credentials.is_resolved():
            raise ConfigurationError(
                "client_secret is missing, and no login is stored.",
                f"Give client_secret, as {FORMS}; or log in: zendesk-source login.",
            )
    return credentials  # type: ignore[no-any-return]


def looked_up(name: str, fields: Mapping[str, str], value_in_file: Callable[[str], str]) -> str:
    """Return what a field stands for; arguments are those of ``resolved``.

    Raises:
        ConfigurationError: Its reference leads nowhere.
    """
    text = fields[name]
    found = REFERENCE.fullmatch(text)
    if found is None:
        value: str | None = text or value_in_file(name)
    else:
        value = _LOOK_UP[found["kind"]](found["where"], name)
    if not value or not value.strip():
        raise ConfigurationError(
            f"{name}: there is nothing at {text} on this machine.",
            "Put it there, on every machine that loads.",
        )
    if name in HIDDEN:
        keep_out(value.strip())
    return value.strip()


def _in_environment(where: str, _: str) -> str | None:
    return os.environ.get(where) or dotenv_values(env_file()).get(where)


def _in_file(where: str, name: str) -> str:
    try:
        return Path(where).expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(f"{name}: {where} cannot be read: {reason}.") from None


def _in_section(where: str, name: str) -> str | None:
    found: Any = dlt.secrets.get(f"sources.{where}.credentials.{name}")
    return None if found is None else str(found)


_LOOK_UP: Mapping[str, Callable[[str, str], str | None]] = {
    "env": _in_environment,
    "file": _in_file,
    "section": _in_section,
}
