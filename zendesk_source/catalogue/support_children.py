"""What Zendesk Support shows for one schedule, macro, trigger, skill or ticket at a time."""

from __future__ import annotations

from zendesk_source.catalogue.children import child_list
from zendesk_source.catalogue.stream import Paging, Parent, Stream, columns
from zendesk_source.catalogue.support import ORGANIZATIONS, TICKETS
from zendesk_source.catalogue.support_lists import MACROS, SCHEDULES
from zendesk_source.catalogue.support_rules import ROUTING_ATTRIBUTES, TRIGGERS

_TICKETING = "ticketing/"

SCHEDULE_HOLIDAYS = child_list(
    "schedule_holidays",
    "business_hours/schedules/{id}/holidays.json",
    Parent(stream=SCHEDULES, noun="schedule", column="schedule_id"),
    _TICKETING + "ticket-management/schedules/#list-holidays-for-a-schedule",
    columns(bigint="id schedule_id", text="name", date="start_date end_date"),
    paging=Paging.SINGLE,
    records_key="holidays",
    write="replace",
    keeps_history=True,
    needs="Professional",
)

ORGANIZATION_MERGES = child_list(
    "organization_merges",
    "organizations/{id}/merges",
    Parent(stream=ORGANIZATIONS, noun="organization", column="organization_id"),
    _TICKETING + "organizations/organizations/#list-organization-merges",
    columns(bigint="organization_id winner_id loser_id", text="id url status"),
    primary_key=("organization_id", "id"),
    access="admin",
    note="A merge stands there once for each of its organizations that Zendesk shows it for.",
)

MACRO_ATTACHMENTS = child_list(
    "macro_attachments",
    "macros/{id}/attachments",
    Parent(stream=MACROS, noun="macro", column="macro_id", signs=("updated_at",)),
    _TICKETING + "business-rules/macros/#list-macro-attachments",
    columns(
        bigint="id macro_id size",
        timestamp="created_at",
        text="filename content_type content_url",
    ),
    paging=Paging.SINGLE,
)

TRIGGER_REVISIONS = child_list(
    "trigger_revisions",
    "triggers/{id}/revisions",
    Parent(stream=TRIGGERS, noun="trigger", column="trigger_id", signs=("updated_at",)),
    _TICKETING + "business-rules/triggers/#list-ticket-trigger-revisions",
    columns(
        bigint="id trigger_id author_id",
        timestamp="created_at",
        text="url",
        json="snapshot diff",
    ),
    paging=Paging.NEWEST_FIRST,
    page_size=1000,
    needs="Enterprise",
    note="Revisions of a trigger that is deleted go with it.",
)

ROUTING_ATTRIBUTE_VALUES = child_list(
    "routing_attribute_values",
    "routing/attributes/{id}/values",
    Parent(stream=ROUTING_ATTRIBUTES, noun="skill type", column="attribute_id"),
    _TICKETING + "ticket-management/skill_based_routing/#list-attribute-values-for-an-attribute",
    columns(timestamp="created_at updated_at", text="id attribute_id url name"),
    paging=Paging.SINGLE,
    records_key="attribute_values",
    needs="skills (Professional)",
)

SIDE_CONVERSATIONS = child_list(
    "side_conversations",
    "tickets/{id}/side_conversations",
    Parent(stream=TICKETS, noun="ticket", column="ticket_id"),
    _TICKETING + "side_conversation/side_conversation/",
    columns(
        bigint="ticket_id",
        timestamp="created_at updated_at message_added_at state_updated_at",
        text="id url subject preview_text state",
        json="participants external_ids",
    ),
    paging=Paging.OFFSET,
    bucket="side-conversations",
    needs="Collaboration add-on",
    note="Zendesk allows 100 requests a minute; those of a ticket that is deleted go with it.",
)

SUPPORT_CHILDREN: tuple[Stream, ...] = (
    SCHEDULE_HOLIDAYS,
    ORGANIZATION_MERGES,
    MACRO_ATTACHMENTS,
    TRIGGER_REVISIONS,
    ROUTING_ATTRIBUTE_VALUES,
    SIDE_CONVERSATIONS,
)
