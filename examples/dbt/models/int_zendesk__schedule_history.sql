{#- Earlier working hours of each schedule, from the audit log. -#}
{{ config(enabled=var('using_schedules', true) and var('using_schedule_histories', true) and var('using_audit_log', false)) }}

with changes as (
    select
        source_relation,
        cast(source_id as varchar) as schedule_id,
        created_at,
        -- {&quot;mon&quot;=&gt;{&quot;09:00&quot;=&gt;&quot;17:00&quot;}} becomes {mon:{09:00:17:00}}
        regexp_replace(
            replace(
                replace(replace(replace(lower(change_description), 'amp;', ''), '&quot;', '"'), '&gt;', '>'),
                '=>', ':'
            ),
            '["\s]', '', 'g'
        ) as told
    from {{ ref('stg_zendesk__audit_log') }}
    where lower(change_description) like '%workweek changed from%'

), last_of_day as (
    select
        source_relation,
        schedule_id,
        created_at,
        cast(created_at as date) as valid_from,
        split_part(told, '}to{', 2) as workweek
    from changes
    qualify row_number() over (
        partition by source_relation, schedule_id, cast(created_at as date)
        order by created_at desc, told
    ) = 1

), versions as (
    select
        *,
        lead(valid_from) over (partition by source_relation, schedule_id order by valid_from) as valid_until,
        row_number() over (partition by source_relation, schedule_id order by created_at desc) as schedule_id_index
    from last_of_day

), days as (
    select
        versions.*,
        day_of_week,
        day_of_week_number,
        unnest(regexp_extract_all(
            regexp_extract(workweek, day_of_week || ':\{([^}]*)\}', 1), '\d+:\d+:\d+:\d+'
        )) as hours
    from versions
    cross join (
        values ('sun', 0), ('mon', 1), ('tue', 2), ('wed', 3), ('thu', 4), ('fri', 5), ('sat', 6)
    ) as week (day_of_week, day_of_week_number)
    -- The workweek that holds now is the schedule itself.
    where valid_until is not null
)

select
    source_relation,
    schedule_id,
    schedule_id_index,
    cast(split_part(hours, ':', 1) as integer) * 60 + cast(split_part(hours, ':', 2) as integer)
        + 1440 * day_of_week_number as start_time,
    cast(split_part(hours, ':', 3) as integer) * 60 + cast(split_part(hours, ':', 4) as integer)
        + 1440 * day_of_week_number as end_time,
    valid_from,
    valid_until,
    day_of_week,
    day_of_week_number
from days
