"""Log in once, with the browser: every later run renews the tokens that this stores.

Zendesk asks a person to allow an OAuth client of the account to read; for the exports this must be
an admin. The client needs the redirect URL http://127.0.0.1:8976/callback. `docs/credentials.md`
has the steps. The secret of a confidential client comes from the configuration, never from an
option.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zendesk_source.command_line.output import log, print_json
from zendesk_source.errors import ConfigurationError

if TYPE_CHECKING:
    from zendesk_source.login.in_the_browser import Login

PORT = 8976


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--subdomain", metavar="NAME", help="the account: acme in https://acme.zendesk.com")
    add("--client-id", metavar="ID", help="identifier of the OAuth client")
    add("--scope", help="permission to ask for (default: read)")
    add("--token-file", metavar="FILE", help="where to store the tokens (default: with dlt's data)")
    add(
        "--port",
        type=int,
        default=PORT,
        help="port of the registered redirect URL (default: %(default)s)",
    )
    add("--no-browser", action="store_true", help="print the address instead of opening it")
    add(
        "--timeout-minutes",
        type=float,
        default=5.0,
        metavar="N",
        help="how long to wait for a person (default: 5)",
    )


def run(options: argparse.Namespace) -> int:
    """Log in, and say which settings the next runs need."""
    _check(options)
    from zendesk_source.command_line.dlt_runtime import dlt_runtime
    from zendesk_source.command_line.progress import Lines
    from zendesk_source.login.in_the_browser import log_in, login_settings

    with dlt_runtime():
        settings = login_settings(
            subdomain=options.subdomain,
            client_id=options.client_id,
            scope=options.scope,
            token_file=options.token_file,
        )
        login = log_in(
            settings,
            options.port,
            _show_address if options.no_browser else _open_browser,
            timeout_seconds=options.timeout_minutes * 60,
            on_wait=Lines().on_wait,
        )
    names = {"ZENDESK_SUBDOMAIN": settings.subdomain, "ZENDESK_CLIENT_ID": settings.client_id}
    if settings.client_secret or settings.token_file:
        names["ZENDESK_TOKEN_FILE"] = str(login.file)
    if options.json:
        print_json(_document(login, names))
    else:
        _tell(login, names)
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.quiet and options.no_browser:
        raise ConfigurationError(
            "--quiet with --no-browser would show nobody the address.", "Leave one of them out."
        )
    if options.timeout_minutes <= 0:
        raise ConfigurationError("--timeout-minutes must be above 0.", "Leave it out for 5.")
    if not 0 < options.port < 65_536:
        raise ConfigurationError("--port must be 1 to 65535.", f"Leave it out for {PORT}.")


def _document(login: Login, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what was stored as one JSON object, without a token."""
    return {
        "account": login.pair.base_url,
        "user_id": login.user and login.user.id,
        "role": login.user and login.user.role,
        "scope": login.pair.scope,
        "token_file": str(login.file),
        "settings": dict(names),
    }


def _tell(login: Login, names: Mapping[str, str]) -> None:
    who = "" if login.user is None else f" as user {login.user.id} ({login.user.role})"
    log.info("Logged in to %s%s; stored in %s.", login.pair.base_url, who, login.file)
    if login.user is not None and login.user.role != "admin":
        log.warning("Zendesk gives its exports to admins only: most streams will be skipped.")
    log.info(
        "The next runs need these settings: in .env, or where your others are, as `subdomain`,"
        " `client_id` and `token_file`.\n"
    )
    for name, value in names.items():
        log.info("%s=%s", name, value)


def _open_browser(url: str) -> None:
    import webbrowser

    is_open = webbrowser.open(url)
    log.info("%s in the browser:\n\n%s\n", "Allow it" if is_open else "Open this address", url)


def _show_address(url: str) -> None:
    log.info("Open this address in a browser of this machine:\n\n%s\n", url)
