-- One row a ticket, deleted and merged ones too: leave them out with `not is_deleted`, `not is_merged`.
--
-- Times are Zendesk's own, from `ticket_metrics`: `..._minutes` on the calendar,
-- `..._business_minutes` within the ticket's schedule. What Zendesk has not measured is null: a
-- ticket without a reply has no first reply. A deleted ticket has what was known of it, if anything.
-- `solved_at` is the last solution; it is null while a ticket is open again.
--
-- A breach is a `breach` event that Zendesk has not taken back. `sla_targets` counts the targets
-- that were set; a target that changed counts again. A ticket merged into another has the tag
-- `closed_by_merge`. The rating is the last that was given, `good` or `bad`, without its comment.
-- Names, breaches and the like are null where their stream is not loaded.
select
    tickets.id as ticket_id,
    tickets.created_at,
    tickets.updated_at,
    tickets.status,
    tickets.status not in ('solved', 'closed', 'deleted') as is_unsolved,
    coalesce(tickets.is_deleted, false) or tickets.status = 'deleted' as is_deleted,
    merged.ticket_id is not null as is_merged,
    tickets.priority,
    tickets.type,
    (tickets.via ->> '$.channel') as channel,
    tickets.brand_id,
    tickets.organization_id,
    tickets.requester_id,
    tickets.group_id,
    groups.name as group_name,
    tickets.assignee_id,
    users.name as assignee_name,
    case when tickets.status in ('solved', 'closed') then ticket_metrics.solved_at end as solved_at,
    cast((ticket_metrics.reply_time_in_minutes ->> '$.calendar') as bigint)
        as first_reply_minutes,
    cast((ticket_metrics.reply_time_in_minutes ->> '$.business') as bigint)
        as first_reply_business_minutes,
    cast((ticket_metrics.first_resolution_time_in_minutes ->> '$.calendar') as bigint)
        as first_resolution_minutes,
    cast((ticket_metrics.first_resolution_time_in_minutes ->> '$.business') as bigint)
        as first_resolution_business_minutes,
    cast((ticket_metrics.full_resolution_time_in_minutes ->> '$.calendar') as bigint)
        as full_resolution_minutes,
    cast((ticket_metrics.full_resolution_time_in_minutes ->> '$.business') as bigint)
        as full_resolution_business_minutes,
    cast((ticket_metrics.agent_wait_time_in_minutes ->> '$.calendar') as bigint)
        as agent_wait_minutes,
    cast((ticket_metrics.agent_wait_time_in_minutes ->> '$.business') as bigint)
        as agent_wait_business_minutes,
    cast((ticket_metrics.requester_wait_time_in_minutes ->> '$.calendar') as bigint)
        as requester_wait_minutes,
    cast((ticket_metrics.requester_wait_time_in_minutes ->> '$.business') as bigint)
        as requester_wait_business_minutes,
    cast((ticket_metrics.on_hold_time_in_minutes ->> '$.calendar') as bigint)
        as on_hold_minutes,
    cast((ticket_metrics.on_hold_time_in_minutes ->> '$.business') as bigint)
        as on_hold_business_minutes,
    ticket_metrics.replies,
    ticket_metrics.reopens,
    ticket_metrics.assignee_stations,
    ticket_metrics.group_stations,
    case when loaded(ticket_metric_events) then coalesce(sla.targets, 0) end as sla_targets,
    case when loaded(ticket_metric_events) then coalesce(sla.breaches, 0) end as sla_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.first_reply, 0) end
        as first_reply_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.next_reply, 0) end
        as next_reply_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.periodic_update, 0) end
        as periodic_update_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.pausable_update, 0) end
        as pausable_update_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.requester_wait, 0) end
        as requester_wait_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.agent_work, 0) end
        as agent_work_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.resolution, 0) end
        as resolution_breaches,
    case when loaded(ticket_metric_events) then coalesce(sla.group_ownership, 0) end
        as group_ownership_breaches,
    coalesce(
        rated.score,
        case when starts_with((tickets.satisfaction_rating ->> '$.score'), 'good') then 'good'
             when starts_with((tickets.satisfaction_rating ->> '$.score'), 'bad') then 'bad' end
    ) as satisfaction
from tickets
left join ticket_metrics on ticket_metrics.ticket_id = tickets.id
left join groups on groups.id = tickets.group_id
left join users on users.id = tickets.assignee_id
left join (
    select distinct ticket_tags.ticket_id
    from ticket_tags
    where ticket_tags.tag = 'closed_by_merge'
) as merged on merged.ticket_id = tickets.id
left join (
    select
        event.ticket_id,
        count(case when event.is_target then 1 end) as targets,
        count(case when event.is_breach then 1 end) as breaches,
        count(case when event.is_breach and event.metric = 'reply_time'
                   and event.instance_id <= 1 then 1 end) as first_reply,
        count(case when event.is_breach and event.metric = 'reply_time'
                   and event.instance_id > 1 then 1 end) as next_reply,
        count(case when event.is_breach and event.metric = 'periodic_update_time' then 1 end)
            as periodic_update,
        count(case when event.is_breach and event.metric = 'pausable_update_time' then 1 end)
            as pausable_update,
        count(case when event.is_breach and event.metric = 'requester_wait_time' then 1 end)
            as requester_wait,
        count(case when event.is_breach and event.metric = 'agent_work_time' then 1 end)
            as agent_work,
        count(case when event.is_breach and event.metric = 'resolution_time' then 1 end)
            as resolution,
        count(case when event.is_breach and event.metric = 'group_ownership_time' then 1 end)
            as group_ownership
    from (
        select
            ticket_metric_events.ticket_id,
            ticket_metric_events.metric,
            ticket_metric_events.instance_id,
            ticket_metric_events.type in ('apply_sla', 'apply_group_sla') as is_target,
            ticket_metric_events.type = 'breach' as is_breach
        from ticket_metric_events
        where not coalesce(ticket_metric_events.deleted, false)
    ) as event
    group by event.ticket_id
) as sla on sla.ticket_id = tickets.id
left join (
    select
        satisfaction_ratings.ticket_id,
        case when starts_with(satisfaction_ratings.score, 'good') then 'good' else 'bad' end as score,
        row_number() over (
            partition by satisfaction_ratings.ticket_id
            order by satisfaction_ratings.updated_at desc, satisfaction_ratings.id desc
        ) as place
    from satisfaction_ratings
    where starts_with(satisfaction_ratings.score, 'good') or starts_with(satisfaction_ratings.score, 'bad')
) as rated on rated.ticket_id = tickets.id and rated.place = 1
