"""What can go wrong with a login that rotates, in the form of `tests/support/mistakes.py`."""

from __future__ import annotations

from pathlib import Path

from tests.support.mistakes import GOOD, SECRET, Case, written
from zendesk_source.simulator import Simulator

LOGIN = {**GOOD, "REFRESH_TOKEN": f"{SECRET}-spent", "TOKEN_FILE": "tokens.json"}
LOGGED_IN = {**GOOD, "TOKEN_FILE": "tokens.json"}


def narrow(zendesk: Simulator, project: Path) -> None:
    zendesk.credentials.rules.scopes = ("read",)


def open_to_all(zendesk: Simulator, project: Path) -> None:
    (project / "tokens.json").touch()
    (project / "tokens.json").chmod(0o644)


LOGIN_CASES = [
    Case(
        "spent_refresh_token",
        3,
        ("400 invalid_grant", "good for one use", "zendesk-source login"),
        credentials=LOGIN,
    ),
    Case("no_login", 2, ("no login in", "zendesk-source login"), credentials=LOGGED_IN),
    Case(
        "refresh_token_without_a_client",
        2,
        ("`client_id` is missing: a refresh token needs",),
        credentials={"SUBDOMAIN": "acme", "REFRESH_TOKEN": SECRET},
    ),
    Case(
        "empty_refresh_token",
        2,
        ("`refresh_token` is empty",),
        credentials={**LOGIN, "REFRESH_TOKEN": ""},
    ),
    Case(
        "tokens_that_others_may_read",
        2,
        ("mode 0644", "chmod 600"),
        credentials=LOGGED_IN,
        prepare=open_to_all,
    ),
    Case(
        "tokens_that_are_none",
        2,
        ("tokens.json does not hold tokens", "`token_file`"),
        credentials=LOGGED_IN,
        prepare=lambda zendesk, project: (project / "tokens.json").touch(0o600),
    ),
    Case(
        "tokens_that_cannot_be_read",
        2,
        ("cannot be read: Is a directory", "`token_file`"),
        credentials={**GOOD, "TOKEN_FILE": "."},
    ),
    Case(
        "no_place_for_new_tokens",
        2,
        ("cannot be stored in /proc", "it was not used", "`token_file`"),
        credentials={**LOGIN, "TOKEN_FILE": "/proc/nowhere/tokens.json"},
    ),
    Case(
        "scope_beyond_the_client_s",
        3,
        ("invalid_scope", "`scope`"),
        credentials={**GOOD, "SCOPE": "read write"},
        prepare=narrow,
    ),
    Case(
        "no_setting_in_dotenv",
        2,
        (".env line 1 is not NAME=value",),
        prepare=written(".env", SECRET),
    ),
]
