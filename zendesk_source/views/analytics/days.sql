-- One row a day, from that of the first ticket to the newest day of the data, which may not be over.
-- Days are those of UTC. Deleted tickets are left out, on days before their deletion as well, and
-- restored ones are there as if they had never been away; tickets merged into others leave the
-- backlog like solved ones.
--
-- `created`: tickets that came in. `solved`: how often a ticket became solved (or closed, unsolved
-- as it was); `reopened`: how often a solved one became unsolved again. `backlog`: unsolved tickets
-- at the end of the day, that is all created, less all solved, plus all reopened until then.
--
-- These come from the changes of `status` in `ticket_field_history`. What is not told there (where
-- ticket_events are not loaded: nothing) comes from the ticket: it was solved when it was solved
-- last, and never reopened.
select
    days.day,
    coalesce(moved.created, 0) as created,
    coalesce(moved.solved, 0) as solved,
    coalesce(moved.reopened, 0) as reopened,
    cast(sum(coalesce(moved.created - moved.solved + moved.reopened, 0))
         over (order by days.day) as bigint) as backlog
from (
    select cast(each_day.day as date) as day
    from (
        select
            min(cast(analytics_tickets.created_at at time zone 'UTC' as date)) as first_day,
            max(cast(analytics_tickets.updated_at at time zone 'UTC' as date)) as last_day
        from analytics_tickets
    ) as span
    cross join lateral days_from(span.first_day, span.last_day) as each_day
) as days
left join (
    select
        cast(step.at at time zone 'UTC' as date) as day,
        count(case when step.was_unsolved is null then 1 end) as created,
        count(case when step.was_unsolved and not step.is_unsolved then 1 end) as solved,
        count(case when not step.was_unsolved and step.is_unsolved then 1 end) as reopened
    from (
        select
            told.at,
            told.is_unsolved,
            lag(told.is_unsolved) over (
                partition by told.ticket_id order by told.at, told.event_id, told.child_id
            ) as was_unsolved
        from (
            -- A ticket begins unsolved; one that was created as solved is solved at once.
            select
                analytics_tickets.ticket_id,
                analytics_tickets.created_at as at,
                true as is_unsolved,
                -1 as event_id,
                0 as child_id
            from analytics_tickets
            where not analytics_tickets.is_deleted
            union all
            select
                analytics_tickets.ticket_id,
                greatest(ticket_field_history.updated, analytics_tickets.created_at),
                ticket_field_history.value not in ('solved', 'closed'),
                ticket_field_history.event_id,
                ticket_field_history.child_id
            from analytics_tickets
            join ticket_field_history
                on ticket_field_history.ticket_id = analytics_tickets.ticket_id
            where not analytics_tickets.is_deleted
              and ticket_field_history.field_name = 'status'
              and ticket_field_history.value <> 'deleted'
            union all
            -- Adds nothing where the history knows of the solution.
            select
                analytics_tickets.ticket_id,
                coalesce(analytics_tickets.solved_at, analytics_tickets.updated_at),
                false,
                9223372036854775807,
                0
            from analytics_tickets
            where not analytics_tickets.is_deleted and not analytics_tickets.is_unsolved
        ) as told
    ) as step
    group by 1
) as moved on moved.day = days.day
