"""What a tap is set to: its JSON file or the environment become credentials and options."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.credentials import (
    ApiToken,
    Credentials,
    OAuthClient,
    OAuthToken,
    RefreshToken,
    tidy,
)
from zendesk_source.settings.options import Options

TAP = "tap-zendesk-source"
FROM_ENVIRONMENT = "ENV"
"""As a ``--config``: settings are taken from the environment."""
ENVIRONMENT_PREFIX = "TAP_ZENDESK_SOURCE_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the tap.

    Attributes:
        text: What it does.
        kind: JSON type.
        is_secret: Whether nobody may see its value.
    """

    text: str
    kind: str = "string"
    is_secret: bool = False


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "subdomain": Setting("First part of the account's address: acme of acme.zendesk.com."),
        "client_id": Setting("Identifier of an OAuth client, with client_secret."),
        "client_secret": Setting("Secret of the OAuth client.", is_secret=True),
        "token_file": Setting("Tokens that `zendesk-source login` has stored, with client_id."),
        "access_token": Setting("OAuth access token that was made elsewhere.", is_secret=True),
        "email": Setting("Address of an agent, with api_token."),
        "api_token": Setting("API token; Zendesk ends them on 30 April 2027.", is_secret=True),
        "chat_token": Setting("Token for Chat, where it has one of its own.", is_secret=True),
        "start_date": Setting("First moment to read changes from; the beginning by default."),
        "end_date": Setting("Read a fixed window up to here; up to now by default."),
        "custom_fields": Setting("columns (default): one for each; json: as Zendesk sends them."),
        "rate_limit_share": Setting("Part of the rate limit that may be used; 0.9.", "number"),
        "private": Setting(
            "What to keep out, such as contact: hash, content: drop, tickets.subject: keep.",
            "object",
        ),
        "private_key": Setting("Secret that private values are hashed with.", is_secret=True),
        "base_url": Setting("Address of a simulator, in place of subdomain."),
        "emit_activate_version_messages": Setting(
            "Tell when a list was read whole, so that a target can drop what vanished; true.",
            "boolean",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a tap, understood.

    Attributes:
        credentials: Who asks.
        options: How the account is read.
        private_key: Secret that private values are hashed with; empty if there is none.
        start_date: As it was given.
        end_date: As it was given.
        tells_versions: Whether ACTIVATE_VERSION lines are written.
    """

    credentials: Credentials
    options: Options
    private_key: str
    start_date: str | None
    end_date: str | None
    tells_versions: bool


def read_config(paths: Sequence[str]) -> Config:
    """Read settings from files, each overriding those before it, and from the environment.

    Args:
        paths: JSON files, or ``ENV``.

    Raises:
        ConfigurationError: A file cannot be read, or a setting is missing or wrong.
    """
    given: dict[str, Any] = {}
    for path in paths:
        given |= _environment() if path == FROM_ENVIRONMENT else read_object(path, "--config")
    given = {name: value for name, value in given.items() if value not in (None, "")}
    _check_types(given)
    custom_fields = given.get("custom_fields", "columns")
    if custom_fields not in ("columns", "json"):
        raise ConfigurationError(
            "custom_fields is neither columns nor json.",
            "A tap writes rows to one table each; leave it out for a column a field.",
        )
    share = _number(given.get("rate_limit_share", 0.9))
    return Config(
        credentials=_credentials(given),
        options=Options(
            custom_fields=custom_fields, rate_limit_share=share, private=given.get("private")
        ),
        private_key=given.get("private_key", ""),
        start_date=given.get("start_date"),
        end_date=given.get("end_date"),
        tells_versions=_is_true(given.get("emit_activate_version_messages", True)),
    )


def read_object(path: str, option: str) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        ConfigurationError: There is none.
    """
    found = read_json(path, option)
    if not isinstance(found, dict):
        raise ConfigurationError(f"{option} {path} holds no JSON object.", "Write one into it.")
    return found


def read_json(path: str, option: str) -> Any:
    """Return the JSON in a file; an empty file is an empty object.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        return orjson.loads(Path(path).read_bytes() or b"{}")
    except OSError as error:
        raise ConfigurationError(
            f"{option} {path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    except ValueError:
        raise ConfigurationError(
            f"{option} {path} holds no JSON.", "Hand in a file that does."
        ) from None


def _environment() -> dict[str, Any]:
    found = {name: os.environ.get(f"{ENVIRONMENT_PREFIX}{name.upper()}") for name in SETTINGS}
    return {name: value for name, value in found.items() if value is not None}


def _check_types(given: Mapping[str, Any]) -> None:
    for name, setting in SETTINGS.items():
        if name in given and setting.kind == "string" and not isinstance(given[name], str):
            raise ConfigurationError(f"`{name}` is no text.", "Write it in quotes.")


def _credentials(given: Mapping[str, Any]) -> Credentials:
    """Return the first way to log in of which all settings are there.

    Raises:
        ConfigurationError: There is none.
    """
    shared = _of(given, "subdomain", "chat_token", "base_url")
    if "subdomain" not in shared and "base_url" not in shared:
        raise ConfigurationError(
            "`subdomain` is missing.", "Set it to acme if agents work at https://acme.zendesk.com."
        )
    credentials: Credentials
    if {"client_id", "token_file"} <= given.keys():
        client = _of(given, "client_id", "client_secret", "token_file")
        credentials = RefreshToken(**shared, **client)
    elif {"client_id", "client_secret"} <= given.keys():
        credentials = OAuthClient(**shared, **_of(given, "client_id", "client_secret"))
    elif "access_token" in given:
        credentials = OAuthToken(**shared, oauth_token=given["access_token"])
    elif {"email", "api_token"} <= given.keys():
        credentials = ApiToken(**shared, email=given["email"], token=given["api_token"])
    else:
        raise ConfigurationError(
            "No way to log in is complete.",
            "Set `client_id` and `client_secret` of an OAuth client, or `access_token`, or `email`"
            " and `api_token`: docs/credentials.md says how to make them.",
        )
    tidy(credentials)
    return credentials


def _of(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            "rate_limit_share is no number.", "Set it above 0 and up to 1."
        ) from None


def _is_true(value: Any) -> bool:
    return str(value).strip().lower() not in ("false", "0", "no", "off")
