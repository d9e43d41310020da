"""Where else settings are found: in a `.env` file, and under plain names such as ZENDESK_EMAIL.

dlt's own places come first: the environment under dlt's names, `secrets.toml`, `config.toml`, and
vaults. Then come dlt's names in `.env`, and last the plain names, which the real environment may
hold as well as `.env`; there the environment wins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import ConfigProvider, EnvironProvider
from dlt.common.configuration.specs import PluggableRunContext
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.common.typing import TSecretStrValue

from zendesk_source.errors import ConfigurationError

PLAIN_NAMES: Mapping[str, str] = {
    "subdomain": "ZENDESK_SUBDOMAIN",
    "client_id": "ZENDESK_CLIENT_ID",
    "client_secret": "ZENDESK_CLIENT_SECRET",
    "refresh_token": "ZENDESK_REFRESH_TOKEN",
    "token_file": "ZENDESK_TOKEN_FILE",
    "oauth_token": "ZENDESK_OAUTH_TOKEN",
    "email": "ZENDESK_EMAIL",
    "token": "ZENDESK_API_TOKEN",
    "chat_token": "ZENDESK_CHAT_TOKEN",
}
"""The plain name of each field of the credentials."""

_CREDENTIALS = ("sources", "zendesk", "credentials")
_WAYS_TO_LOG_IN = (
    ("client_id", "client_secret"),
    ("client_id", "refresh_token"),
    ("client_id", "token_file"),
    ("oauth_token",),
    ("email", "token"),
)
_OF_A_LOGIN = {field for fields in _WAYS_TO_LOG_IN for field in fields}
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(?P<value>.*)")
_QUOTED = re.compile(r"""(?P<quote>['"])(?P<text>.*?)(?P=quote)\s*(?:#.*)?""")


def read_plain_settings() -> None:
    """Let dlt find settings in `.env` of its folder, and under the plain names.

    Raises:
        ConfigurationError: `.env` cannot be read.
    """
    context = Container()[PluggableRunContext]
    file = env_file()
    values = dotenv_values(file)
    providers = context.providers
    for provider in (DotEnv(file, values), PlainNames(file, values, providers.providers)):
        # This replaces the ones of an earlier run, perhaps in another folder.
        providers[provider.name] = provider


def env_file() -> Path:
    """Return the path of the `.env` file; it may not exist."""
    return Path(dlt.current.run_context().run_dir).resolve() / ".env"


class DotEnv(EnvironProvider):
    """dlt's names of settings, such as ``SOURCES__ZENDESK__START_DATE``, in a `.env` file."""

    def __init__(self, file: Path, values: Mapping[str, str]) -> None:
        self._file = file
        self._values = values

    @property
    def name(self) -> str:
        """Name among the places settings come from."""
        return ".env"

    def get_value(
        self, key: str, hint: Any, pipeline_name: str | None, *sections: str
    ) -> tuple[Any, str]:
        """Return a value and the name it has in the file."""
        name = self.get_key_name(key, *filter(None, (pipeline_name, *sections)))
        return self._values.get(name), name

    @property
    def is_empty(self) -> bool:
        """Whether the file does not exist or is empty."""
        return not self._values

    @property
    def locations(self) -> Sequence[str]:
        """The file, which may not exist."""
        return [str(self._file)]

    @property
    def present_locations(self) -> Sequence[str]:
        """The file, if it exists."""
        return [str(self._file)] if self._file.exists() else []


class PlainNames(ConfigProvider):
    """``ZENDESK_SUBDOMAIN`` and the like, from the environment or else from `.env`.

    They do not count if dlt's own configuration has all fields of some way to log in: a variable
    of another tool must not change whose credentials are used.
    """

    def __init__(
        self, file: Path, values: Mapping[str, str], providers: Sequence[ConfigProvider]
    ) -> None:
        self._file = file
        self._values = values
        self._providers = providers

    @property
    def name(self) -> str:
        """Name among the places settings come from."""
        return "ZENDESK_* names"

    @property
    def is_empty(self) -> bool:
        """Whether no plain name is set. dlt then leaves it out of thousands of look-ups a sync."""
        return not any(name in os.environ or name in self._values for name in PLAIN_NAMES.values())

    @property
    def supports_secrets(self) -> bool:
        """Whether secrets may be kept here."""
        return True

    @property
    def supports_sections(self) -> bool:
        """Whether dlt asks for each section; it answers for one."""
        return True

    def get_value(
        self, key: str, hint: Any, pipeline_name: str | None, *sections: str
    ) -> tuple[Any, str]:
        """Return a value and the plain name of its key; an empty value counts as none."""
        name = PLAIN_NAMES.get(key, "")
        if not name or pipeline_name or sections != _CREDENTIALS:
            return None, name or key
        value = os.environ.get(name) or self._values.get(name) or None
        if value is not None and key in _OF_A_LOGIN and self._is_complete_without():
            return None, name
        return value, name

    def _is_complete_without(self) -> bool:
        """Whether dlt's own configuration has all fields of some way to log in."""
        return any(all(map(self._is_elsewhere, fields)) for fields in _WAYS_TO_LOG_IN)

    def _is_elsewhere(self, field: str) -> bool:
        context = Container()[ConfigSectionContext]
        of_source = context.sections or _CREDENTIALS[:2]
        paths = [(*of_source[:length], "credentials") for length in range(len(of_source) + 1)]
        hint: Any = TSecretStrValue
        return any(
            provider.get_value(field, hint, pipeline_name, *path)[0] is not None
            for provider in self._providers
            if provider is not self
            for pipeline_name in {context.pipeline_name, None}
            for path in paths
        )


def dotenv_values(file: Path) -> dict[str, str]:
    """Return the variables of a `.env` file; none if there is no such file.

    Lines are ``NAME=value``, with or without ``export`` and quotes; ``#`` begins a comment.
    Values are taken literally: nothing is expanded, and a backslash is a backslash.

    Raises:
        ConfigurationError: A line is something else, or the file cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(
            f"{file} cannot be read: {reason}.", "Correct it, or move it away."
        ) from None
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        value = None if found is None else _value(found["value"])
        if found is None or value is None:
            raise ConfigurationError(
                f"{file} line {number} is not NAME=value.",
                "Quotes must be closed, and a value takes one line.",
            )
        values[found["name"]] = value
    return values


def _value(written: str) -> str | None:
    if written[:1] in ("'", '"'):
        quoted = _QUOTED.fullmatch(written)
        return None if quoted is None else quoted["text"]
    return re.split(r"(?:^|\s+)#", written, maxsplit=1)[0].strip()
