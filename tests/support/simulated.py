"""A simulated Zendesk, the source that reads it, and the pipeline that loads it.

    account = Account.generate(tickets=20, users=10, organizations=2)
    with served(account) as zendesk:
        sync(duckdb_pipeline(), source_of(zendesk, "tickets"))

Tests get the same as fixtures (``tests/conftest.py``): ``account``, ``zendesk`` which serves it,
and ``pipeline``. A file that wants another account overrides ``account`` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dlt
import pytest
from dlt.extract import DltSource

from zendesk_source import zendesk_source
from zendesk_source.catalogue import STREAMS
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, RateLimits, Simulator

TOKEN = "a-token"
EVERY_STREAM = [stream.name for stream in STREAMS]


def served(account: Account, **options: Any) -> Simulator:
    """Return a simulator of an account, to be used as a context: ``TOKEN`` opens it, no limits."""
    return Simulator(account, **{"rate_limits": RateLimits.off(), "oauth_token": TOKEN, **options})


def source_of(
    zendesk: Simulator,
    *streams: str,
    make: Callable[..., DltSource] = zendesk_source,
    subdomain: str = "acme",
    credentials: Any = None,
    **settings: Any,
) -> DltSource:
    """Return a source that reads some streams of a simulator, or what is read by default."""
    credentials = credentials or ZendeskOAuthToken(oauth_token=TOKEN)
    credentials.subdomain, credentials.base_url = subdomain, zendesk.base_url
    source = make(credentials, **{"clock": zendesk.account.clock, **settings})
    return source.with_resources(*streams) if streams else source


def duckdb_pipeline(name: str = "zendesk") -> dlt.Pipeline:
    """Return a pipeline into the DuckDB file of its name, in the folder of the test."""
    return pipeline_into("duckdb", name)


def pipeline_into(destination: Any, name: str = "zendesk") -> dlt.Pipeline:
    return dlt.pipeline(name, destination=destination, dataset_name="zendesk_data")


def log_in(monkeypatch: pytest.MonkeyPatch, base_url: str, **credentials: str) -> None:
    """Set the variables that lead to a simulator, with ``TOKEN`` if no other log-in is named."""
    settings = {"subdomain": "acme", "base_url": base_url, **credentials}
    if "client_id" not in settings:
        settings.setdefault("oauth_token", TOKEN)
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name.upper()}", value)
