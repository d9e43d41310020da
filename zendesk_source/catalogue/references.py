"""Which column points at which table: the joins that docs/erd.md draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zendesk_source.catalogue.stream import SideTable, Stream

_TABLES_BY_COLUMN = {
    "users": "actor_id added_user_id agent_id assignee_id author_id created_by created_by_id"
    " created_by_user_id"
    " creator_user_id customer_id non_author_editor_id requester_id responder_id submitter_id"
    " updated_by updated_by_id updated_by_user_id updater_id user_id",
    "tickets": "problem_id ticket_id zendesk_ticket_id",
    "organizations": "loser_id organization_id winner_id",
    "groups": "call_group_id default_group_id group_id sms_group_id",
    "brands": "brand_id",
    "ticket_forms": "ticket_form_id",
    "ticket_fields": "ticket_field_id",
    "user_fields": "user_field_id",
    "organization_fields": "organization_field_id",
    "custom_statuses": "custom_status_id",
    "custom_roles": "custom_role_id",
    "custom_objects": "custom_object_key",
    "schedules": "previous_schedule_id schedule_id",
    "satisfaction_reasons": "reason_id",
    "ticket_audits": "audit_id",
    "ticket_events": "event_id",
    "locales": "default_locale_id locale_id",
    "macros": "macro_id",
    "agent_statuses": "agent_status_id",
    "routing_attributes": "attribute_id",
    "triggers": "trigger_id",
    "sla_policies": "sla_id",
    "ticket_comments": "comment_id",
    "side_conversations": "side_conversation_id",
    "hc_articles": "article_id",
    "hc_sections": "parent_section_id section_id",
    "hc_topics": "topic_id",
    "hc_posts": "post_id",
    "hc_permission_groups": "permission_group_id",
    "hc_user_segments": "user_segment_id",
    "hc_badge_categories": "badge_category_id",
    "hc_badges": "badge_id",
    "talk_calls": "call_id",
    "talk_phone_numbers": "phone_number_id",
    "talk_ivrs": "ivr_id",
    "talk_lines": "line_id",
    "chat_chats": "chat_id",
    "chat_departments": "department_id",
    "chat_goals": "goal_id",
    "chat_roles": "role_id",
}
_BY_COLUMN: Mapping[str, str] = MappingProxyType(
    {column: table for table, columns in _TABLES_BY_COLUMN.items() for column in columns.split()}
)

# Where a column of this name points elsewhere; "" = at nothing that is loaded.
POINTS_ELSEWHERE: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("triggers", "category_id"): "trigger_categories",
        ("hc_sections", "category_id"): "hc_categories",
        ("hc_category_translations", "category_id"): "hc_categories",
        ("hc_article_comment_votes", "comment_id"): "hc_article_comments",
        ("hc_post_comment_votes", "comment_id"): "hc_post_comments",
        ("talk_greetings", "category_id"): "talk_greeting_categories",
        ("chat_agent_timeline", "agent_id"): "chat_agents",
        ("chat_agent_events", "agent_id"): "chat_agents",
        ("talk_lines", "line_id"): "",  # that of the number, which is a line itself
        ("side_conversation_events", "side_conversation_id"): "",
        # Of messaging as well, which Chat's own API does not have.
        ("ticket_chats", "chat_id"): "",
        ("ticket_chat_messages", "chat_id"): "",
    }
)

_OTHER_IDS = """
account_id attribute_value_id cause_id child_id community_id content_id deleted_ticket_form_id
email_id encoded_id external_id forum_topic_id graph_object_id instance_id issue_id item_id
manageable_by message_id msg_id notification_id source_id started_by sub_type_id upload_id
via_reference_id visitor_id
"""
POINTS_AT_NOTHING = frozenset(_OTHER_IDS.split())
"""Columns that look like a reference, but hold the id of something that is not loaded."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that holds the key of another table.

    Attributes:
        table: Table that has the column.
        column: Name of the column.
        target: Table whose primary key the column holds.
    """

    table: str
    column: str
    target: str


def references_of(table: Stream | SideTable) -> Iterator[Reference]:
    """Yield the references of a table's columns, in the order of their declaration."""
    for column in table.columns:
        target = target_of(table.name, column)
        is_own_key = target == table.name and table.primary_key == (column,)
        if target and not is_own_key:
            yield Reference(table.name, column, target)


def target_of(table: str, column: str) -> str:
    """Return the table that a column points at; empty if it points at none."""
    return POINTS_ELSEWHERE.get((table, column), _BY_COLUMN.get(column, ""))
