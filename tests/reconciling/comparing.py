"""A comparison of a simulated account with its tables, as the tests ask for it."""

from __future__ import annotations

from typing import Any

import dlt

from tests.support.simulated import TOKEN
from zendesk_source import ReconcileReport, reconcile
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Simulator

EXPORTS = ("tickets", "ticket_events", "users", "organizations")
Named = dict[str, dict[str, list[Any]]]
"""Ids by kind of difference, by table."""


def compared(
    pipeline: dlt.Pipeline, zendesk: Simulator, *streams: str, subdomain: str = "acme", **how: Any
) -> ReconcileReport:
    """Compare the tables of a pipeline with the account that a simulator serves."""
    credentials = ZendeskOAuthToken(oauth_token=TOKEN)
    credentials.subdomain, credentials.base_url = subdomain, zendesk.base_url
    how = {"seed": 1, "clock": zendesk.account.clock, **how}
    return reconcile(pipeline, streams, credentials=credentials, **how)


def named(report: ReconcileReport) -> Named:
    """Return the rows that a report names."""
    kinds = ("missing", "stale", "extra")
    found: Named = {}
    for stream in report.streams.values():
        for table in stream.tables:
            if ids := {kind: list(each) for kind in kinds if (each := getattr(table, kind))}:
                found[table.table] = ids
    return found
