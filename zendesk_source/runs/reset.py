"""How a stream is made to begin anew: its position is forgotten, and its tables may be dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
from dlt.common.destination.client import WithStagingDataset
from dlt.pipeline.helpers import pipeline_drop

from zendesk_source.api.clock import SystemClock
from zendesk_source.destination.duckdb_file import held_file
from zendesk_source.destination.failures import explained
from zendesk_source.destination.state import (
    follow_destination,
    mend_working_folder,
    remember_loaded,
)
from zendesk_source.errors import ConfigurationError
from zendesk_source.extract.kept import accounts_in, forgotten
from zendesk_source.runs.one_at_a_time import only_sync_in
from zendesk_source.views import drop_views


def reset_stream(
    pipeline: dlt.Pipeline, name: str, *, drop_tables: bool, account: str = ""
) -> list[str] | None:
    """Let the next load read a stream from its beginning.

    Args:
        pipeline: The pipeline that loaded it. Packages that an earlier run left are loaded first.
        name: Name of the stream.
        drop_tables: Drop its tables too. Otherwise rows stay, and new ones are merged with them.
        account: Name of one account, if several share the dataset; empty for all of them.

    Returns:
        Names of the tables that were dropped; None if there was nothing to forget.

    Raises:
        ConfigurationError: A sync of this pipeline is running, or there is no such account.
        LoadFailed: The destination refused to; nothing was changed.
    """
    with explained(pipeline), only_sync_in(Path(pipeline.working_dir)), _mended(pipeline):
        if not follow_destination(pipeline) or not pipeline.schemas:
            return None
        while pipeline.has_pending_data:
            pipeline.run()
            remember_loaded(pipeline)
        whose = _accounts_of(pipeline, account)
        paths = [path for each in whose for path in forgotten(name, each)]
        if drop_tables:
            drop_views(pipeline)
            _let_dlt_drop(pipeline)
            drop = pipeline_drop(pipeline, resources=[name], state_paths=paths)
        else:
            drop = pipeline_drop(pipeline, state_paths=paths, state_only=True)
        if drop.is_empty:
            return None
        drop()
        remember_loaded(pipeline)
        return sorted(drop.info["tables"])


@contextmanager
def _mended(pipeline: dlt.Pipeline) -> Iterator[None]:
    mend_working_folder(pipeline)
    with held_file(pipeline, SystemClock(), None):
        yield


def _accounts_of(pipeline: dlt.Pipeline, account: str) -> list[str | None]:
    """Return for whom a stream is forgotten, as ``forgotten`` asks: one account, or everybody."""
    sources = pipeline.state.get("sources", {})
    known = {name for state in sources.values() for name in accounts_in(state)}
    if not account:
        return ["", None]
    if account not in known:
        raise ConfigurationError(
            f"No account {account!r} shares this dataset.",
            f"These do: {', '.join(sorted(known))}." if known else "Leave --account out.",
        )
    return [account]


def _let_dlt_drop(pipeline: dlt.Pipeline) -> None:
    """Make a table of versions in the staging dataset, if there is one.

    dlt 1.31 cannot drop a table while a staging dataset exists that has no table of versions.
    """
    with pipeline.destination_client() as opened:
        client: Any = opened
        if isinstance(opened, WithStagingDataset):
            with client.with_staging_dataset():
                if client.is_storage_initialized():
                    client.update_stored_schema(only_tables=[client.schema.version_table_name])
