"""States as earlier releases left them, beside the account that they were left of.

``python -m tests.support.saved_states NAME`` records one: with the code that is checked out, in
``tests/extract/saved_states``. What is there is never recorded anew to make a test pass. Where the
simulator gives the same seed other rows, record with the release before and that simulator.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dlt
from dlt.common.json import json as dlt_json

from zendesk_source import sync, zendesk_source
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.catalogue import STREAMS
from zendesk_source.resources.run import SliceLimits
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator
from zendesk_source.simulator.door.server import Request
from zendesk_source.simulator.pages.answers import FORBIDDEN, Answer

FOLDER = Path(__file__).parent.parent / "extract" / "saved_states"
TOKEN = "a-token"
START = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
BY_NAME = {stream.name: stream for stream in STREAMS}

EXPORTS = (
    *("tickets", "users", "organizations", "ticket_events", "ticket_metric_events"),
    *("talk_calls", "chat_chats", "custom_object_records", "hc_articles", "audit_logs"),
)
LISTS = ("groups", "macros", "tags", "ticket_fields")
CHILDREN = (
    *("side_conversations", "hc_article_comments", "hc_article_comment_votes"),
    *("hc_article_translations", "macro_attachments", "routing_attribute_values"),
    "schedule_holidays",
)


@dataclass(frozen=True)
class Kind:
    """What a state is of.

    Attributes:
        streams: What is loaded.
        accounts: Names of the accounts in the dataset.
        pages_a_slice: Of the sync that was killed; 0 where all was loaded.
        settings: Of the source.
        has_refusals: Whether the definitions of custom fields are refused, and the rows of parents.
        has_brands: Whether two brands have a Help Center.
    """

    streams: tuple[str, ...]
    accounts: tuple[str, ...] = ("acme",)
    pages_a_slice: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_refusals: bool = False
    has_brands: bool = False


KINDS: Mapping[str, Kind] = {
    "killed": Kind((*EXPORTS, "schedule_holidays"), pages_a_slice=12),
    "children": Kind(CHILDREN[:-1], pages_a_slice=4),
    "whole": Kind((*EXPORTS, *LISTS, *CHILDREN), has_refusals=True),
    "brands": Kind(("hc_articles", "hc_categories", *CHILDREN[1:4]), has_brands=True),
    "shared": Kind(
        ("tickets", "organizations", *LISTS, "side_conversations", "schedule_holidays"),
        accounts=("acme", "acme-emea"),
        settings={"account_column": True, "history": ["macros"]},
    ),
}
SLICES_BEFORE_THE_KILL = 4
SMALL = {
    "zendesk_source.simulator.pages.exports.MAX_PER_PAGE": 10,
    "zendesk_source.extract.parents.children.ASKED_AT_ONCE": 4,
}
"""Pages and steps, so that a kill leaves much in the middle."""


class Scene:
    """An account that was loaded as a state says, and the clock that shows the same time.

    Attributes:
        kind: What is loaded of it.
        account: The simulated one.
        zendesk: Serves it.
        pipeline: Holds the tables.
        runs: What the last sync did.
        changed: Ids of what has changed since the state was left.
    """

    def __init__(self, kind: Kind, zendesk: Simulator, pipeline: dlt.Pipeline) -> None:
        self.kind, self.zendesk, self.pipeline = kind, zendesk, pipeline
        self.account = zendesk.account
        self.runs: dict[str, StreamRun] = {}
        self.changed: set[str] = set()

    def sync(self, account: str = "acme", **options: Any) -> None:
        """Bring the tables up to now."""
        credentials = ZendeskOAuthToken()
        credentials.subdomain, credentials.oauth_token = account, TOKEN
        credentials.base_url = self.zendesk.base_url
        source = zendesk_source(credentials, clock=self.account.clock, **self.kind.settings)
        chosen = source.with_resources(*self.kind.streams)
        self.runs = sync(self.pipeline, chosen, clock=self.account.clock, **options).runs

    def load_all(self) -> None:
        """Load all there is, as the sync before the state was left did."""
        for name in self.kind.accounts:
            self.sync(name)
        self.account.clock.advance(3_600)

    def load_a_part(self) -> None:
        """Load a few slices, and be killed."""
        slices: list[int] = []

        def kill(runs: dict[str, StreamRun]) -> None:
            slices.append(1)
            if len(slices) >= SLICES_BEFORE_THE_KILL:
                raise KeyboardInterrupt

        try:
            self.sync(limits=SliceLimits(self.kind.pages_a_slice), on_slice=kill)
        except KeyboardInterrupt:
            return
        raise AssertionError("all was loaded before the kill")

    def change(self) -> None:
        """Let some rows change, of which the next sync is to tell."""
        account = self.account
        account.clock.advance(3_600)
        self.zendesk.allow("organization_fields")
        ticket = next(row["id"] for row in account.truth("tickets") if row["status"] == "open")
        macro, article = (account.truth(name)[-1]["id"] for name in ("macros", "hc_articles"))
        account.edit_ticket(ticket, subject="Changed since")
        account.edit_row("macros", macro, title="Changed since")
        account.edit_row("hc_articles", article, title="Changed since")
        self.changed = {str(ticket), str(macro), str(article)}
        account.clock.advance(3_600)

    def asked(self) -> dict[str, int]:
        """Return the requests so far by stream."""
        asked = Counter(each.stream for each in self.zendesk.requests)
        return {name: asked[name] for name in self.kind.streams}

    def put(self, state: Mapping[str, Any]) -> None:
        """Let the dataset be where a state says."""
        with self.pipeline.managed_state(extract_state=True) as current:
            current["sources"] = {"zendesk": dlt_json.typed_loads(json.dumps(state))}

    def keys(self) -> dict[str, list[str]]:
        """Return the keys of all rows, by table."""
        found = {}
        with self.pipeline.sql_client() as client:
            for table, _, key in self._tables():
                rows = client.execute_sql(f"SELECT DISTINCT {key} AS k FROM {table} ORDER BY k")
                found[table] = [row[0] for row in rows or ()]
        return found

    def keep_only(self, keys: Mapping[str, Iterable[str]]) -> None:
        """Remove the rows that were not loaded yet."""
        with self.pipeline.sql_client() as client:
            for table, stream, key in self._tables():
                # A side table that came later has what was loaded of its parents.
                found = keys.get(table, keys.get(stream, ()))
                kept = ", ".join(f"'{each}'" for each in found) or "NULL"
                client.execute_sql(
                    f"DELETE FROM {table} WHERE coalesce({key} NOT IN ({kept}), true)"
                )

    def _tables(self) -> Iterator[tuple[str, str, str]]:
        """Yield each table, its stream, and what tells whose rows they are: its parent's key."""
        tables = self.pipeline.default_schema.tables
        for name, table in tables.items():
            if name.startswith("_") or "resource" not in table or "columns" not in table:
                continue
            stream = BY_NAME[str(table["resource"])]
            side = next((each for each in stream.side_tables if each.name == name), None)
            key = stream.primary_key if side is None else (side.parent_column,)
            yield name, stream.name, f"concat_ws('|', {', '.join(key)})"


@contextmanager
def scene_of(kind: Kind) -> Iterator[Scene]:
    """Serve an account whose exports have many small pages."""
    clock = SimulatedClock(start=START)
    account = Account.generate(seed=9, tickets=40, users=30, organizations=25, clock=clock)
    pipeline = dlt.pipeline("zendesk", destination="duckdb", dataset_name="zendesk_data")
    off = RateLimits.off()
    with ExitStack() as stack:
        for name, size in SMALL.items():
            stack.enter_context(patch(name, size))
        served = Simulator(account, rate_limits=off, oauth_token=TOKEN, latency_seconds=0.5)
        zendesk = stack.enter_context(served)
        if kind.has_refusals:
            zendesk.refuse("organization_fields")
            zendesk.alter_answers(_refuse(*refused_parents(account)))
        if kind.has_brands:
            brand = account.truth("brands")[1]["id"]
            account.open_help_center(brand, zendesk.base_url.replace("127.0.0.1", "localhost"))
            for title in ("One", "Another"):
                row = account.add_row("hc_articles", brand_id=brand, title=title, position=1)
                account.add_row("hc_article_comments", article_id=row["id"], body="Of it")
            account.clock.advance(3_600)
        yield Scene(kind, zendesk, pipeline)


def refused_parents(account: Account) -> tuple[int, int]:
    """Return the schedule and the ticket whose rows are refused."""
    schedules, tickets = account.truth("schedules"), account.truth("tickets")
    ticket = max(row["id"] for row in tickets if row["status"] == "closed")
    return max(row["id"] for row in schedules), ticket


def _refuse(schedule: int, ticket: int) -> Any:
    paths = (f"/schedules/{schedule}/", f"/tickets/{ticket}/")

    def alter(request: Request, healthy: Answer) -> Answer:
        return FORBIDDEN if any(path in request.path for path in paths) else healthy

    return alter


def _record(name: str) -> None:
    kind = KINDS[name]
    with scene_of(kind) as scene:
        scene.load_a_part() if kind.pages_a_slice else scene.load_all()
        state = scene.pipeline.state["sources"]["zendesk"]
        saved: dict[str, Any] = {"state": json.loads(dlt_json.typed_dumps(state))}
        if kind.pages_a_slice:
            saved["keys"] = scene.keys()
        scene.change()
        scene.zendesk.forget_requests()
        scene.sync()
        saved["asked"] = scene.asked()
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(saved, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")
    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    import os

    names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLT_DATA_DIR"] = folder
        os.chdir(folder)
        for name in names:
            _record(name)
            dlt.pipeline("zendesk", destination="duckdb", dataset_name="zendesk_data").drop()
            Path("zendesk.duckdb").unlink()
