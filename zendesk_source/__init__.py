"""Copy a company's Zendesk into DuckDB or any other dlt destination.

Names are imported when they are first used, so that importing the package costs nothing: the
command line answers ``--help`` before dlt is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zendesk_source.catalogue import STREAMS, Stream
    from zendesk_source.continuous.rounds import Round, keep_syncing
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
    from zendesk_source.extract.taken_over import TakenOver, taken_over
    from zendesk_source.fleet.accounts_file import read_accounts
    from zendesk_source.fleet.load import load_accounts
    from zendesk_source.fleet.report import AccountLoad, AccountsReport
    from zendesk_source.fleet.rounds import keep_accounts
    from zendesk_source.fleet.unit import load_account
    from zendesk_source.reconciling.report import ReconcileReport
    from zendesk_source.reconciling.run import reconcile
    from zendesk_source.runs.loop import SyncReport, sync
    from zendesk_source.source import (
        zendesk_chat,
        zendesk_custom_objects,
        zendesk_help_center,
        zendesk_source,
        zendesk_support,
        zendesk_talk,
    )
    from zendesk_source.views import ViewsReport, make_views

__all__ = [
    "STREAMS",
    "AccessDenied",
    "AccountLoad",
    "AccountsReport",
    "AuthenticationError",
    "ConfigurationError",
    "LoadFailed",
    "NotOnThisPlan",
    "PaginationStuck",
    "RateLimited",
    "ReconcileReport",
    "Round",
    "ServerUnavailable",
    "Stream",
    "StreamRefused",
    "SyncReport",
    "TakenOver",
    "UnexpectedAnswer",
    "ViewsReport",
    "ZendeskError",
    "keep_accounts",
    "keep_syncing",
    "load_account",
    "load_accounts",
    "make_views",
    "read_accounts",
    "reconcile",
    "sync",
    "taken_over",
    "zendesk_chat",
    "zendesk_custom_objects",
    "zendesk_help_center",
    "zendesk_source",
    "zendesk_support",
    "zendesk_talk",
]

# The light ones first: most import dlt.
_PARTS = (
    *("errors", "catalogue", "extract.taken_over", "source", "views", "runs.loop"),
    *("continuous.rounds", "reconciling.run"),
    *("fleet.accounts_file", "fleet.unit", "fleet.report", "fleet.load", "fleet.rounds"),
)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name in __all__:
        for part in _PARTS:
            module = import_module(f"{__name__}.{part}")
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
