"""What a hostile input is, and how it gets into an answer of the simulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.simulator import Answer, Request

BY_NAME = {stream.name: stream for stream in STREAMS}
HOSTILE_ID = 900_000_001
"""Rows that no account has begin at this id, or have no number as their id."""

Change = Callable[[Any, Stream], Any]
"""Changes what an answer says, decoded."""

_LITERAL = "@@literal "
"""What cannot be said in Python values: the text after it stands in the JSON as it is."""


_LITERAL_IN_JSON = re.compile(f'"{_LITERAL}' + r'(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Hostile:
    """One thing that no Zendesk should send.

    Attributes:
        name: The family, and what it is.
        alter: Makes it of a good answer.
        only: Streams it can be played on; on any where this is empty.
        is_row: It is one more row, so that several can be played in one answer.
    """

    name: str
    alter: Callable[[Answer, Stream], Answer]
    only: Sequence[str] = ()
    is_row: bool = False


def literal(text: str) -> str:
    """Return what stands for JSON that Python would not write."""
    return _LITERAL + text


def encoded(value: Any) -> bytes:
    """Return JSON, with literals, lone surrogates and NaN as they are."""
    text = json.dumps(value)
    return _LITERAL_IN_JSON.sub(lambda found: _said(found.group()), text).encode()


def _constant(name: str) -> str:
    """Let a NaN that another input put there stay one."""
    return literal(name)


def _said(quoted: str) -> str:
    return str(json.loads(quoted)).removeprefix(_LITERAL)


def says(name: str, change: Change, *only: str) -> Hostile:
    """Return an input that changes the decoded answer."""

    def alter(answer: Answer, stream: Stream) -> Answer:
        if answer.status != 200:
            return answer
        envelope = json.loads(answer.body, parse_constant=_constant)
        return replace(answer, body=encoded(change(envelope, stream)))

    return Hostile(name, alter, only)


def with_row(name: str, change: Callable[[dict[str, Any]], Any], *only: str) -> Hostile:
    """Return an input that puts another row first, made of the last one."""

    number = HOSTILE_ID + crc32(name.encode())

    def put(envelope: Any, stream: Stream) -> Any:
        rows = rows_of(envelope, stream)
        if isinstance(rows, list) and rows:
            rows.insert(0, change(_foreign(rows[-1], stream, number)))
        return envelope

    return replace(says(name, put, *only), is_row=True)


def _foreign(row: dict[str, Any], stream: Stream, number: int) -> dict[str, Any]:
    """Return a row that no account has, otherwise as one that it has."""
    kinds = {name: stream.columns.get(name) for name in stream.primary_key}
    keys = {n: number if kind == "bigint" else f"hostile-{number}" for n, kind in kinds.items()}
    copy = {**row, **{name: key for name, key in keys.items() if kinds[name] != "timestamp"}}
    if isinstance(row.get("child_events"), list):  # which have ids of their own
        children = enumerate(row["child_events"])
        copy["child_events"] = [{**child, "id": number + place} for place, child in children]
    return copy


def rows_of(envelope: Any, stream: Stream) -> Any:
    """Return the rows of an answer, of its first list where it has several."""
    if isinstance(envelope, list):
        return envelope
    return next((envelope[k] for k in stream.rows_key.split() if k in envelope), None)


def played(hostile: Hostile, stream: Stream) -> Callable[[Request, Answer], Answer]:
    """Return what lets a simulator play an input on one stream."""

    def alter(request: Request, answer: Answer) -> Answer:
        return hostile.alter(answer, stream) if request.stream == stream.name else answer

    return alter
