"""A pipeline of a process that may be killed: all of it lies in one folder."""

from __future__ import annotations

import os
from pathlib import Path

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext


def pipeline_in(folder: Path, name: str) -> dlt.Pipeline:
    """Return the pipeline of a folder; the process then belongs to that folder."""
    os.chdir(folder)
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt-data")
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"
    os.environ["LOAD__TRUNCATE_STAGING_DATASET"] = "true"
    Container()[PluggableRunContext].reload(str(folder))
    destination = dlt.destinations.duckdb(str(folder / "copy.duckdb"))
    return dlt.pipeline(name, destination=destination, dataset_name="zendesk_data")
