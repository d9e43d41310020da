"""From what a user names to the streams that are read."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from zendesk_source.catalogue import STREAMS
from zendesk_source.errors import ConfigurationError


def select_streams(names: Iterable[str]) -> list[str]:
    """Return the streams to read, in the order of the catalogue.

    Args:
        names: Streams or tables; a side table stands for the stream that fills it. None at
            all means every stream.

    Raises:
        ConfigurationError: A name is not known; the closest ones are offered.
    """
    streams = {stream.name: stream.name for stream in STREAMS}
    tables = {side.name: stream.name for stream in STREAMS for side in stream.side_tables}
    filled_by = {**tables, **streams}
    wanted: set[str] = set()
    for name in names:
        if name not in filled_by:
            raise ConfigurationError(f"There is no stream {name!r}.", _offer(name, filled_by))
        wanted.add(filled_by[name])
    return [name for name in streams if name in wanted or not wanted]


def _offer(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(known)}."
