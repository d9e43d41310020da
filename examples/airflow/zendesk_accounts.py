"""A task for each account of a file, which is read by every run: a new account needs no deploy.

The pool `zendesk` says how many accounts are loaded at the same time. What may pass is tried again.
"""

import os
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

ACCOUNTS = os.environ.get("ZENDESK_ACCOUNTS", "/srv/zendesk/accounts.toml")


@dag(
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
)
def zendesk_accounts() -> None:
    """Load all accounts."""

    @task
    def accounts() -> list[dict[str, Any]]:
        from zendesk_source import read_accounts

        return read_accounts(ACCOUNTS, travels=True)  # no secret may be in the file

    @task(
        pool="zendesk",
        retries=2,
        retry_delay=timedelta(minutes=5),
        map_index_template="{{ task.op_kwargs['unit']['account'] }}",
    )
    def load(unit: dict[str, Any]) -> dict[str, Any]:
        from zendesk_source import load_account

        done = load_account(unit, max_minutes=50)
        if done["exit_code"] not in (0, 5):
            failure = AirflowException if done["may_pass"] else AirflowFailException
            raise failure(f"{done['account']}: {done['reason']}")
        return done

    load.expand(unit=accounts())


zendesk_accounts()
