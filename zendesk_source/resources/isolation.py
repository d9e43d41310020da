"""Any failure of one stream ends that stream only, whichever step of its reading fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.destinations.exceptions import DestinationConnectionError

from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Stopped
from zendesk_source.catalogue import Stream
from zendesk_source.errors import Bug, StreamRefused, ZendeskError
from zendesk_source.resources.run import current_slice

log = logging.getLogger("zendesk_source")

_OF_THE_RUN = (ConfigurationException, DestinationConnectionError)
"""dlt's own: a setting is missing, or the destination is gone; no stream can be loaded."""


def isolated(
    rows: Iterator[Any],
    stream: Stream,
    connection: Connection,
    run: StreamRun,
    queue: str = "",
) -> Iterator[Any]:
    """Hand on a stream's rows until they end or fail, and note which.

    In a plain ``pipeline.run`` only a refusal is noted; everything else is raised.

    Args:
        rows: What the stream yields. It changes the state only with rows that it then yields.
        stream: Whose.
        connection: Knows what they have cost.
        run: Notes why they ended.
        queue: What its reading is called, where that is not the stream's name.

    Raises:
        ZendeskError: One that stops the sync.
    """
    current = current_slice()
    try:
        yield from rows
    except _OF_THE_RUN:
        raise
    except Stopped:  # the time is up: what was handed on is loaded, the rest comes next time
        run.is_at_end = False
        if stream.write == "replace":
            keep_table()
    except Exception as error:
        told = error if isinstance(error, ZendeskError) else Bug(error)
        is_refusal = isinstance(told, StreamRefused)
        if told.stops_the_sync or (current is None and not is_refusal):
            raise
        run.stop(told, "skipped" if is_refusal else "failed")
        if current is None:
            log.warning("skipped %s: %s", stream.name, told)
        else:
            current.sync.ahead.leave(queue or stream.name)
        log.debug("%s stopped", stream.name, exc_info=error)
        if stream.write == "replace":
            keep_table()
    run.usage = connection.client.usage_of(stream.name)


def keep_table() -> None:
    """Let the current resource yield nothing, without dlt emptying the table that it replaces.

    Said with an empty list of rows, it would cost as much as a table that is written.
    """
    dlt.current.resource().apply_hints(write_disposition="merge")
