"""Write the reference of all streams: ``python -m docs.write_streams FIGURES``.

The figures are those that ``python -m benchmarks.requests`` measured.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zendesk_source.catalogue import (
    PRODUCTS,
    STREAMS,
    Paging,
    Parent,
    Product,
    SideTable,
    Stream,
)
from zendesk_source.catalogue.not_loaded import NOT_LOADED
from zendesk_source.catalogue.personal import KINDS, PERSONAL, Kind, Personal

TITLES: dict[Product, str] = {
    "support": "Support",
    "help_center": "Help Center and community",
    "talk": "Talk",
    "chat": "Chat",
    "custom_objects": "Custom objects",
}
_INTRODUCTION = """\
# Streams

<!-- Written by `make docs` from zendesk_source/catalogue; do not edit. -->

A stream is an endpoint of Zendesk and the table it becomes. `--streams` takes their names, those
of products ({products}), `core`, `all`, patterns
such as `hc_*`, and a `!` before what to leave out: `--streams 'all,!ticket_audits,!talk_*'`.
Without it the core is read: what analysis needs, at few requests. A stream that the account's plan
or the credentials do not permit is skipped and named in the summary.

- **merge**: a sync asks only for what changed since the last one, and rows are replaced by key.
- **replace**: Zendesk has no "changed since"; the list is read whole. What is gone there gets the
  time in `_zendesk_deleted_at`, or goes (`deleted = "remove"`).
- **append**: a snapshot of what Zendesk keeps no history of; `taken_at` is its time. One that says
  what the last one said is left out if that was in the same hour of the clock, and less than 50
  minutes ago.

Streams that Zendesk shows for one article, ticket or the like at a time are asked for those that
changed since they were read last, after their list or export was read for it. Where nothing tells
of a change, each is asked on every sync; one that tells of none is asked once in 30 days all the
same. What this comes to is said before it begins. One request for each ticket or organization is
made only where the stream is named, not by `all`, a product or a pattern.

Each brand has a Help Center of its own. What it has for itself is read at every brand that has
one, at the brand's address, and `brand_id` says whose a row is; requests are those of one brand.

What `zendesk-source reconcile` compares with Zendesk, it asks for by id, or reads whole.

Requests are those of a sync that finds `n` rows: all of them for **replace**, the changed ones for
**merge**. Measured are those of a first sync and of one that finds nothing new, on a simulated
account of {tickets:,} tickets, {users:,} users and {articles:,} articles.

Personal columns, which [a setting](privacy.md) can keep out, are of two kinds: `contact` tells who
somebody is or how to reach them, `content` is what people have written, said or attached. Keys
inside JSON have dots; all texts below one belong to it, but for longer ones. A table that is not
named has none."""

Figures = Mapping[str, Any]
"""How large the ``account`` was; by ``streams``, requests of the ``first`` and an ``idle`` sync."""


def reference(figures: Figures) -> Iterator[str]:
    """Yield the lines of the reference."""
    products = ", ".join(f"`{product}`" for product in PRODUCTS)
    yield _INTRODUCTION.format(products=products, **figures["account"])
    for product in PRODUCTS:
        streams = [stream for stream in STREAMS if stream.product == product]
        yield f"\n## {TITLES[product]}\n"
        headings = ["stream", "key", "cursor", "write", "requests", "measured", "access", "core"]
        headings.append("compared")
        yield from _table(headings, (_stream_row(stream, figures) for stream in streams))
        notes = [stream for stream in streams if stream.note]
        if notes:
            yield ""
            yield from (f"- `{stream.name}`: {stream.note}" for stream in notes)
        sides = [(side, stream) for stream in streams for side in stream.side_tables]
        if sides:
            yield "\n### Tables that come with a stream\n"
            yield from _table(["table", "key", "comes with"], (_side_row(*each) for each in sides))
        yield "\n### Personal columns\n"
        yield from _table(["table", *KINDS, "not that"], _personal_rows(streams))
    yield "\n## Not loaded\n"
    for entry in NOT_LOADED:
        names = ", ".join(f"`{name}`" for name in entry.streams.split())
        yield f"- {entry.reason}<br>\n  {names}"


def _stream_row(stream: Stream, figures: Figures) -> Sequence[str]:
    return (
        f"[{stream.name}]({stream.docs})",
        ", ".join(stream.primary_key),
        stream.cursor_field or "",
        stream.write,
        _requests(stream),
        _measured(figures["streams"].get(stream.name)),
        f"{stream.access}; {stream.needs}" if stream.needs else stream.access,
        "yes" if stream.is_core else "by name" if stream.is_opt_in else "",
        "by id" if stream.by_id is not None else "whole" if stream.can_be_reread else "",
    )


def _requests(stream: Stream) -> str:
    if stream.parent is not None:
        return _requests_of_parents(stream.parent)
    is_one = stream.paging in (Paging.SINGLE, Paging.OBJECT)
    return "1" if is_one else f"n / {stream.page_size:,}"


def _requests_of_parents(parent: Parent) -> str:
    outer = parent.stream.parent
    each = f"1 for each {'changed ' if parent.tells_of_changes else ''}{parent.noun}"
    if outer is not None:
        return f"1 for each {outer.noun}, {each}"
    return each


def _measured(figures: Mapping[str, int] | None) -> str:
    return "" if figures is None else f"{figures['first']:,}; {figures['idle']:,}"


def _side_row(side: SideTable, stream: Stream) -> Sequence[str]:
    return (f"[{side.name}]({side.docs})", ", ".join(side.primary_key), f"`{stream.name}`")


def _personal_rows(streams: Iterable[Stream]) -> Iterator[Sequence[str]]:
    for table in (table for stream in streams for table in stream.tables):
        if personal := PERSONAL[table.name]:
            by_kind = [_paths(personal, kind) for kind in (*KINDS, None)]
            yield (f"`{table.name}`", *by_kind)


def _paths(personal: Personal, kind: Kind | None) -> str:
    return ", ".join(f"`{path}`" for path, said in personal.items() if said == kind)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    measured: Figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write("\n".join(reference(measured)) + "\n")
