"""Let a failure of one stream end only that stream, whichever step of its reading fails."""

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
from zendesk_source.resources.run import SomethingNew, current_slice

log = logging.getLogger("zendesk_source")

_OF_THE_RUN = (ConfigurationException, DestinationConnectionError)
"""Errors of dlt after which no stream can be loaded: a setting or the destination is missing."""


def isolated(
    rows: Iterator[Any],
    stream: Stream,
    connection: Connection,
    run: StreamRun,
    queue: str = "",
) -> Iterator[Any]:
    """Hand on a stream's rows until they end or fail, and note how they ended.

    In a plain ``pipeline.run`` only a refusal is noted. Every other error is raised.

    Args:
        rows: The stream's items. They change the state only together with rows.
        stream: The stream.
        connection: Knows what the stream has cost.
        run: Notes why the rows ended.
        queue: Name of its queue in the read-ahead; the stream's name when left out.

    Raises:
        ZendeskError: One that stops the sync.
    """
    current = current_slice()
    try:
        yield from rows
    except (*_OF_THE_RUN, SomethingNew):
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
    """Keep the table of the current resource, which would replace it, although it yields no row.

    The same hint with an empty list of rows would cost as much as writing a table.
    """
    dlt.current.resource().apply_hints(write_disposition="merge")
