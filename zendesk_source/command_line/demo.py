"""What the demo shows: two syncs of a simulated account, and three questions to its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import dlt

from zendesk_source.api.clock import Clock
from zendesk_source.command_line.output import table_text
from zendesk_source.command_line.summary import summary
from zendesk_source.destination.failures import explained
from zendesk_source.errors import ConfigurationError, as_typed
from zendesk_source.runs.loop import SyncReport, sync
from zendesk_source.runs.packages import OnSlice
from zendesk_source.settings.dlt_credentials import ZendeskOAuthClient
from zendesk_source.source import zendesk_support

if TYPE_CHECKING:
    from zendesk_source.simulator import Account

_NOON = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
_CLIENT = ("demo_client", "demo_secret")

PIPELINE = "zendesk_demo"
DATASET = "demo_data"
"""Real data never goes here, because the demo drops the tables of an earlier one."""

QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "How long do people wait for a first reply, by priority?",
        """
        select coalesce(t.priority, '(none)') as priority,
               count(*) as tickets,
               median(cast(m.reply_time_in_minutes ->> '$.calendar' as bigint)) as median_minutes
        from tickets t join ticket_metrics m on m.ticket_id = t.id
        where not t.is_deleted
        group by 1 order by 2 desc limit 5
        """,
    ),
    (
        "Which tags come with bad ratings?",
        """
        select g.tag,
               count(*) as rated,
               count(*) filter (where t.satisfaction_rating ->> '$.score' = 'bad') as bad
        from tickets t join ticket_tags g on g.ticket_id = t.id
        where t.satisfaction_rating ->> '$.score' in ('good', 'bad')
        group by 1 order by 3 desc, 2 desc, 1 limit 5
        """,
    ),
    (
        "Who answers the most, in public?",
        """
        select u.name, count(*) as replies, count(distinct c.ticket_id) as tickets
        from ticket_comments c join users u on u.id = c.author_id
        where c.public and u.role in ('agent', 'admin')
        group by 1 order by 2 desc, 1 limit 5
        """,
    ),
)


@contextmanager
def simulated_account() -> Iterator[tuple[Account, ZendeskOAuthClient]]:
    """Serve a made-up account of 1,500 tickets; yield it and its credentials."""
    # Every command knows where the demo's tables are; only the demo needs a Zendesk.
    from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

    clock = SimulatedClock(start=_NOON, ticking=True)
    account = Account.generate(seed=7, tickets=1_500, users=600, organizations=60, clock=clock)
    limits = RateLimits.plan("enterprise", high_volume=True)
    # Its first minute would be over before all exports are read, and a demo is not to wait.
    limits = replace(limits, buckets={**limits.buckets, "incremental-exports": 120})
    with Simulator(account, rate_limits=limits, oauth_client=_CLIENT) as zendesk:
        credentials = ZendeskOAuthClient()
        credentials.subdomain = "demo"
        credentials.client_id, credentials.client_secret = _CLIENT
        credentials.base_url = zendesk.base_url
        yield account, credentials


def run_demo(
    pipeline: dlt.Pipeline, say: Callable[[str], None], on_slice: OnSlice | None = None
) -> SyncReport:
    """Load the simulated account twice and answer three questions from the tables.

    Args:
        pipeline: A pipeline into DuckDB; tables of an earlier demo in its dataset are dropped.
        say: Prints a line.
        on_slice: Passed on to ``sync``.

    Returns:
        The report of the first sync.
    """
    pipeline = _emptied(pipeline)
    with simulated_account() as (account, credentials):
        say("First sync of a simulated account\n")
        first = sync(pipeline, zendesk_support(credentials), on_slice=on_slice)
        say(summary(first))
        _busy_hour(account)
        say("\nAn hour later: 25 tickets edited, one deleted, one new. Second sync\n")
        second = sync(pipeline, zendesk_support(credentials), on_slice=on_slice)
        say(summary(second))
    for question, sql in QUESTIONS:
        say(f"\n{question}\n")
        say(answer(pipeline, sql))
    dataset = "" if pipeline.dataset_name == DATASET else f" --dataset {pipeline.dataset_name}"
    say(f"\nCharts of it: {as_typed('zendesk-source')} report --demo{dataset}")
    return first


def damaged(
    pipeline: dlt.Pipeline, credentials: Any, clock: Clock | None, say: Callable[[str], None]
) -> dlt.Pipeline:
    """Load the simulated account, and damage a few rows behind the back of the loads.

    Args:
        pipeline: A pipeline into DuckDB; tables of an earlier demo in its dataset are dropped.
        credentials: Of the account that is served.
        clock: Its clock.
        say: Prints a line.
    """
    pipeline = _emptied(pipeline)
    sync(pipeline, zendesk_support(credentials, clock=clock), clock=clock)
    with pipeline.sql_client() as client:
        for statement in DAMAGE:
            client.execute_sql(statement)
    say("Loaded a simulated account; then two tickets were deleted from its table, one was given")
    say("another subject, and the tags of one and a comment of another were removed.")
    return pipeline


DAMAGE = (
    "delete from tickets where id in (7, 700)",
    "update tickets set subject = 'as it was once' where id = 77",
    "delete from ticket_tags where ticket_id = (select min(ticket_id) from ticket_tags)",
    "delete from ticket_comments where id = (select max(id) from ticket_comments)",
)
"""What the demo of ``reconcile`` does to its tables."""


def answer(pipeline: dlt.Pipeline, sql: str) -> str:
    """Return a query's answer as a text table."""
    with pipeline.sql_client() as client, client.execute_query(sql) as cursor:
        headings = [column[0] for column in cursor.description]
        rows = [
            [f"{v:,.0f}" if isinstance(v, (int, float)) else str(v) for v in row]
            for row in cursor.fetchall()
        ]
    return table_text(headings, rows)


def _emptied(pipeline: dlt.Pipeline) -> dlt.Pipeline:
    with explained(pipeline), pipeline.sql_client() as client:
        if client.has_dataset():
            tables = client.execute_sql(
                "select count(*) from information_schema.tables where table_schema = %s"
                " and table_name = '_dlt_pipeline_state'",
                client.dataset_name,
            )
            if tables and tables[0][0]:
                _check_owner(client.execute_sql("select pipeline_name from _dlt_pipeline_state"))
            client.drop_dataset()
    return pipeline.drop()


def _check_owner(states: Sequence[Sequence[str]] | None) -> None:
    if {name for (name,) in states or ()} - {PIPELINE}:
        raise ConfigurationError(
            "This dataset holds real data, and the demo empties its dataset first.",
            "Leave --dataset out, or name one that does not exist.",
        )


def _busy_hour(account: Account) -> None:
    account.clock.advance(1_800)
    ids = [ticket["id"] for ticket in account.truth("tickets") if ticket["status"] == "open"]
    for ticket_id in ids[:25]:
        account.edit_ticket(ticket_id, status="pending")
    account.delete_ticket(ids[25])
    account.create_ticket(subject="The export is missing a column")
    account.clock.advance(1_800)
