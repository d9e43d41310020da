"""Bring the chosen streams up to now; a later load goes on where this one stopped.

Ctrl-C is safe at any moment: what was loaded is complete, and the next load goes on from there.

`rows` in the summary counts the rows that went to the destination. These are new and changed rows,
and rows that are read again because Zendesk does not say whether they changed, such as ratings of
the last 30 days. Lists are read whole, so all their rows count.

With `--take-over` streams go on where another connector stood; what each does, and why, is printed
first. Rows that were written before are in the tables of that connector only.

With `--accounts` all accounts of a file are loaded, several at the same time, each into a place of
its own. The summary has a line for each, worst first. The exit code is that of all, if they have
the same; 5 if only some were loaded, 1 if none was, 2 if the file is wrong.

With `--every 60s` it keeps running and loads again and again. What tells its changes in one or two
requests is asked in every round, lists are asked every hour. In between the DuckDB file is free. A
round that fails is told, and the next one comes; a wrong setting or refused credentials end it only
before the first good round.

exit codes: 0 every stream was loaded, 5 some streams were skipped or failed and the rest was
loaded, 1 failed, 2 a setting is wrong, 3 Zendesk refused the credentials, 130 and 143 stopped.
"""

from __future__ import annotations

import argparse

from zendesk_source.command_line.options import (
    DATASET,
    PROGRESS,
    add_accounts_arguments,
    add_destination_arguments,
    add_round_arguments,
    add_stream_arguments,
    check_accounts,
    check_dataset,
    check_rounds,
    check_streams,
    progress_of,
)
from zendesk_source.command_line.output import log
from zendesk_source.errors import ConfigurationError

CONNECTORS = ("singer", "airbyte", "dlt")
"""Those of ``extract.taken_over``, which costs too much to import for a line of help."""

FEW = 3
"""Names of streams that are told."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_stream_arguments(parser)
    add_destination_arguments(parser)
    add = parser.add_argument
    add(
        "--max-minutes",
        type=float,
        metavar="N",
        help="read for at most N minutes; the next run goes on",
    )
    add("--wait", action="store_true", help="wait for another run to end instead of refusing")
    add(
        "--dry-run", action="store_true", help="load nothing; estimate a first load, as `plan` does"
    )
    add(
        "--take-over",
        metavar="FILE",
        help="go on where another connector stood, whose state is in FILE; for a dataset that was"
        " never loaded into",
    )
    add(
        "--from",
        dest="connector",
        choices=CONNECTORS,
        help="whose state it is: that of tap-zendesk, of Airbyte's connector, or of dlt's verified"
        " source",
    )
    add("--demo", action="store_true", help="load a simulated account")
    add(
        "--progress",
        choices=PROGRESS,
        help="how to show progress on stderr (default: live on a terminal, none elsewhere)",
    )
    add_round_arguments(parser)
    group = add_accounts_arguments(parser)
    group.add_argument(
        "--threads",
        type=int,
        metavar="N",
        help="accounts that a process loads at the same time (default: 8)",
    )
    group.add_argument(
        "--workers", type=int, metavar="N", help="load in N processes of this machine, with Dask"
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="load on the workers of a Dask scheduler, such as tls://host:8786",
    )
    group.add_argument(
        "--allow-tcp", action="store_true", help="let --scheduler be an address without TLS"
    )


def run(options: argparse.Namespace) -> int:
    """Load."""
    check(options)
    if options.accounts:
        from zendesk_source.command_line import loading

        return loading.load_many(options)
    if options.dry_run:
        from zendesk_source.command_line.commands import plan

        return plan.run(options)
    if progress_of(options) in ("live", "lines"):
        _tell_what(options)
    from zendesk_source.command_line import loading

    return loading.run_demo(options) if options.demo else loading.load_chosen(options)


def _tell_what(options: argparse.Namespace) -> None:
    """Say at once what is loaded, and where to, because dlt takes a second to be imported."""
    if options.demo:
        log.info("loading a simulated account")
        return
    from zendesk_source.settings.selection import select_streams

    names = select_streams(options.streams or [])
    few = ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")
    log.info(f"loading {few} into {options.destination}, dataset {options.dataset or DATASET}")


def check(options: argparse.Namespace) -> None:
    """Refuse options that contradict each other or have no meaning.

    Raises:
        ConfigurationError: One of them does.
    """
    _check_workers(options)
    if options.demo:
        refused = ("streams", "start_date", "end_date", "dry_run", "take_over")
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
    _check_take_over(options)
    check_rounds(options)
    if options.max_minutes is not None and options.max_minutes <= 0:
        raise ConfigurationError("--max-minutes must be above 0.", "Leave it out for no limit.")


def _check_take_over(options: argparse.Namespace) -> None:
    if (options.take_over is None) != (options.connector is None):
        raise ConfigurationError(
            "--take-over and --from belong together.",
            f"Write --take-over FILE --from {'|'.join(CONNECTORS)}.",
        )
    if options.take_over is None:
        return
    for name in ("end_date", "dry_run"):
        if getattr(options, name):
            option = name.replace("_", "-")
            raise ConfigurationError(f"--take-over takes no --{option}.", "Leave it out.")


def _check_workers(options: argparse.Namespace) -> None:
    check_accounts(options, ("threads", "workers", "scheduler", "allow_tcp"))
    if options.workers is not None and options.scheduler:
        raise ConfigurationError(
            "--workers are processes of this machine, and --scheduler has its own.",
            "Leave one of them out.",
        )
    if options.threads is not None and options.scheduler:
        raise ConfigurationError(
            "--threads is for this machine; --scheduler has workers with threads of their own.",
            "Leave it out: dask worker ADDRESS --nthreads N.",
        )
    if any(value is not None and value < 1 for value in (options.workers, options.threads)):
        raise ConfigurationError("--workers and --threads must be 1 or more.", "Leave them out.")
