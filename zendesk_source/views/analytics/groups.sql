-- One row a group, and one without a group for the tickets of none, over everything loaded. A group
-- that was deleted stays, with `is_deleted`: it still names old tickets.
--
-- A ticket counts for the group that has it now. Deleted tickets are left out, merged ones count as
-- solved. Medians are over the tickets with a first reply, which `replied` counts;
-- `satisfaction_percent` is the share of good ones in `rated` tickets; `breached` are tickets with
-- a breach. For a span of time or by priority, group `analytics_tickets` the same way.
select
    coalesce(groups.id, had.group_id) as group_id,
    groups.name as group_name,
    groups.is_gone or coalesce(groups.deleted, false) as is_deleted,
    coalesce(had.unsolved, 0) as unsolved,
    coalesce(had.solved, 0) as solved,
    coalesce(had.reopened, 0) as reopened,
    coalesce(had.replied, 0) as replied,
    had.median_first_reply_minutes,
    had.median_first_reply_business_minutes,
    had.median_full_resolution_minutes,
    coalesce(had.rated, 0) as rated,
    had.satisfaction_percent,
    had.breached
from groups
full join (
    select
        analytics_tickets.group_id,
        count(case when analytics_tickets.is_unsolved then 1 end) as unsolved,
        count(case when not analytics_tickets.is_unsolved then 1 end) as solved,
        count(case when analytics_tickets.reopens > 0 then 1 end) as reopened,
        count(analytics_tickets.first_reply_minutes) as replied,
        percentile_cont(0.5) within group (order by analytics_tickets.first_reply_minutes)
            as median_first_reply_minutes,
        percentile_cont(0.5) within group (order by analytics_tickets.first_reply_business_minutes)
            as median_first_reply_business_minutes,
        percentile_cont(0.5) within group (order by analytics_tickets.full_resolution_minutes)
            as median_full_resolution_minutes,
        count(analytics_tickets.satisfaction) as rated,
        cast(100.0 * count(case when analytics_tickets.satisfaction = 'good' then 1 end)
             / nullif(count(analytics_tickets.satisfaction), 0) as double precision)
            as satisfaction_percent,
        cast(sum(case when analytics_tickets.sla_breaches > 0 then 1
                      when analytics_tickets.sla_breaches = 0 then 0 end) as bigint) as breached
    from analytics_tickets
    where not analytics_tickets.is_deleted
    group by analytics_tickets.group_id
) as had on had.group_id = groups.id
