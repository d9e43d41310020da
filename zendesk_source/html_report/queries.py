"""The queries of the page, in SQL that both DuckDB and Postgres understand.

Each query may read ``asked``, one row: ``zone``, ``first_day``, ``weeks`` and ``until``. A day is a
day in that zone. Week 0 begins on the first day; negative weeks are those before, to compare.
``analytics_tickets`` is the view of that name, whether or not it was made.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Query:
    """A query, and the tables that it needs."""

    needs: tuple[str, ...]
    sql: str


ASKED = """
asked as (
    select cast(%s as varchar) as zone, cast(%s as date) as first_day,
           cast(%s as integer) as weeks, cast(%s as timestamp with time zone) as until
)
"""

# What follows is read without `asked`.
TABLES = """
select table_name from information_schema.tables
where table_schema = %s and table_type = 'BASE TABLE'
"""
COLUMNS = "select table_name, column_name from information_schema.columns where table_schema = %s"
ACCOUNT_NAMES = "select distinct account from _zendesk_sync_log order by account"
LAST_SYNC = """
select stream, status, reason, started_at
from (
    select l.*, row_number() over (
        partition by stream
        order by case when started_at > %s then 1 else 0 end, started_at desc
    ) as place
    from _zendesk_sync_log l
) as runs
where place = 1
"""
SPAN = "select min(created_at), max(greatest(created_at, updated_at)) from tickets"

FLOW = Query(
    ("tickets",),
    """
    select greatest(flow.day, asked.first_day - 7 * asked.weeks - 1) as day,
           sum(flow.created) as created, sum(flow.solved) as solved
    from (
        select cast(t.created_at at time zone asked.zone as date) as day, 1 as created, 0 as solved
        from analytics_tickets t cross join asked
        where not t.is_deleted
        union all
        select cast(coalesce(t.solved_at, t.updated_at) at time zone asked.zone as date), 0, 1
        from analytics_tickets t cross join asked
        where not t.is_deleted and not t.is_unsolved
    ) as flow cross join asked
    group by 1 order by 1
    """,
)

BACKLOG = Query(
    ("tickets", "groups"),
    """
    select coalesce(t.group_name, '(no group)') as group_name,
           case when t.created_at > asked.until - interval '1 day' then 0
                when t.created_at > asked.until - interval '7 day' then 1
                when t.created_at > asked.until - interval '30 day' then 2
                when t.created_at > asked.until - interval '90 day' then 3
                else 4 end as age, count(*) as tickets
    from analytics_tickets t cross join asked
    where t.is_unsolved and not t.is_deleted
    group by 1, 2
    """,
)

SPEED = Query(
    ("tickets", "ticket_metrics"),
    """
    select kind, week >= 0 as is_now, week, priority, count(*) as tickets,
           percentile_cont(0.25) within group (order by minutes) as p25,
           percentile_cont(0.5) within group (order by minutes) as p50,
           percentile_cont(0.75) within group (order by minutes) as p75,
           percentile_cont(0.9) within group (order by minutes) as p90
    from (
        select measured.kind, measured.minutes, measured.priority, asked.weeks,
               cast(floor((cast(measured.moment at time zone asked.zone as date)
                           - asked.first_day) / 7.0) as integer) as week
        from (
            select 'reply' as kind, t.created_at as moment,
                   coalesce(t.priority, 'none') as priority, t.first_reply_minutes as minutes
            from analytics_tickets t
            where not t.is_deleted
            union all
            select 'resolution', t.solved_at, coalesce(t.priority, 'none'),
                   t.full_resolution_minutes
            from analytics_tickets t
            where not t.is_deleted and not t.is_unsolved
        ) as measured cross join asked
        where measured.minutes is not null and measured.moment is not null
    ) as by_week
    where week >= -weeks and week < weeks
    group by grouping sets ((kind, week >= 0), (kind, week >= 0, week), (kind, week >= 0, priority))
    order by kind, week, priority
    """,
)

TARGETS = Query(
    ("tickets", "ticket_metric_events"),
    """
    select week, count(case when breaches = 0 then 1 end) as kept,
           count(case when breaches > 0 then 1 end) as missed
    from (
        select t.sla_breaches as breaches, asked.weeks,
               cast(floor((cast(t.created_at at time zone asked.zone as date)
                           - asked.first_day) / 7.0) as integer) as week
        from analytics_tickets t cross join asked
        where not t.is_deleted and t.sla_targets > 0
    ) as measured
    where week >= -weeks and week < weeks
    group by 1 order by 1
    """,
)

TARGETS_BY_METRIC = Query(
    ("tickets", "ticket_metric_events"),
    """
    select case when e.metric <> 'reply_time' then e.metric
                when e.instance_id > 1 then 'next_reply_time' else 'first_reply_time' end as metric,
           count(distinct case when e.type <> 'breach' then t.ticket_id end) as tickets,
           count(distinct case when e.type = 'breach' then t.ticket_id end) as missed
    from ticket_metric_events e
    join analytics_tickets t on t.ticket_id = e.ticket_id
    cross join asked
    where e.type in ('apply_sla', 'apply_group_sla', 'breach') and e.deleted is not true
      and not t.is_deleted
      and cast(t.created_at at time zone asked.zone as date) >= asked.first_day
    group by 1 order by 2 desc, 1
    """,
)

CHANNELS = Query(
    ("tickets",),
    """
    select coalesce(t.channel, '(none)') as channel, count(*) as tickets,
           count(t.first_reply_minutes) as replied,
           percentile_cont(0.5) within group (order by t.first_reply_minutes) as first_reply,
           count(case when t.satisfaction = 'good' then 1 end) as good,
           count(t.satisfaction) as rated
    from analytics_tickets t cross join asked
    where not t.is_deleted and cast(t.created_at at time zone asked.zone as date) >= asked.first_day
    group by 1 order by 2 desc, 1
    """,
)

TAGS = Query(
    ("tickets", "ticket_tags"),
    """
    select tag, count(case when week >= 0 then 1 end) as tickets,
           count(case when week < 0 then 1 end) as before
    from (
        select g.tag, asked.weeks,
               cast(floor((cast(t.created_at at time zone asked.zone as date)
                           - asked.first_day) / 7.0) as integer) as week
        from ticket_tags g
        join analytics_tickets t on t.ticket_id = g.ticket_id
        cross join asked
        where not t.is_deleted
    ) as tagged
    where week >= -weeks and week < weeks
    group by 1 order by 2 desc, 3 desc, 1
    """,
)

SATISFACTION = Query(
    ("satisfaction_ratings",),
    """
    select week, count(case when starts_with(score, 'good') then 1 end) as good,
           count(case when starts_with(score, 'bad') then 1 end) as bad
    from (
        select r.score, asked.weeks,
               cast(floor((cast(r.created_at at time zone asked.zone as date)
                           - asked.first_day) / 7.0) as integer) as week
        from satisfaction_ratings r cross join asked
    ) as rated
    where week >= -weeks and week < weeks
    group by 1 order by 1
    """,
)

HOURS = Query(
    ("tickets",),
    """
    select cast(extract(isodow from moment) as integer) as weekday,
           cast(extract(hour from moment) as integer) as hour, count(*) as tickets
    from (
        select t.created_at at time zone asked.zone as moment, asked.first_day
        from analytics_tickets t cross join asked
        where not t.is_deleted
    ) as created
    where cast(moment as date) >= first_day
    group by 1, 2
    """,
)

AGENT_NAMES = Query(
    ("users",), "select id, name from users cross join asked where role in ('agent', 'admin')"
)

AGENT_TICKETS = Query(
    ("tickets",),
    """
    select t.assignee_id,
           count(case when not t.is_unsolved
                 and cast(coalesce(t.solved_at, t.updated_at) at time zone asked.zone as date)
                     >= asked.first_day then 1 end) as solved,
           count(case when t.is_unsolved then 1 end) as unsolved
    from analytics_tickets t cross join asked
    where t.assignee_id is not null and not t.is_deleted
    group by 1
    """,
)

AGENT_REPLIES = Query(
    ("ticket_comments",),
    """
    select c.author_id, count(*) as replies
    from ticket_comments c cross join asked
    where c.public and cast(c.created_at at time zone asked.zone as date) >= asked.first_day
    group by 1
    """,
)

AGENT_RATINGS = Query(
    ("satisfaction_ratings",),
    """
    select r.assignee_id, count(case when starts_with(r.score, 'good') then 1 end) as good,
           count(*) as rated
    from satisfaction_ratings r cross join asked
    where (starts_with(r.score, 'good') or starts_with(r.score, 'bad'))
      and r.assignee_id is not null
      and cast(r.created_at at time zone asked.zone as date) >= asked.first_day
    group by 1
    """,
)
