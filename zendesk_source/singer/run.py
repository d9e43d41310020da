"""One run of the tap: what it reads, where each stream stands, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from zendesk_source.account.connection import Connection
from zendesk_source.account.shared_reading import SharedReading
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Stop, Stopped
from zendesk_source.api.paging import Page
from zendesk_source.catalogue import Stream
from zendesk_source.errors import Bug, StreamRefused, ZendeskError
from zendesk_source.extract.parents.seen import ChildStep
from zendesk_source.extract.read_ahead import ReadAhead
from zendesk_source.extract.steps import Step
from zendesk_source.names import REJECTED_TABLE
from zendesk_source.singer.catalog import Selection
from zendesk_source.singer.state import State
from zendesk_source.singer.tables import RECORDS, is_of_object, stream_of
from zendesk_source.singer.writer import Writer
from zendesk_source.times import Window

log = logging.getLogger("zendesk_source")


@dataclass
class Tap:
    """One run of the tap.

    Attributes:
        connection: To ask with.
        selection: What is wanted.
        state: Where each stream stands.
        writer: Takes what was read.
        window: What part of the timeline is read.
        stop: The end of the run, which a signal may ask for.
        streams: What has to be read for the tables that are wanted.
        runs: What became of each stream.
        shared: What the streams have in common while they are read.
        ahead: Pages that were read and not written yet.
    """

    connection: Connection
    selection: Selection
    state: State
    writer: Writer
    window: Window
    stop: Stop
    streams: tuple[Stream, ...] = field(init=False)
    runs: dict[str, StreamRun] = field(init=False)
    shared: SharedReading = field(init=False)
    ahead: ReadAhead[Step | ChildStep | Page] = field(init=False)

    def __post_init__(self) -> None:
        tables = [name for name in self.selection.tables if name != REJECTED_TABLE]
        self.streams = tuple(dict.fromkeys(map(stream_of, tables)))
        self.runs = {stream.name: StreamRun() for stream in self.streams}
        names = {*self.runs, *(RECORDS.name for table in tables if is_of_object(table))}
        self.shared = SharedReading(names, tell=log.info, is_sync=True)
        self.ahead = ReadAhead(stop=self.stop)

    def tables_of(self, stream: Stream) -> list[str]:
        """Return the tables of a stream that are wanted."""
        return [table.name for table in stream.tables if table.name in self.selection.tables]


def isolated(tap: Tap, items: Iterator[None], run: StreamRun, queue: str) -> Iterator[None]:
    """Read on until the end or a failure, which is noted and ends only this reading.

    Args:
        tap: The run of the tap.
        items: The reading of a stream, or of a part of it.
        run: Notes why it failed.
        queue: Its name in the read-ahead.

    Raises:
        ZendeskError: One that concerns all streams.
        OSError: The lines cannot be written.
        Stopped: The run is over before its end.
    """
    try:
        yield from items
    except (Stopped, OSError):  # the client tells of its own in our words; this is of the lines
        raise
    except Exception as error:
        told = error if isinstance(error, ZendeskError) else Bug(error)
        if told.stops_the_sync:
            raise
        run.stop(told, "skipped" if isinstance(told, StreamRefused) else "failed")
        tap.ahead.leave(queue)
        log.debug("%s stopped", queue, exc_info=error)
