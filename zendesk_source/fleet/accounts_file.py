"""The file of many accounts: read, checked, and made into a unit for each.

Every key may stand at the top, for all accounts, or below one of them, which then counts.
``{account}`` in a text is the account's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timezone
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import tomlkit
from tomlkit.exceptions import ParseError

from zendesk_source.destination.place import Place
from zendesk_source.errors import ConfigurationError
from zendesk_source.fleet.references import FIELDS, FORMS, HIDDEN, REFERENCE, way_to_log_in
from zendesk_source.settings.credentials import OAuthClient, base_url_of
from zendesk_source.settings.dlt_credentials import ZendeskRefreshToken
from zendesk_source.settings.options import OPTIONS, Options
from zendesk_source.settings.selection import select_streams
from zendesk_source.times import window_of

Unit = dict[str, Any]
"""All that one load of one account needs: texts, lists and numbers, and no secret."""

_PLACE = {
    "destination": "duckdb",
    "database": "{account}.duckdb",
    "dataset": "zendesk_{account}",
}
KEYS = frozenset({*_PLACE, "streams", "start_date", *FIELDS, *OPTIONS})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_DATASET = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_accounts(
    file: str | Path, only: Iterable[str] = (), *, travels: bool = False
) -> list[Unit]:
    """Return a unit for each account of a file, in its order.

    Args:
        file: A TOML file; docs/many_accounts.md says what stands in it.
        only: Names of the accounts to return; all of them when left out. All are checked.
        travels: Whether other machines load: then the file may hold no secret itself, and a log-in
            that renews itself needs a ``token_file`` that all of them share.

    Returns:
        Units for ``load_account``. They hold references to secrets, never a secret.

    Raises:
        ConfigurationError: Something is wrong; the message names the account and the key.
    """
    path = Path(file).expanduser().absolute()
    everywhere, accounts = _parts_of(path)
    units = {}
    for name, own in accounts.items():
        with _about(path, name):
            units[name] = _unit_of(path, name, {**everywhere, **own}, travels=travels)
    _check_apart(path, units.values())
    wanted = list(only)
    if unknown := [name for name in wanted if name not in units]:
        close = get_close_matches(unknown[0], units, n=3)
        raise ConfigurationError(
            f"There is no account {unknown[0]!r} in {path}.",
            f"Did you mean {' or '.join(close)}?" if close else f"There are: {', '.join(units)}.",
        )
    return [unit for name, unit in units.items() if not wanted or name in wanted]


def place_of(unit: Mapping[str, Any]) -> Place:
    """Return where the rows of a unit's account go."""
    return Place(
        f"zendesk_{unit['account']}", unit["destination"], unit["dataset"], unit["database"]
    )


def value_in_file(unit: Mapping[str, Any], key: str) -> str:
    """Return a secret that stands in the file itself.

    Raises:
        ConfigurationError: It is not there any more.
    """
    path, name = Path(unit["file"]), unit["account"]
    everywhere, accounts = _parts_of(path)
    value = {**everywhere, **accounts.get(name, {})}.get(key)
    if not isinstance(value, str):
        raise ConfigurationError(f"{path}: account {name}: {key} is missing.")
    return value.replace("{account}", name)


def _parts_of(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what the file says of all accounts, and what it says of each."""
    try:
        everywhere: dict[str, Any] = tomlkit.parse(path.read_text(encoding="utf-8-sig")).unwrap()
    except ParseError as error:
        raise ConfigurationError(
            f"{path} is not TOML: see line {error.line}, column {error.col}.", "Correct it."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(f"{path} cannot be read: {reason}.", "Name another.") from None
    accounts = everywhere.pop("accounts", None)
    if not isinstance(accounts, dict) or not accounts:
        raise ConfigurationError(
            f"{path} names no account.", "Write a table for each: [accounts.acme]."
        )
    for name, own in accounts.items():
        if not _NAME.fullmatch(name) or not isinstance(own, dict):
            raise ConfigurationError(
                f"{path}: accounts.{name} is no account.",
                "An account is a table, such as [accounts.acme-emea]; its name has letters, digits,"
                " - and _.",
            )
    return everywhere, accounts


@contextmanager
def _about(path: Path, account: str) -> Iterator[None]:
    """Say of which account an error is."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: account {account}: {error.what}", error.remedy) from None


def _unit_of(path: Path, name: str, given: Mapping[str, Any], *, travels: bool) -> Unit:
    if unknown := sorted(set(given) - KEYS):
        close = get_close_matches(unknown[0], KEYS, n=1)
        raise ConfigurationError(
            f"{unknown[0]} is no setting.",
            f"Did you mean {close[0]}?" if close else "docs/many_accounts.md lists them.",
        )
    texts = {key: _text(given, key, name) for key in (*_PLACE, *FIELDS) if key in given}
    return {
        "account": name,
        "file": str(path),
        **_place(path, name, texts),
        "streams": _streams(given.get("streams", [])),
        "start_date": _start(given.get("start_date")),
        "options": _options(given),
        "credentials": _credentials(name, texts, travels=travels),
    }


def _text(given: Mapping[str, Any], key: str, account: str) -> str:
    value = given[key]
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{key} is no text, or an empty one.", "Correct it.")
    return value.replace("{account}", account)


def _place(path: Path, account: str, texts: Mapping[str, str]) -> dict[str, str]:
    destination = texts.get("destination", _PLACE["destination"])
    dataset = texts.get("dataset", _PLACE["dataset"].replace("{account}", account))
    dataset = dataset.replace("-", "_")
    if not _DATASET.fullmatch(dataset):
        raise ConfigurationError(
            f"dataset cannot be {dataset!r}.",
            "Use letters, digits and underscores, and begin with a letter.",
        )
    if destination != "duckdb":
        if "database" in texts:
            raise ConfigurationError(
                f"database is a file of DuckDB, and the destination is {destination}.",
                "Leave it out: where the destination is, dlt's own settings say.",
            )
        return {"destination": destination, "database": "", "dataset": dataset}
    file = texts.get("database", _PLACE["database"].replace("{account}", account))
    database = str(path.parent / Path(file).expanduser())
    if Path(database).stem.lower() == dataset.lower():
        raise ConfigurationError(
            f"database and dataset are both called {dataset}, which DuckDB cannot tell apart.",
            "Give one of them another name.",
        )
    return {"destination": destination, "database": database, "dataset": dataset}


def _streams(given: Any) -> list[str]:
    names = [name.strip() for name in given.split(",")] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigurationError("streams is no list of names.", 'Write ["core", "hc_*"].')
    try:
        select_streams(names)
    except ConfigurationError as error:
        raise ConfigurationError(f"streams: {error.what}", error.remedy) from None
    return names


def _start(given: Any) -> str | None:
    if given is None:
        return None
    text = given.isoformat() if isinstance(given, date) else str(given)
    window_of(text, None, datetime.now(timezone.utc))
    return text


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {name: given[name] for name in OPTIONS if name in given}
    hints = get_type_hints(Options)
    for name, value in chosen.items():
        kinds = get_args(hints[name]) if get_origin(hints[name]) is Literal else ()
        if kinds and value not in kinds:
            raise ConfigurationError(
                f"{name} cannot be {value!r}.", f"It is one of {', '.join(map(str, kinds))}."
            )
        if hints[name] is bool and not isinstance(value, bool):
            raise ConfigurationError(f"{name} is neither true nor false.", "Correct it.")
        if hints[name] is float and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ConfigurationError(f"{name} is no number.", "Correct it.")
    Options(**chosen)
    return chosen


def _credentials(account: str, texts: Mapping[str, str], *, travels: bool) -> dict[str, str]:
    """Return the fields of the log-in; empty where the file holds the secret itself."""
    fields = {name: text for name, text in texts.items() if name in FIELDS}
    fields.setdefault("subdomain", account)
    kind = way_to_log_in(fields)
    for name, text in fields.items():
        if name not in HIDDEN or REFERENCE.fullmatch(text):
            continue
        if travels:
            raise ConfigurationError(
                f"{name} is in the file itself, which is for one machine only.",
                f"With a scheduler, say where it is: {FORMS}.",
            )
        fields[name] = ""
    if travels and kind is ZendeskRefreshToken and "token_file" not in fields:
        raise ConfigurationError(
            "token_file is missing: each renewal of this log-in ends the token before, so all"
            " machines must find the same one.",
            "Set it to a file on storage that all workers share.",
        )
    _zendesk_of(fields)
    return fields


def _zendesk_of(fields: Mapping[str, str]) -> str:
    """Return the host that fields of a log-in name, or the references that do."""
    subdomain, base_url = fields["subdomain"], fields.get("base_url", "")
    if REFERENCE.fullmatch(subdomain) or REFERENCE.fullmatch(base_url):
        return f"{subdomain} {base_url}"
    return urlsplit(base_url_of(OAuthClient(subdomain=subdomain, base_url=base_url))).netloc


def _check_apart(path: Path, units: Iterable[Unit]) -> None:
    """Refuse two accounts of one name, of one Zendesk, or in one place."""
    seen: dict[tuple[str, str], str] = {}
    for unit in units:
        name, place = unit["account"], place_of(unit)
        marks = {
            "names that some disks cannot tell apart": name.lower(),
            "one place": place.database or f"{place.destination} {place.dataset}".lower(),
            "one Zendesk": _zendesk_of(unit["credentials"]),
        }
        for what, mark in marks.items():
            other = seen.setdefault((what, mark), name)
            if other != name:
                raise ConfigurationError(
                    f"{path}: accounts {other} and {name} have {what}: {mark}.",
                    "Each account is loaded once, into a place of its own, such as"
                    " /srv/{account}.duckdb.",
                )
