"""A partition for each account of a file; a sensor adds those that are new to it, and loads all."""

import dagster as dg

from zendesk_source import load_account, read_accounts

ACCOUNTS = dg.EnvVar("ZENDESK_ACCOUNTS").get_value("/srv/zendesk/accounts.toml") or ""
by_account = dg.DynamicPartitionsDefinition(name="zendesk_account")


@dg.asset(partitions_def=by_account, pool="zendesk")
def zendesk(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The tables of one account."""
    (unit,) = read_accounts(ACCOUNTS, [context.partition_key], travels=True)
    done = load_account(unit, max_minutes=50)
    if done["exit_code"] not in (0, 5):
        raise dg.Failure(done["reason"])
    return dg.MaterializeResult(metadata=done)


@dg.schedule(cron_schedule="7 * * * *", target=[zendesk])
def hourly(context: dg.ScheduleEvaluationContext) -> dg.SensorResult | list[dg.RunRequest]:
    """Ask for a run of every account that the file names now."""
    names = [unit["account"] for unit in read_accounts(ACCOUNTS, travels=True)]
    context.instance.add_dynamic_partitions(by_account.name or "", names)
    return [dg.RunRequest(partition_key=name) for name in names]


defs = dg.Definitions(assets=[zendesk], schedules=[hourly])
