"""Options that several commands share, and what is refused of them."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable

from zendesk_source.errors import ConfigurationError
from zendesk_source.times import parse_duration

DATASET = "zendesk_data"
PROGRESS = ("live", "lines", "log", "tqdm", "none")


def add_stream_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose streams and dates."""
    add_stream_argument(parser)
    add = parser.add_argument
    add("--start-date", metavar="DATE", help="read changes from here, such as 2024-01-31")
    add("--end-date", metavar="DATE", help="read a fixed window up to here")


def add_stream_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the option that chooses streams."""
    parser.add_argument(
        "--streams",
        metavar="A,B",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        help="streams to read: core (the default), all, products, names, hc_*, !left_out",
    )


def add_destination_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say where the tables are."""
    add = parser.add_argument
    add("--destination", default="duckdb", help="dlt destination (default: duckdb)")
    add("--dataset", help=f"dataset or schema of the tables (default: {DATASET})")


def add_round_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a load that keeps running."""
    group = parser.add_argument_group("keep running")
    add = group.add_argument
    add("--every", metavar="TIME", help="load again and again, such as every 60s or 5m")
    add(
        "--lists-every",
        metavar="TIME",
        help="how often to ask streams that have to be read whole (default: 1h)",
    )
    add("--health-file", metavar="FILE", help="write into FILE after each round how it fares")
    add(
        "--health-port",
        type=int,
        metavar="PORT",
        help="answer /healthz and /metrics at this port; 0 for any that is free",
    )
    add("--health-host", metavar="ADDRESS", help="where to listen (default: 127.0.0.1)")


def add_wait_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the option to wait longer for a load that has the DuckDB file open."""
    text = "wait up to 15 minutes, not 20 s, for a load to release the DuckDB file"
    parser.add_argument("--wait", action="store_true", help=text)


def add_demo_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the option that means the demo's account and tables."""
    parser.add_argument("--demo", action="store_true", help="use the demo's account and tables")


def add_accounts_arguments(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Declare the options that mean the accounts of a file; return their group."""
    group = parser.add_argument_group("many accounts")
    group.add_argument("--accounts", metavar="FILE", help="the accounts of this TOML file")
    group.add_argument(
        "--only",
        metavar="A,B",
        default=[],
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        help="of --accounts, these alone",
    )
    return group


def check_accounts(options: argparse.Namespace, needing: Iterable[str] = ()) -> None:
    """Refuse what the file of many accounts says, and what means nothing without one.

    Args:
        options: What was typed.
        needing: Names of further options that mean nothing without ``--accounts``.

    Raises:
        ConfigurationError: Such an option was given.
    """
    if not options.accounts:
        if given := _given(options, ("only", *needing)):
            name = given[0].replace("_", "-")
            raise ConfigurationError(f"--{name} goes with --accounts.", "Name the file.")
        return
    refused = ["demo", "dataset", "start_date", "end_date", "dry_run", "take_over", "account"]
    if getattr(options, "command", "load") == "load":  # the script has no commands
        refused += ["streams", "wait"]
    given = _given(options, refused)
    if options.destination != "duckdb":
        given.append("destination")
    if given:
        name = given[0].replace("_", "-")
        raise ConfigurationError(
            f"--accounts takes no --{name}.",
            "Leave it out; what is different for each account stands in the file.",
        )


def _given(options: argparse.Namespace, names: Iterable[str]) -> list[str]:
    """Return which options were typed; 0 is a value, too."""
    values = {name: getattr(options, name, None) for name in names}
    unset: tuple[object, ...] = (None, "", [])
    return [name for name, value in values.items() if value not in unset and value is not False]


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that every command has."""
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    output.add_argument("--quiet", action="store_true", help="print errors only")
    output.add_argument(
        "--verbose", action="store_true", help="print details of errors, with tracebacks"
    )
    output.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="json: each line on stderr is a JSON object (default: text)",
    )


def check_streams(options: argparse.Namespace) -> None:
    """Refuse ``--streams`` without a name."""
    if options.streams is not None and not options.streams:
        raise ConfigurationError("--streams names no stream.", "Name one, or leave --streams out.")


def check_dataset(options: argparse.Namespace) -> None:
    """Refuse a ``--dataset`` that destinations would change."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", options.dataset or DATASET):
        raise ConfigurationError(
            f"--dataset cannot be {options.dataset!r}.",
            "Use letters, digits and underscores, and begin with a letter.",
        )


def check_rounds(options: argparse.Namespace) -> None:
    """Refuse what a load that keeps running cannot do, and its options where there is none.

    Raises:
        ConfigurationError: One of the options has no meaning.
    """
    with_every = ("lists_every", "health_file", "health_port", "health_host")
    without: tuple[str, ...] = ("demo", "end_date", "dry_run", "take_over", "max_minutes", "json")
    without += ("workers", "scheduler")  # a round needs what the last one has left in the process
    refused = without if options.every else with_every
    given = _given(options, refused)
    if given:
        option = given[0].replace("_", "-")
        if options.every:
            raise ConfigurationError(f"--every takes no --{option}.", _INSTEAD.get(option, ""))
        raise ConfigurationError(f"--{option} belongs to --every.", "Write --every 60s, too.")
    if options.every and options.progress == "live":
        raise ConfigurationError("--every takes no --progress live.", "Write --progress lines.")
    if options.health_port is not None and not 0 <= options.health_port < 65_536:
        raise ConfigurationError("--health-port must be 0 to 65535.", "9464 is a usual choice.")
    if options.health_host is not None and options.health_port is None:
        raise ConfigurationError("--health-host needs --health-port.", "Write --health-port 9464.")
    rounds_of(options)


_INSTEAD = {
    "json": "Write --log-format json, --health-file or --health-port.",
    "take-over": "Take over in a load of its own, then begin to load again and again.",
}


def rounds_of(options: argparse.Namespace) -> tuple[float, float]:
    """Return the seconds from round to round, and from list to list; zeros for a single load.

    Raises:
        ConfigurationError: One of them is no time span.
    """
    if not options.every:
        return 0.0, 0.0
    examples = "60s, 5m or 1h"
    return (
        parse_duration(options.every, "--every", examples),
        parse_duration(options.lists_every or "1h", "--lists-every", examples),
    )


def progress_of(options: argparse.Namespace) -> str:
    """Return how to show progress."""
    if options.progress:
        return str(options.progress)
    is_watched = sys.stderr.isatty() and not options.quiet and options.log_format == "text"
    return "live" if is_watched else "none"
