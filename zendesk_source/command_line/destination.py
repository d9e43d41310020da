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


def looking(
    options: argparse.Namespace, *, may_write: bool = False
) -> AbstractContextManager[dlt.Pipeline]:
    """Open the tables, for reading unless ``may_write``; ``--wait`` waits longer for a load."""
    waits_long = getattr(options, "wait", False)
    return looking_at(place_of(options), _tell_wait, waits_long=waits_long, may_write=may_write)


@contextmanager
def loaded_pipeline(
    options: argparse.Namespace, *, may_write: bool = False
) -> Iterator[dlt.Pipeline]:
    """Open the tables that loads have filled.

    Args:
        options: Those that name the tables.
        may_write: Open them for making views, too.

    Raises:
        ConfigurationError: There is no such DuckDB file; looking must not make one.
    """
    with looking(options, may_write=may_write) as pipeline:
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
