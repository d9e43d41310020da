"""Bring the chosen streams up to now; a later load goes on where this one stopped.

Ctrl-C is safe at any moment: what was loaded is complete, and the next load goes on from there.

`rows` in the summary are those that went to the destination: what is new or has changed, and once
more what is read again because nothing tells whether it has (ratings of the last 30 days, a second
at which two walks through an export meet). Of lists, which are read whole, all that Zendesk shows.

exit codes: 0 every stream was loaded, 5 some were skipped or failed and the rest was loaded,
1 failed, 2 a setting is wrong, 3 Zendesk refused the credentials, 130 and 143 stopped.
"""

from __future__ import annotations

import argparse
import re
import sys

from zendesk_source.errors import ConfigurationError

DATASET = "zendesk_data"
PROGRESS = ("live", "lines", "log", "tqdm", "none")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to load, from where, and how to show it."""
    add_stream_arguments(parser)
    add_destination_arguments(parser)
    add = parser.add_argument
    add(
        "--max-minutes",
        type=float,
        metavar="N",
        help="read N minutes at most; the next run goes on",
    )
    add("--wait", action="store_true", help="wait for another run to end instead of refusing")
    add("--dry-run", action="store_true", help="load nothing; say what a first load would take")
    add("--demo", action="store_true", help="load a simulated account")
    add(
        "--progress",
        choices=PROGRESS,
        help="how to show progress on stderr (default: live on a terminal, none elsewhere)",
    )


def add_stream_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which streams and which part of them."""
    add_stream_argument(parser)
    add = parser.add_argument
    add("--start-date", metavar="DATE", help="read changes from here, such as 2024-01-31")
    add("--end-date", metavar="DATE", help="read a fixed window up to here")


def add_stream_argument(parser: argparse.ArgumentParser) -> None:
    """Declare which streams."""
    parser.add_argument(
        "--streams",
        metavar="A,B",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        help="streams to read: core (the default), all, products, names, hc_*, !left_out",
    )


def add_destination_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the tables are."""
    add = parser.add_argument
    add("--destination", default="duckdb", help="dlt destination (default: duckdb)")
    add("--dataset", help=f"dataset or schema of the tables (default: {DATASET})")


def add_wait_argument(parser: argparse.ArgumentParser) -> None:
    """Declare how long to wait for a load that has a DuckDB file open."""
    text = "wait up to 15 minutes, not 20 s, for a load to let go of the DuckDB file"
    parser.add_argument("--wait", action="store_true", help=text)


def add_demo_argument(parser: argparse.ArgumentParser) -> None:
    """Declare that the demo is meant."""
    parser.add_argument("--demo", action="store_true", help="of the simulated account of the demo")


def tables_of(options: argparse.Namespace) -> tuple[str, str]:
    """Return the pipeline that loads the tables which are meant, and their dataset."""
    if not getattr(options, "demo", False):
        return "zendesk", options.dataset or DATASET
    from zendesk_source import demo

    return demo.PIPELINE, options.dataset or demo.DATASET


def run(options: argparse.Namespace) -> int:
    """Load."""
    check(options)
    if options.dry_run:
        from zendesk_source.command_line import plan

        return plan.run(options)
    if progress_of(options) == "live":
        sys.stderr.write("starting\r")  # what is written next takes its place
        sys.stderr.flush()
    from zendesk_source.command_line import loading

    return loading.run_demo(options) if options.demo else loading.load_chosen(options)


def check(options: argparse.Namespace) -> None:
    """Refuse options that cannot be meant.

    Raises:
        ConfigurationError: One cannot.
    """
    if options.demo:
        refused = ("streams", "start_date", "end_date", "dry_run")
        given = [name for name in refused if getattr(options, name)]
        if given:
            name = given[0].replace("_", "-")
            raise ConfigurationError(f"--demo takes no --{name}.", "Leave it out.")
        if options.destination != "duckdb":
            raise ConfigurationError(
                "The demo loads into DuckDB only: its questions are in DuckDB's SQL.",
                "Leave --destination out.",
            )
    check_streams(options)
    check_dataset(options)
    if options.max_minutes is not None and options.max_minutes <= 0:
        raise ConfigurationError("--max-minutes must be above 0.", "Leave it out for no limit.")


def check_streams(options: argparse.Namespace) -> None:
    """Refuse a choice of no stream."""
    if options.streams is not None and not options.streams:
        raise ConfigurationError("--streams names no stream.", "Name one, or leave --streams out.")


def check_dataset(options: argparse.Namespace) -> None:
    """Refuse a name that destinations would change."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", options.dataset or DATASET):
        raise ConfigurationError(
            f"--dataset cannot be {options.dataset!r}.",
            "Use letters, digits and underscores, and begin with a letter.",
        )


def progress_of(options: argparse.Namespace) -> str:
    """Return how to show progress."""
    if options.progress:
        return str(options.progress)
    is_watched = sys.stderr.isatty() and not options.quiet and options.log_format == "text"
    return "live" if is_watched else "none"
