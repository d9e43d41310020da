"""The streams that Zendesk Support shows for one schedule, macro, trigger or ticket at a time."""

from __future__ import annotations

from zendesk_source.catalogue.lists import whole_list
from zendesk_source.catalogue.stream import Paging, Parent, Stream, columns
from zendesk_source.catalogue.support.exports import ORGANIZATIONS, TICKETS
from zendesk_source.catalogue.support.lists import MACROS, SCHEDULES
from zendesk_source.catalogue.support.rules import ROUTING_ATTRIBUTES, TRIGGERS

_TICKETING = "ticketing/"

SCHEDULE_HOLIDAYS = whole_list(
    "schedule_holidays",
    "business_hours/schedules/{id}/holidays.json",
    _TICKETING + "ticket-management/schedules/#list-holidays-for-a-schedule",
    columns(bigint="id schedule_id", text="name", date="start_date end_date"),
    parent=Parent(stream=SCHEDULES, noun="schedule", column="schedule_id"),
    paging=Paging.SINGLE,
    records_key="holidays",
    write="replace",  # they are few, and every schedule is asked on every sync
    keeps_history=True,
    needs="Professional",
)

ORGANIZATION_MERGES = whole_list(
    "organization_merges",
    "organizations/{id}/merges",
    _TICKETING + "organizations/organizations/#list-organization-merges",
    columns(bigint="organization_id winner_id loser_id", text="id url status"),
    parent=Parent(stream=ORGANIZATIONS, noun="organization", column="organization_id"),
    primary_key=("organization_id", "id"),
    access="admin",
    note="A merge stands there once for each of its organizations that Zendesk shows it for.",
)

MACRO_ATTACHMENTS = whole_list(
    "macro_attachments",
    "macros/{id}/attachments",
    _TICKETING + "business-rules/macros/#list-macro-attachments",
    columns(
        bigint="id macro_id size",
        timestamp="created_at",
        text="filename content_type content_url",
    ),
    parent=Parent(stream=MACROS, noun="macro", column="macro_id", signs=("updated_at",)),
    paging=Paging.SINGLE,
)

TRIGGER_REVISIONS = whole_list(
    "trigger_revisions",
    "triggers/{id}/revisions",
    _TICKETING + "business-rules/triggers/#list-ticket-trigger-revisions",
    columns(
        bigint="id trigger_id author_id",
        timestamp="created_at",
        text="url",
        json="snapshot diff",
    ),
    parent=Parent(stream=TRIGGERS, noun="trigger", column="trigger_id", signs=("updated_at",)),
    paging=Paging.NEWEST_FIRST,
    page_size=1000,
    needs="Enterprise",
    note="Revisions of a trigger that is deleted go with it.",
)

ROUTING_ATTRIBUTE_VALUES = whole_list(
    "routing_attribute_values",
    "routing/attributes/{id}/values",
    _TICKETING + "ticket-management/skill_based_routing/#list-attribute-values-for-an-attribute",
    columns(timestamp="created_at updated_at", text="id attribute_id url name"),
    parent=Parent(stream=ROUTING_ATTRIBUTES, noun="skill type", column="attribute_id"),
    paging=Paging.SINGLE,
    records_key="attribute_values",
    needs="skills (Professional)",
)

SIDE_CONVERSATIONS = whole_list(
    "side_conversations",
    "tickets/{id}/side_conversations",
    _TICKETING + "side_conversation/side_conversation/",
    columns(
        bigint="ticket_id",
        timestamp="created_at updated_at message_added_at state_updated_at",
        text="id url subject preview_text state",
        json="participants external_ids",
    ),
    parent=Parent(stream=TICKETS, noun="ticket", column="ticket_id"),
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
