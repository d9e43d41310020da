"""Ask streams whether they have something to write, before dlt is woken to write it.

Most syncs find nothing new, and to hand nothing to dlt costs as much as to hand over a few rows.
So the streams are read a first time outside of dlt's extract, with a state that is thrown away. A
stream that has something to write ends there, and what was read of it is put back for the slice.
One that has nothing is at its end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from traceback import clear_frames
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import StateInjectableContext
from dlt.extract import DltSource

from zendesk_source.destination.state import version_of_state
from zendesk_source.resources.run import Asking, SyncInProgress, running, stream_of_part


def ask(pipeline: dlt.Pipeline, source: DltSource, progress: SyncInProgress) -> None:
    """Read the streams that are not at their end up to what they have to write.

    Streams that have nothing are at their end afterwards, or have failed.

    Args:
        pipeline: The pipeline of the sync; its state and schema are read.
        source: The source, with all streams of the sync selected.
        progress: How far the sync is.

    Raises:
        ZendeskError: One that stops the sync.
    """
    name = source.name
    if name not in pipeline.schemas:  # whatever others have loaded into the dataset
        return
    # Another process may have made the schema while this one waited for it.
    if not pipeline.default_schema_name:
        pipeline.default_schema_name = name  # type: ignore[assignment]
    part = source.with_resources(*(n for n, run in progress.runs.items() if not run.is_at_end))
    part.schema = pipeline.schemas[name]
    aside: Any = pipeline.state  # read anew with each look
    before = pipeline.state.get("sources", {}).get(name, {})
    pipeline.activate()
    progress.ahead.keep()
    container = Container()
    with (
        container.injectable_context(pipeline.destination.capabilities()),
        container.injectable_context(StateInjectableContext(state=aside)),
        running(Asking(progress, before)),
    ):
        read_through(part)
    progress.ahead.put_back()
    again = {stream: run for stream, run in progress.runs.items() if not run.is_at_end}
    for run in again.values():
        run.begin_again()
    for place, run in progress.parts.items():
        if stream_of_part(place) in again:
            run.begin_again()


def read_through(source: DltSource) -> None:
    """Read a source outside of dlt's extract, for what its streams note meanwhile.

    What dlt has set for the source while it reads it is set back when an error ends that. When a
    signal does, it would be set back whenever Python lets go of the frames: in a later sync.
    """
    try:
        for _ in source:
            pass
    except KeyboardInterrupt as error:
        clear_frames(error.__traceback__)
        raise


@dataclass
class Asked:
    """The streams of a sync, which are asked once; what they said can be taken back.

    Attributes:
        pipeline: The pipeline of the sync.
        source: The source, with all streams of the sync selected.
        progress: How far the sync is.
    """

    pipeline: dlt.Pipeline
    source: DltSource
    progress: SyncInProgress
    _state: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Remember where the sync began."""
        self._go_back = self.progress.way_back()

    def ask(self) -> None:
        """Ask the streams, unless that was done.

        Raises:
            ZendeskError: As of ``ask``.
        """
        if not self._state:
            self._state = version_of_state(self.pipeline)
            ask(self.pipeline, self.source, self.progress)

    @property
    def is_outdated(self) -> bool:
        """Whether they were asked from positions that no longer are the pipeline's."""
        return self._state not in ("", version_of_state(self.pipeline))

    def take_back(self) -> bool:
        """Set the progress back to before they were asked; return whether they were."""
        was_asked = bool(self._state)
        if was_asked:
            self._go_back()
            self._state = ""
        return was_asked
