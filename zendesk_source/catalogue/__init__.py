"""What exists: every stream as frozen data, one module a group. The place to add one."""

from __future__ import annotations

from zendesk_source.catalogue.stream import (
    Columns,
    DataType,
    Origin,
    Paging,
    SideTable,
    Stream,
    WriteDisposition,
)
from zendesk_source.catalogue.support import SUPPORT_EXPORTS
from zendesk_source.catalogue.support_lists import SUPPORT_LISTS

STREAMS: tuple[Stream, ...] = (*SUPPORT_EXPORTS, *SUPPORT_LISTS)

__all__ = [
    "STREAMS",
    "Columns",
    "DataType",
    "Origin",
    "Paging",
    "SideTable",
    "Stream",
    "WriteDisposition",
]
