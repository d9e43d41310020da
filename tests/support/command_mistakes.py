"""The mistakes a user can make with ``zendesk-source``, each with what must be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zendesk_source.simulator import Fault, Simulator

CREDENTIALS = "SOURCES__ZENDESK__CREDENTIALS__"
NOWHERE = "http://127.0.0.1:9"

Prepare = Callable[[Simulator, Path], object]


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        command: As it is typed, after ``zendesk-source``.
        words: What the answer must hold: what happened, and what to do.
        code: Exit code.
        name: Of the test, where the command does not say enough.
        env: Variables, in place of good ones.
        prepare: Done before, with the simulator and the project's folder.
    """

    command: str
    words: tuple[str, ...]
    code: int = 2
    name: str = ""
    env: tuple[tuple[str, str], ...] = ()
    prepare: Prepare | None = None


def an_empty_file(zendesk: Simulator, project: Path) -> None:
    (project / "zendesk.duckdb").write_bytes(b"no database")


NO_ACCOUNT = tuple((CREDENTIALS + name, "") for name in ("SUBDOMAIN", "OAUTH_TOKEN", "BASE_URL"))
WRONG_TOKEN = ((f"{CREDENTIALS}OAUTH_TOKEN", "wrong"),)
NOBODY_LISTENS = ((f"{CREDENTIALS}BASE_URL", NOWHERE),)


def refused(zendesk: Simulator, project: Path) -> None:
    zendesk.refuse("groups", 403)


def half_a_page(zendesk: Simulator, project: Path) -> None:
    zendesk.fail_next(Fault.CUT_JSON, "groups", times=99)


TYPED = [
    Mistake("lode", ("no command 'lode'", "did you mean load?", "zendesk-source --help")),
    Mistake("xyzzy", ("no command 'xyzzy'\nSee `zendesk-source --help`",)),
    Mistake("streams --lound", ("--lound is not understood", "zendesk-source streams --help")),
    Mistake("--quiet", ("--quiet is not understood", "`zendesk-source --help`")),
    Mistake("sample", ("required: STREAM", "zendesk-source sample --help")),
    Mistake("sample ticket", ("no stream 'ticket'", "Did you mean tickets")),
    Mistake("sample core", ("'core' names", "Name one")),
    Mistake("sample groups -n 0", ("-n must be at least 1", "Leave it out")),
    Mistake("sample groups -n few", ("-n: invalid int value", "zendesk-source sample --help")),
    Mistake("sample groups --start-date soon", ("--start-date is not a date", "2024-01-31")),
    Mistake("reset", ("required: STREAM", "zendesk-source reset --help")),
    Mistake("reset ticket", ("no stream 'ticket'", "Did you mean tickets")),
    Mistake("reset all", ("'all' names", "Name one")),
    Mistake("reset tickets --drop-tables", ("would be dropped", "--yes")),
    Mistake("reset tickets --drop-tables --account a", ("shared by all", "Leave --account")),
    Mistake("reset tickets --dataset a-b", ("--dataset cannot be 'a-b'", "underscores")),
    Mistake("load --every 5", ("--every cannot be '5'", "60s, 5m or 1h")),
    Mistake("load --every 0s", ("--every cannot be '0s'", "60s, 5m or 1h")),
    Mistake("load --every 60s --lists-every soon", ("--lists-every cannot be 'soon'", "1h")),
    Mistake("load --every 60s --max-minutes 5", ("--every takes no --max-minutes",)),
    Mistake("load --every 60s --end-date 2024-01-31", ("--every takes no --end-date",)),
    Mistake("load --every 60s --json", ("--every takes no --json", "--log-format json")),
    Mistake("load --every 60s --progress live", ("no --progress live", "--progress lines")),
    Mistake("load --health-port 9464", ("--health-port belongs to --every", "--every 60s")),
    Mistake("load --every 60s --health-port 99999", ("--health-port must be 0 to 65535",)),
    Mistake("load --every 60s --health-host 0.0.0.0", ("--health-host needs --health-port",)),
    Mistake("load --every 60s --health-file no/where", ("no/where cannot be written", "folder")),
    Mistake("status --streams ,", ("--streams names no stream", "Name one")),
    Mistake("status --max-age 2weeks", ("--max-age cannot be '2weeks'", "90m, 2h or 1d")),
    Mistake("plan --streams ticket", ("no stream 'ticket'", "Did you mean tickets")),
    Mistake("plan --start-date soon", ("start_date is not a date", "2024-01-31")),
    Mistake("check --streams ticket", ("no stream 'ticket'", "Did you mean tickets")),
    Mistake("check --dataset a-b", ("--dataset cannot be 'a-b'", "underscores")),
    Mistake("report --weeks 0", ("At least one week", "Leave --weeks out")),
    Mistake("report --weeks few", ("--weeks: invalid int value", "zendesk-source report --help")),
    Mistake("report --time-zone Vienna", ("no time zone 'Vienna'", "Europe/Vienna")),
    Mistake(
        "login --subdomain acme --client-id a --timeout-minutes 0",
        ("--timeout-minutes must be", "Leave it out"),
    ),
    Mistake("simulate --port x", ("--port: invalid int value", "zendesk-source simulate --help")),
    Mistake("login --port 0", ("--port must be 1 to 65535", "Leave it out")),
    Mistake("simulate --port 99999", ("--port must be 0 to 65535", "Leave it out")),
    Mistake("simulate --tickets -1", ("--tickets must be 0 or more", "Leave it out")),
    Mistake("simulate --refuse ticket", ("no stream 'ticket'", "zendesk-source streams")),
]

DESTINATION = [
    Mistake(f"{command} --destination postgras", ("'postgras'", "Did you mean postgres"))
    for command in ("check", "status", "reset tickets", "report")
]
DESTINATION += [
    Mistake(command, ("There is no DuckDB file", "Load something"))
    for command in ("status", "reset tickets", "report")
]
DESTINATION += [
    Mistake(command, ("is not a DuckDB file",), name=f"{command} of a text", prepare=an_empty_file)
    for command in ("check", "status", "reset tickets", "report")
]

ACCOUNT = [
    Mistake(
        command,
        ("No Zendesk account", "secrets.toml"),
        env=NO_ACCOUNT,
        name=f"{command} of nobody",
    )
    for command in ("check", "plan", "sample groups")
]
ACCOUNT += [
    Mistake(command, ("401", "`oauth_token`"), 3, f"{command} with a wrong token", WRONG_TOKEN)
    for command in ("check", "plan --streams groups", "sample groups")
]
ACCOUNT += [
    Mistake(command, ("refuses connections",), 1, f"{command} offline", NOBODY_LISTENS)
    for command in ("check", "plan --streams groups", "sample groups")
]
ACCOUNT += [
    Mistake("login", ("--subdomain",), name="login of nobody", env=NO_ACCOUNT),
    Mistake("login --subdomain acme", ("client",), name="login without a client", env=NO_ACCOUNT),
]

STREAMS = [
    Mistake("check --streams groups", ("closed: groups", "403", "admin"), 4, prepare=refused),
    Mistake(
        "plan --streams groups", ("groups", "403"), 0, "plan of a closed stream", prepare=refused
    ),
    Mistake("sample groups", ("403", "admin"), 5, "sample of a closed stream", prepare=refused),
    Mistake("sample groups", ("not JSON",), 1, "sample of half a page", prepare=half_a_page),
    Mistake(
        "check --streams groups",
        ("failed: groups",),
        4,
        "check of half a page",
        prepare=half_a_page,
    ),
]

MISTAKES = [*TYPED, *DESTINATION, *ACCOUNT, *STREAMS]
