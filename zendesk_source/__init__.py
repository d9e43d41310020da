"""Copy a company's Zendesk into DuckDB or any other dlt destination."""

from __future__ import annotations

from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    LoadFailed,
    NotOnThisPlan,
    PaginationStuck,
    RateLimited,
    ServerUnavailable,
    StreamRefused,
    UnexpectedAnswer,
    ZendeskError,
)
from zendesk_source.source import (
    zendesk_custom_objects,
    zendesk_help_center,
    zendesk_source,
    zendesk_support,
    zendesk_talk,
)
from zendesk_source.sync import SyncReport, sync

__all__ = [
    "STREAMS",
    "AccessDenied",
    "AuthenticationError",
    "ConfigurationError",
    "LoadFailed",
    "NotOnThisPlan",
    "PaginationStuck",
    "RateLimited",
    "ServerUnavailable",
    "Stream",
    "StreamRefused",
    "SyncReport",
    "UnexpectedAnswer",
    "ZendeskError",
    "sync",
    "zendesk_custom_objects",
    "zendesk_help_center",
    "zendesk_source",
    "zendesk_support",
    "zendesk_talk",
]
