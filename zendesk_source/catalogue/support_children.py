"""What Zendesk Support shows for one schedule, macro, trigger or ticket at a time."""

from __future__ import annotations

from zendesk_source.catalogue.children import child_list
from zendesk_source.catalogue.stream import Paging, Parent, Stream, columns
from zendesk_source.catalogue.support_lists import SCHEDULES

SCHEDULE_HOLIDAYS = child_list(
    "schedule_holidays",
    "business_hours/schedules/{id}/holidays.json",
    Parent(stream=SCHEDULES, noun="schedule", column="schedule_id"),
    "ticketing/ticket-management/schedules/#list-holidays-for-a-schedule",
    columns(bigint="id schedule_id", text="name", date="start_date end_date"),
    paging=Paging.SINGLE,
    records_key="holidays",
    needs="Professional",
)

SUPPORT_CHILDREN: tuple[Stream, ...] = (SCHEDULE_HOLIDAYS,)
