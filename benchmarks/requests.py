"""`python -m benchmarks.requests`: requests a stream on an account of 20,000 tickets.

Loads every stream of a simulated account, and then once more after nothing has happened. Writes
``docs/requests.json``, which `make docs` shows in docs/streams.md; 1 when the core costs too much.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from zendesk_source.catalogue import STREAMS, Paging
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, RateLimits, Simulator
from zendesk_source.simulator.past.examples import EXAMPLES
from zendesk_source.simulator.rows.examples import rows_like

TOKEN = "a-token"
FIGURES = Path(__file__).resolve().parent.parent / "docs" / "requests.json"
SIZES = {"tickets": 20_000, "users": 10_000, "organizations": 500, "articles": 2_000}
DAY_SECONDS = 86_400
EVERY_STREAM = ("all", *(stream.name for stream in STREAMS if stream.is_opt_in))
EXPORTS = {
    stream.name for stream in STREAMS if stream.paging in (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT)
}


def an_account(scale: float) -> Account:
    """Return an account with its articles; 1 is full size."""
    sizes = {name: round(count * scale) for name, count in SIZES.items()}
    articles = sizes["articles"]
    account = Account.generate(
        tickets=sizes["tickets"],
        users=sizes["users"],
        organizations=sizes["organizations"],
    )
    stream = next(stream for stream in STREAMS if stream.name == "hc_articles")
    now = account.now_second()
    example, store = EXAMPLES[stream.name], account.stores[stream.name]
    missing = articles - len(store)
    for row in rows_like(
        account, stream, example, missing, Random(1), now - 300 * DAY_SECONDS, now - DAY_SECONDS
    ):
        store.put(row)
    return account


def measure(
    account: Account,
    named: Sequence[str] = EVERY_STREAM,
    moments: Sequence[str] = ("first", "idle"),
) -> dict[str, dict[str, int]]:
    """Sync once a moment, and return rows and requests by stream."""
    import dlt

    from zendesk_source import sync, zendesk_source
    from zendesk_source.settings.selection import select_streams

    pipeline = dlt.pipeline("requests", destination="duckdb", dataset_name="zendesk_data")
    found: dict[str, dict[str, int]] = {}
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token=TOKEN) as zendesk:
        credentials = ZendeskOAuthToken()
        credentials.subdomain, credentials.oauth_token = "acme", TOKEN
        credentials.base_url = zendesk.base_url
        for moment in moments:
            source = zendesk_source(credentials, clock=account.clock)
            report = sync(pipeline, source.with_resources(*select_streams(named)))
            for name, run in report.runs.items():
                figures = found.setdefault(
                    name, {"rows": run.rows.get(name, sum(run.rows.values()))}
                )
                figures[moment] = run.usage.requests
            account.clock.advance(3_600)
    return found


def core_bound(figures: dict[str, dict[str, int]]) -> tuple[int, float]:
    """Return the requests of a first sync of the core, and how many it may make."""
    core = [stream.name for stream in STREAMS if stream.is_core]
    rows = sum(figures[name]["rows"] for name in core if name in EXPORTS)
    return sum(figures[name]["first"] for name in core), 1.1 * rows / 1000 + 60


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the figures of the full size, and compare the core with its bound."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.requests")
    parser.add_argument("--scale", type=float, default=1.0, help="only 1 is written down")
    options: Any = parser.parse_args(arguments)
    account = an_account(options.scale)
    with tempfile.TemporaryDirectory(prefix="zendesk-bench-") as folder:
        os.environ.update(DLT_DATA_DIR=folder, RUNTIME__DLTHUB_TELEMETRY="false")
        os.chdir(folder)
        figures = measure(account)
        os.chdir(FIGURES.parent)
    for name, each in figures.items():
        print(f"{name:32} {each['rows']:>9,} rows {each['first']:>5} {each['idle']:>5}")
    made, allowed = core_bound(figures)
    print(f"core: {made} requests, {allowed:.0f} allowed")
    if options.scale == 1.0:
        written = json.dumps({"account": SIZES, "streams": figures}, indent=1)
        FIGURES.write_text(written + "\n", encoding="utf-8")
    return 0 if made <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
