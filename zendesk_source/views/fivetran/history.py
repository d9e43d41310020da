"""The history of tickets: changes of fields, SLA targets and schedules."""

from __future__ import annotations

from zendesk_source.views.declared import IS_GONE, Column, Rows, View, same, synced

# Zendesk writes `Create priority null` and the trigger's `Change priority low` into one audit: of
# several rows a second the last counts, or the package orders them as it comes.
#
# Targets are changes as well where the ticket's own events tell them. Where they do not, the
# metric events do; never both, or each target would be there twice.
TICKET_FIELD_HISTORY = View(
    name="ticket_field_history",
    reads={
        "h": Rows("ticket_field_history"),
        "e": Rows("ticket_metric_events", may_be_missing=True),
    },
    columns=(
        Column("ticket_id", "bigint", "changes.ticket_id"),
        Column("field_name", "text", "changes.field_name"),
        Column("updated", "timestamp", "changes.updated"),
        Column("value", "text", "changes.value"),
        Column("user_id", "bigint", "changes.user_id"),
        Column("_fivetran_synced", "timestamp", "changes.synced_at"),
    ),
    body="""
    from (
        select told.*, row_number() over (
            partition by told.ticket_id, told.field_name, told.updated
            order by told.event_id desc, told.child_id desc
        ) as place
        from (
            select h.ticket_id, h.field_name, h.updated, h.value, h.user_id, h.event_id,
                   h.child_id, h._zendesk_synced_at as synced_at
            from h
            union all
            select target.ticket_id, target.field_name, target.updated, target.value, null,
                   target.event_id, 0, target.synced_at
            from (
                select e.ticket_id, e.time as updated, e.id as event_id,
                       e._zendesk_synced_at as synced_at,
                       case when e.metric <> 'reply_time' then e.metric
                            when e.instance_id <= 1 then 'first_reply_time'
                            else 'next_reply_time' end as field_name,
                       '{"minutes":' || (e.sla ->> '$.target') || ',"in_business_hours":'
                           || coalesce((e.sla ->> '$.business_hours'), 'false') || '}' as value
                from e
                where e.type = 'apply_sla' and not coalesce(e.deleted, false)
                union all
                select e.ticket_id, e.time, e.id, e._zendesk_synced_at, 'sla_policy',
                       (e.sla ->> '$.policy.title')
                from e
                where e.type = 'apply_sla' and not coalesce(e.deleted, false)
            ) as target
            where target.value is not null
              and not exists (
                  select 1 from h
                  where h.ticket_id = target.ticket_id and h.field_name = target.field_name
              )
        ) as told
    ) as changes
    where changes.place = 1
    """,
)

# The package joins by equal time and would double rows.
TICKET_SLA_POLICY = View(
    name="ticket_sla_policy",
    reads={"e": Rows("ticket_metric_events")},
    columns=(
        Column("ticket_id", "bigint", "applied.ticket_id"),
        Column("sla_policy_id", "bigint", "applied.sla_policy_id"),
        Column("policy_applied_at", "timestamp", "applied.at"),
        Column("_fivetran_synced", "timestamp", "applied.synced_at"),
    ),
    body="""
    from (
        select e.ticket_id, e.time as at, (e.sla ->> '$.policy.id') as sla_policy_id,
               e._zendesk_synced_at as synced_at,
               row_number() over (partition by e.ticket_id, e.time order by e.id desc) as place
        from e
        where e.type = 'apply_sla' and not coalesce(e.deleted, false)
          and (e.sla ->> '$.policy.id') is not null
    ) as applied
    where applied.place = 1
    """,
    switch="using_ticket_sla_policy",
)

# Without a schedule means the default one, which for the package is the oldest.
TICKET_SCHEDULE = View(
    name="ticket_schedule",
    reads={
        "c": Rows("ticket_schedule_changes"),
        "s": Rows("schedules", "newest", may_be_missing=True),
    },
    columns=(
        Column("ticket_id", "bigint", "assigned.ticket_id"),
        Column("schedule_id", "bigint", "assigned.schedule_id"),
        Column("created_at", "timestamp", "assigned.updated"),
        Column("_fivetran_synced", "timestamp", "assigned.synced_at"),
    ),
    body=f"""
    from (
        select c.ticket_id, c.updated, c._zendesk_synced_at as synced_at,
               coalesce(c.schedule_id, (
                   select s.id from s where not s.{IS_GONE} order by s.created_at, s.id limit 1
               )) as schedule_id,
               row_number() over (
                   partition by c.ticket_id, c.updated order by c.event_id desc, c.child_id desc
               ) as place
        from c
    ) as assigned
    where assigned.place = 1
    """,  # noqa: S608
    switch="using_schedules",
)

AUDIT_LOG = View(
    name="audit_log",
    reads={"a": Rows("audit_logs")},
    columns=(
        *same("a", "audit_logs", "id action actor_id change_description created_at"),
        *same("a", "audit_logs", "source_id source_type source_label"),
        synced("a"),
    ),
    switch="using_audit_log",
    is_on=False,
)

HISTORY = (TICKET_FIELD_HISTORY, TICKET_SLA_POLICY, TICKET_SCHEDULE, AUDIT_LOG)
