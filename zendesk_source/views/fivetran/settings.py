"""Brands, forms, schedules and service levels, as they are and as they were."""

from __future__ import annotations

from zendesk_source.views.declared import IS_GONE, IS_OLDEST, Column, Rows, View, same, synced
from zendesk_source.views.time_zones import daylight_rows, zone_rows

BRAND = View(
    name="brand",
    reads={"b": Rows("brands", "newest")},
    columns=(
        *same("b", "brands", "id name brand_url subdomain url active default has_help_center"),
        *same("b", "brands", "help_center_state created_at updated_at"),
        Column("_fivetran_deleted", "bool", f"b.{IS_GONE} or coalesce(b.is_deleted, false)"),
        synced("b"),
    ),
    switch="using_brands",
)

# The package takes the current state of a form; one that was deleted still names old tickets.
TICKET_FORM_HISTORY = View(
    name="ticket_form_history",
    reads={"f": Rows("ticket_forms", "versions")},
    columns=(
        *same("f", "ticket_forms", "id name display_name active end_user_visible"),
        *same("f", "ticket_forms", "created_at updated_at"),
        Column("_fivetran_deleted", "bool", "false"),
        synced("f"),
    ),
    switch="using_ticket_form_history",
)

SCHEDULE = View(
    name="schedule",
    reads={"s": Rows("schedules", "newest")},
    columns=(
        *same("s", "schedules", "id name time_zone created_at"),
        # Minutes since Sunday 00:00, local time.
        Column("start_time", "bigint", "(hours.element ->> '$.start_time')"),
        Column("end_time", "bigint", "(hours.element ->> '$.end_time')"),
        Column("_fivetran_deleted", "bool", f"s.{IS_GONE}"),
        synced("s"),
    ),
    body="from s cross join lateral each(s.intervals) as hours",
    switch="using_schedules",
)

SCHEDULE_HOLIDAY = View(
    name="schedule_holiday",
    reads={"h": Rows("schedule_holidays", "newest")},
    columns=(
        *same("h", "schedule_holidays", "id schedule_id name start_date end_date"),
        Column("_fivetran_deleted", "bool", f"h.{IS_GONE}"),
        synced("h"),
    ),
    switch="using_holidays",
)

TIME_ZONE = View(
    name="time_zone",
    rows_of=zone_rows,
    columns=(
        Column("time_zone", "text", "v.time_zone"),
        Column("standard_offset", "text", "v.standard_offset"),
        Column("_fivetran_synced", "timestamp", "null"),
    ),
    switch="using_schedules",
)

DAYLIGHT_TIME = View(
    name="daylight_time",
    rows_of=daylight_rows,
    columns=(
        Column("time_zone", "text", "v.time_zone"),
        Column("year", "bigint", "v.year"),
        Column("daylight_start_utc", "timestamp", "v.daylight_start_utc"),
        Column("daylight_end_utc", "timestamp", "v.daylight_end_utc"),
        Column("daylight_offset", "double", "v.daylight_offset"),
        Column("_fivetran_synced", "timestamp", "null"),
    ),
    switch="using_schedules",
)

# What held before the first load is not known: the oldest version counts from the policy's
# creation, or every ticket from before would have no target.
SLA_POLICY_METRIC_HISTORY = View(
    name="sla_policy_metric_history",
    reads={"p": Rows("sla_policies", "versions")},
    columns=(
        Column("sla_policy_id", "bigint", "p.id"),
        Column("index", "bigint", "target.place"),
        Column(
            "sla_policy_updated_at",
            "timestamp",
            f"case when p.{IS_OLDEST} then p.created_at else p.updated_at end",
        ),
        Column("metric", "text", "(target.element ->> '$.metric')"),
        Column("priority", "text", "(target.element ->> '$.priority')"),
        Column("target", "bigint", "(target.element ->> '$.target')"),
        Column("business_hours", "bool", "(target.element ->> '$.business_hours')"),
        synced("p"),
    ),
    body="from p cross join lateral each(p.policy_metrics) as target",
    switch="using_sla_policy_metric_history",
)

TICKET_CUSTOM_FIELD = View(
    name="ticket_custom_field",
    reads={"f": Rows("ticket_fields", "newest")},
    columns=(
        *same("f", "ticket_fields", "id title type active created_at updated_at"),
        Column("_fivetran_deleted", "bool", f"f.{IS_GONE}"),
        synced("f"),
    ),
    switch="using_ticket_custom_fields",
)

SETTINGS = (
    BRAND,
    TICKET_FORM_HISTORY,
    SCHEDULE,
    SCHEDULE_HOLIDAY,
    TIME_ZONE,
    DAYLIGHT_TIME,
    SLA_POLICY_METRIC_HISTORY,
    TICKET_CUSTOM_FIELD,
)
