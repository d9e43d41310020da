"""Which settings are missing for the way to log in that was begun, and where to put them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    LookupTraces,
    flatten_traces,
)
from dlt.common.configuration.specs import PluggableRunContext

from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
    ZendeskRefreshToken,
)
from zendesk_source.settings.dotenv import PLAIN_NAMES, env_file

_PREFIX = "SOURCES__ZENDESK__CREDENTIALS__"
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    ZendeskOAuthClient.__name__: ("an OAuth client", ("client_id", "client_secret")),
    ZendeskOAuthToken.__name__: ("an OAuth token", ("oauth_token",)),
    ZendeskApiToken.__name__: ("an API token", ("email", "token")),
    ZendeskRefreshToken.__name__: ("a refresh token", ("client_id", "refresh_token")),
}
"""What to call each kind, and what it needs beside the subdomain; the likeliest is first."""
_PUBLIC_CLIENT = " A client without a secret logs in first: zendesk-source login."


def missing_settings(error: ConfigFieldMissingException) -> ConfigurationError:
    """Return the error about settings that dlt found nowhere."""
    branches = {
        trace.spec_name: trace
        for traces in error.traces.values()
        for trace in traces
        if isinstance(trace, LookupTraces) and trace.spec_name in KINDS
    }
    return _zendesk(branches) if branches else _other(error)


def _zendesk(branches: Mapping[str, Any]) -> ConfigurationError:
    begun = {name: len(set(KINDS[name][1]) - set(trace.traces)) for name, trace in branches.items()}
    kind = max(KINDS, key=lambda name: begun.get(name, 0))
    if begun[kind]:
        label, fields = KINDS[kind]
        missing = [field for field in ("subdomain", *fields) if field in branches[kind].traces]
        needed = ["subdomain", *fields]
        return ConfigurationError(
            f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing: {label} needs"
            f" {_listed(needed)}.",
            _where_to_put(missing) + (_PUBLIC_CLIENT if missing == ["client_secret"] else ""),
        )
    has_subdomain = all("subdomain" not in trace.traces for trace in branches.values())
    what = "Only `subdomain` is set." if has_subdomain else "No Zendesk account is configured."
    return ConfigurationError(
        what,
        f"Write {'' if has_subdomain else 'ZENDESK_SUBDOMAIN, '}ZENDESK_CLIENT_ID and"
        f" ZENDESK_CLIENT_SECRET (of an OAuth client) into {env_file()}, a line each. Or use"
        " `oauth_token`, or `email` and `token`, or run `zendesk-source login`, or keep settings"
        f" elsewhere: docs/credentials.md explains each way. {_places()}"
        " To try it without an account: zendesk-source load --demo",
    )


def _where_to_put(fields: list[str]) -> str:
    plain = " and ".join(PLAIN_NAMES[field] for field in fields)
    names = " and ".join(_PREFIX + field.upper() for field in fields)
    return (
        f"Put {'it' if len(fields) == 1 else 'them'} into {env_file()} as {plain}, or into"
        f" {_secrets_file()} under [sources.zendesk.credentials], or into the environment as"
        f" {names}. {_places()}"
    )


def _other(error: ConfigFieldMissingException) -> ConfigurationError:
    """Return the error about settings of a destination, whose section is in the keys dlt tried."""
    traces = flatten_traces([trace for traces in error.traces.values() for trace in traces])
    keys = [trace.key for trace in traces if trace.key.startswith("DESTINATION__")]
    longest = {key.rpartition("__")[2]: key for key in reversed(keys)}
    fields = [name.lower() for name in reversed(longest)] or error.fields
    section = "destination"
    if longest:
        first = next(reversed(longest.values()))
        section = ".".join(first.lower().split("__")[:-1])
    env = ", ".join(reversed(longest.values()))
    return ConfigurationError(
        f"{_listed(fields)} {'is' if len(fields) == 1 else 'are'} missing in [{section}].",
        f"Put {'it' if len(fields) == 1 else 'them'} into {_secrets_file()}"
        + (f", or into the environment as {env}." if env else "."),
    )


def _places() -> str:
    """Return in words where settings were looked for, and which of these places do not exist."""
    looked: list[str] = ["the environment"]
    absent: list[str] = []
    for provider in Container()[PluggableRunContext].providers.providers:
        present = provider.present_locations
        for location in provider.locations:
            (looked if location in present else absent).append(str(Path(location).resolve()))
    return f"Looked in {', '.join(looked)}" + (
        f"; there is no {', '.join(absent)}." if absent else "."
    )


def _secrets_file() -> Path:
    return Path(dlt.current.run_context().settings_dir).resolve() / "secrets.toml"


def _listed(fields: list[str]) -> str:
    quoted = [f"`{field}`" for field in fields]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
