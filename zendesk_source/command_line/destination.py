"""Which tables a command's options name, opened to be read, or to make views of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import dlt

from zendesk_source.command_line import demo
from zendesk_source.command_line.options import DATASET
from zendesk_source.command_line.output import log
from zendesk_source.destination.place import Place, looking_at, path_of
from zendesk_source.errors import ConfigurationError


def place_of(options: argparse.Namespace) -> Place:
    """Return where the tables are that the options name: those of loads, or of the demo."""
    if getattr(options, "demo", False):
        return Place(demo.PIPELINE, options.destination, options.dataset or demo.DATASET)
    return Place("zendesk", options.destination, options.dataset or DATASET)


def places_of(options: argparse.Namespace) -> dict[str, Place]:
    """Return where the tables are of each account that the options name, by its name.

    Without ``--accounts`` that is one place, of an account without a name.

    Raises:
        ConfigurationError: The file of the accounts is wrong.
    """
    if not options.accounts:
        return {"": place_of(options)}
    from zendesk_source.fleet.accounts_file import place_of as place_of_unit
    from zendesk_source.fleet.accounts_file import read_accounts

    units = read_accounts(options.accounts, options.only)
    return {unit["account"]: place_of_unit(unit) for unit in units}


def looking(
    options: argparse.Namespace, *, place: Place | None = None, may_write: bool = False
) -> AbstractContextManager[dlt.Pipeline]:
    """Open the tables, for reading unless ``may_write``; ``--wait`` waits longer for a load.

    Args:
        options: Those that name the tables, unless ``place`` does.
        place: Where the tables are.
        may_write: Open them for making views, too.
    """
    waits_long = getattr(options, "wait", False)
    return looking_at(
        place or place_of(options), _tell_wait, waits_long=waits_long, may_write=may_write
    )


@contextmanager
def loaded_pipeline(
    options: argparse.Namespace, *, place: Place | None = None, may_write: bool = False
) -> Iterator[dlt.Pipeline]:
    """Open the tables that loads have filled.

    Args:
        options: Those that name the tables, unless ``place`` does.
        place: Where the tables are.
        may_write: Open them for making views, too.

    Raises:
        ConfigurationError: There is no such DuckDB file; looking must not make one.
    """
    with looking(options, place=place, may_write=may_write) as pipeline:
        if (file := path_of(pipeline)) is not None and not file.exists():
            raise nothing_loaded(f"There is no DuckDB file {file}.")
        if pipeline.destination.destination_type.endswith(".filesystem"):
            pipeline.sync_destination()  # which files are tables is in the schema
        yield pipeline


def nothing_loaded(what: str) -> ConfigurationError:
    """Return the error for a place into which nothing was loaded yet.

    Args:
        what: What is missing, in one sentence.
    """
    return ConfigurationError(
        what,
        "Load something first (zendesk-source load), or name the place of the tables:"
        " --destination and --dataset.",
    )


def _tell_wait(reason: str, wait_seconds: float) -> None:
    log.info(f"{reason}: waiting for up to {wait_seconds:.0f} s")
