"""The destination decides where every stream stands; the working folder only remembers.

dlt keeps the positions in both places and believes the one with the higher version number. That
is the wrong one after a DuckDB file was restored from a backup, or when one pipeline loads into
two places by turns. The rows in between would be missing for ever, and nobody would notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import dlt
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from zendesk_source.destination.duckdb_lock import log_of
from zendesk_source.destination.working_folder import begun_in, heal

_LOADED = "zendesk_loaded_version"
_LEFT = "zendesk_left"


def mend_working_folder(pipeline: dlt.Pipeline) -> None:
    """Begin a new working folder if this one is damaged; only while no other process uses it."""
    folder = Path(pipeline.working_dir)
    begun = begun_in(folder)
    if heal(folder):
        _forget(pipeline, begun)


def follow_destination(pipeline: dlt.Pipeline) -> bool:
    """Go on from the positions that the destination holds, whatever the working folder says.

    If the two differ, waiting packages were read for another state of the destination. They are
    dropped, and their rows are read again.

    Returns:
        Whether the dataset exists.
    """
    remembered = _remembered_version(pipeline)
    # A package of a plain pipeline.run() left no mark; it is loaded, as dlt would do.
    if remembered is not None or not pipeline.has_pending_data:
        with pipeline.destination_client() as client:
            is_other = (
                isinstance(client, WithStateSync)
                and _stored_version(pipeline, client) != remembered
            )
        if is_other:
            _forget(pipeline)
    pipeline.sync_destination()
    with pipeline.destination_client() as client:
        return bool(client.is_storage_initialized())


def drop_packages(pipeline: dlt.Pipeline) -> None:
    """Drop the waiting packages with their positions: their rows are read again."""
    with pipeline.destination_client() as client:
        keeps_state = isinstance(client, WithStateSync)
    if keeps_state:
        _forget(pipeline)
        pipeline.sync_destination()
    else:
        pipeline.abort_packages()


def remember_loaded(pipeline: dlt.Pipeline) -> None:
    """Note the version of the state at the destination, after a package was loaded."""
    pipeline.set_local_state_val(_LOADED, pipeline.state["_version_hash"])


def version_of_state(pipeline: dlt.Pipeline) -> str:
    """Return the version of the state in the working folder."""
    return str(pipeline.state["_version_hash"])


def is_remembered(pipeline: dlt.Pipeline) -> bool:
    """Whether the working folder knows of an earlier sync."""
    return _remembered_version(pipeline) is not None


def remember_left(pipeline: dlt.Pipeline, file: Path | None, streams: Iterable[str]) -> None:
    """Note how a sync left the DuckDB file, once it is closed.

    Args:
        pipeline: The pipeline of the sync.
        file: The file; None at any other destination, of which nothing can be noted.
        streams: Names of the streams whose tables it has seen.
    """
    if facts := _outside_of(file, pipeline):
        pipeline.set_local_state_val(_LEFT, {"file": facts, "streams": list(streams)})


def is_as_left(pipeline: dlt.Pipeline, file: Path | None, streams: Collection[str]) -> bool:
    """Whether the destination is known to be as the last sync left it, without opening it.

    That can be known of a file alone. Any program that has written it since has changed its time.

    Args:
        pipeline: The pipeline.
        file: Its DuckDB file; None at any other destination.
        streams: Names of the streams to read; of these the sync has to have seen the tables.
    """
    left = pipeline.state["_local"].get(_LEFT)
    return (
        isinstance(left, Mapping)
        and set(streams) <= set(left["streams"])
        and left["file"] == _outside_of(file, pipeline)
        and _remembered_version(pipeline) == version_of_state(pipeline)
        and not pipeline.has_pending_data
    )


def _outside_of(file: Path | None, pipeline: dlt.Pipeline) -> list[Any] | None:
    """Return what a DuckDB file and its log show without being opened; None if there is none."""
    if file is None or not file.exists():
        return None
    stats = (part.stat() for part in (file, log_of(file)) if part.exists())
    facts = [[stat.st_ino, stat.st_size, stat.st_mtime_ns] for stat in stats]
    return [str(file), pipeline.dataset_name, *facts]


def _remembered_version(pipeline: dlt.Pipeline) -> str | None:
    try:
        return str(pipeline.get_local_state_val(_LOADED))
    except KeyError:
        return None


def _stored_version(pipeline: dlt.Pipeline, client: WithStateSync) -> str | None:
    try:
        stored = load_pipeline_state_from_destination(pipeline.pipeline_name, client)
    except DestinationUndefinedEntity:
        return None
    # The type says always a state; None when the dataset is that of another pipeline.
    return stored["_version_hash"] if stored else None


def _forget(pipeline: dlt.Pipeline, begun: str | None = None) -> None:
    begun = begun or begun_in(Path(pipeline.working_dir))
    pipeline.drop()
    if begun is not None:
        # Files named without a folder, such as zendesk.duckdb, stay where they are.
        pipeline.set_local_state_val("initial_cwd", begun)
