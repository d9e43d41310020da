"""A partition for each account of a file; the schedule asks for a run of all that it names then."""

import os

import dagster as dg

from zendesk_source import load_account, read_accounts

ACCOUNTS = os.environ.get("ZENDESK_ACCOUNTS", "/srv/zendesk/accounts.toml")
BY_ACCOUNT = "zendesk_account"


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name=BY_ACCOUNT), pool="zendesk")
def zendesk(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The tables of one account; the limit of the pool says how many are loaded at once."""
    (unit,) = read_accounts(ACCOUNTS, [context.partition_key])
    done = load_account(unit, max_minutes=50)
    if done["exit_code"] not in (0, 5):
        raise dg.Failure(done["reason"])
    return dg.MaterializeResult(metadata=done)


@dg.schedule(cron_schedule="7 * * * *", target=[zendesk])
def hourly(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Return a request for each account, whose partition is made if it is new."""
    names = [unit["account"] for unit in read_accounts(ACCOUNTS)]
    context.instance.add_dynamic_partitions(BY_ACCOUNT, names)
    at = context.scheduled_execution_time.isoformat()
    return [dg.RunRequest(run_key=f"{name} {at}", partition_key=name) for name in names]


defs = dg.Definitions(assets=[zendesk], schedules=[hourly])
