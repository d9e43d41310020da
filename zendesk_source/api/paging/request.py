"""What paging asks for: a stream of the catalogue, at which path, and for which stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from zendesk_source.catalogue import Paging, Stream

MOST_SAMPLED_ROWS = 50
_SAMPLE_BUCKET = "incremental-exports-sample"
_COLUMN = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A stream to ask for, and everything that can differ from one request for it to another.

    The stream itself declares the rest: its parameters, the key and types of its rows, and how to
    ask for changes.

    Attributes:
        stream: Declares the rows.
        path: Path of the endpoint.
        paging: Kind of paging.
        page_size: Rows in a page; 0 if the endpoint takes no page size.
        bucket: Name of the endpoint's own rate limit; empty where it has none.
        counted_for: Name of the stream that needs the rows. Usage is counted under this name,
            and messages show it.
    """

    stream: Stream
    path: str
    paging: Paging
    page_size: int
    bucket: str
    counted_for: str


def request_of(
    stream: Stream,
    *,
    parent: Mapping[str, Any] | None = None,
    counted_for: str = "",
    page_size: int | None = None,
) -> Request:
    """Return the request for a stream, at the endpoint that the catalogue declares.

    Args:
        stream: What to ask for.
        parent: Row whose columns fill the braces in the path, such as ``{id}``.
        counted_for: Name of the stream that needs the rows; that of ``stream`` when left out.
        page_size: Rows in a page. The default is also the largest: what the endpoint allows.
    """
    path, most = stream.path, stream.page_size
    if parent is not None:
        path = _COLUMN.sub(lambda column: quote(str(parent[column[1]]), safe=""), path)
    return Request(
        stream=stream,
        path=path,
        paging=stream.paging,
        page_size=most if page_size is None else min(page_size, most),
        bucket=stream.bucket,
        counted_for=counted_for or stream.name,
    )


def sample_of(stream: Stream, rows: int) -> Request | None:
    """Return the request for the sample of an export, which has a rate limit of its own.

    Returns:
        None where the export has no sample, or its sample has fewer rows.
    """
    if not stream.sample_path or rows > MOST_SAMPLED_ROWS:
        return None
    return Request(
        stream=stream,
        path=stream.sample_path,
        paging=Paging.TIME_EXPORT,
        page_size=rows,
        bucket=_SAMPLE_BUCKET,
        counted_for=stream.name,
    )
