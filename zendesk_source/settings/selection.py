"""Which streams are meant: products, patterns and exclusions become names of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from zendesk_source.catalogue import PRODUCTS, STREAMS, Stream
from zendesk_source.errors import ConfigurationError

CORE, ALL = "core", "all"


def select_streams(names: Iterable[str]) -> list[str]:
    """Return the streams to read, in the order of the catalogue.

    Args:
        names: ``core``, ``all``, products, streams, tables (a side table stands for the stream
            that fills it), or patterns of them such as ``hc_*``. A ``!`` before one leaves it
            out. Without names, or with names to leave out only, the core is meant. A stream that
            costs a request for each ticket, say, is chosen by its own name only.

    Raises:
        ConfigurationError: A name is not known, or everything named is left out again.
    """
    names = list(names)
    left_out = {stream for name in names if name[:1] == "!" for stream in _meant_by(name[1:])}
    named = [name for name in names if name[:1] != "!"] or [CORE]
    wanted = {stream for name in named for stream in _meant_by(name)}
    if not wanted - left_out:
        raise ConfigurationError(
            f"Nothing is left of {', '.join(named)}.", "Leave fewer streams out."
        )
    return [stream.name for stream in STREAMS if stream.name in wanted - left_out]


def select_stream(name: str) -> Stream:
    """Return the one stream that a name means.

    Args:
        name: A stream or a side table. A product of the same name is not meant.

    Raises:
        ConfigurationError: The name is not known, or means several streams.
    """
    by_name = {stream.name: stream for stream in STREAMS}
    names = [name] if name in by_name else select_streams([name])
    if len(names) != 1:
        raise ConfigurationError(f"{name!r} names {len(names)} streams.", "Name one.")
    return by_name[names[0]]


def _meant_by(name: str) -> set[str]:
    offered = [stream for stream in STREAMS if not stream.is_opt_in]
    if name in (CORE, ALL):
        return {stream.name for stream in offered if stream.is_core or name == ALL}
    if name in PRODUCTS:
        return {stream.name for stream in offered if stream.product == name}
    filled_by = {table.name: stream.name for stream in STREAMS for table in stream.tables}
    if name in filled_by:
        return {filled_by[name]}
    tables = [table.name for stream in offered for table in stream.tables]
    found = {filled_by[table] for table in tables if fnmatchcase(table, name)}
    if not found:
        raise ConfigurationError(f"There is no stream {name!r}.", _offer(name, filled_by))
    return found


def _offer(name: str, tables: Iterable[str]) -> str:
    known = sorted({CORE, ALL, *PRODUCTS, *tables})
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(known)}."
