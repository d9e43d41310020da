"""Where the tables are, looked at without leaving a trace."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dlt

from zendesk_source.command_line.options import tables_of
from zendesk_source.command_line.output import log
from zendesk_source.errors import ConfigurationError
from zendesk_source.html_report import reader


@contextmanager
def loaded_pipeline(options: argparse.Namespace) -> Iterator[dlt.Pipeline]:
    """Return the pipeline that loads fill, to look at.

    Raises:
        ConfigurationError: There is no such DuckDB file; looking must not make one.
    """
    with looking(options) as pipeline:
        if (file := duckdb_file(pipeline)) is not None and not file.exists():
            raise nothing_loaded(f"There is no DuckDB file {file}.")
        if pipeline.destination.destination_type.endswith(".filesystem"):
            pipeline.sync_destination()  # which files are tables is in the schema
        yield pipeline


def looking(options: argparse.Namespace) -> AbstractContextManager[dlt.Pipeline]:
    """Return a pipeline that only looks; with ``--wait`` it waits longer for a load."""
    name, dataset = tables_of(options)
    waits_long = getattr(options, "wait", False)
    return reader(name, options.destination, dataset, _tell_wait, waits_long=waits_long)


def _tell_wait(reason: str, wait_seconds: float) -> None:
    log.info(f"{reason}: waiting for up to {wait_seconds:.0f} s")


def nothing_loaded(what: str) -> ConfigurationError:
    """Return what to say where nothing was loaded yet."""
    return ConfigurationError(
        what,
        "Load something first (zendesk-source load), or name where it was loaded to:"
        " --destination and --dataset.",
    )


def place_of(options: argparse.Namespace) -> str:
    """Return where the tables are, without credentials, having tried whether it answers."""
    with looking(options) as pipeline:
        file = duckdb_file(pipeline)
        if file is not None and not file.exists() and file.parent.is_dir():
            return f"{file}, which the first load makes"
        client = pipeline.destination_client()
        address = file or getattr(client.config, "bucket_url", None) or client.config.credentials
        place = re.sub(r"//[^/@]*@", "//", str(address or pipeline.destination.destination_name))
        with client:
            state = "has data" if client.is_storage_initialized() else "has no data yet"
        return f"{place}, dataset {pipeline.dataset_name} {state}"


def duckdb_file(pipeline: dlt.Pipeline) -> Path | None:
    """Return the file of a DuckDB destination."""
    address = str(pipeline.destination_client().config.credentials or "")
    prefix = "duckdb:///"
    is_file = address.startswith(prefix) and not address.endswith(":memory:")
    return Path(address.removeprefix(prefix)) if is_file else None
