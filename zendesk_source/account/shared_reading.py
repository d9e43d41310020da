"""What the streams of one run have in common while they are read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import Page
from zendesk_source.extract.read_once import ReadOnce


@dataclass(frozen=True, slots=True)
class SharedReading:
    """What the streams of one run have in common while they are read.

    Attributes:
        streams: Names of all that are read in this run; empty where each reads for itself.
        parents: Lists of parents, by Help Center and path.
        parts: What was done with each Help Center and each custom object.
        tell: Called with what a person should know before it happens; None where nobody listens.
        is_sync: Whether a failure of one stream leaves the others alone, and their notes are told
            at the end. Else each reads for itself, and notes are logged.
    """

    streams: Collection[str] = ()
    parents: ReadOnce[Page] = field(default_factory=ReadOnce)
    parts: dict[str, StreamRun] = field(default_factory=dict)
    tell: Callable[[str], None] | None = None
    is_sync: bool = False
