"""What paging asks for: a stream as the catalogue declares it, and where and for whom to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from zendesk_source.catalogue import Paging, Stream

MOST_SAMPLED_ROWS = 50
_SAMPLE_BUCKET = "incremental-exports-sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A stream to be asked for.

    What is the same wherever the stream is asked for is read from the stream itself: its
    parameters, the key and the types of its rows, how to ask for what changed.

    Attributes:
        stream: Declares the rows.
        path: Where they are.
        paging: Family that walks the pages.
        page_size: Rows a page; 0 where the endpoint takes no size.
        bucket: Name of the endpoint's own rate limit; empty where it has none.
        counted_for: Name of the stream that the requests are made for. Their usage is counted
            under it, and messages name it.
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
        page_size: Rows a page; never more than the endpoint allows, which is the default.
    """
    columns = {name: quote(str(value), safe="") for name, value in (parent or {}).items()}
    most = stream.page_size
    return Request(
        stream=stream,
        path=stream.path.format_map(columns) if columns else stream.path,
        paging=stream.paging,
        page_size=most if page_size is None else min(page_size, most),
        bucket=stream.bucket,
        counted_for=counted_for or stream.name,
    )


def sample_of(stream: Stream, rows: int) -> Request | None:
    """Return the request for the sample of an export, which has a rate limit of its own.

    Returns:
        None where the export has no sample, or the sample has not so many rows.
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
