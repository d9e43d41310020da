"""Load packages: one for each slice, and a bad one does not block those behind it.

A package holds the rows of all streams. If dlt or the destination cannot take the rows of one
table, the package is dropped with its positions, so nothing is lost. The stream of that table has
failed, and the others are read again without it. If nobody says which table it was, each stream
gets a package of its own. An error that concerns all streams, such as a full disk, is raised.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import dlt
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.destination.duckdb_memory import OUT_OF_MEMORY, DatabaseMemory
from zendesk_source.destination.failures import (
    explanation_of,
    failed_table,
    root_of,
    stream_of_table,
)
from zendesk_source.destination.state import drop_packages, remember_loaded
from zendesk_source.destination.working_folder import forget_loaded, holds_table
from zendesk_source.errors import Bug, ZendeskError
from zendesk_source.names import SYNC_LOG_TABLE
from zendesk_source.resources.run import Slice, SliceLimits, SyncInProgress, running
from zendesk_source.runs.log import SyncLog
from zendesk_source.runs.missing_tables import make_missing

log = logging.getLogger("zendesk_source")

OnSlice = Callable[[dict[str, StreamRun]], None]

FIRST_SLICE = SliceLimits(max_pages=1)
"""If a first run is killed before the dataset exists, dlt silently drops its pending package. So
the dataset is made with one page, before anything big can be pending."""

FAILURES_APART = 5
"""If this many streams (or all) fail in a row, each by itself, the streams are not the cause."""


class Packages:
    """Loads slice after slice of all streams that are not at their end.

    Args:
        pipeline: The pipeline to load with.
        source: The source, with all streams of the sync selected.
        progress: How far the sync is.
        limits: How much one package may hold.
        sync_log: Written with the last package.
        memory: What the destination holds in this process.
        is_new: Whether the dataset does not exist yet.

    Attributes:
        count: Number of packages loaded.
    """

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        source: DltSource,
        progress: SyncInProgress,
        limits: SliceLimits,
        sync_log: SyncLog,
        memory: DatabaseMemory,
        is_new: bool,
    ) -> None:
        self.count = 0
        self._pipeline = pipeline
        self._source = source
        self._progress = progress
        self._limits = limits
        self._log = sync_log
        self._memory = memory
        self._is_new = is_new
        self._apart: list[str] = []
        self._failed_apart = 0
        self._may_log = True

    @property
    def waiting(self) -> list[str]:
        """Streams that are not at their end."""
        return [name for name, run in self._progress.runs.items() if not run.is_at_end]

    def finish_pending(self) -> None:
        """Load the packages that an earlier run left; drop those that fail, to read them again."""
        try:
            while self._pipeline.has_pending_data:
                has_log = holds_table(Path(self._pipeline.working_dir), SYNC_LOG_TABLE)
                self._run()
                if has_log:
                    self._log.were_loaded()
        except PipelineStepFailed as error:
            why = self._why(error)
            drop_packages(self._pipeline)
            log.warning("A package of an earlier run was dropped and is read again: %s", why.what)

    def load_all(self, on_slice: OnSlice | None) -> None:
        """Load slices until all streams are at their end or the time is up; then write the log.

        Args:
            on_slice: Called after each with what was done with the streams.
        """
        while self.waiting:
            self.load_next()
            if on_slice is not None:
                on_slice(self._progress.runs)
            if self._progress.stop.is_over:
                break
        self.end()

    def load_next(self) -> None:
        """Load one slice, or find out which stream keeps it from loading."""
        names = self._next_names()
        part = self._source.with_resources(*names)
        parts = [part, self._log.after(part)] if self._may_log and not self._apart else [part]
        undo = self._undo_of_a_slice()
        try:
            with running(Slice(self._progress, FIRST_SLICE if self._is_new else self._limits)):
                self._run(*parts)
        except PipelineStepFailed as error:
            why, name = self._why(error), self._to_leave_out(error, names)
            undo()
            self._leave_out(name, why)
            log.debug("a package could not be loaded", exc_info=error)
            return
        self._log.loaded()
        self._failed_apart = 0
        self._apart = self._apart[1:]
        self.count, self._is_new = self.count + 1, False

    def end(self) -> None:
        """Write the sync log if no package held it; a sync is good without it, too.

        If there was no package at all, it may wait for that of a later sync.
        """
        if self._log.is_written:
            return
        if self.count == 0 and self._log.let_wait():
            return
        try:
            self._run(self._log.after(self._source, is_over=True))
            self._log.loaded()
        except PipelineStepFailed as error:
            why = self._why(error)
            drop_packages(self._pipeline)
            log.warning("The sync log of this run could not be written: %s", why.what)

    def _next_names(self) -> Sequence[str]:
        waiting = self.waiting
        self._apart = [name for name in self._apart if name in waiting]
        return self._apart[:1] or (waiting[:1] if self._is_new else waiting)

    def _to_leave_out(self, error: PipelineStepFailed, names: Sequence[str]) -> str:
        """Return the stream that a package failed for; empty if nobody knows.

        Raises:
            PipelineStepFailed: The failure concerns all streams.
        """
        if failed_table(error) == SYNC_LOG_TABLE:
            return SYNC_LOG_TABLE
        if (known := stream_of_table(error, self._pipeline)) in names:
            return known
        if len(names) > 1:
            return ""
        self._failed_apart += 1
        if self._failed_apart >= min(FAILURES_APART, len(self._progress.runs)):
            raise error
        return names[0]

    def _leave_out(self, name: str, why: ZendeskError) -> None:
        if name == SYNC_LOG_TABLE:
            self._may_log = False
        elif name:
            self._progress.runs[name].stop(why, "failed")
        else:
            self._apart = self.waiting

    def _why(self, error: PipelineStepFailed) -> ZendeskError:
        """Return why a package failed.

        Raises:
            PipelineStepFailed: Every package would fail for it.
        """
        why = explanation_of(error, self._pipeline) or Bug(root_of(error))
        if why.stops_the_sync:
            raise error
        with self._pipeline.destination_client() as client:
            client.is_storage_initialized()  # raises where the destination is gone
        return why

    def _undo_of_a_slice(self) -> Callable[[], None]:
        """Return a function that sets the progress back to where it is now."""
        go_back = self._progress.way_back()

        def undo() -> None:
            if self._pipeline.has_pending_data:
                drop_packages(self._pipeline)
            go_back()
            self._log.is_written = False

        return undo

    def _run(self, *parts: DltSource) -> None:
        """Load one package: a new one, or without parts the pending one."""
        try:
            self._load(*parts)
        except PipelineStepFailed as error:
            if not OUT_OF_MEMORY.search(str(error)) or not self._memory.more():
                raise
            while self._pipeline.has_pending_data:
                self._run()
        remember_loaded(self._pipeline)
        forget_loaded(Path(self._pipeline.working_dir))
        self._memory.after_package()

    def _load(self, *parts: DltSource) -> None:
        """Do the steps of ``pipeline.run()``, with the destination lent until it is needed.

        ``pipeline.run()`` would also ask what the destination holds, which ``follow_destination``
        has done.
        """
        self._pipeline.activate()
        # dlt would add these steps to those of all packages before, in memory and in a file.
        self._pipeline._last_trace = None  # type: ignore[assignment]
        with self._memory.lent():
            if parts:
                self._pipeline.extract(list(parts))
            self._pipeline.normalize()
        make_missing(self._pipeline, self._source.name, self._progress)
        self._pipeline.load()
